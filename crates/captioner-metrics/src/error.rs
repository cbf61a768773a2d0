//! What can go wrong when captions are scored.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::Transform;
use crate::alignment::{EditCounts, SymbolPair, align};

/// Why a metric could not take its rows or give its score.
#[derive(Debug, thiserror::Error)]
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
    #[error("{transform:?} changes the number of rows; use process_words for whole lists")]
    TransformChangesRows {
        /// The step.
        transform: Transform,
    },
    /// The metric is no function of sums over rows, so rows can't be resampled.
    #[error("{metric} can't be resampled row by row; use compute")]
    NoRowStatistics {
        /// The metric's name.
        metric: String,
    },
    /// A file can't be written.
    #[error(transparent)]
    Write(#[from] captioner_files::FileError),
    /// A file can't be read.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file holds something else than expected.
    #[error("{path}{location}: {problem}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where in the file.
        location: FileLocation,
        /// What is wrong and what was expected.
        problem: FileProblem,
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
    /// Resampling was to draw no rows at all.
    #[error("samples is 0, but must be at least 1; 1000 is usual")]
    NoSamples,
    /// A confidence that is no share.
    #[error("confidence is {confidence}, but must be between 0 and 1; 0.95 is usual")]
    Confidence {
        /// What was given.
        confidence: f64,
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
            source: error,
        }
    }

    pub(crate) fn malformed(path: &Path, location: FileLocation, problem: FileProblem) -> Self {
        MetricError::Malformed {
            path: path.to_owned(),
            location,
            problem,
        }
    }
}

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileLocation {
    /// Not a single place.
    Whole,
    /// A line, from 1.
    Line(usize),
    /// An entry of a JSON list, from 0.
    Entry(usize),
}

impl fmt::Display for FileLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FileLocation::Whole => Ok(()),
            FileLocation::Line(line) => write!(f, ", line {line}"),
            FileLocation::Entry(entry) => write!(f, ", entry {entry}"),
        }
    }
}

/// What is wrong with a file's content.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileProblem {
    /// Bytes that are no text.
    #[error("not UTF-8; convert the file to UTF-8")]
    NotUtf8,
    /// Text that is no JSON.
    #[error("not JSON at column {column}")]
    NotJson {
        /// The column, from 1.
        column: usize,
    },
    /// JSON of another shape than coco-caption's.
    #[error(
        "expected a list of results, or an object with a list of annotations; for one JSON value \
         on each line, call the file .jsonl"
    )]
    NoList,
    /// An object without captions.
    #[error("none of the keys {}; put the caption under one of them", keys.join(", "))]
    NoCaption {
        /// Where captions are looked for.
        keys: &'static [&'static str],
    },
    /// Something else stands where a caption belongs.
    #[error("{value} where a caption is expected; write it as a string")]
    CaptionNoString {
        /// The JSON value.
        value: String,
    },
    /// Something else stands where an id belongs.
    #[error("id {value} is neither a number nor a string")]
    IdType {
        /// The JSON value.
        value: String,
    },
    /// A row of predictions with more or fewer than one caption.
    #[error("{count} captions where one prediction is expected")]
    NotOnePrediction {
        /// How many there are.
        count: usize,
    },
    /// One of the two files has ids, this one has none.
    #[error("rows have no id, but those of the other file have; give ids to both or to neither")]
    NoIds,
    /// Only some rows of the file have ids.
    #[error("some rows have an id and some have none; give ids to all or to none")]
    SomeIds,
    /// Document frequencies of another shape.
    #[error("no document frequencies: {source}; save them with DocumentFrequencies::save")]
    NoFrequencies {
        /// What is missing.
        source: serde_json::Error,
    },
    /// A document frequency that can't be one.
    #[error(
        "{ngram:?} has {words} words and occurs in {count} of {documents} documents; an n-gram has \
         1 to 4 words and occurs in no more documents than there are"
    )]
    Frequency {
        /// The n-gram.
        ngram: String,
        /// How many words it has.
        words: usize,
        /// In how many documents it is said to occur.
        count: u64,
        /// How many documents there are.
        documents: u64,
    },
}
