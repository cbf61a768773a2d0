//! The activations on the CPU, in one pass.

use burn::backend::Flex;

use super::{Activation, FusedActivation, composed, composed_backward};
use crate::kernels::elementwise::{map, zip};
use crate::kernels::function::{Gelu, GeluBackward, QuickGelu, QuickGeluBackward};
use crate::kernels::storage::{CpuTensor, is_f32};

impl FusedActivation for Flex {
    fn activate(x: CpuTensor, kind: Activation) -> CpuTensor {
        match kind {
            _ if !is_f32(&x) => composed::<Self>(x, kind),
            Activation::Gelu => map(x, Gelu {}),
            Activation::QuickGelu => map(x, QuickGelu {}),
        }
    }

    fn activate_backward(grad: CpuTensor, x: CpuTensor, kind: Activation) -> CpuTensor {
        match kind {
            _ if !is_f32(&x) => composed_backward::<Self>(grad, x, kind),
            Activation::Gelu => zip(grad, x, GeluBackward {}),
            Activation::QuickGelu => zip(grad, x, QuickGeluBackward {}),
        }
    }
}
