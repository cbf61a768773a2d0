//! What a linear map needs besides products: its bias in every row, and the sum of all rows.

use rayon::prelude::*;

use super::elementwise::PARALLEL;
use super::vector::{Work, vectorised};

/// Rows that are summed before their sum joins the others'.
const ROWS: usize = 64;

/// `count` times `row`, one after the other.
pub(crate) fn repeated(row: &[f32], count: usize) -> Vec<f32> {
    row.repeat(count)
}

/// The sum of each column of rows of `width`. Blocks of rows are summed in their order, so threads
/// change no bit.
pub(crate) fn column_sums(values: &[f32], width: usize) -> Vec<f32> {
    let size = ROWS * width;
    let mut partial = vec![0.0; values.len().div_ceil(size) * width];
    let block = |(rows, sums): (&[f32], &mut [f32])| vectorised(AddRows { rows, sums });
    if values.len() < PARALLEL {
        values
            .chunks(size)
            .zip(partial.chunks_mut(width))
            .for_each(block);
    } else {
        values
            .par_chunks(size)
            .zip(partial.par_chunks_mut(width))
            .for_each(block);
    }
    let mut total = vec![0.0; width];
    vectorised(AddRows {
        rows: &partial,
        sums: &mut total,
    });
    total
}

/// Adds each row of `sums.len()` values to `sums`.
struct AddRows<'a> {
    rows: &'a [f32],
    sums: &'a mut [f32],
}

impl Work for AddRows<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for row in self.rows.chunks_exact(self.sums.len()) {
            for (sum, value) in self.sums.iter_mut().zip(row) {
                *sum += value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_summed_over_all_rows_blocks_or_not() {
        for (rows, width) in [(1, 1), (63, 5), (130, 7), (700, 64)] {
            let values: Vec<f32> = (0..rows * width).map(|i| (i % 13) as f32 - 6.0).collect();
            let sums = column_sums(&values, width);
            for (column, sum) in sums.iter().enumerate() {
                // Small whole numbers: every order of summing gives the same.
                let want: f32 = values.iter().skip(column).step_by(width).sum();
                assert_eq!(*sum, want, "{rows} {width}");
            }
        }
    }
}
