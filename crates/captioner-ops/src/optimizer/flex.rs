//! Optimizer steps on the CPU: each buffer is read and written once.

use burn::backend::Flex;

use super::{Factors, OptimizerOps, composed_adamw, composed_scale, composed_sum};
use crate::kernels::adamw::{Coefficients, step};
use crate::kernels::elementwise::map;
use crate::kernels::function::Scaled;
use crate::kernels::norm;
use crate::kernels::storage::{CpuTensor, contiguous, is_f32, tensor, values, writable};

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
