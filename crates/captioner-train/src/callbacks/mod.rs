//! Callbacks that come with the trainer.

mod csv;
mod early_stopping;
mod json_lines;
mod progress;
mod tensorboard;
mod tensorboard_events;

use captioner_model::Pretrained;

use crate::arguments::{Reporter, TrainingArguments};
use crate::callback::TrainerCallback;

pub use csv::CsvCallback;
pub use early_stopping::EarlyStoppingCallback;
pub use json_lines::JsonLinesCallback;
pub use progress::ProgressCallback;
pub use tensorboard::TensorBoardCallback;

/// The callbacks that settings ask for.
pub(crate) fn of<M: Pretrained>(arguments: &TrainingArguments) -> Vec<Box<dyn TrainerCallback<M>>> {
    let mut callbacks: Vec<Box<dyn TrainerCallback<M>>> = Vec::new();
    if let Some(patience) = arguments.early_stopping_patience {
        let threshold = arguments.early_stopping_threshold;
        callbacks.push(Box::new(EarlyStoppingCallback::new(patience, threshold)));
    }
    for reporter in &arguments.report_to {
        callbacks.push(match reporter {
            Reporter::TensorBoard => Box::new(TensorBoardCallback::default()),
            Reporter::Csv => Box::new(CsvCallback::default()),
            Reporter::JsonLines => Box::new(JsonLinesCallback::default()),
        });
    }
    callbacks
}
