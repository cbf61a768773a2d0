//! Mean length of predictions and references.

use crate::metric::{map_rows, no_rows, same_metric};
use crate::{Metric, MetricError, RowStatistics, whitespace};

const VALUES: [&str; 2] = ["mean_prediction_length", "mean_reference_length"];

/// Mean number of words. Gives `mean_prediction_length` and `mean_reference_length`, the latter a
/// mean over rows of the mean over a row's references. Words are what stands between whitespace. Neither length is
/// better for being greater.
#[derive(Debug, Clone, Default)]
pub struct MeanLength {
    rows: Vec<[f64; 2]>,
}

impl MeanLength {
    /// A metric without rows.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Metric for MeanLength {
    fn name(&self) -> &str {
        "mean_length"
    }

    fn value_names(&self) -> Vec<String> {
        VALUES.map(str::to_owned).to_vec()
    }

    fn greater_is_better(&self, _value: &str) -> Option<bool> {
        None
    }

    fn fresh(&self) -> Box<dyn Metric> {
        Box::new(MeanLength::new())
    }

    fn update(
        &mut self,
        predictions: &[&str],
        references: &[Vec<&str>],
    ) -> Result<(), MetricError> {
        let length = |caption: &str| whitespace::words(caption).count() as f64;
        let rows = map_rows(predictions, references, |prediction, references| {
            let sum: f64 = references.iter().map(|reference| length(reference)).sum();
            [length(prediction), sum / references.len() as f64]
        })?;
        self.rows.extend(rows);
        Ok(())
    }

    fn merge(&mut self, other: Box<dyn Metric>) -> Result<(), MetricError> {
        self.rows.extend(same_metric(self, other)?.rows);
        Ok(())
    }

    fn row_statistics(&self) -> Result<RowStatistics, MetricError> {
        no_rows(&self.rows, self.name())?;
        Ok(RowStatistics::means(VALUES, self.rows.concat()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_count_by_row_and_not_one_by_one() {
        let predictions = ["a b c", " d\t e\n"];
        let references = [vec!["a", "a b c"], vec!["a b c d e f g"]];
        let mut metric = MeanLength::new();
        metric.update(&predictions, &references).unwrap();
        let scores = metric.compute().unwrap();
        assert_eq!(scores.get("mean_prediction_length"), Some(2.5));
        assert_eq!(scores.get("mean_reference_length"), Some(4.5)); // 11 / 3 one by one
    }
}
