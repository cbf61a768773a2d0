//! Fine-tuning of image captioners: arguments, loader, step loop, evaluation, checkpoints.
//!
//! [`Trainer`] runs [`TrainingArguments`] over two [`PreparedSet`]s, for any model that implements
//! `captioner_model::Pretrained`; names and defaults are those of transformers' `Trainer`. Its parts
//! are public, for loops of one's own: [`Sampler`], [`DataLoader`], [`Optimizer`], [`Ema`],
//! [`dropout_key`], [`clip_grad_norm`], [`Schedule`], [`evaluate`].

mod arguments;
mod augment;
mod cache;
mod callback;
mod callbacks;
mod check;
mod checkpoint;
#[cfg(feature = "cli")]
pub mod cli;
mod clip;
mod description;
mod dropout_key;
mod ema;
mod error;
mod evaluate;
mod every_row;
mod failure;
mod features;
mod loader;
mod named;
mod optimizer;
mod output;
mod prepared;
mod recording;
mod sampler;
mod schedule;
mod state;
mod state_file;
mod step;
mod stop;
mod trainer;

/// Burn, in the exact version that models are written for.
pub use captioner_ops::burn;

pub use arguments::{
    HubStrategy, HubToken, IntervalStrategy, NonFinite, OptimizerKind, Reporter, ResumeFrom,
    SamplingStrategy, SaveStrategy, SettingErrors, Steps, TrainingArguments,
};
pub use augment::{Augmentation, ColorJitter, PictureTransforms, RandomResizedCrop};
pub use cache::PixelCache;
pub use callback::{CallbackResult, TrainerCallback, TrainerContext, TrainerControl};
pub use callbacks::{
    CsvCallback, EarlyStoppingCallback, JsonLinesCallback, ProgressCallback, TensorBoardCallback,
};
pub use captioner_model::SettingError;
pub use check::find_bad_rows;
pub use checkpoint::{RUN_FILES, STATE_FILE};
pub use clip::{clip_grad_norm, global_norm};
pub use dropout_key::dropout_key;
pub use ema::Ema;
pub use error::TrainError;
pub use evaluate::{
    ComputeMetrics, EvaluatedRow, Evaluation, EvaluationOptions, EvaluationValue, GuideMetrics,
    GuideOptions, MetricSpelling, evaluate, guide_metrics,
};
pub use failure::TrainFailure;
pub use features::{FeatureCache, FeatureCacheStats};
pub use loader::{DataLoader, LoadedBatch};
pub use optimizer::{Optimizer, OptimizerSettings};
pub use output::check_output_dir;
pub use prepared::{PreparedSet, decode_row, picture_source};
pub use sampler::{CaptionChoice, EpochBatches, Sample, Sampler, sequential_batches};
pub use schedule::{
    LrSchedulerKwargs, PlateauMode, Ramp, Schedule, ScheduleState, SchedulerType, ThresholdMode,
};
pub use state::{LogEntry, TrainerState};
pub use state_file::StateError;
pub use stop::StopHandle;
pub use trainer::{RunEnd, TrainOutput, Trainer};
