//! Dropout on the CPU: the mask is hashed from a seed of two random numbers.

use burn::backend::ops::FloatTensorOps;
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::{DType, Distribution, Shape};

use super::{FusedDropout, composed};
use crate::kernels::dropout::drop_values;
use crate::kernels::storage::{CpuTensor, contiguous, is_f32, values};

impl FusedDropout for Flex {
    fn drop_values(x: CpuTensor, keep: f64) -> (CpuTensor, CpuTensor) {
        if !is_f32(&x) {
            return composed::<Self>(x, keep);
        }
        let uniform = Distribution::Uniform(0.0, 1.0);
        let seed = Flex::float_random(Shape::from([2]), uniform, &x.device(), DType::F32.into());
        (drop_values(x, bits(&seed), keep), seed)
    }

    fn drop_values_backward(grad: CpuTensor, seed: CpuTensor, keep: f64) -> CpuTensor {
        if !is_f32(&grad) {
            return Flex::float_mul(grad, seed);
        }
        drop_values(grad, bits(&seed), keep)
    }
}

fn bits(seed: &CpuTensor) -> [u32; 2] {
    let seed = contiguous(seed.clone());
    let seed = values(&seed);
    [seed[0].to_bits(), seed[1].to_bits()]
}
