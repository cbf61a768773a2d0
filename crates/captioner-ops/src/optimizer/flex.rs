//! Optimizer steps on the CPU: each buffer is read and written once.

use burn::backend::Flex;

use super::{
    Factors, OptimizerOps, composed_adamw, composed_lerp, composed_scale, composed_sgd,
    composed_sum,
};
use crate::kernels::adamw::{Coefficients, step};
use crate::kernels::elementwise::{map, zip};
use crate::kernels::function::Scaled;
use crate::kernels::norm;
use crate::kernels::storage::{CpuTensor, contiguous, is_f32, tensor, values, writable};
use crate::kernels::vector::functions;

functions! {
    /// A parameter one step down its gradient.
    Descended { rate, decay } (grad, parameter) =
        parameter.mul_add(decay, grad).mul_add(-rate, parameter);
    /// A value moved towards another by a share of the way. Two roundings, as in PyTorch and
    /// diffusers.
    Moved { weight } (x, y) = x + weight * (y - x);
}

impl OptimizerOps for Flex {
    fn adamw(
        parameter: CpuTensor,
        grad: CpuTensor,
        mean: CpuTensor,
        square: CpuTensor,
        factors: Factors,
    ) -> (CpuTensor, CpuTensor, CpuTensor) {
        if ![&parameter, &grad, &mean, &square].into_iter().all(is_f32) {
            return composed_adamw::<Self>(parameter, grad, (mean, square), factors);
        }
        let parameter = contiguous(parameter);
        // The new parameter takes the place of the gradient, which nobody needs any more.
        let [mut grad, mut mean, mut square] = [grad, mean, square].map(writable);
        step(
            values(&parameter),
            grad.storage_mut(),
            mean.storage_mut(),
            square.storage_mut(),
            Coefficients {
                beta_1: factors.beta_1 as f32,
                rest_1: (1.0 - factors.beta_1) as f32,
                beta_2: factors.beta_2 as f32,
                rest_2: (1.0 - factors.beta_2) as f32,
                keep: factors.keep as f32,
                rate: factors.rate as f32,
                root: factors.root as f32,
                epsilon: factors.epsilon as f32,
            },
        );
        (grad, mean, square)
    }

    fn sgd(
        parameter: CpuTensor,
        grad: CpuTensor,
        learning_rate: f64,
        weight_decay: f64,
    ) -> CpuTensor {
        if !is_f32(&parameter) || !is_f32(&grad) {
            return composed_sgd::<Self>(parameter, grad, learning_rate, weight_decay);
        }
        let (rate, decay) = (learning_rate as f32, weight_decay as f32);
        zip(grad, parameter, Descended { rate, decay })
    }

    fn lerp(x: CpuTensor, y: CpuTensor, weight: f64) -> CpuTensor {
        if !is_f32(&x) || !is_f32(&y) {
            return composed_lerp::<Self>(x, y, weight);
        }
        let weight = weight as f32;
        zip(x, y, Moved { weight })
    }

    fn sum_of_squares(x: CpuTensor) -> CpuTensor {
        if !is_f32(&x) {
            return composed_sum::<Self>(x);
        }
        let x = contiguous(x);
        tensor(vec![norm::sum_of_squares(values(&x))], [1])
    }

    fn scale(x: CpuTensor, factor: CpuTensor) -> CpuTensor {
        if !is_f32(&x) || !is_f32(&factor) {
            return composed_scale::<Self>(x, factor);
        }
        match values(&contiguous(factor))[0] {
            1.0 => x,
            factor => map(x, Scaled { factor }),
        }
    }
}
