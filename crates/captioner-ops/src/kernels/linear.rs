//! What a linear map needs besides large products: the sum of all rows, and the product of a few, as
//! when one token after the other is generated.

use rayon::prelude::*;

use super::elementwise::PARALLEL;
use super::vector::{Work, vectorised};

/// Rows that are summed before their sum joins the others'.
const ROWS: usize = 64;

/// Up to so many rows the time goes into reading the weight.
const FEW: usize = 8;

/// From so many weights on a second thread pays.
const MANY: usize = 128 * 1024;

/// Columns of the weight that one thread takes at a time: their sums stay in the nearest cache.
const COLUMNS: usize = 512;

/// Whether [`add_few`] is faster.
pub(crate) fn are_few(rows: usize, inputs: usize, outputs: usize) -> bool {
    rows <= FEW && inputs.saturating_mul(outputs) >= MANY
}

/// Adds `x · weight` to `y`: rows of `inputs` values, and of `outputs`. Each weight is read once, in
/// columns that the threads share; a sum's order is that of the inputs.
pub(crate) fn add_few(y: &mut [f32], x: &[f32], weight: &[f32], [inputs, outputs]: [usize; 2]) {
    let block = |index: usize| {
        let start = index * COLUMNS;
        let width = COLUMNS.min(outputs - start);
        let mut sums = vec![0.0; x.len() / inputs * width];
        vectorised(AddColumns {
            sums: &mut sums,
            width,
            x,
            inputs,
            weight: &weight[start..],
            outputs,
        });
        sums
    };
    let blocks = (0..outputs.div_ceil(COLUMNS)).into_par_iter().map(block);
    let blocks: Vec<Vec<f32>> = blocks.collect();
    for (index, sums) in blocks.iter().enumerate() {
        let width = COLUMNS.min(outputs - index * COLUMNS);
        let rows = y.chunks_exact_mut(outputs).zip(sums.chunks_exact(width));
        for (y, sums) in rows {
            for (y, sum) in y[index * COLUMNS..].iter_mut().zip(sums) {
                *y += sum;
            }
        }
    }
}

/// Adds the products of rows of `x` with the first `width` columns of `weight`.
struct AddColumns<'a> {
    sums: &'a mut [f32],
    width: usize,
    x: &'a [f32],
    inputs: usize,
    weight: &'a [f32],
    outputs: usize,
}

impl Work for AddColumns<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (input, weight) in self.weight.chunks(self.outputs).enumerate() {
            let x = self.x.iter().skip(input).step_by(self.inputs);
            for (sums, x) in self.sums.chunks_exact_mut(self.width).zip(x) {
                for (sum, weight) in sums.iter_mut().zip(&weight[..self.width]) {
                    *sum = x.mul_add(*weight, *sum);
                }
            }
        }
    }
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
    fn few_rows_are_multiplied_as_defined() {
        for (rows, inputs, outputs) in [(1, 1, 1), (3, 5, 513), (8, 130, 1100)] {
            let numbers = |count: usize| (0..count).map(|i| (i * 7 % 13) as f32 - 6.0).collect();
            let (x, weight): (Vec<f32>, Vec<f32>) =
                (numbers(rows * inputs), numbers(inputs * outputs));
            let mut y = vec![0.5; rows * outputs];
            add_few(&mut y, &x, &weight, [inputs, outputs]);
            for (place, y) in y.iter().enumerate() {
                let (row, column) = (place / outputs, place % outputs);
                let products =
                    (0..inputs).map(|i| x[row * inputs + i] * weight[i * outputs + column]);
                // Small whole numbers: every order of summing gives the same.
                assert_eq!(*y, 0.5 + products.sum::<f32>(), "{rows} {inputs} {outputs}");
            }
        }
    }

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
