//! The types of schedules, and their own settings.

use std::str::FromStr;

use captioner_model::SettingError;
use serde::{Deserialize, Serialize};

use crate::named::named;

/// How the learning rate changes; names and shapes are those of transformers' `optimization.py`.
///
/// In all but `Constant` and `ReduceLrOnPlateau` the rate first rises in `warmup_steps`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchedulerType {
    /// Falls in a straight line to 0.
    Linear,
    /// Falls to 0 along half a cosine wave, or `num_cycles` of whole ones.
    Cosine,
    /// Falls to 0 along half a cosine wave, `num_cycles` times.
    CosineWithRestarts,
    /// Falls to `lr_end` as the rest of the run to the power of `power`.
    Polynomial,
    /// Stays, without a warm-up.
    Constant,
    /// Stays after the warm-up.
    ConstantWithWarmup,
    /// Falls as one over the square root of the step.
    InverseSqrt,
    /// Is multiplied by `factor` when evaluations are no better any more; without a warm-up.
    ReduceLrOnPlateau,
    /// As `Cosine`, to `min_lr` or to the share `min_lr_rate` of the highest rate.
    CosineWithMinLr,
    /// As `CosineWithMinLr`; the warm-up does not start at 0 but at the share `warmup_lr_rate`.
    CosineWarmupWithMinLr,
    /// Stays after the warm-up, and falls in the last `num_decay_steps`.
    WarmupStableDecay,
}

named!(SchedulerType, "lr_scheduler_type", {
    Linear = "linear",
    Cosine = "cosine",
    CosineWithRestarts = "cosine_with_restarts",
    Polynomial = "polynomial",
    Constant = "constant",
    ConstantWithWarmup = "constant_with_warmup",
    InverseSqrt = "inverse_sqrt",
    ReduceLrOnPlateau = "reduce_lr_on_plateau",
    CosineWithMinLr = "cosine_with_min_lr",
    CosineWarmupWithMinLr = "cosine_warmup_with_min_lr",
    WarmupStableDecay = "warmup_stable_decay",
}, refuse {
    "greedy" => "it is not available here: use reduce_lr_on_plateau",
});

/// The settings that only some types of schedules have; names and defaults are those of
/// transformers, and for `ReduceLrOnPlateau` of PyTorch. What is unset has the type's default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LrSchedulerKwargs {
    /// Waves of the cosine schedules: 0.5, and 1 with restarts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_cycles: Option<f64>,
    /// The exponent of `Polynomial`: 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub power: Option<f64>,
    /// The last learning rate of `Polynomial`: 1e-7.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lr_end: Option<f64>,
    /// Steps after which `InverseSqrt` is at its highest rate: as many as the warm-up has, or 10000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timescale: Option<usize>,
    /// The lowest learning rate: 0 of `ReduceLrOnPlateau`; the cosine schedules that have one need
    /// it, or `min_lr_rate`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_lr: Option<f64>,
    /// The lowest learning rate as a share of the highest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_lr_rate: Option<f64>,
    /// The first learning rate of `CosineWarmupWithMinLr` as a share of the highest: one over the
    /// steps of the warm-up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warmup_lr_rate: Option<f64>,
    /// Steps in which `WarmupStableDecay` falls; it has no default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_decay_steps: Option<usize>,
    /// Steps in which `WarmupStableDecay` stays: all between the warm-up and the fall.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_stable_steps: Option<usize>,
    /// How `WarmupStableDecay` rises: linear.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warmup_type: Option<Ramp>,
    /// How `WarmupStableDecay` falls: cosine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decay_type: Option<Ramp>,
    /// The lowest learning rate of `WarmupStableDecay` as a share of the highest: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_lr_ratio: Option<f64>,
    /// What `ReduceLrOnPlateau` multiplies the learning rate by: 0.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub factor: Option<f64>,
    /// Evaluations in a row without a better value that `ReduceLrOnPlateau` bears: 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patience: Option<usize>,
    /// How much better a value must be to count as better: 1e-4.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// Whether `threshold` is a share of the best value so far: rel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold_mode: Option<ThresholdMode>,
    /// Evaluations after a reduction that don't count: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cooldown: Option<usize>,
    /// Whether less or more is better; as `greater_is_better` says where unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<PlateauMode>,
    /// A smaller change of the learning rate than this is not made: 1e-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eps: Option<f64>,
}

