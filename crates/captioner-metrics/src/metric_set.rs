//! Several metrics fed at once, of which only chosen values are given.

use std::fmt;

use crate::metric::check_rows;
use crate::{Metric, MetricError, Scores, all_metrics, borrow_captions, borrow_references};

/// Metrics fed at once, each computed once, and the values that were asked for.
///
/// ```
/// use captioner_metrics::MetricSet;
///
/// let mut metrics = MetricSet::from_names(["wer", "cider_d", "bleu_4"])?;
/// assert_eq!(metrics.value_names(), ["wer", "cider_d", "bleu_4"]);
/// assert_eq!(metrics.greater_is_better("wer"), Some(false));
///
/// let predictions = vec!["a cat on a mat".to_owned(), "two dogs".to_owned()];
/// let references = vec![vec!["a cat on the mat".to_owned()], vec!["two dogs".to_owned()]];
/// metrics.update(&predictions, &references)?;
/// assert_eq!(metrics.compute()?.get("wer"), Some(1.0 / 7.0));
/// # Ok::<(), captioner_metrics::MetricError>(())
/// ```
///
/// [`Metric`] shows how to write a metric of your own and to add it with [`Self::with`].
#[derive(Clone, Default)]
pub struct MetricSet {
    metrics: Vec<Box<dyn Metric>>,
    values: Vec<Value>,
}

/// A value that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Value {
    name: String,
    /// Place of the metric that gives it.
    metric: usize,
}

impl MetricSet {
    /// The values of these names, of the metrics that [`metric`](crate::metric) knows.
    ///
    /// A name is that of a value (`bleu_4`, `rouge1_precision`) or that of a metric
    /// ([`METRIC_NAMES`](crate::METRIC_NAMES)), which asks for all its values (`bleu`, `distinct`).
    /// Where a value goes by its metric's name (`wer`, `sacrebleu`), the value is meant;
    /// [`Self::with`] adds all values of a metric. A name that comes twice counts once.
    ///
    /// # Errors
    /// [`MetricError::UnknownMetric`] for any other name.
    pub fn from_names<N: AsRef<str>>(
        names: impl IntoIterator<Item = N>,
    ) -> Result<Self, MetricError> {
        Self::select(names, all_metrics())
    }

    /// The values of these names, of the metrics in `available`. A later one takes the place of an
    /// earlier one of the same name, so that `all_metrics()` can be followed by metrics under
    /// other settings and by your own.
    ///
    /// ```
    /// use captioner_metrics::{CocoBleu, CocoTokenizer, Metric, MetricSet, all_metrics};
    ///
    /// let bleu: Box<dyn Metric> = Box::new(CocoBleu::new(CocoTokenizer::Pretokenized));
    /// let metrics = MetricSet::select(["bleu_4", "wer"], all_metrics().into_iter().chain([bleu]))?;
    /// # Ok::<(), captioner_metrics::MetricError>(())
    /// ```
    ///
    /// # Errors
    /// [`MetricError::UnknownMetric`] for a name that no metric goes by or gives,
    /// [`MetricError::DuplicateValue`] if two of the metrics give a value of the same name.
    pub fn select<N: AsRef<str>>(
        names: impl IntoIterator<Item = N>,
        available: impl IntoIterator<Item = Box<dyn Metric>>,
    ) -> Result<Self, MetricError> {
        let mut all = MetricSet::default();
        for metric in replace_by_name(available) {
            all = all.with(metric.fresh())?;
        }
        let mut set = MetricSet::default();
        let mut places = vec![None; all.metrics.len()];
        for name in names {
            for value in all.find(name.as_ref())? {
                if set.value(&value.name).is_some() {
                    continue;
                }
                let metric = *places[value.metric].get_or_insert_with(|| {
                    set.metrics.push(all.metrics[value.metric].clone());
                    set.metrics.len() - 1
                });
                let name = value.name.clone();
                set.values.push(Value { name, metric });
            }
        }
        Ok(set)
    }

    /// Adds all values of `metric` behind the others. To be called before the first row.
    ///
    /// # Errors
    /// [`MetricError::DuplicateValue`] if a value of this name is asked for already.
    pub fn with(mut self, metric: Box<dyn Metric>) -> Result<Self, MetricError> {
        let place = self.metrics.len();
        self.metrics.push(metric);
        for name in self.metrics[place].value_names() {
            if let Some(taken) = self.value(&name) {
                return Err(MetricError::DuplicateValue {
                    metrics: [taken.metric, place].map(|at| self.metrics[at].name().to_owned()),
                    value: name,
                });
            }
            let metric = place;
            self.values.push(Value { name, metric });
        }
        Ok(self)
    }

