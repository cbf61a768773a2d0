//! Ending a run that does not get better any more.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::callback::{CallbackResult, TrainerCallback, TrainerContext, TrainerControl};
use crate::evaluate::Evaluation;

/// Ends a run when as many evaluations as its patience, one after the other, were not better than the
/// best before them by more than a threshold; as transformers' callback of this name. What better
/// means, `metric_for_best_model` and `greater_is_better` say.
///
/// Unlike there, the best is that of all evaluations, saved or not, and a resumed run goes on
/// counting.
#[derive(Clone, Debug, PartialEq)]
pub struct EarlyStoppingCallback {
    patience: usize,
    threshold: f64,
    counted: Counted,
}

/// What is kept in checkpoints.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Counted {
    /// Evaluations since the last better one.
    patience_counter: usize,
    best: Option<f64>,
}

impl EarlyStoppingCallback {
    /// Ends a run after `patience` evaluations that are not better by more than `threshold`.
    pub fn new(patience: usize, threshold: f64) -> Self {
        Self {
            patience,
            threshold,
            counted: Counted::default(),
        }
    }

    /// Whether the run is to end after an evaluation of this value.
    fn ends(&mut self, value: f64, more_is_better: bool) -> bool {
        let better = match self.counted.best {
            None => !value.is_nan(),
            Some(best) => {
                let gain = if more_is_better {
                    value - best
                } else {
                    best - value
                };
                gain > self.threshold.max(0.0)
            }
        };
        let best = self.counted.best.unwrap_or(value);
        let further = if more_is_better {
            value > best
        } else {
            value < best
        };
        if further || (self.counted.best.is_none() && !value.is_nan()) {
            self.counted.best = Some(value);
        }
        match better {
            true => self.counted.patience_counter = 0,
            false => self.counted.patience_counter += 1,
        }
        self.counted.patience_counter >= self.patience
    }
}

impl<M> TrainerCallback<M> for EarlyStoppingCallback {
    fn name(&self) -> String {
        "EarlyStoppingCallback".to_owned()
    }

    fn on_evaluate(
        &mut self,
        run: &TrainerContext<'_, M>,
        evaluation: &Evaluation,
        control: &mut TrainerControl,
    ) -> CallbackResult {
        let value = evaluation.score(run.arguments.best_value());
        if let Some(value) = value
            && self.ends(value, run.greater_is_better)
        {
            control.should_training_stop = true;
        }
        Ok(())
    }

    fn state(&self) -> Option<Value> {
        serde_json::to_value(&self.counted).ok()
    }

    fn restore(&mut self, state: &Value) -> CallbackResult {
        self.counted = serde_json::from_value(state.clone())?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended_after(values: &[f64], patience: usize, threshold: f64, more: bool) -> Option<usize> {
        let mut callback = EarlyStoppingCallback::new(patience, threshold);
        values.iter().position(|value| callback.ends(*value, more))
    }

    #[test]
    fn a_run_ends_after_as_many_evaluations_without_progress() {
        let losses = [3.0, 2.0, 2.5, 1.9, 2.0, 2.1, 2.2];
        assert_eq!(ended_after(&losses, 1, 0.0, false), Some(2));
        assert_eq!(ended_after(&losses, 2, 0.0, false), Some(5));
        assert_eq!(ended_after(&losses, 4, 0.0, false), None);
        let scores: Vec<f64> = losses.iter().map(|loss| -loss).collect();
        assert_eq!(ended_after(&scores, 2, 0.0, true), Some(5));
    }

    #[test]
    fn too_small_a_gain_is_none_and_nan_is_none() {
        assert_eq!(ended_after(&[3.0, 2.95, 2.9], 2, 0.2, false), Some(2));
        assert_eq!(
            ended_after(&[3.0, f64::NAN, f64::NAN], 2, 0.0, false),
            Some(2)
        );
        assert_eq!(ended_after(&[f64::NAN, 3.0, 2.0], 2, 0.0, false), None);
    }

    #[test]
    fn a_resumed_run_goes_on_counting() {
        let mut first = EarlyStoppingCallback::new(3, 0.0);
        assert!(!first.ends(1.0, false) && !first.ends(2.0, false));
        let kept = TrainerCallback::<()>::state(&first).unwrap();
        let mut second = EarlyStoppingCallback::new(3, 0.0);
        TrainerCallback::<()>::restore(&mut second, &kept).unwrap();
        assert_eq!(second, first);
        assert!(!second.ends(2.0, false) && second.ends(2.0, false));
    }
}
