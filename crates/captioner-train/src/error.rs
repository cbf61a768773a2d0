//! What can stop a run.

use std::path::PathBuf;

use captioner_data::DataError;
use captioner_files::FileError;
use captioner_image::ImageError;
use captioner_metrics::MetricError;
use captioner_model::{ModelError, SettingError};
use thiserror::Error;

/// Why a run can't start or continue.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A setting out of its range.
    #[error(transparent)]
    Setting(#[from] SettingError),
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
        "{path} holds the checkpoints or the model of an earlier run: choose another output_dir, or \
         set overwrite_output_dir to replace them", path = .path.display()
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
    /// The loss is infinite or NaN.
    #[error(
        "the loss became {loss} at step {step}: lower learning_rate, \
         or make max_grad_norm smaller"
    )]
    Diverged {
        /// The step.
        step: usize,
        /// The loss.
        loss: f64,
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
    /// What is wrong with a row, without saying again which row it is.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Picture { source, .. } | Self::PictureSize { source, .. } => source.to_string(),
            Self::Caption { source, .. } => source.to_string(),
            other => other.to_string(),
        }
    }
}
