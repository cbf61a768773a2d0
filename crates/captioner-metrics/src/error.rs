//! What can go wrong when captions are scored.

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
    /// Partial results of two different metrics can't be joined.
    #[error("can't merge {right} into {left}; merge partial results of one metric")]
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
}
