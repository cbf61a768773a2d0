//! Layer norm, a row at a time.

use rayon::prelude::*;

use super::elementwise::{PARALLEL, collect};
use super::reduce::{Itself, sum, sum_zip};
use super::vector::{Function, Work, functions, vectorised};

/// Rows whose share of the gradients of weight and bias is summed before it joins the others'.
const ROWS: usize = 32;

/// From so many values on a second thread pays in the forward pass, which does little with each.
const PARALLEL_FORWARD: usize = 8 * PARALLEL;

functions! {
    SquaredFrom { mean } (x) = (x - mean) * (x - mean);
    Normal { mean, scale } (x) = (x - mean) * scale;
    TimesNormal { mean, scale } (grad, x) = grad * ((x - mean) * scale);
}

/// Normalises rows of `weight.len()`. Returns them, and mean and reciprocal deviation of each row
/// side by side.
pub(crate) fn forward(x: &[f32], weight: &[f32], bias: &[f32], eps: f32) -> (Vec<f32>, Vec<f32>) {
    let width = weight.len();
    let mut statistics = vec![0.0; 2 * x.len() / width];
    let block = |(x, out): (&[f32], &mut [f32])| {
        vectorised(Statistics { x, width, eps, out });
    };
    if x.len() < PARALLEL_FORWARD {
        block((x, &mut statistics));
    } else {
        x.par_chunks(ROWS * width)
            .zip(statistics.par_chunks_mut(2 * ROWS))
            .for_each(block);
    }
    let y = collect(x.len(), PARALLEL_FORWARD, |start, out| {
        vectorised(Normalise {
            out,
            start,
            x,
            statistics: &statistics,
            weight,
            bias,
        });
    });
    (y, statistics)
}

/// Mean and reciprocal deviation of rows.
struct Statistics<'a> {
    x: &'a [f32],
    width: usize,
    eps: f32,
    out: &'a mut [f32],
}

impl Work for Statistics<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let rows = self.x.chunks_exact(self.width);
        let count = self.width as f32;
        for (row, out) in rows.zip(self.out.chunks_exact_mut(2)) {
            let mean = sum(row, Itself {}) / count;
            let variance = sum(row, SquaredFrom { mean }) / count;
            out[0] = mean;
            out[1] = 1.0 / (variance + self.eps).sqrt();
        }
    }
}

/// Normalised values from `start` on, wherever rows begin and end.
struct Normalise<'a> {
    out: &'a mut [f32],
    start: usize,
    x: &'a [f32],
    statistics: &'a [f32],
    weight: &'a [f32],
    bias: &'a [f32],
}

impl Work for Normalise<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let width = self.weight.len();
        let (mut out, mut place) = (self.out, self.start);
        while !out.is_empty() {
            let (row, column) = (place / width, place % width);
            let (part, rest) = out.split_at_mut((width - column).min(out.len()));
            let normal = Normal {
                mean: self.statistics[2 * row],
                scale: self.statistics[2 * row + 1],
            };
            let (x, weight) = (&self.x[place..], &self.weight[column..]);
            let inputs = x.iter().zip(weight).zip(&self.bias[column..]);
            for (y, ((x, w), b)) in part.iter_mut().zip(inputs) {
                *y = normal.of([*x]).mul_add(*w, *b);
            }
            place += part.len();
            out = rest;
        }
    }
}

/// `grad`, of the output, becomes that of the input `x`. Returns those of weight and bias.
pub(crate) fn backward(
    grad: &mut [f32],
    x: &[f32],
    weight: &[f32],
    statistics: &[f32],
) -> (Vec<f32>, Vec<f32>) {
    let width = weight.len();
    let (size, pairs) = (ROWS * width, 2 * ROWS);
    let blocks = grad.len().div_ceil(size);
    let mut partial = vec![0.0; 2 * width * blocks];
    let block = |grad: &mut [f32], x: &[f32], statistics: &[f32], sums: &mut [f32]| {
        vectorised(Backward {
            grad,
            x,
            weight,
            statistics,
            sums,
        });
    };
    if grad.len() < PARALLEL {
        grad.chunks_mut(size)
            .zip(x.chunks(size))
            .zip(statistics.chunks(pairs))
            .zip(partial.chunks_mut(2 * width))
            .for_each(|(((grad, x), s), sums)| block(grad, x, s, sums));
    } else {
        grad.par_chunks_mut(size)
            .zip(x.par_chunks(size))
            .zip(statistics.par_chunks(pairs))
            .zip(partial.par_chunks_mut(2 * width))
            .for_each(|(((grad, x), s), sums)| block(grad, x, s, sums));
    }
    column_sums(&partial, width)
}

/// The gradients of some rows; those of weight and bias are added to `sums`.
struct Backward<'a> {
    grad: &'a mut [f32],
    x: &'a [f32],
    weight: &'a [f32],
    statistics: &'a [f32],
    sums: &'a mut [f32],
}

impl Work for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let width = self.weight.len();
        let (of_weight, of_bias) = self.sums.split_at_mut(width);
        let rows = self.grad.chunks_exact_mut(width);
        let rows = rows.zip(self.x.chunks_exact(width));
        for ((grad, x), s) in rows.zip(self.statistics.chunks_exact(2)) {
            let (mean, scale) = (s[0], s[1]);
            let normal = Normal { mean, scale };
            for ((sum, g), x) in of_weight.iter_mut().zip(&*grad).zip(x) {
                *sum = g.mul_add(normal.of([*x]), *sum);
            }
            for ((sum, g), w) in of_bias.iter_mut().zip(&mut *grad).zip(self.weight) {
                *sum += *g;
                *g *= *w;
            }
            let count = width as f32;
            let shift = sum(grad, Itself {}) / count;
            let slope = sum_zip(grad, x, TimesNormal { mean, scale }) / count;
            for (g, x) in grad.iter_mut().zip(x) {
                *g = scale * (*g - shift - slope * normal.of([*x]));
            }
        }
    }
}

/// The blocks' sums in their order.
fn column_sums(partial: &[f32], width: usize) -> (Vec<f32>, Vec<f32>) {
    let mut total = vec![0.0; 2 * width];
    for block in partial.chunks_exact(2 * width) {
        for (t, p) in total.iter_mut().zip(block) {
            *t += p;
        }
    }
    let of_bias = total.split_off(width);
    (total, of_bias)
}
