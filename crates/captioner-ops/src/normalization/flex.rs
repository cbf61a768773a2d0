//! Layer norm on the CPU: each row is read while it is in the nearest cache.

use burn::backend::Flex;

use super::{FusedLayerNorm, composed, composed_backward};
use crate::kernels::layer_norm::{backward, forward};
use crate::kernels::storage::{CpuTensor, contiguous, is_f32, tensor, values, writable};

impl FusedLayerNorm for Flex {
    fn layer_norm_forward(
        x: CpuTensor,
        weight: CpuTensor,
        bias: CpuTensor,
        eps: f64,
    ) -> (CpuTensor, CpuTensor) {
        if ![&x, &weight, &bias].into_iter().all(is_f32) || is_empty(&x) {
            return composed::<Self>(x, weight, bias, eps);
        }
        let (x, weight, bias) = (contiguous(x), contiguous(weight), contiguous(bias));
        let (y, statistics) = forward(values(&x), values(&weight), values(&bias), eps as f32);
        let rows = statistics.len() / 2;
        let y = tensor(y, x.layout().shape().clone());
        (y, tensor(statistics, [rows, 2]))
    }

    fn layer_norm_backward(
        grad: CpuTensor,
        x: CpuTensor,
        weight: CpuTensor,
        statistics: CpuTensor,
    ) -> (CpuTensor, CpuTensor, CpuTensor) {
        if !is_f32(&x) || is_empty(&x) {
            return composed_backward::<Self>(grad, x, weight, statistics);
        }
        let (mut grad, x) = (writable(grad), contiguous(x));
        let (weight, statistics) = (contiguous(weight), contiguous(statistics));
        let (of_weight, of_bias) = backward(
            grad.storage_mut(),
            values(&x),
            values(&weight),
            values(&statistics),
        );
        let width = of_bias.len();
        (grad, tensor(of_weight, [width]), tensor(of_bias, [width]))
    }
}

fn is_empty(x: &CpuTensor) -> bool {
    x.layout().num_elements() == 0
}
