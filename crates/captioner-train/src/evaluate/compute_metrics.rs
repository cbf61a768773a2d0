//! Values that a user's own closure computes of an evaluation's texts.

use std::fmt;
use std::sync::Arc;

use captioner_metrics::{MetricError, Scores};

use super::options::EvaluationValue;
use super::outcome::EvaluatedRow;
use crate::error::TrainError;

type Closure = dyn Fn(&[EvaluatedRow]) -> Result<Scores, MetricError> + Send + Sync;

/// A closure that computes values of one's own of all evaluated rows, as `compute_metrics` of
/// transformers' `Trainer` does. The names of its values are said beforehand, so that one of them
/// may be what `metric_for_best_model` names.
///
/// ```
/// use captioner_metrics::Scores;
/// use captioner_train::{ComputeMetrics, EvaluatedRow, EvaluationOptions};
///
/// // The share of pictures whose caption names a colour; more of it is better.
/// let colours = ComputeMetrics::new([("colour_share", Some(true))], |rows: &[EvaluatedRow]| {
///     let names_one = |row: &&EvaluatedRow| {
///         let caption = row.generated.first().map_or("", String::as_str);
///         ["red", "green", "blue"].iter().any(|colour| caption.contains(colour))
///     };
///     let share = rows.iter().filter(names_one).count() as f64 / rows.len() as f64;
///     Ok(Scores::from_iter([("colour_share", share)]))
/// });
/// let options = EvaluationOptions {
///     compute_metrics: Some(colours),
///     ..EvaluationOptions::default()
/// };
/// assert!(options.values()?.iter().any(|value| value.name == "colour_share"));
/// # Ok::<(), captioner_train::TrainError>(())
/// ```
#[derive(Clone)]
pub struct ComputeMetrics {
    values: Vec<EvaluationValue>,
    closure: Arc<Closure>,
}

impl ComputeMetrics {
    /// A closure that is given the texts of all evaluated rows, in the order of the set, and the
    /// names of the values that it gives, each with whether more of it is better (`None` where
    /// neither direction is better in itself).
    ///
    /// It is called once an evaluation, after the last batch. [`MetricError::Custom`] is for errors
    /// of its own.
    pub fn new<N: Into<String>>(
        values: impl IntoIterator<Item = (N, Option<bool>)>,
        closure: impl Fn(&[EvaluatedRow]) -> Result<Scores, MetricError> + Send + Sync + 'static,
    ) -> Self {
        let values = values.into_iter();
        let value = |(name, greater_is_better): (N, Option<bool>)| EvaluationValue {
            name: name.into(),
            greater_is_better,
        };
        Self {
            values: values.map(value).collect(),
            closure: Arc::new(closure),
        }
    }

    /// The values that it gives.
    pub fn values(&self) -> &[EvaluationValue] {
        &self.values
    }

    /// The values of these rows.
    pub(super) fn compute(&self, rows: &[EvaluatedRow]) -> Result<Scores, TrainError> {
        let scores = (self.closure)(rows)?;
        let mut declared: Vec<&str> = self.values.iter().map(|v| v.name.as_str()).collect();
        let mut given: Vec<&str> = scores.iter().map(|(name, _)| name).collect();
        declared.sort_unstable();
        given.sort_unstable();
        if declared == given {
            return Ok(scores);
        }
        Err(TrainError::ComputeMetrics {
            declared: declared.join(", "),
            given: given.join(", "),
        })
    }
}

/// Shows the names of the values.
impl fmt::Debug for ComputeMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.values.iter().map(|value| &value.name);
        f.debug_tuple("ComputeMetrics")
            .field(&names.collect::<Vec<_>>())
            .finish()
    }
}
