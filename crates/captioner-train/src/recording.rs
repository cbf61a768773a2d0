//! How a parameter records gradients, kept while its value is replaced.

use burn::tensor::{GradientCheckpointingStrategy, Tensor};

/// How a tensor takes part in the recording of gradients. Burn's operations on plain tensors lose
/// it, and a parameter that came back with another one would not fit its model's inputs.
#[derive(Clone, Copy)]
pub(crate) struct Recording {
    /// `None` on a device without autodiff.
    strategy: Option<GradientCheckpointingStrategy>,
    require_grad: bool,
}

impl Recording {
    pub(crate) fn of<const D: usize>(tensor: &Tensor<D>) -> Self {
        Self {
            strategy: tensor.gradient_checkpointing_strategy(),
            require_grad: tensor.is_require_grad(),
        }
    }

    /// `value`, which records nothing, in the place of the tensor that this was of.
    pub(crate) fn restore<const D: usize>(self, value: Tensor<D>) -> Tensor<D> {
        let Some(strategy) = self.strategy else {
            return value;
        };
        let value = value.autodiff();
        let value = value.with_gradient_checkpointing_strategy(strategy);
        match self.require_grad {
            true => value.require_grad(),
            false => value,
        }
    }
}
