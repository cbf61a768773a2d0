//! The learning rate that depends on the evaluations: PyTorch's `ReduceLROnPlateau`.

use serde::{Deserialize, Serialize};

use super::kind::{LrSchedulerKwargs, PlateauMode, ThresholdMode};

/// What a [`Schedule`](super::Schedule) has seen; a resumed run restores it to go on as it was. It
/// stays as it is where the learning rate depends on the step alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScheduleState {
    /// The learning rate at present; the highest where unset.
    pub learning_rate: Option<f64>,
    /// The best value so far.
    pub best: Option<f64>,
    /// Evaluations in a row without a better one.
    pub bad_evaluations: usize,
    /// Evaluations that don't count because the learning rate was just reduced.
    pub cooldown: usize,
}

impl ScheduleState {
    /// Takes the value of an evaluation into account, of a run that started with the rate `peak`.
    pub(super) fn observe(&mut self, value: f64, rules: &Rules, peak: f64) {
        if rules.is_better(value, self.best.unwrap_or(rules.worst())) {
            self.best = Some(value);
            self.bad_evaluations = 0;
        } else {
            self.bad_evaluations += 1;
        }
        if self.cooldown > 0 {
            self.cooldown -= 1;
            self.bad_evaluations = 0;
        }
        if self.bad_evaluations > rules.patience {
            let old = self.learning_rate.unwrap_or(peak);
            let new = (old * rules.factor).max(rules.min_lr);
            if old - new > rules.eps {
                self.learning_rate = Some(new);
            }
            self.cooldown = rules.cooldown;
            self.bad_evaluations = 0;
        }
    }
}

/// When and how far the learning rate falls.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    mode: PlateauMode,
    factor: f64,
    patience: usize,
    threshold: f64,
    threshold_mode: ThresholdMode,
    cooldown: usize,
    min_lr: f64,
    eps: f64,
}

impl Rules {
    /// PyTorch's defaults where nothing is set; the mode is then as `greater_is_better` says.
    pub(super) fn new(kwargs: &LrSchedulerKwargs, greater_is_better: bool) -> Self {
        let mode = match greater_is_better {
            true => PlateauMode::Max,
            false => PlateauMode::Min,
        };
        Self {
            mode: kwargs.mode.unwrap_or(mode),
            factor: kwargs.factor.unwrap_or(0.1),
            patience: kwargs.patience.unwrap_or(10),
            threshold: kwargs.threshold.unwrap_or(1e-4),
            threshold_mode: kwargs.threshold_mode.unwrap_or(ThresholdMode::Relative),
            cooldown: kwargs.cooldown.unwrap_or(0),
            min_lr: kwargs.min_lr.unwrap_or(0.0),
            eps: kwargs.eps.unwrap_or(1e-8),
        }
    }

    /// What any value is better than; NaN is never better.
    fn worst(&self) -> f64 {
        match self.mode {
            PlateauMode::Min => f64::INFINITY,
            PlateauMode::Max => f64::NEG_INFINITY,
        }
    }

    fn is_better(&self, value: f64, best: f64) -> bool {
        match (self.mode, self.threshold_mode) {
            (PlateauMode::Min, ThresholdMode::Relative) => value < best * (1.0 - self.threshold),
            (PlateauMode::Min, ThresholdMode::Absolute) => value < best - self.threshold,
            (PlateauMode::Max, ThresholdMode::Relative) => value > best * (self.threshold + 1.0),
            (PlateauMode::Max, ThresholdMode::Absolute) => value > best + self.threshold,
        }
    }
}