/// The shape of a rise or a fall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ramp {
    /// A straight line.
    Linear,
    /// Half a cosine wave.
    Cosine,
    /// One minus a square root.
    OneMinusSqrt,
}

named!(Ramp, "ramp", { Linear = "linear", Cosine = "cosine", OneMinusSqrt = "1-sqrt" });

/// What the threshold of a plateau is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThresholdMode {
    /// A share of the best value.
    Relative,
    /// A difference.
    Absolute,
}

named!(ThresholdMode, "threshold_mode", { Relative = "rel", Absolute = "abs" });

/// Which values are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlateauMode {
    /// Lower ones.
    Min,
    /// Higher ones.
    Max,
}

named!(PlateauMode, "mode", { Min = "min", Max = "max" });

impl FromStr for LrSchedulerKwargs {
    type Err = SettingError;

    /// Reads a JSON object.
    fn from_str(text: &str) -> Result<Self, SettingError> {
        serde_json::from_str(text).map_err(|error| {
            let help = format!("use a JSON object such as {{\"num_cycles\": 2}} ({error})");
            SettingError::new("lr_scheduler_kwargs", text, help)
        })
    }
}

impl LrSchedulerKwargs {
    /// Checks every setting, for a schedule of type `kind` with the highest rate `peak`.
    pub(crate) fn problems(&self, kind: SchedulerType, peak: f64) -> Vec<SettingError> {
        let mut problems = Vec::new();
        let taken = taken_by(kind);
        for (name, value) in self.given() {
            if !taken.contains(&name.as_str()) {
                let help = match taken {
                    [] => format!("{kind} has no settings: leave it out"),
                    _ => format!("{kind} has no such setting, but {}", taken.join(", ")),
                };
                problems.push(SettingError::new(&in_kwargs(&name), value, help));
            }
        }
        self.check_ranges(peak, &mut problems);
        self.check_needs(kind, &mut problems);
        problems
    }

    /// The settings that aren't the type's defaults, with their values.
    fn given(&self) -> Vec<(String, String)> {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::Object(keys)) => keys
                .into_iter()
                .map(|(name, value)| (name, value.to_string()))
                .collect(),
            _ => Vec::new(),
        }
    }

    fn check_ranges(&self, peak: f64, problems: &mut Vec<SettingError>) {
        let mut check = |name: &str, value: Option<f64>, fits: &dyn Fn(f64) -> bool, help: &str| {
            if let Some(value) = value.filter(|value| !fits(*value)) {
                problems.push(SettingError::new(&in_kwargs(name), value, help));
            }
        };
        let positive = |value: f64| value.is_finite() && value >= 0.0;
        for (name, value) in [
            ("num_cycles", self.num_cycles),
            ("power", self.power),
            ("min_lr", self.min_lr),
            ("threshold", self.threshold),
            ("eps", self.eps),
        ] {
            check(
                name,
                value,
                &positive,
                "it must be a finite number, 0 or more",
            );
        }
        let below_peak = |value: f64| (0.0..peak).contains(&value);
        let help = "it must be below learning_rate, 0 or more";
        check("lr_end", self.lr_end, &below_peak, help);
        for (name, value) in [
            ("min_lr_rate", self.min_lr_rate),
            ("warmup_lr_rate", self.warmup_lr_rate),
            ("min_lr_ratio", self.min_lr_ratio),
        ] {
            let share = |value: f64| (0.0..=1.0).contains(&value);
            check(name, value, &share, "it must be from 0 to 1");
        }
        let factor = |value: f64| (0.0..1.0).contains(&value);
        check(
            "factor",
            self.factor,
            &factor,
            "it must be from 0 to below 1",
        );
        if self.timescale == Some(0) {
            let help = "it must be 1 or more";
            problems.push(SettingError::new(&in_kwargs("timescale"), 0, help));
        }
    }

    /// What a type can't do without.
    fn check_needs(&self, kind: SchedulerType, problems: &mut Vec<SettingError>) {
        use SchedulerType::{CosineWarmupWithMinLr, CosineWithMinLr, WarmupStableDecay};
        let help = match (kind, self.min_lr, self.min_lr_rate) {
            (CosineWithMinLr | CosineWarmupWithMinLr, None, None) => {
                "set min_lr or min_lr_rate in lr_scheduler_kwargs"
            }
            (CosineWithMinLr | CosineWarmupWithMinLr, Some(_), Some(_)) => {
                "set one of min_lr and min_lr_rate in lr_scheduler_kwargs, not both"
            }
            (WarmupStableDecay, ..) if self.num_decay_steps.is_none() => {
                "set num_decay_steps in lr_scheduler_kwargs"
            }
            _ => return,
        };
        problems.push(SettingError::new("lr_scheduler_type", kind, help));
    }
}

