//! Watching a run.

use std::path::Path;

use crate::evaluate::Evaluation;
use crate::state::{LogEntry, TrainerState};

/// Told what happens in a run. Each method does nothing unless written.
///
/// ```
/// use captioner_train::{Evaluation, TrainerCallback, TrainerState};
///
/// /// Shows the first generated caption of every evaluation.
/// struct ShowCaption;
///
/// impl TrainerCallback for ShowCaption {
///     fn on_evaluate(&mut self, state: &TrainerState, evaluation: &Evaluation) {
///         if let Some(caption) = evaluation.rows.first().and_then(|row| row.generated.first()) {
///             println!("step {}: {caption}", state.global_step);
///         }
///     }
/// }
/// ```
pub trait TrainerCallback {
    /// The run begins; `state.max_steps` is known.
    fn on_train_begin(&mut self, _state: &TrainerState) {}
    /// An optimizer step is done.
    fn on_step_end(&mut self, _state: &TrainerState) {}
    /// The model was measured while training: all values and every row's texts.
    fn on_evaluate(&mut self, _state: &TrainerState, _evaluation: &Evaluation) {}
    /// Values were logged, of training steps or of an evaluation.
    fn on_log(&mut self, _state: &TrainerState, _entry: &LogEntry) {}
    /// A checkpoint was written.
    fn on_save(&mut self, _state: &TrainerState, _checkpoint: &Path) {}
    /// The run is over.
    fn on_train_end(&mut self, _state: &TrainerState) {}
}
