//! Dropout on the CPU: the mask is hashed from a seed of 64 bits, which is all that is kept of it.

use burn::backend::ops::FloatTensorOps;
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::{DType, Distribution, Shape};

use super::{FusedDropout, composed};
use crate::kernels::dropout::drop_values;
use crate::kernels::storage::{CpuTensor, contiguous, is_f32, tensor, values};

impl FusedDropout for Flex {
    fn drop_values(x: CpuTensor, keep: f64, seed: Option<u64>) -> (CpuTensor, CpuTensor) {
        match (is_f32(&x), seed) {
            (true, None) => {
                let seed = drawn(&x);
                from_seed(x, seed, keep)
            }
            (true, Some(seed)) => from_seed(x, halves(seed), keep),
            (false, None) => composed::<Self>(x, keep, None),
            (false, Some(seed)) => from_factors(x, halves(seed), keep),
        }
    }

    fn drop_values_backward(grad: CpuTensor, mask: CpuTensor, keep: f64) -> CpuTensor {
        if !is_f32(&grad) {
            return Flex::float_mul(grad, mask);
        }
        drop_values(grad, seed_of(&mask), keep)
    }
}

/// The result and the seed, as a mask.
fn from_seed(x: CpuTensor, seed: [u32; 2], keep: f64) -> (CpuTensor, CpuTensor) {
    (drop_values(x, seed, keep), mask_of(seed))
}

/// The result and the factors of all values, for types that the kernel does not take.
fn from_factors(x: CpuTensor, seed: [u32; 2], keep: f64) -> (CpuTensor, CpuTensor) {
    let shape = x.shape();
    let ones = tensor(vec![1.0; shape.num_elements()], shape);
    let factors = Flex::float_cast(drop_values(ones, seed, keep), x.dtype().into());
    (Flex::float_mul(x, factors.clone()), factors)
}

/// A seed from the generator of the device that `x` is on.
fn drawn(x: &CpuTensor) -> [u32; 2] {
    let uniform = Distribution::Uniform(0.0, 1.0);
    let pair = Flex::float_random(Shape::from([2]), uniform, &x.device(), DType::F32.into());
    let pair = contiguous(pair);
    let pair = values(&pair);
    [pair[0].to_bits(), pair[1].to_bits()]
}

fn halves(seed: u64) -> [u32; 2] {
    [seed as u32, (seed >> 32) as u32]
}

/// A seed as a tensor: numbers of 16 bits, which every float holds exactly.
fn mask_of(seed: [u32; 2]) -> CpuTensor {
    let numbers = seed.map(|half| [half & 0xffff, half >> 16]);
    let numbers = numbers.as_flattened().iter().map(|&number| number as f32);
    tensor(numbers.collect(), [4])
}

fn seed_of(mask: &CpuTensor) -> [u32; 2] {
    let mask = contiguous(mask.clone());
    let numbers = values(&mask);
    [0, 2].map(|at| numbers[at] as u32 | (numbers[at + 1] as u32) << 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_keeps_every_bit_in_its_tensor() {
        // As the bits of floats these would be NaN, infinite, below the smallest normal number.
        let hard = [0x7fc0_0001_7f80_0000, 0x0000_0001_ffff_ffff, u64::MAX, 0];
        let many = (0..1000).map(|n| crate::mix_key(&[n]));
        for seed in many.chain(hard) {
            assert_eq!(seed_of(&mask_of(halves(seed))), halves(seed), "{seed:x}");
        }
    }
}
