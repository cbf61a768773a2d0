//! The sum of squares, in an order that the length alone decides.

use rayon::prelude::*;

use super::elementwise::PARALLEL;
use super::reduce::{Squared, sum};
use super::vector::{Work, vectorised};

/// Values whose squares are summed in single precision; sums of blocks are added in double.
const BLOCK: usize = 4096;

/// The sum of all squared values.
pub(crate) fn sum_of_squares(x: &[f32]) -> f32 {
    let one = |block: &[f32]| f64::from(vectorised(Sum(block)));
    let total: f64 = if x.len() < PARALLEL {
        x.chunks(BLOCK).map(one).sum()
    } else {
        let blocks = x.par_chunks(BLOCK).with_min_len(4).map(one);
        blocks.collect::<Vec<f64>>().into_iter().sum()
    };
    total as f32
}

struct Sum<'a>(&'a [f32]);

impl Work for Sum<'_> {
    type Output = f32;

    #[inline(always)]
    fn run(self) -> f32 {
        sum(self.0, Squared {})
    }
}
