//! Adafactor, in Burn's operations for every device.

use burn::tensor::Tensor;

use super::{scale, sum_of_squares};

/// One step of Adafactor ([Shazeer and Stern, 2018](https://arxiv.org/abs/1804.04235)) without
/// momentum and at a learning rate that is given, as transformers' `Adafactor` takes it with
/// `scale_parameter=False, relative_step=False`.
#[derive(Clone, Copy, Debug)]
pub struct AdafactorStep {
    /// Number of this step, from 1 on.
    pub time: usize,
    /// Learning rate of this step.
    pub learning_rate: f64,
    /// Share of the parameter that one step at learning rate 1 takes away.
    pub weight_decay: f64,
    /// Added to squared gradients.
    pub epsilon: f64,
    /// An update whose root mean square is above this is scaled down to it.
    pub clip_threshold: f64,
    /// The means' decay at step t is `1 - t^decay_rate`; below 0.
    pub decay_rate: f64,
}

/// Running means of squared gradients.
#[derive(Clone, Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "it lives for one step of one parameter"
)]
pub enum SquaredMeans<const D: usize> {
    /// Of matrices `[..., R, C]`, and of more axes by their last two: means over rows and columns,
    /// whose product stands for all values.
    Factored {
        /// Over the last axis: `[..., R, 1]`.
        row: Tensor<D>,
        /// Over the last but one: `[..., 1, C]`.
        column: Tensor<D>,
    },
    /// Of each value.
    Whole(Tensor<D>),
}

/// The parameter and the means of squared gradients after `step`; before the first step the means
/// are zeros. None of them records gradients.
///
/// # Panics
/// When the shapes do not fit.
#[track_caller]
pub fn adafactor<const D: usize>(
    parameter: Tensor<D>,
    grad: Tensor<D>,
    means: SquaredMeans<D>,
    step: AdafactorStep,
) -> (Tensor<D>, SquaredMeans<D>) {
    let decay = 1.0 - (step.time.max(1) as f64).powf(step.decay_rate);
    let squared = grad.clone() * grad.clone() + step.epsilon;
    let running = |mean: Tensor<D>, now: Tensor<D>| mean * decay + now * (1.0 - decay);
    let (factor, means) = match means {
        SquaredMeans::Factored { row, column } => {
            let row = running(row, squared.clone().mean_dim(D - 1));
            let column = running(column, squared.mean_dim(D - 2));
            let total = row.clone().mean_dim(D - 2);
            let factor = reciprocal_root(row.clone() / total) * reciprocal_root(column.clone());
            (factor, SquaredMeans::Factored { row, column })
        }
        SquaredMeans::Whole(mean) => {
            let mean = running(mean, squared);
            (reciprocal_root(mean.clone()), SquaredMeans::Whole(mean))
        }
    };
    let update = clipped(factor * grad, step);
    let keep = 1.0 - step.learning_rate * step.weight_decay;
    (parameter * keep - update, means)
}

/// The update at the step's learning rate, its root mean square clipped.
fn clipped<const D: usize>(update: Tensor<D>, step: AdafactorStep) -> Tensor<D> {
    let count = update.shape().num_elements().max(1) as f64;
    let root = (sum_of_squares(update.clone()) / count).sqrt();
    let above = (root / step.clip_threshold).clamp_min(1.0);
    scale(update, above.recip() * step.learning_rate)
}

fn reciprocal_root<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    x.sqrt().recip()
}
