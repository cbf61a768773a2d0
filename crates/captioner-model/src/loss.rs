//! Losses, gradients and teacher-forced predictions of a batch.

use burn::tensor::Tensor;

/// How the loss of a batch is computed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LossOptions {
    /// Share of each target spread over the whole vocabulary
    /// ([Szegedy et al., 2015](https://arxiv.org/abs/1512.00567)).
    pub label_smoothing: f64,
    /// What the summed loss is divided by: the number of counted tokens of the whole optimizer
    /// step, so that with gradient accumulation each token weighs the same.
    pub divisor: f64,
}

impl Default for LossOptions {
    fn default() -> Self {
        Self {
            label_smoothing: 0.0,
            divisor: 1.0,
        }
    }
}

/// The loss of a batch.
#[derive(Clone, Debug)]
pub struct LossOutput {
    /// Sum over all counted predictions, in nats, divided by [`LossOptions::divisor`], `[1]`.
    pub loss: Tensor<1>,
    /// Number of counted predictions.
    pub count: usize,
}

/// The teacher-forced predictions of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions {
    /// Sum of the losses, in nats.
    pub loss_sum: f64,
    /// Number of counted predictions.
    pub count: usize,
    /// For each caption the likeliest token at each counted position, aligned with its labels.
    pub predicted: Vec<Vec<u32>>,
    /// For each caption the tokens that should have been predicted.
    pub expected: Vec<Vec<u32>>,
}