fn in_kwargs(name: &str) -> String {
    format!("lr_scheduler_kwargs.{name}")
}

/// The settings that the function of a type takes in `optimization.py`.
fn taken_by(kind: SchedulerType) -> &'static [&'static str] {
    match kind {
        SchedulerType::Linear | SchedulerType::Constant | SchedulerType::ConstantWithWarmup => &[],
        SchedulerType::Cosine | SchedulerType::CosineWithRestarts => &["num_cycles"],
        SchedulerType::Polynomial => &["lr_end", "power"],
        SchedulerType::InverseSqrt => &["timescale"],
        SchedulerType::CosineWithMinLr => &["num_cycles", "min_lr", "min_lr_rate"],
        SchedulerType::CosineWarmupWithMinLr => {
            &["num_cycles", "min_lr", "min_lr_rate", "warmup_lr_rate"]
        }
        SchedulerType::WarmupStableDecay => &[
            "num_decay_steps",
            "num_stable_steps",
            "warmup_type",
            "decay_type",
            "min_lr_ratio",
            "num_cycles",
        ],
        SchedulerType::ReduceLrOnPlateau => &[
            "mode",
            "factor",
            "patience",
            "threshold",
            "threshold_mode",
            "cooldown",
            "min_lr",
            "eps",
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(kind: SchedulerType, json: &str) -> Vec<String> {
        let kwargs: LrSchedulerKwargs = json.parse().unwrap();
        let problems = kwargs.problems(kind, 1e-3);
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_type_takes_its_own_settings_only() {
        let none: [String; 0] = [];
        assert_eq!(
            problems(SchedulerType::Cosine, r#"{"num_cycles": 2}"#),
            none
        );
        assert_eq!(problems(SchedulerType::Linear, "{}"), none);
        assert_eq!(
            problems(SchedulerType::Linear, r#"{"num_cycles": 2}"#),
            ["lr_scheduler_kwargs.num_cycles is 2.0: linear has no settings: leave it out"]
        );
        let message = &problems(SchedulerType::Polynomial, r#"{"factor": 0.5}"#)[0];
        assert!(message.contains("lr_end, power"), "{message}");
    }

    #[test]
    fn what_a_type_needs_is_named() {
        let needs = |kind, json| problems(kind, json).join("; ");
        let none = needs(SchedulerType::CosineWithMinLr, "{}");
        assert!(none.contains("min_lr or min_lr_rate"), "{none}");
        let both = r#"{"min_lr": 1e-6, "min_lr_rate": 0.1}"#;
        let both = needs(SchedulerType::CosineWithMinLr, both);
        assert!(both.contains("not both"), "{both}");
        let decay = needs(SchedulerType::WarmupStableDecay, "{}");
        assert!(decay.contains("num_decay_steps"), "{decay}");
    }

    #[test]
    fn values_out_of_range_are_all_named() {
        let json = r#"{"factor": 1.0, "threshold": -1, "eps": -1, "min_lr": -1}"#;
        let found = problems(SchedulerType::ReduceLrOnPlateau, json);
        for name in ["factor", "threshold", "eps", "min_lr"] {
            let start = format!("lr_scheduler_kwargs.{name} is ");
            assert!(found.iter().any(|m| m.starts_with(&start)), "{found:?}");
        }
        assert_eq!(
            problems(SchedulerType::Polynomial, r#"{"lr_end": 1e-3}"#).len(),
            1
        );
        assert_eq!(
            problems(SchedulerType::InverseSqrt, r#"{"timescale": 0}"#).len(),
            1
        );
    }

    #[test]
    fn a_misspelt_setting_is_refused_with_the_known_ones() {
        let error = r#"{"num_cycle": 2}"#.parse::<LrSchedulerKwargs>().unwrap_err();
        assert!(error.to_string().contains("num_cycles"), "{error}");
    }
}
