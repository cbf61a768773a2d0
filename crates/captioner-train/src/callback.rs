//! Watching a run.

use std::path::Path;

use crate::state::{LogEntry, TrainerState};

/// Told what happens in a run. Each method does nothing unless written.
pub trait TrainerCallback {
    /// The run begins; `state.max_steps` is known.
    fn on_train_begin(&mut self, _state: &TrainerState) {}
    /// An optimizer step is done.
    fn on_step_end(&mut self, _state: &TrainerState) {}
    /// Values were logged, of training steps or of an evaluation.
    fn on_log(&mut self, _state: &TrainerState, _entry: &LogEntry) {}
    /// A checkpoint was written.
    fn on_save(&mut self, _state: &TrainerState, _checkpoint: &Path) {}
    /// The run is over.
    fn on_train_end(&mut self, _state: &TrainerState) {}
}
