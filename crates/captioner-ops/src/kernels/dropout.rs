//! Dropout whose mask is made again from a seed.

use rayon::prelude::*;

use super::elementwise::{BLOCK, PARALLEL, collect};
use super::storage::{CpuTensor, contiguous, tensor, values};
use super::vector::{Work, vectorised};

/// Each value, kept with probability `keep` and divided by it, or 0. Value `i` in row-major order
/// is kept or dropped alike at each call with one `seed`. In place where nothing else reads `x`.
pub(crate) fn drop_values(x: CpuTensor, seed: [u32; 2], keep: f64) -> CpuTensor {
    let mask = Mask {
        seed,
        limit: (keep * 4_294_967_296.0) as u32,
        factor: (1.0 / keep) as f32,
    };
    let mut x = contiguous(x);
    if let Some(values) = x.try_storage_mut::<f32>() {
        let one = |(block, values): (usize, &mut [f32])| {
            vectorised(InPlace {
                values,
                start: block * BLOCK,
                mask,
            });
        };
        if values.len() < PARALLEL {
            one((0, values));
        } else {
            let blocks = values.par_chunks_mut(BLOCK).enumerate();
            blocks.with_min_len(8).for_each(one);
        }
        return x;
    }
    let source = values(&x);
    let dropped = collect(source.len(), PARALLEL, |start, out| {
        out.copy_from_slice(&source[start..start + out.len()]);
        vectorised(InPlace {
            values: out,
            start,
            mask,
        });
    });
    tensor(dropped, x.layout().shape().clone())
}

#[derive(Clone, Copy)]
struct Mask {
    seed: [u32; 2],
    /// Hashes below are kept.
    limit: u32,
    factor: f32,
}

struct InPlace<'a> {
    values: &'a mut [f32],
    start: usize,
    mask: Mask,
}

impl Work for InPlace<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Mask {
            seed,
            limit,
            factor,
        } = self.mask;
        let mut index = self.start as u32;
        for x in self.values {
            let hash = mix(mix(index.wrapping_add(seed[0])) ^ seed[1]);
            *x = if hash < limit { *x * factor } else { 0.0 };
            index = index.wrapping_add(1);
        }
    }
}

/// A permutation of 32-bit numbers in which every bit of the argument changes about half of the
/// result's: the last step of MurmurHash3 (Appleby, public domain).
#[inline(always)]
fn mix(mut x: u32) -> u32 {
    x ^= x >> 16;
    x = x.wrapping_mul(0x85eb_ca6b);
    x ^= x >> 13;
    x = x.wrapping_mul(0xc2b2_ae35);
    x ^ (x >> 16)
}
