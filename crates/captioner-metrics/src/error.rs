//! What can go wrong when captions are scored.

use std::path::{Path, PathBuf};

use crate::alignment::{EditCounts, SymbolPair, align};

/// Why a metric could not take its rows or give its score.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MetricError {
    /// Predictions and references are paired by position, so their counts must agree.
    #[error(
        "{predictions} predictions but references for {references} rows; give one list of references for each prediction"
    )]
    RowCountMismatch {
        /// How many predictions came.
        predictions: usize,
        /// How many rows of references came.
        references: usize,
    },
    /// A row holds a prediction but nothing to compare it with.
    #[error(
        "row {row} has no reference; give at least one (an empty string counts as a reference)"
    )]
    NoReferences {
        /// Position of the row in the batch, from 0.
        row: usize,
    },
    /// A score was asked for before any row came.
    #[error("{metric} has no rows; call update before compute")]
    NoRows {
        /// The metric's name.
        metric: String,
    },
    /// Results of two different metrics can't be joined or compared.
    #[error("{left} and {right} are different metrics; merge or compare results of one metric")]
    DifferentMetrics {
        /// The metric that was to take the rows.
        left: String,
        /// The metric that was given.
        right: String,
    },
    /// Partial results of one metric under two settings can't be joined.
    #[error(
        "can't merge two {metric} metrics that differ in {setting}; build both with one setting"
    )]
    DifferentSettings {
        /// The metric's name.
        metric: String,
        /// The setting that differs.
        setting: &'static str,
    },
    /// The metric takes rows as they come, so a transform must not drop or join them.
    #[error("{transform} changes the number of rows; use process_words for whole lists")]
    TransformChangesRows {
        /// The step.
        transform: String,
    },
    /// The metric is no function of sums over rows, so rows can't be resampled.
    #[error("{metric} can't be resampled row by row; use compute")]
    NoRowStatistics {
        /// The metric's name.
        metric: String,
    },
    /// A file can't be read or written.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// A file holds something else than expected.
    #[error("{path}{}: {reason}", .line.map(|line| format!(", line {line}")).unwrap_or_default())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1, where it is known.
        line: Option<usize>,
        /// What is wrong and what was expected.
        reason: String,
    },
    /// A prediction belongs to an id for which there is no reference.
    #[error("prediction for id {id}, but the references have no such id")]
    UnknownId {
        /// The id.
        id: String,
    },
    /// An id has references but no prediction.
    #[error(
        "no prediction for id {id}; predict every id of the references, or leave it out of both"
    )]
    MissingPrediction {
        /// The id.
        id: String,
    },
    /// An id has more than one prediction.
    #[error("more than one prediction for id {id}; keep one")]
    DuplicateId {
        /// The id.
        id: String,
    },
    /// No metric, and no value of one, goes by this name.
    #[error("no metric is called {name:?}; known are {}", known.join(", "))]
    UnknownMetric {
        /// What was asked for.
        name: String,
        /// The names that would do, the nearest first.
        known: Vec<String>,
    },
    /// Two metrics give a value of the same name.
    #[error(
        "{} and {} both give {value:?}; leave one out, or give the value another name", metrics[0], metrics[1]
    )]
    DuplicateValue {
        /// The name of the value.
        value: String,
        /// The names of the two metrics.
        metrics: [String; 2],
    },
    /// A metric names a value that it does not give.
    #[error(
        "{metric} names the value {value:?} but does not compute it; make value_names and compute agree"
    )]
    MissingValue {
        /// The metric's name.
        metric: String,
        /// The name of the value.
        value: String,
    },
    /// A metric of your own failed in a way that no other variant tells.
    #[error("{metric}: {message}")]
    Custom {
        /// The metric's name.
        metric: String,
        /// What is wrong, and what helps.
        message: String,
    },
    /// A setting lies outside its range.
    #[error("{setting} is {value}, but must be {expected}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// What was given.
        value: String,
        /// What would do.
        expected: &'static str,
    },
}

impl MetricError {
    /// Sorts the known names by their edit distance from the unknown one.
    pub(crate) fn unknown_metric(name: &str, mut known: Vec<String>) -> Self {
        known.sort_by_cached_key(|other| {
            let pair = SymbolPair::new(name.chars(), other.chars());
            EditCounts::of(&align(&pair)).errors()
        });
        MetricError::UnknownMetric {
            name: name.to_owned(),
            known,
        }
    }

    pub(crate) fn file(path: &Path, error: std::io::Error) -> Self {
        MetricError::File {
            path: path.to_owned(),
            reason: error.to_string(),
        }
    }

    /// `line` counts from 1; 0 says that it isn't known.
    pub(crate) fn malformed(path: &Path, line: usize, reason: &dyn std::fmt::Display) -> Self {
        MetricError::Malformed {
            path: path.to_owned(),
            line: (line > 0).then_some(line),
            reason: reason.to_string(),
        }
    }
}
