//! Layer normalisation.

mod autodiff;
#[cfg(feature = "flex")]
mod flex;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, TensorMetadata};
use burn::tensor::{Shape, Slice, Tensor};

use crate::backends::on_each_backend;
use crate::rows::by_rows;

/// Normalises the last axis to mean 0 and variance 1, then scales and shifts
/// ([Ba et al., 2016](https://arxiv.org/abs/1607.06450)).
///
/// `x` is `[..., width]`, `weight` and `bias` are `[width]`. The variance is the biased one and
/// `eps` is added to it, as in PyTorch.
///
/// # Panics
/// When the shapes differ from these.
#[track_caller]
pub fn layer_norm<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    eps: f64,
) -> Tensor<D> {
    let width = x.dims().last().copied().unwrap_or(1);
    assert!(
        weight.dims() == [width] && bias.dims() == [width],
        "layer norm: x of shape {:?} with a weight of {:?} and a bias of {:?}",
        x.dims(),
        weight.dims(),
        bias.dims()
    );
    let (weight, bias) = (weight.into_dispatch(), bias.into_dispatch());
    let (y, _) = Dispatch::layer_norm_forward(x.into_dispatch(), weight, bias, eps);
    Tensor::from_dispatch(y)
}

on_each_backend!(
    /// Layer norm and its gradients. What the backward pass needs of the forward one is two values
    /// a row: mean and reciprocal deviation, `[rows, 2]`.
    pub(crate) trait FusedLayerNorm: Backend {
        /// `x` `[..., width]`, `weight` and `bias` `[width]` to the result and the statistics.
        #[fusion(default)]
        fn layer_norm_forward(
            x: FloatTensor<Self>,
            weight: FloatTensor<Self>,
            bias: FloatTensor<Self>,
            eps: f64,
        ) -> (FloatTensor<Self>, FloatTensor<Self>) {
            composed::<Self>(x, weight, bias, eps)
        }

        /// Gradients of `x`, `weight` and `bias`.
        #[fusion(default)]
        fn layer_norm_backward(
            grad: FloatTensor<Self>,
            x: FloatTensor<Self>,
            weight: FloatTensor<Self>,
            statistics: FloatTensor<Self>,
        ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
            composed_backward::<Self>(grad, x, weight, statistics)
        }
    }
);

/// What layer norm means, in the backend's own operations.
fn composed<B: Backend>(
    x: FloatTensor<B>,
    weight: FloatTensor<B>,
    bias: FloatTensor<B>,
    eps: f64,
) -> (FloatTensor<B>, FloatTensor<B>) {
    let shape = x.shape();
    let (x, weight) = (by_rows::<B>(x), one_row::<B>(weight));
    let mean = B::float_mean_dim(x.clone(), 1);
    let centred = B::float_sub(x, mean.clone());
    let variance = B::float_mean_dim(B::float_mul(centred.clone(), centred.clone()), 1);
    let scale = B::float_recip(B::float_sqrt(B::float_add_scalar(variance, eps.into())));
    let normal = B::float_mul(centred, scale.clone());
    let y = B::float_add(B::float_mul(normal, weight), one_row::<B>(bias));
    (
        B::float_reshape(y, shape),
        B::float_cat(vec![mean, scale], 1),
    )
}

fn composed_backward<B: Backend>(
    grad: FloatTensor<B>,
    x: FloatTensor<B>,
    weight: FloatTensor<B>,
    statistics: FloatTensor<B>,
) -> (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>) {
    let (shape, width) = (x.shape(), weight.shape());
    let (grad, x) = (by_rows::<B>(grad), by_rows::<B>(x));
    let rows = statistics.shape()[0];
    let column = |index: usize| {
        let place = [Slice::from(0..rows), Slice::from(index..index + 1)];
        B::float_slice(statistics.clone(), &place)
    };
    let (mean, scale) = (column(0), column(1));
    let normal = B::float_mul(B::float_sub(x, mean), scale.clone());
    let of_weight = B::float_sum_dim(B::float_mul(grad.clone(), normal.clone()), 0);
    let of_bias = B::float_sum_dim(grad.clone(), 0);
    let grad = B::float_mul(grad, one_row::<B>(weight));
    let shift = B::float_mean_dim(grad.clone(), 1);
    let slope = B::float_mean_dim(B::float_mul(grad.clone(), normal.clone()), 1);
    let rest = B::float_sub(B::float_sub(grad, shift), B::float_mul(normal, slope));
    let of_x = B::float_reshape(B::float_mul(rest, scale), shape);
    let flat = |x| B::float_reshape(x, width.clone());
    (of_x, flat(of_weight), flat(of_bias))
}

fn one_row<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let width = x.shape().num_elements();
    B::float_reshape(x, Shape::from([1, width]))
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn variance_is_the_biased_one() {
        let device = Device::flex();
        let x = Tensor::<2>::from_data([[1.0f32, 3.0], [0.0, 4.0]], &device);
        let weight = Tensor::from_data([1.0f32, 2.0], &device);
        let bias = Tensor::from_data([0.0f32, 1.0], &device);
        let y = layer_norm(x, weight, bias, 0.0);
        let y = y.into_data().try_to_vec::<f32>().unwrap();
        assert_eq!(y, [-1.0, 3.0, -1.0, 3.0]);
    }
}
