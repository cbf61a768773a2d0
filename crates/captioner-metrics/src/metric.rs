//! The one trait that all metrics share.

use std::any::Any;

use crate::{MetricError, RowStatistics, Scores};

/// A score over rows of one prediction and its references, fed in batches.
///
/// Rows keep the order in which they came. Feeding all rows at once, in several batches, or to
/// several metrics that are then merged gives the same figures.
pub trait Metric: Any + Send {
    /// The name this metric goes by, for example `wer`.
    fn name(&self) -> &'static str;

    /// Adds one row for each prediction. `references[i]` holds the captions that count as right
    /// for `predictions[i]`.
    ///
    /// # Errors
    /// [`MetricError::RowCountMismatch`] if the two have different lengths,
    /// [`MetricError::NoReferences`] if a row has none. No row is added then.
    fn update(
        &mut self,
        predictions: &[String],
        references: &[Vec<String>],
    ) -> Result<(), MetricError>;

    /// Appends the rows of `other`, a metric of the same type and settings that saw other rows.
    ///
    /// # Errors
    /// [`MetricError::DifferentMetrics`] or [`MetricError::DifferentSettings`]; no row is added
    /// then.
    fn merge(&mut self, other: Box<dyn Metric>) -> Result<(), MetricError>;

    /// What each row adds to the score; the ground for confidence intervals.
    ///
    /// # Errors
    /// [`MetricError::NoRows`] before the first row, [`MetricError::NoRowStatistics`] if the score
    /// is no function of sums over rows.
    fn row_statistics(&self) -> Result<RowStatistics, MetricError>;

    /// The score over all rows so far. More rows may follow.
    ///
    /// # Errors
    /// [`MetricError::NoRows`] before the first row.
    fn compute(&self) -> Result<Scores, MetricError> {
        Ok(self.row_statistics()?.total())
    }
}

/// Puts each caption into a list of its own: one reference for each row.
///
/// ```
/// let references = captioner_metrics::single_references(["a cat", "a dog"]);
/// assert_eq!(references, [["a cat"], ["a dog"]]);
/// ```
pub fn single_references<S: Into<String>>(
    captions: impl IntoIterator<Item = S>,
) -> Vec<Vec<String>> {
    captions
        .into_iter()
        .map(|caption| vec![caption.into()])
        .collect()
}

/// Turns every row into what the metric keeps of it, after the checks that all metrics share.
pub(crate) fn map_rows<T: Send>(
    predictions: &[String],
    references: &[Vec<String>],
    row: impl Fn(&str, &[String]) -> T + Sync,
) -> Result<Vec<T>, MetricError> {
    check_rows(predictions, references)?;
    let row = |(prediction, references): (&String, &Vec<String>)| row(prediction, references);
    #[cfg(feature = "rayon")]
    {
        use rayon::prelude::*;
        Ok(predictions.par_iter().zip(references).map(row).collect())
    }
    #[cfg(not(feature = "rayon"))]
    Ok(predictions.iter().zip(references).map(row).collect())
}

pub(crate) fn check_rows(
    predictions: &[String],
    references: &[Vec<String>],
) -> Result<(), MetricError> {
    if predictions.len() != references.len() {
        return Err(MetricError::RowCountMismatch {
            predictions: predictions.len(),
            references: references.len(),
        });
    }
    match references.iter().position(Vec::is_empty) {
        Some(row) => Err(MetricError::NoReferences { row }),
        None => Ok(()),
    }
}

/// Gives back `other` as the concrete type of the metric it is to be merged into.
pub(crate) fn same_metric<M: Metric>(into: &M, other: Box<dyn Metric>) -> Result<M, MetricError> {
    let right = other.name();
    let other: Box<dyn Any> = other;
    match other.downcast::<M>() {
        Ok(other) => Ok(*other),
        Err(_) => Err(MetricError::DifferentMetrics {
            left: into.name().to_owned(),
            right: right.to_owned(),
        }),
    }
}

pub(crate) fn no_rows<T>(rows: &[T], metric: &str) -> Result<(), MetricError> {
    if rows.is_empty() {
        return Err(MetricError::NoRows {
            metric: metric.to_owned(),
        });
    }
    Ok(())
}

pub(crate) fn same_setting(
    equal: bool,
    metric: &str,
    setting: &'static str,
) -> Result<(), MetricError> {
    if equal {
        return Ok(());
    }
    Err(MetricError::DifferentSettings {
        metric: metric.to_owned(),
        setting,
    })
}