    /// The names of the values that [`Self::compute`] gives, in the same order.
    pub fn value_names(&self) -> Vec<String> {
        self.values.iter().map(|value| value.name.clone()).collect()
    }

    /// Whether a greater value is a better one; see [`Metric::greater_is_better`]. `None` also for
    /// a value that was not asked for.
    pub fn greater_is_better(&self, value: &str) -> Option<bool> {
        let metric = self.value(value)?.metric;
        self.metrics[metric].greater_is_better(value)
    }

    /// The metrics that give the values, each once.
    pub fn metrics(&self) -> impl Iterator<Item = &dyn Metric> {
        self.metrics.iter().map(|metric| &**metric)
    }

    /// Whether no value is asked for.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The same metrics and values without rows.
    pub fn fresh(&self) -> Self {
        MetricSet {
            metrics: self.metrics.iter().map(|metric| metric.fresh()).collect(),
            values: self.values.clone(),
        }
    }

    /// Adds one row for each prediction to every metric: `&[String]` and `&[Vec<String>]`, or
    /// borrowed ones. `references[i]` holds the captions that count as right for `predictions[i]`.
    ///
    /// # Errors
    /// [`MetricError::RowCountMismatch`] if the two have different lengths,
    /// [`MetricError::NoReferences`] if a row has none; no row is added then. A metric of your own
    /// may fail in its own way; metrics before it have the rows then.
    pub fn update<P: AsRef<str>, R: AsRef<[S]>, S: AsRef<str>>(
        &mut self,
        predictions: &[P],
        references: &[R],
    ) -> Result<(), MetricError> {
        let predictions = borrow_captions(predictions);
        let references = borrow_references(references);
        check_rows(&predictions, &references)?;
        for metric in &mut self.metrics {
            metric.update(&predictions, &references)?;
        }
        Ok(())
    }

    /// Appends the rows of `other`, a set of the same metrics and values that saw other rows.
    ///
    /// # Errors
    /// [`MetricError::DifferentMetrics`] or [`MetricError::DifferentSettings`]; no row is added
    /// then.
    pub fn merge(&mut self, other: MetricSet) -> Result<(), MetricError> {
        if self.values != other.values {
            return Err(MetricError::DifferentMetrics {
                left: self.value_names().join(", "),
                right: other.value_names().join(", "),
            });
        }
        // Tried without rows first, so that none is added if a later metric refuses.
        let pairs = || self.metrics.iter().zip(&other.metrics);
        pairs().try_for_each(|(left, right)| left.fresh().merge(right.fresh()))?;
        let pairs = self.metrics.iter_mut().zip(other.metrics);
        pairs
            .into_iter()
            .try_for_each(|(left, right)| left.merge(right))
    }

    /// The values that were asked for, over all rows so far, in the order in which they were asked
    /// for. More rows may follow.
    ///
    /// # Errors
    /// [`MetricError::NoRows`] before the first row, [`MetricError::MissingValue`] if a metric of
    /// your own does not give what it names.
    pub fn compute(&self) -> Result<Scores, MetricError> {
        let scores = self.metrics.iter().map(|metric| metric.compute());
        let scores: Vec<Scores> = scores.collect::<Result<_, _>>()?;
        let values = self.values.iter().map(|value| {
            let missing = || MetricError::MissingValue {
                metric: self.metrics[value.metric].name().to_owned(),
                value: value.name.clone(),
            };
            let found = scores[value.metric].get(&value.name);
            Ok((value.name.clone(), found.ok_or_else(missing)?))
        });
        values.collect()
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.values.iter().find(|value| value.name == name)
    }

    /// The value of this name, else all values of the metric of this name.
    fn find(&self, name: &str) -> Result<Vec<&Value>, MetricError> {
        if let Some(value) = self.value(name) {
            return Ok(vec![value]);
        }
        if let Some(metric) = self.metrics.iter().position(|m| m.name() == name) {
            let values = self.values.iter();
            return Ok(values.filter(|value| value.metric == metric).collect());
        }
        let mut known = self.value_names();
        for metric in self.metrics() {
            if self.value(metric.name()).is_none() {
                known.push(metric.name().to_owned());
            }
        }
        Err(MetricError::unknown_metric(name, known))
    }
}

/// Of metrics of the same name the last, in the place of the first.
fn replace_by_name(metrics: impl IntoIterator<Item = Box<dyn Metric>>) -> Vec<Box<dyn Metric>> {
    let mut kept: Vec<Box<dyn Metric>> = Vec::new();
    for metric in metrics {
        match kept.iter_mut().find(|other| other.name() == metric.name()) {
            Some(other) => *other = metric,
            None => kept.push(metric),
        }
    }
    kept
}

impl fmt::Debug for MetricSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricSet")
            .field("metrics", &self.metrics)
            .field("values", &self.value_names())
            .finish()
    }
}
