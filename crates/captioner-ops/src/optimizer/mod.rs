//! The arithmetic of optimizer steps, of averaged weights, and of the global norm of gradients.

mod adafactor;
#[cfg(feature = "flex")]
mod flex;

pub use adafactor::{AdafactorStep, SquaredMeans, adafactor};

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, TensorMetadata};
use burn::tensor::{Shape, Tensor};

use crate::backends::on_each_backend;

/// One step of AdamW ([Loshchilov and Hutter, 2017](https://arxiv.org/abs/1711.05101)), as
/// `torch.optim.AdamW` takes it.
#[derive(Clone, Copy, Debug)]
pub struct AdamWStep {
    /// Number of this step, from 1 on.
    pub time: usize,
    /// Learning rate of this step.
    pub learning_rate: f64,
    /// Decay of the mean of gradients.
    pub beta_1: f64,
    /// Decay of the mean of squared gradients.
    pub beta_2: f64,
    /// Added to the root of the mean of squares.
    pub epsilon: f64,
    /// Share of the parameter that one step at learning rate 1 takes away.
    pub weight_decay: f64,
}

/// The parameter and the means of gradients and of their squares after `step`. All four are of one
/// shape; before the first step the means are zeros. None of them records gradients.
///
/// # Panics
/// When the shapes differ.
#[track_caller]
pub fn adamw<const D: usize>(
    parameter: Tensor<D>,
    grad: Tensor<D>,
    means: (Tensor<D>, Tensor<D>),
    step: AdamWStep,
) -> (Tensor<D>, (Tensor<D>, Tensor<D>)) {
    let shape = parameter.dims();
    let others = [&grad, &means.0, &means.1].map(Tensor::dims);
    assert!(
        others == [shape; 3],
        "AdamW: a parameter of shape {shape:?} with gradient and means of {others:?}"
    );
    let (parameter, mean, square) = Dispatch::adamw(
        parameter.into_dispatch(),
        grad.into_dispatch(),
        means.0.into_dispatch(),
        means.1.into_dispatch(),
        step.into(),
    );
    let means = (Tensor::from_dispatch(mean), Tensor::from_dispatch(square));
    (Tensor::from_dispatch(parameter), means)
}

/// The parameter after a step of gradient descent without momentum, as `torch.optim.SGD` takes it:
/// `parameter - learning_rate · (grad + weight_decay · parameter)`, in place of `grad` where nothing
/// else reads it. Both are of one shape, and neither records gradients.
///
/// # Panics
/// When the shapes differ.
#[track_caller]
pub fn sgd<const D: usize>(
    parameter: Tensor<D>,
    grad: Tensor<D>,
    learning_rate: f64,
    weight_decay: f64,
) -> Tensor<D> {
    let (shape, other) = (parameter.dims(), grad.dims());
    assert_eq!(shape, other, "SGD: a parameter and its gradient");
    let (parameter, grad) = (parameter.into_dispatch(), grad.into_dispatch());
    Tensor::from_dispatch(Dispatch::sgd(parameter, grad, learning_rate, weight_decay))
}

/// `x + weight · (y - x)`, in place of `x` where nothing else reads it. Both are of one shape, and
/// neither records gradients.
///
/// # Panics
/// When the shapes differ.
#[track_caller]
pub fn lerp<const D: usize>(x: Tensor<D>, y: Tensor<D>, weight: f64) -> Tensor<D> {
    assert_eq!(x.dims(), y.dims(), "lerp: from one shape to another");
    let (x, y) = (x.into_dispatch(), y.into_dispatch());
    Tensor::from_dispatch(Dispatch::lerp(x, y, weight))
}

/// The sum of all squared values, `[1]`. On the CPU its bits do not depend on the number of
/// threads.
pub fn sum_of_squares<const D: usize>(x: Tensor<D>) -> Tensor<1> {
    Tensor::from_dispatch(Dispatch::sum_of_squares(x.into_dispatch()))
}

/// Every value of `x` times `factor`, `[1]`, in place where nothing else reads `x`.
///
/// # Panics
/// When `factor` is not one value.
#[track_caller]
pub fn scale<const D: usize>(x: Tensor<D>, factor: Tensor<1>) -> Tensor<D> {
    assert_eq!(factor.dims(), [1], "a factor of several values");
    Tensor::from_dispatch(Dispatch::scale(x.into_dispatch(), factor.into_dispatch()))
}

