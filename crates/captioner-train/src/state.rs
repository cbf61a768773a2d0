//! Where a run stands, and what it logged.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::evaluate::named_values;

/// Where a run stands; written as `trainer_state.json` with the keys that transformers uses.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainerState {
    /// Optimizer steps done.
    pub global_step: usize,
    /// Passes over the training set done, with fractions.
    pub epoch: f64,
    /// Optimizer steps of the whole run.
    pub max_steps: usize,
    /// Best value of the value that `metric_for_best_model` names.
    pub best_metric: Option<f64>,
    /// The checkpoint that has it.
    pub best_model_checkpoint: Option<PathBuf>,
    /// Every log entry so far.
    pub log_history: Vec<LogEntry>,
}

/// Values of one moment of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LogEntry {
    /// Optimizer steps done.
    pub step: usize,
    /// Passes over the training set done, with fractions.
    pub epoch: f64,
    /// The values: `loss`, `grad_norm` and `learning_rate` while training, `eval_...` of an
    /// evaluation. Infinite ones and NaN are written as texts: `"Infinity"`, `"-Infinity"`, `"NaN"`.
    #[serde(flatten, with = "named_values")]
    pub values: BTreeMap<String, f64>,
}

impl TrainerState {
    /// The course of one value: (step, value) of each log entry that has it.
    pub fn curve(&self, value: &str) -> Vec<(f64, f64)> {
        self.log_history
            .iter()
            .filter_map(|entry| Some((entry.step as f64, *entry.values.get(value)?)))
            .collect()
    }
}
