//! One value from one value, and one from two.

use rayon::prelude::*;

use super::storage::{CpuTensor, contiguous, tensor, values};
use super::vector::{Function, Work, vectorised};

/// Values that one thread takes at a time.
pub(crate) const BLOCK: usize = 1024;

/// From here on a second thread pays.
pub(crate) const PARALLEL: usize = 32 * BLOCK;

/// `f` of every value, in place where nothing else reads them.
pub(crate) fn map(x: CpuTensor, f: impl Function<1>) -> CpuTensor {
    let mut x = contiguous(x);
    if let Some(values) = x.try_storage_mut::<f32>() {
        let one = |values: &mut [f32]| vectorised(MapInPlace { values, f });
        if values.len() < PARALLEL {
            one(values);
        } else {
            values.par_chunks_mut(BLOCK).with_min_len(8).for_each(one);
        }
        return x;
    }
    let source = values(&x);
    let mapped = collect(source.len(), PARALLEL, |start, out| {
        let x = &source[start..];
        vectorised(Map { out, x, f });
    });
    tensor(mapped, x.layout().shape().clone())
}

/// `f` of the values of `x` and `y`, which have one shape; in place of `x` where nothing else reads
/// it.
pub(crate) fn zip(x: CpuTensor, y: CpuTensor, f: impl Function<2>) -> CpuTensor {
    let (mut x, y) = (contiguous(x), contiguous(y));
    let right = values(&y);
    if let Some(left) = x.try_storage_mut::<f32>() {
        let one = |(x, y): (&mut [f32], &[f32])| vectorised(ZipInPlace { x, y, f });
        if left.len() < PARALLEL {
            one((left, right));
        } else {
            let pairs = left.par_chunks_mut(BLOCK).zip(right.par_chunks(BLOCK));
            pairs.with_min_len(8).for_each(one);
        }
        return x;
    }
    let left = values(&x);
    let zipped = collect(left.len(), PARALLEL, |start, out| {
        let (x, y) = (&left[start..], &right[start..]);
        vectorised(Zip { out, x, y, f });
    });
    tensor(zipped, x.layout().shape().clone())
}

/// A new vector that is written once, not cleared first: `f` makes it by blocks, which are moved in.
/// It gets the place of a block's first value, and the block. Threads share it from length
/// `parallel` on.
pub(crate) fn collect(
    length: usize,
    parallel: usize,
    f: impl Fn(usize, &mut [f32]) + Send + Sync,
) -> Vec<f32> {
    let one = |block: usize| {
        let mut out = [0.0; BLOCK];
        let start = block * BLOCK;
        f(start, &mut out[..BLOCK.min(length - start)]);
        out
    };
    let needed = length.div_ceil(BLOCK);
    let mut blocks = Vec::with_capacity(needed);
    if length < parallel {
        blocks.extend((0..needed).map(one));
    } else {
        let indices = (0..needed).into_par_iter().with_min_len(8);
        indices.map(one).collect_into_vec(&mut blocks);
    }
    let mut all = blocks.into_flattened();
    all.truncate(length);
    all
}

struct MapInPlace<'a, F> {
    values: &'a mut [f32],
    f: F,
}

impl<F: Function<1>> Work for MapInPlace<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for x in self.values {
            *x = self.f.of([*x]);
        }
    }
}

struct Map<'a, F> {
    out: &'a mut [f32],
    x: &'a [f32],
    f: F,
}

impl<F: Function<1>> Work for Map<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (out, x) in self.out.iter_mut().zip(self.x) {
            *out = self.f.of([*x]);
        }
    }
}

struct ZipInPlace<'a, F> {
    x: &'a mut [f32],
    y: &'a [f32],
    f: F,
}

impl<F: Function<2>> Work for ZipInPlace<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (x, y) in self.x.iter_mut().zip(self.y) {
            *x = self.f.of([*x, *y]);
        }
    }
}

struct Zip<'a, F> {
    out: &'a mut [f32],
    x: &'a [f32],
    y: &'a [f32],
    f: F,
}

impl<F: Function<2>> Work for Zip<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for ((out, x), y) in self.out.iter_mut().zip(self.x).zip(self.y) {
            *out = self.f.of([*x, *y]);
        }
    }
}
