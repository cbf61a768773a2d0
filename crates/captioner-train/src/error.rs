//! What can stop a run.

use std::path::PathBuf;

use captioner_data::DataError;
use captioner_git::{FileError, GitError};
use captioner_image::ImageError;
use captioner_metrics::MetricError;
use captioner_text::TextError;
use thiserror::Error;

use crate::arguments::ArgumentError;

/// Why a run can't start or go on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A setting out of its range.
    #[error(transparent)]
    Argument(#[from] ArgumentError),
    /// The data set.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The model.
    #[error(transparent)]
    Model(#[from] GitError),
    /// A checkpoint's files.
    #[error(transparent)]
    File(#[from] FileError),
    /// A score.
    #[error(transparent)]
    Metric(#[from] MetricError),
    /// A picture that can't be decoded or resized.
    #[error(
        "{row}: {source}; mend or remove the picture, or leave such rows out (--skip-bad-rows)"
    )]
    Picture {
        /// Which picture, in which row.
        row: String,
        /// What is wrong with it.
        source: ImageError,
    },
    /// A caption that can't be made into tokens.
    #[error("{row}: {source}")]
    Caption {
        /// Which row.
        row: String,
        /// What is wrong with it.
        source: TextError,
    },
    /// Every row had to be left out.
    #[error("no picture of {set} can be read; the first: {first}")]
    NoGoodRows {
        /// The data set.
        set: String,
        /// What is wrong with its first picture.
        first: Box<TrainError>,
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
    /// The output folder can't be looked at or made.
    #[error("can't use the output folder {path}: {source}", path = .path.display())]
    Output {
        /// The folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The loss is no number any more.
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
    /// A figure to choose the best model by that no evaluation gave.
    #[error("metric_for_best_model is '{name}', but an evaluation gives: {known}")]
    UnknownMetric {
        /// The name that was asked for.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// A loader thread ended before its work.
    #[error("a thread that reads pictures ended early; its message stands above")]
    LoaderStopped,
}
