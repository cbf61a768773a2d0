//! The learning rate over a run.

use std::f64::consts::PI;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use captioner_model::SettingError;

/// How the learning rate changes after the warm-up; the shapes are those of transformers'
/// `optimization.py`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SchedulerType {
    /// Falls in a straight line to 0.
    Linear,
    /// Falls to 0 along half a cosine wave.
    Cosine,
    /// Stays.
    Constant,
}

/// The learning rate as a function of the step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    kind: SchedulerType,
    peak: f64,
    warmup: usize,
    total: usize,
}

impl Schedule {
    /// A schedule over `total` steps that rises to `peak` in the first `warmup` of them.
    pub fn new(kind: SchedulerType, peak: f64, warmup: usize, total: usize) -> Self {
        Self {
            kind,
            peak,
            warmup,
            total,
        }
    }

    /// The learning rate of step `step`, counted from 0.
    pub fn learning_rate(&self, step: usize) -> f64 {
        if step < self.warmup {
            return self.peak * step as f64 / self.warmup as f64;
        }
        let falling = self.total.saturating_sub(self.warmup).max(1) as f64;
        let done = ((step - self.warmup) as f64 / falling).min(1.0);
        self.peak
            * match self.kind {
                SchedulerType::Linear => 1.0 - done,
                SchedulerType::Cosine => 0.5 * (1.0 + (PI * done).cos()),
                SchedulerType::Constant => 1.0,
            }
    }
}

impl fmt::Display for SchedulerType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Linear => "linear",
            Self::Cosine => "cosine",
            Self::Constant => "constant",
        })
    }
}

impl FromStr for SchedulerType {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "linear" => Ok(Self::Linear),
            "cosine" => Ok(Self::Cosine),
            "constant" => Ok(Self::Constant),
            other => Err(SettingError::new(
                "lr_scheduler_type",
                other,
                "use linear, cosine or constant",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_has_the_peak_and_the_last_is_not_zero() {
        // transformers.get_linear_schedule_with_warmup(optimizer, 0, 4): 1, 0.75, 0.5, 0.25
        let schedule = Schedule::new(SchedulerType::Linear, 1.0, 0, 4);
        let rates: Vec<_> = (0..5).map(|step| schedule.learning_rate(step)).collect();
        assert_eq!(rates, [1.0, 0.75, 0.5, 0.25, 0.0]);
    }

    #[test]
    fn warm_up_starts_at_zero() {
        let schedule = Schedule::new(SchedulerType::Cosine, 2.0, 2, 4);
        let rates: Vec<_> = (0..5).map(|step| schedule.learning_rate(step)).collect();
        let want = [0.0, 1.0, 2.0, 1.0, 0.0];
        assert!(rates.iter().zip(want).all(|(r, w)| (r - w).abs() < 1e-12));
    }

    #[test]
    fn a_warm_up_longer_than_the_run_does_not_divide_by_zero() {
        let schedule = Schedule::new(SchedulerType::Linear, 1.0, 10, 5);
        assert!((0..20).all(|step| schedule.learning_rate(step).is_finite()));
    }
}