/// A step in the factors that the arithmetic needs, worked out in double precision.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Factors {
    pub(crate) beta_1: f64,
    pub(crate) beta_2: f64,
    /// What is left of the parameter.
    pub(crate) keep: f64,
    /// Learning rate over the bias correction of the mean.
    pub(crate) rate: f64,
    /// Reciprocal root of the bias correction of the mean of squares.
    pub(crate) root: f64,
    pub(crate) epsilon: f64,
}

impl From<AdamWStep> for Factors {
    fn from(step: AdamWStep) -> Self {
        let time = step.time.max(1) as f64;
        Self {
            beta_1: step.beta_1,
            beta_2: step.beta_2,
            keep: 1.0 - step.learning_rate * step.weight_decay,
            rate: step.learning_rate / (1.0 - step.beta_1.powf(time)),
            root: 1.0 / (1.0 - step.beta_2.powf(time)).sqrt(),
            epsilon: step.epsilon,
        }
    }
}

on_each_backend!(
    /// Passes over parameters and gradients.
    pub(crate) trait OptimizerOps: Backend {
        /// Parameter, mean and mean of squares after a step.
        #[fusion(default)]
        fn adamw(
            parameter: FloatTensor<Self>,
            grad: FloatTensor<Self>,
            mean: FloatTensor<Self>,
            square: FloatTensor<Self>,
            factors: Factors,
        ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
            composed_adamw::<Self>(parameter, grad, (mean, square), factors)
        }

        /// The parameter after a step of gradient descent.
        #[fusion(default)]
        fn sgd(
            parameter: FloatTensor<Self>,
            grad: FloatTensor<Self>,
            learning_rate: f64,
            weight_decay: f64,
        ) -> FloatTensor<Self> {
            composed_sgd::<Self>(parameter, grad, learning_rate, weight_decay)
        }

        /// `x + weight · (y - x)`.
        #[fusion(default)]
        fn lerp(x: FloatTensor<Self>, y: FloatTensor<Self>, weight: f64) -> FloatTensor<Self> {
            composed_lerp::<Self>(x, y, weight)
        }

        /// `[1]`.
        #[fusion(default)]
        fn sum_of_squares(x: FloatTensor<Self>) -> FloatTensor<Self> {
            composed_sum::<Self>(x)
        }

        /// `x · factor`.
        #[fusion(default)]
        fn scale(x: FloatTensor<Self>, factor: FloatTensor<Self>) -> FloatTensor<Self> {
            composed_scale::<Self>(x, factor)
        }
    }
);

impl<B: OptimizerOps, C: CheckpointStrategy> OptimizerOps for Autodiff<B, C> {}

fn composed_adamw<B: Backend>(
    parameter: FloatTensor<B>,
    grad: FloatTensor<B>,
    (mean, square): (FloatTensor<B>, FloatTensor<B>),
    f: Factors,
) -> (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>) {
    let times = |x, factor: f64| B::float_mul_scalar(x, factor.into());
    let squared = B::float_mul(grad.clone(), grad.clone());
    let mean = B::float_add(times(mean, f.beta_1), times(grad, 1.0 - f.beta_1));
    let square = B::float_add(times(square, f.beta_2), times(squared, 1.0 - f.beta_2));
    let root = times(B::float_sqrt(square.clone()), f.root);
    let root = B::float_add_scalar(root, f.epsilon.into());
    let change = times(B::float_div(mean.clone(), root), f.rate);
    let parameter = B::float_sub(times(parameter, f.keep), change);
    (parameter, mean, square)
}

fn composed_sgd<B: Backend>(
    parameter: FloatTensor<B>,
    mut grad: FloatTensor<B>,
    learning_rate: f64,
    weight_decay: f64,
) -> FloatTensor<B> {
    if weight_decay != 0.0 {
        let decay = B::float_mul_scalar(parameter.clone(), weight_decay.into());
        grad = B::float_add(grad, decay);
    }
    B::float_sub(parameter, B::float_mul_scalar(grad, learning_rate.into()))
}

fn composed_lerp<B: Backend>(x: FloatTensor<B>, y: FloatTensor<B>, weight: f64) -> FloatTensor<B> {
    let difference = B::float_sub(y, x.clone());
    B::float_add(x, B::float_mul_scalar(difference, weight.into()))
}

fn composed_sum<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    B::float_sum(B::float_mul(x.clone(), x))
}

fn composed_scale<B: Backend>(x: FloatTensor<B>, factor: FloatTensor<B>) -> FloatTensor<B> {
    let ones = vec![1; x.shape().num_dims()];
    B::float_mul(x, B::float_reshape(factor, Shape::from(ones)))
}
