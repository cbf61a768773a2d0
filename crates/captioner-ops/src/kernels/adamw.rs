//! AdamW, one pass.

use rayon::prelude::*;

use super::elementwise::PARALLEL;
use super::vector::{Work, vectorised};

/// Values that one thread takes at a time.
const BLOCK: usize = 4096;

/// The factors of one step.
#[derive(Clone, Copy)]
pub(crate) struct Coefficients {
    pub(crate) beta_1: f32,
    pub(crate) rest_1: f32,
    pub(crate) beta_2: f32,
    pub(crate) rest_2: f32,
    pub(crate) keep: f32,
    pub(crate) rate: f32,
    pub(crate) root: f32,
    pub(crate) epsilon: f32,
}

/// Both means are brought up to date, and `grad` becomes the new parameter.
pub(crate) fn step(
    parameter: &[f32],
    grad: &mut [f32],
    mean: &mut [f32],
    square: &mut [f32],
    coefficients: Coefficients,
) {
    let one = |parameter: &[f32], grad: &mut [f32], mean: &mut [f32], square: &mut [f32]| {
        vectorised(Step {
            parameter,
            grad,
            mean,
            square,
            c: coefficients,
        });
    };
    if grad.len() < PARALLEL {
        one(parameter, grad, mean, square);
    } else {
        let blocks = grad.par_chunks_mut(BLOCK).zip(parameter.par_chunks(BLOCK));
        let means = mean.par_chunks_mut(BLOCK).zip(square.par_chunks_mut(BLOCK));
        blocks
            .zip(means)
            .with_min_len(4)
            .for_each(|((grad, parameter), (mean, square))| one(parameter, grad, mean, square));
    }
}

struct Step<'a> {
    parameter: &'a [f32],
    grad: &'a mut [f32],
    mean: &'a mut [f32],
    square: &'a mut [f32],
    c: Coefficients,
}

impl Work for Step<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let c = self.c;
        let means = self.mean.iter_mut().zip(self.square);
        let values = self.grad.iter_mut().zip(self.parameter);
        for ((grad, parameter), (mean, square)) in values.zip(means) {
            *mean = mean.mul_add(c.beta_1, *grad * c.rest_1);
            *square = square.mul_add(c.beta_2, *grad * *grad * c.rest_2);
            let root = square.sqrt().mul_add(c.root, c.epsilon);
            *grad = parameter.mul_add(c.keep, -(c.rate * (*mean / root)));
        }
    }
}
