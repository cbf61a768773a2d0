//! What is left of a run that failed.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;

use crate::error::TrainError;
use crate::state::TrainerState;

/// A run that failed: why, the model as it was after the last whole step, and where that was saved.
pub struct TrainFailure<M> {
    /// Why.
    pub error: TrainError,
    /// The model after the step that `state` counts last, or as it was given. It records gradients.
    pub model: M,
    /// Where the run stood.
    pub state: TrainerState,
    /// The checkpoint of that step: the run goes on from it with `resume_from_checkpoint`.
    pub checkpoint: Option<PathBuf>,
    /// Why there is none, where one was to be written.
    pub save_error: Option<TrainError>,
}

impl<M> TrainFailure<M> {
    /// Nothing was trained or written yet.
    pub(crate) fn at_start(error: TrainError, model: M) -> Self {
        Self {
            error,
            model,
            state: TrainerState::default(),
            checkpoint: None,
            save_error: None,
        }
    }
}

/// Without the model, whose parameters would fill pages.
impl<M> fmt::Debug for TrainFailure<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrainFailure")
            .field("error", &self.error)
            .field("step", &self.state.global_step)
            .field("checkpoint", &self.checkpoint)
            .field("save_error", &self.save_error)
            .finish_non_exhaustive()
    }
}

impl<M> Error for TrainFailure<M> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

impl<M> fmt::Display for TrainFailure<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.error)?;
        let step = self.state.global_step;
        match (&self.checkpoint, &self.save_error) {
            (Some(path), _) => write!(f, "; the model of step {step} is in {}", path.display()),
            (None, Some(error)) => write!(f, "; step {step} was not saved: {error}"),
            (None, None) => Ok(()),
        }
    }
}

impl<M> From<Box<TrainFailure<M>>> for TrainError {
    fn from(failure: Box<TrainFailure<M>>) -> Self {
        failure.error
    }
}
