//! Fine-tuning: arguments, loader, step loop, evaluation, checkpoints.
//!
//! [`Trainer`] runs [`TrainingArguments`] over two [`PreparedSet`]s; names and defaults are those
//! of transformers' `Trainer`.

mod arguments;
mod augment;
mod callback;
mod check;
mod clip;
mod error;
mod evaluate;
mod loader;
mod optimizer;
mod output;
#[cfg(test)]
mod parity;
mod prepared;
mod progress;
mod sampler;
mod schedule;
mod state;
mod trainer;

pub use arguments::{ArgumentError, Strategy, TrainingArguments};
pub use augment::Augmentation;
pub use callback::TrainerCallback;
pub use check::{CheckedSet, check_pictures};
pub use error::TrainError;
pub use evaluate::{EvaluatedRow, Evaluation, EvaluationOptions, evaluate};
pub use output::{OutputFolder, STATE_FILE};
pub use prepared::{PreparedSet, decode_row};
pub use progress::ProgressCallback;
pub use schedule::{Schedule, SchedulerType};
pub use state::{LogEntry, TrainerState};
pub use trainer::{TrainOutput, Trainer};
