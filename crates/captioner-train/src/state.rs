//! Where a run stands, and what it logged.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::evaluate::named_values;

/// Where a run stands; written as `trainer_state.json` with the keys of transformers'
/// `TrainerState`, which reads it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrainerState {
    /// Best value of what `metric_for_best_model` names, among the checkpoints that were saved.
    pub best_metric: Option<f64>,
    /// The step of the checkpoint that has it.
    pub best_global_step: Option<usize>,
    /// The checkpoint that has it.
    pub best_model_checkpoint: Option<PathBuf>,
    /// Passes over the training set done, with fractions.
    pub epoch: f64,
    /// Steps from one evaluation to the next.
    pub eval_steps: usize,
    /// Optimizer steps done.
    pub global_step: usize,
    /// Not here; transformers' is false as well outside a search.
    pub is_hyper_param_search: bool,
    /// There is one process.
    pub is_local_process_zero: bool,
    /// There is one process.
    pub is_world_process_zero: bool,
    /// Every log entry so far.
    pub log_history: Vec<LogEntry>,
    /// Steps from one log entry to the next.
    pub logging_steps: usize,
    /// Optimizer steps of the whole run.
    pub max_steps: usize,
    /// Caption tokens that the loss counted.
    pub num_input_tokens_seen: usize,
    /// Passes over the training set of the whole run, rounded up.
    pub num_train_epochs: usize,
    /// Steps from one checkpoint to the next.
    pub save_steps: usize,
    /// What callbacks keep, by their names.
    pub stateful_callbacks: BTreeMap<String, Value>,
    /// Not counted.
    pub total_flos: f64,
    /// Rows in a batch.
    pub train_batch_size: usize,
    /// No search.
    pub trial_name: Option<String>,
    /// No search.
    pub trial_params: Option<Value>,
}

impl Default for TrainerState {
    fn default() -> Self {
        Self {
            best_metric: None,
            best_global_step: None,
            best_model_checkpoint: None,
            epoch: 0.0,
            eval_steps: 500,
            global_step: 0,
            is_hyper_param_search: false,
            is_local_process_zero: true,
            is_world_process_zero: true,
            log_history: Vec::new(),
            logging_steps: 500,
            max_steps: 0,
            num_input_tokens_seen: 0,
            num_train_epochs: 0,
            save_steps: 500,
            stateful_callbacks: BTreeMap::new(),
            total_flos: 0.0,
            train_batch_size: 0,
            trial_name: None,
            trial_params: None,
        }
    }
}

/// Values of one moment of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LogEntry {
    /// Optimizer steps done.
    pub step: usize,
    /// Passes over the training set done, with fractions.
    pub epoch: f64,
    /// The values: `loss`, `grad_norm` and `learning_rate` while training, `eval_...` of an
    /// evaluation, `train_...` of the whole run. Infinite ones and NaN are written as texts: `"Infinity"`, `"-Infinity"`,
    /// `"NaN"`.
    #[serde(flatten, with = "named_values")]
    pub values: BTreeMap<String, f64>,
}

impl LogEntry {
    /// A value by its name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.values.get(name).copied()
    }
}

impl TrainerState {
    /// The course of one value: (step, value) of each log entry that has it.
    pub fn curve(&self, value: &str) -> Vec<(f64, f64)> {
        let entries = self.log_history.iter();
        entries
            .filter_map(|entry| Some((entry.step as f64, entry.get(value)?)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_comes_back_from_json_to_the_bit() {
        let values = [0.1 + 0.2, 1e-300, 5e-324, f64::MAX, 0.921_554_647_096_772_6];
        let entry = LogEntry {
            step: 3,
            epoch: 0.375,
            values: values.map(|v| (format!("{v:e}"), v)).into(),
        };
        let state = TrainerState {
            log_history: vec![entry],
            best_metric: Some(0.1 + 0.7),
            ..TrainerState::default()
        };
        let json = serde_json::to_string(&state).unwrap();
        assert_eq!(
            serde_json::from_str::<TrainerState>(&json).unwrap(),
            state,
            "{json}"
        );
    }
}
