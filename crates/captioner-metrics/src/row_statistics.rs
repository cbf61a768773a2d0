//! What each row adds to a metric, so that a score can be had for any choice of rows.

use std::fmt;

use crate::{MetricError, Scores};

type Finish = dyn Fn(&[f64], usize) -> Scores + Send + Sync;

/// For each row a fixed number of values whose sums determine the score.
///
/// A mean has the row's score, a word error rate has the row's hits and errors, BLEU has the row's
/// n-gram counts. Resampling then only adds rows up; no caption is looked at again.
pub struct RowStatistics {
    width: usize,
    values: Vec<f64>, // [rows, width]
    finish: Box<Finish>,
}

impl RowStatistics {
    /// `values` holds `width` values for each row, row after row; `finish` turns the sums over
    /// the chosen rows (`width` sums) and the number of rows into scores.
    ///
    /// A `width` of 0 is taken as 1.
    pub fn new(
        width: usize,
        values: Vec<f64>,
        finish: impl Fn(&[f64], usize) -> Scores + Send + Sync + 'static,
    ) -> Self {
        RowStatistics {
            width: width.max(1),
            values,
            finish: Box::new(finish),
        }
    }

    /// Scores that are means over rows: `values` holds one value for each name, row after row.
    pub fn means<N: Into<String>>(names: impl IntoIterator<Item = N>, values: Vec<f64>) -> Self {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        Self::new(names.len(), values, move |sums, rows| {
            let means = sums.iter().map(|sum| sum / rows.max(1) as f64);
            names.iter().cloned().zip(means).collect()
        })
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.values.len() / self.width
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values of one row; `None` past the end.
    pub fn row(&self, row: usize) -> Option<&[f64]> {
        let start = row.checked_mul(self.width)?;
        self.values.get(start..start.checked_add(self.width)?)
    }

    /// The scores over all rows.
    pub fn total(&self) -> Scores {
        self.of_rows(0..self.len())
    }

    /// The scores over the chosen rows; a row may be chosen more than once. Rows past the end
    /// are left out.
    pub fn of_rows(&self, rows: impl IntoIterator<Item = usize>) -> Scores {
        self.finish_rows(rows.into_iter().filter_map(|row| self.row(row)))
    }

    /// The scores where rows marked in `swaps` come from `other`.
    pub(crate) fn mixed_with(&self, other: &RowStatistics, swaps: &[bool]) -> Scores {
        let source = |swap: &bool| if *swap { other } else { self };
        let rows = swaps.iter().enumerate();
        self.finish_rows(rows.filter_map(|(row, swap)| source(swap).row(row)))
    }

    fn finish_rows<'a>(&self, rows: impl Iterator<Item = &'a [f64]>) -> Scores {
        let mut sums = vec![0.0; self.width];
        let mut count = 0;
        for row in rows {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += value;
            }
            count += 1;
        }
        (self.finish)(&sums, count)
    }

    pub(crate) fn check_not_empty(&self) -> Result<(), MetricError> {
        if self.is_empty() {
            return Err(MetricError::NoRows {
                metric: "the metric".to_owned(),
            });
        }
        Ok(())
    }

    pub(crate) fn check_same_values(&self, other: &RowStatistics) -> Result<(), MetricError> {
        let names = |statistics: &RowStatistics| {
            let scores = statistics.total();
            let mut names: Vec<_> = scores.iter().map(|(name, _)| name.to_owned()).collect();
            names.sort(); // the order says nothing
            names.join(", ")
        };
        let (left, right) = (names(self), names(other));
        if self.width != other.width || left != right {
            return Err(MetricError::DifferentMetrics { left, right });
        }
        Ok(())
    }
}

impl fmt::Debug for RowStatistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowStatistics")
            .field("rows", &self.len())
            .field("width", &self.width)
            .finish_non_exhaustive()
    }
}
