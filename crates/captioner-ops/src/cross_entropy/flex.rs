//! Cross entropy on the CPU: no second matrix of the logits' size in either direction, where
//! nothing else reads them.

use burn::backend::Flex;
use burn::backend::tensor::IntTensor;
use burn::tensor::DType;

use super::{FusedCrossEntropy, composed, composed_backward};
use crate::kernels::cross_entropy::{backward, forward};
use crate::kernels::storage::{CpuTensor, contiguous, is_f32, tensor, values, writable};

impl FusedCrossEntropy for Flex {
    fn cross_entropy_forward(
        logits: CpuTensor,
        targets: IntTensor<Self>,
        smoothing: f64,
    ) -> (CpuTensor, CpuTensor) {
        let Some(places) = places(&targets).filter(|_| fits(&logits)) else {
            return composed::<Self>(logits, targets, smoothing);
        };
        let logits = contiguous(logits);
        let (loss, statistics) = forward(values(&logits), &places, smoothing as f32);
        let rows = loss.len();
        (tensor(loss, [rows]), tensor(statistics, [rows, 2]))
    }

    fn cross_entropy_backward(
        grad: CpuTensor,
        logits: CpuTensor,
        targets: IntTensor<Self>,
        statistics: CpuTensor,
        smoothing: f64,
    ) -> CpuTensor {
        let Some(places) = places(&targets).filter(|_| fits(&logits)) else {
            return composed_backward::<Self>(grad, logits, targets, statistics, smoothing);
        };
        let (grad, statistics) = (contiguous(grad), contiguous(statistics));
        let mut logits = writable(logits);
        let rows = (values(&grad), values(&statistics));
        backward(logits.storage_mut(), &places, rows, smoothing as f32);
        logits
    }
}

fn fits(logits: &CpuTensor) -> bool {
    is_f32(logits) && logits.layout().num_elements() > 0
}

/// Class numbers of an integer type that the backend makes.
fn places(targets: &IntTensor<Flex>) -> Option<Vec<usize>> {
    let targets = targets.to_contiguous();
    match targets.dtype() {
        DType::I64 => Some(
            targets
                .storage::<i64>()
                .iter()
                .map(|&t| t as usize)
                .collect(),
        ),
        DType::I32 => Some(
            targets
                .storage::<i32>()
                .iter()
                .map(|&t| t as usize)
                .collect(),
        ),
        _ => None,
    }
}
