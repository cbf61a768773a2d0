//! What can stop a run.

use std::path::PathBuf;

use captioner_data::DataError;
use captioner_files::FileError;
use captioner_image::ImageError;
use captioner_metrics::MetricError;
use captioner_model::{ModelError, SettingError};
use thiserror::Error;

use crate::arguments::SettingErrors;
use crate::state_file::StateError;

/// Why a run can't start or continue.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A setting out of its range.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// Settings out of their range, or that contradict each other.
    #[error(transparent)]
    Settings(#[from] SettingErrors),
    /// A file of arguments with keys that can't be used.
    #[error("{path}: {source}", path = .path.display())]
    ArgumentsFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with the keys.
        source: SettingErrors,
    },
    /// A file of the optimizer's state or of averaged weights.
    #[error(transparent)]
    State(#[from] StateError),
    /// The data set.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A checkpoint's files.
    #[error(transparent)]
    File(#[from] FileError),
    /// A metric.
    #[error(transparent)]
    Metric(#[from] MetricError),
    /// A picture that can't be decoded or resized.
    #[error("{row}: {source}; replace or remove the picture, or have bad rows skipped")]
    Picture {
        /// Which picture, in which row.
        row: String,
        /// What is wrong with it.
        source: ImageError,
    },
    /// A picture of another size than the batch's.
    #[error("{row}: {source}")]
    PictureSize {
        /// Which picture, in which row.
        row: String,
        /// The two sizes, and the setting that gives one.
        source: ImageError,
    },
    /// A caption that can't be made into tokens.
    #[error("{row}: {source}")]
    Caption {
        /// Which row.
        row: String,
        /// What is wrong with it.
        source: Box<ModelError>,
    },
    /// A set without a row.
    #[error("the set `{set}` has no row: give one with captioned pictures")]
    EmptySet {
        /// The data set.
        set: String,
    },
    /// The trainer has no set to evaluate on.
    #[error("there is no evaluation set: give one to the trainer")]
    NoEvaluationSet,
    /// Every row had to be skipped.
    #[error("no row of the set `{set}` can be used; the first: {first}")]
    NoGoodRows {
        /// The data set.
        set: String,
        /// What is wrong with its first row.
        first: String,
    },
    /// The output folder belongs to somebody else.
    #[error(
        "{path} exists and was not written by a training run: \
         choose another output folder, or move its files away", path = .path.display()
    )]
    ForeignOutput {
        /// The folder.
        path: PathBuf,
    },
    /// The output folder holds the checkpoints of an earlier run.
    #[error(
        "{path} holds the checkpoints or the model of an earlier run: choose another output_dir, go \
         on from its last checkpoint with resume_from_checkpoint (last), or replace them with \
         overwrite_output_dir", path = .path.display()
    )]
    EarlierRun {
        /// The folder.
        path: PathBuf,
    },
    /// The output folder can't be looked at or made.
    #[error("can't use the output folder {path}: {source}", path = .path.display())]
    Output {
        /// The folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Loss or gradients of a step are infinite or NaN.
    #[error(
        "the loss of step {step} is {value}, or its gradients are infinite or NaN, because of {}: \
         lower learning_rate, make max_grad_norm smaller, look at these rows, or have such steps \
         skipped (non_finite)", list(.rows)
    )]
    NonFinite {
        /// The step.
        step: usize,
        /// The loss.
        value: f64,
        /// The pictures that make it so: (batch of the step, picture of the batch).
        places: Vec<(usize, usize)>,
        /// Their rows.
        rows: Vec<String>,
    },
    /// A weight is infinite or NaN.
    #[error(
        "weights are infinite or NaN after step {step}: lower learning_rate or weight_decay, or make \
         max_grad_norm smaller; nothing was saved of them"
    )]
    DivergedWeights {
        /// The step.
        step: usize,
    },
    /// A value to choose the best model by that no evaluation gives.
    #[error("metric_for_best_model is '{name}', but an evaluation gives: {known}")]
    UnknownMetric {
        /// The name that was asked for.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// There is no checkpoint to go on from.
    #[error(
        "there is no checkpoint to go on from in {path}{}: leave resume_from_checkpoint out to start \
         anew, or name a checkpoint's folder", passed_over(.damaged), path = .path.display()
    )]
    NoCheckpoint {
        /// The output folder.
        path: PathBuf,
        /// What is wrong with those that there are.
        damaged: Vec<String>,
    },
    /// A checkpoint that can't be gone on from.
    #[error("can't go on from {path}: {source}", path = .path.display())]
    Checkpoint {
        /// The checkpoint's folder.
        path: PathBuf,
        /// Why.
        source: Box<TrainError>,
    },
    /// A checkpoint that was saved with `save_only_model`.
    #[error(
        "it holds a model without the optimizer's state (save_only_model): start from its model in a \
         new output_dir"
    )]
    ModelOnly,
    /// A checkpoint of another version.
    #[error(
        "it has form {found}, and this version reads form {known}: use the version that wrote it"
    )]
    CheckpointFormat {
        /// The form in the file.
        found: u32,
        /// The form that is known.
        known: u32,
    },
    /// A resumed run whose settings, rows or base model are others.
    #[error(
        "{path} was written by a run with other settings: {}; give the former ones, or go on with \
         the new ones (accept_changed_arguments)", .changes.join(", "), path = .path.display()
    )]
    ChangedArguments {
        /// The checkpoint.
        path: PathBuf,
        /// What differs, each as `learning_rate is 0.001 and was 0.0005`.
        changes: Vec<String>,
    },
    /// Parameters beside an adapter are trained.
    #[error(
        "'{name}' is trained beside the adapter, and an adapter's checkpoint would not hold it: \
         freeze it, or train without an adapter"
    )]
    TrainedBesideAdapter {
        /// The first such parameter.
        name: String,
    },
    /// Two callbacks go by one name, by which a resumed run finds what each has kept.
    #[error("two callbacks are named {name}: give one of them another name, or leave it out")]
    CallbackName {
        /// The name.
        name: String,
    },
    /// The model is to be pushed to the Hub, and nothing does it.
    #[error(
        "push_to_hub is set, and no callback of the trainer pushes: give it one that does \
         (`captioner::publish::PushToHubCallback`, by with_callback), or leave push_to_hub out"
    )]
    NobodyPushes,
    /// An epoch without a batch.
    #[error(
        "{set} has {rows} rows, fewer than a batch of {batch_size} (per_device_train_batch_size), and \
         dataloader_drop_last leaves out what is no whole batch: switch it off, or make batches smaller"
    )]
    NoBatch {
        /// The data set.
        set: String,
        /// Its rows.
        rows: usize,
        /// Rows in a batch.
        batch_size: usize,
    },
    /// A callback failed.
    #[error("the callback {name} failed: {source}")]
    Callback {
        /// Its name.
        name: String,
        /// What it said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Two values of an evaluation go by one name.
    #[error(
        "an evaluation would give '{value}' twice, as {first} and as {second}: \
         give one of them another name, or leave it out"
    )]
    ValueName {
        /// The name.
        value: String,
        /// What gives the first.
        first: &'static str,
        /// What gives the second.
        second: &'static str,
    },
    /// A closure gave other values than it was said to.
    #[error(
        "compute_metrics was declared to give the values [{declared}] but gave [{given}]: \
         make the two agree"
    )]
    ComputeMetrics {
        /// The names that were declared.
        declared: String,
        /// The names that came.
        given: String,
    },
    /// Somebody asked for a stop.
    #[error("stopped on request")]
    Stopped,
    /// A loader thread ended before its work.
    #[error("a thread that reads pictures ended early; its message stands above")]
    LoaderStopped,
}

impl TrainError {
    /// Whether a checkpoint can't be gone on from because its files are not what was written.
    pub(crate) fn is_damage(&self) -> bool {
        match self {
            Self::Checkpoint { source, .. } => source.is_damage(),
            Self::File(_) => true,
            _ => false,
        }
    }

    /// What is wrong with a row, without saying again which row it is.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Picture { source, .. } | Self::PictureSize { source, .. } => source.to_string(),
            Self::Caption { source, .. } => source.to_string(),
            other => other.to_string(),
        }
    }
}

/// The first few of many.
fn list(rows: &[String]) -> String {
    const SHOWN: usize = 5;
    let more = rows.len().saturating_sub(SHOWN);
    let shown = rows[..rows.len() - more].join(", ");
    match more {
        0 => shown,
        more => format!("{shown} and {more} more rows"),
    }
}

fn passed_over(damaged: &[String]) -> String {
    match damaged {
        [] => String::new(),
        damaged => format!(" ({})", damaged.join("; ")),
    }
}
