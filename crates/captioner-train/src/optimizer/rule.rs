//! How one parameter takes one step.

use burn::tensor::Tensor;
use captioner_ops::{AdafactorStep, AdamWStep, SquaredMeans, adafactor, adamw, sgd};

use super::state::State;
use super::{OptimizerKind, OptimizerSettings};

/// A step of one parameter.
pub(super) struct Rule<'a> {
    pub(super) settings: &'a OptimizerSettings,
    pub(super) learning_rate: f64,
    /// 0 for a parameter that does not decay.
    pub(super) weight_decay: f64,
}

impl Rule<'_> {
    /// The parameter after the step; `state` is brought up to date.
    pub(super) fn step<const D: usize>(
        &self,
        parameter: Tensor<D>,
        grad: Tensor<D>,
        state: &mut State,
    ) -> Tensor<D> {
        state.steps = state.steps.saturating_add(1);
        // Taken out, so that nothing else holds what is written on in place.
        let moments = std::mem::take(&mut state.moments);
        let (time, moments) = (state.steps as usize, moments.into_iter());
        let (parameter, moments) = match self.settings.kind {
            OptimizerKind::AdamW => self.adamw(time, parameter, grad, moments),
            OptimizerKind::Sgd => {
                let (rate, decay) = (self.learning_rate, self.weight_decay);
                (sgd(parameter, grad, rate, decay), Vec::new())
            }
            OptimizerKind::Adafactor => self.adafactor(time, parameter, grad, moments),
        };
        state.moments = moments;
        parameter
    }

    fn adamw<const D: usize>(
        &self,
        time: usize,
        parameter: Tensor<D>,
        grad: Tensor<D>,
        mut moments: impl Iterator<Item = Tensor<1>>,
    ) -> (Tensor<D>, Vec<Tensor<1>>) {
        let mut next = || or_zeros(moments.next(), grad.dims(), &grad);
        let means = (next(), next());
        let step = AdamWStep {
            time,
            learning_rate: self.learning_rate,
            beta_1: self.settings.beta_1,
            beta_2: self.settings.beta_2,
            epsilon: self.settings.epsilon,
            weight_decay: self.weight_decay,
        };
        let (parameter, (mean, square)) = adamw(parameter, grad, means, step);
        (parameter, vec![as_row(mean), as_row(square)])
    }

    fn adafactor<const D: usize>(
        &self,
        time: usize,
        parameter: Tensor<D>,
        grad: Tensor<D>,
        mut moments: impl Iterator<Item = Tensor<1>>,
    ) -> (Tensor<D>, Vec<Tensor<1>>) {
        let mut next = |shape| or_zeros(moments.next(), shape, &grad);
        let shape = grad.dims();
        let means = if D < 2 {
            SquaredMeans::Whole(next(shape))
        } else {
            let (mut row, mut column) = (shape, shape);
            (row[D - 1], column[D - 2]) = (1, 1);
            SquaredMeans::Factored {
                row: next(row),
                column: next(column),
            }
        };
        let step = AdafactorStep {
            time,
            learning_rate: self.learning_rate,
            weight_decay: self.weight_decay,
            // The constants of transformers' `Adafactor`, which its `Trainer` leaves as they are.
            epsilon: 1e-30,
            clip_threshold: 1.0,
            decay_rate: -0.8,
        };
        let (parameter, means) = adafactor(parameter, grad, means, step);
        let moments = match means {
            SquaredMeans::Factored { row, column } => vec![as_row(row), as_row(column)],
            SquaredMeans::Whole(mean) => vec![as_row(mean)],
        };
        (parameter, moments)
    }
}

/// A moment in its shape; zeros before the first step.
fn or_zeros<const D: usize>(
    moment: Option<Tensor<1>>,
    shape: [usize; D],
    grad: &Tensor<D>,
) -> Tensor<D> {
    match moment {
        Some(moment) => moment.reshape(shape),
        None => Tensor::zeros(shape, (&grad.device(), grad.dtype())),
    }
}

fn as_row<const D: usize>(moment: Tensor<D>) -> Tensor<1> {
    let count = moment.shape().num_elements();
    moment.reshape([count])
}
