//! Cross entropy, a row at a time.

use rayon::prelude::*;

use super::elementwise::PARALLEL;
use super::function::ExpFrom;
use super::reduce::{max, sum};
use super::vector::{Function, Work, functions, vectorised};

functions! {
    From { largest } (x) = x - largest;
}

/// Losses of rows of logits, and each row's largest logit and reciprocal sum, side by side.
///
/// # Panics
/// When a target is not below the number of classes.
pub(crate) fn forward(logits: &[f32], targets: &[usize], smoothing: f32) -> (Vec<f32>, Vec<f32>) {
    let classes = logits.len() / targets.len();
    let one = |(row, &target): (&[f32], &usize)| {
        let (largest, sum, mean) = vectorised(Sums { row, smoothing });
        let picked = (1.0 - smoothing) * (row[target] - largest);
        let loss = sum.ln() - picked - smoothing * mean;
        (loss, [largest, 1.0 / sum])
    };
    let results: Vec<(f32, [f32; 2])> = if logits.len() < PARALLEL {
        logits.chunks(classes).zip(targets).map(one).collect()
    } else {
        let rows = logits.par_chunks(classes).zip(targets);
        rows.with_min_len(rows_at_once(classes)).map(one).collect()
    };
    let (loss, statistics): (Vec<f32>, Vec<[f32; 2]>) = results.into_iter().unzip();
    (loss, statistics.into_flattened())
}

fn rows_at_once(classes: usize) -> usize {
    1 + PARALLEL / 8 / classes
}

/// A row's largest logit, its sum of exponentials, and, for smoothing, the mean of its logits less
/// the largest.
struct Sums<'a> {
    row: &'a [f32],
    smoothing: f32,
}

impl Work for Sums<'_> {
    type Output = (f32, f32, f32);

    #[inline(always)]
    fn run(self) -> (f32, f32, f32) {
        let largest = max(self.row);
        let exponentials = sum(self.row, ExpFrom { largest });
        if self.smoothing == 0.0 {
            return (largest, exponentials, 0.0);
        }
        let mean = sum(self.row, From { largest }) / self.row.len() as f32;
        (largest, exponentials, mean)
    }
}

/// Logits become their gradients. `rows` holds the gradient of each loss, and the statistics.
pub(crate) fn backward(
    logits: &mut [f32],
    targets: &[usize],
    (grad, statistics): (&[f32], &[f32]),
    smoothing: f32,
) {
    let classes = logits.len() / targets.len();
    let one = |row: &mut [f32], target: usize, grad: f32, s: &[f32]| {
        vectorised(Gradient {
            row,
            exp: ExpFrom { largest: s[0] },
            share: s[1],
            uniform: smoothing / classes as f32,
            grad,
        });
        row[target] -= (1.0 - smoothing) * grad;
    };
    if logits.len() < PARALLEL {
        let rows = logits.chunks_mut(classes).zip(targets).zip(grad);
        rows.zip(statistics.chunks(2))
            .for_each(|(((row, target), grad), s)| one(row, *target, *grad, s));
    } else {
        let rows = logits.par_chunks_mut(classes).zip(targets).zip(grad);
        let rows = rows.zip(statistics.par_chunks(2));
        rows.with_min_len(rows_at_once(classes))
            .for_each(|(((row, target), grad), s)| one(row, *target, *grad, s));
    }
}

/// The gradient of a row, but for what the target adds.
struct Gradient<'a> {
    row: &'a mut [f32],
    exp: ExpFrom,
    share: f32,
    uniform: f32,
    grad: f32,
}

impl Work for Gradient<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for x in self.row {
            *x = (self.exp.of([*x]) * self.share - self.uniform) * self.grad;
        }
    }
}
