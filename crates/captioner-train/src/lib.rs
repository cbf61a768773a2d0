//! Fine-tuning of image captioners: arguments, loader, step loop, evaluation, checkpoints.
//!
//! [`Trainer`] runs [`TrainingArguments`] over two [`PreparedSet`]s, for any model that implements
//! `captioner_model::Pretrained`; names and defaults are those of transformers' `Trainer`. Its parts
//! are public, for loops of one's own: [`Sampler`], [`DataLoader`], [`adamw_optimizer`],
//! [`clip_grad_norm`], [`Schedule`], [`evaluate`].

mod arguments;
mod augment;
mod cache;
mod callback;
mod check;
#[cfg(feature = "cli")]
pub mod cli;
mod clip;
mod description;
mod error;
mod evaluate;
mod features;
mod loader;
mod optimizer;
mod output;
mod prepared;
mod progress;
mod sampler;
mod schedule;
mod state;
mod step;
mod trainer;

/// Burn, in the exact version that models are written for.
pub use captioner_ops::burn;

pub use arguments::{IntervalStrategy, TrainingArguments};
pub use augment::Augmentation;
pub use cache::PixelCache;
pub use callback::TrainerCallback;
pub use captioner_model::SettingError;
pub use check::find_bad_rows;
pub use clip::{clip_grad_norm, global_norm};
pub use error::TrainError;
pub use evaluate::{EvaluatedRow, Evaluation, EvaluationOptions, MetricSpelling, evaluate};
pub use features::{FeatureCache, FeatureCacheStats};
pub use loader::{DataLoader, LoadedBatch};
pub use optimizer::adamw_optimizer;
pub use output::{OutputFolder, STATE_FILE};
pub use prepared::{PreparedSet, decode_row, picture_source};
pub use progress::ProgressCallback;
pub use sampler::{EpochBatches, Sample, Sampler, SamplingStrategy, sequential_batches};
pub use schedule::{Schedule, SchedulerType};
pub use state::{LogEntry, TrainerState};
pub use trainer::{TrainOutput, Trainer};
