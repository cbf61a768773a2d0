//! The one trait that all metrics share.

use std::any::Any;
use std::fmt;

use crate::{MetricError, RowStatistics, Scores};

/// A score over rows of one prediction and its references, fed in batches.
///
/// Rows keep the order in which they came. Feeding all rows at once, in several batches, or to
/// several metrics that are then merged gives the same values.
///
/// # A metric of your own
///
/// [`check_rows`] and [`same_metric`] do what every `update` and `merge` begin with, and
/// [`RowStatistics::means`] serves every score that is a mean over rows.
///
/// ```
/// use captioner_metrics::{
///     Metric, MetricError, MetricSet, RowStatistics, check_rows, same_metric,
/// };
///
/// /// The share of predictions that name a colour.
/// #[derive(Clone, Default)]
/// struct ColourShare {
///     rows: Vec<f64>,
/// }
///
/// impl Metric for ColourShare {
///     fn name(&self) -> &str {
///         "colour_share"
///     }
///     fn value_names(&self) -> Vec<String> {
///         vec!["colour_share".to_owned()]
///     }
///     fn greater_is_better(&self, value: &str) -> Option<bool> {
///         (value == "colour_share").then_some(true)
///     }
///     fn fresh(&self) -> Box<dyn Metric> {
///         Box::new(ColourShare::default())
///     }
///     fn update(&mut self, predictions: &[&str], references: &[Vec<&str>]) -> Result<(), MetricError> {
///         check_rows(predictions, references)?;
///         let is_colour = |word: &str| ["red", "green", "blue"].contains(&word);
///         let named = predictions.iter().map(|caption| caption.split(' ').any(is_colour));
///         self.rows.extend(named.map(|named| f64::from(u8::from(named))));
///         Ok(())
///     }
///     fn merge(&mut self, other: Box<dyn Metric>) -> Result<(), MetricError> {
///         self.rows.extend(same_metric(self, other)?.rows);
///         Ok(())
///     }
///     fn row_statistics(&self) -> Result<RowStatistics, MetricError> {
///         Ok(RowStatistics::means(["colour_share"], self.rows.clone()))
///     }
/// }
///
/// let mut metrics = MetricSet::from_names(["wer"])?.with(Box::new(ColourShare::default()))?;
/// metrics.update(&["a red cat", "a dog"], &[["a red cat"], ["the dog"]])?;
/// let scores = metrics.compute()?;
/// assert_eq!(scores.get("wer"), Some(0.2));
/// assert_eq!(scores.get("colour_share"), Some(0.5));
/// # Ok::<(), MetricError>(())
/// ```
pub trait Metric: CloneMetric + Any + Send {
    /// The name this metric goes by, for example `bleu`.
    fn name(&self) -> &str;

    /// The names of the values that [`compute`](Self::compute) gives, in the same order; known
    /// before any row came.
    fn value_names(&self) -> Vec<String>;

    /// Whether a greater value is a better one: `Some(false)` for an error rate. `None` where
    /// neither direction is better in itself, as with a mean length, and for a name that is not
    /// among [`value_names`](Self::value_names).
    fn greater_is_better(&self, value: &str) -> Option<bool>;

    /// A metric of the same settings without rows.
    fn fresh(&self) -> Box<dyn Metric>;

    /// Adds one row for each prediction. `references[i]` holds the captions that count as right
    /// for `predictions[i]`. [`borrow_captions`](crate::borrow_captions) and
    /// [`borrow_references`](crate::borrow_references) make these lists of `String`s.
    ///
    /// # Errors
    /// [`MetricError::RowCountMismatch`] if the two have different lengths,
    /// [`MetricError::NoReferences`] if a row has none. No row is added then.
    fn update(&mut self, predictions: &[&str], references: &[Vec<&str>])
    -> Result<(), MetricError>;

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
        let statistics = self.row_statistics()?;
        if statistics.is_empty() {
            return Err(MetricError::NoRows {
                metric: self.name().to_owned(),
            });
        }
        Ok(statistics.total())
    }
}

/// Clones a metric, rows and all, behind its trait. Every [`Metric`] that is [`Clone`] has it.
pub trait CloneMetric {
    /// The same metric with the same rows.
    fn clone_metric(&self) -> Box<dyn Metric>;
}

impl<M: Metric + Clone> CloneMetric for M {
    fn clone_metric(&self) -> Box<dyn Metric> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn Metric> {
    fn clone(&self) -> Self {
        (**self).clone_metric()
    }
}

/// Shows the name only: rows can be many.
impl fmt::Debug for dyn Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Metric").field(&self.name()).finish()
    }
}

/// Turns every row into what the metric keeps of it, after the checks that all metrics share.
pub(crate) fn map_rows<T: Send>(
    predictions: &[&str],
    references: &[Vec<&str>],
    row: impl Fn(&str, &[&str]) -> T + Sync,
) -> Result<Vec<T>, MetricError> {
    check_rows(predictions, references)?;
    let row = |(prediction, references): (&&str, &Vec<&str>)| row(prediction, references);
    #[cfg(feature = "rayon")]
    {
        use rayon::prelude::*;
        Ok(predictions.par_iter().zip(references).map(row).collect())
    }
    #[cfg(not(feature = "rayon"))]
    Ok(predictions.iter().zip(references).map(row).collect())
}

/// Checks that there are references for each prediction; what each [`Metric::update`] begins with.
///
/// # Errors
/// [`MetricError::RowCountMismatch`] if the two have different lengths,
/// [`MetricError::NoReferences`] if a row has none.
pub fn check_rows(predictions: &[&str], references: &[Vec<&str>]) -> Result<(), MetricError> {
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

/// Gives back `other` as the concrete type of the metric it is to be merged into; what each
/// [`Metric::merge`] begins with.
///
/// # Errors
/// [`MetricError::DifferentMetrics`] if `other` is of another type.
pub fn same_metric<M: Metric>(into: &M, other: Box<dyn Metric>) -> Result<M, MetricError> {
    let right = other.name().to_owned();
    let other: Box<dyn Any> = other;
    match other.downcast::<M>() {
        Ok(other) => Ok(*other),
        Err(_) => Err(MetricError::DifferentMetrics {
            left: into.name().to_owned(),
            right,
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

/// The direction of a value of a metric all of whose values have the same one.
pub(crate) fn direction(metric: &dyn Metric, value: &str, greater_is_better: bool) -> Option<bool> {
    let known = metric.value_names().iter().any(|name| name == value);
    known.then_some(greater_is_better)
}
