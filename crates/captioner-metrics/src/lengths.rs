//! Mean length of predictions and references.

use crate::metric::{map_rows, no_rows, same_metric};
use crate::row_statistics::mean_statistics;
use crate::{Metric, MetricError, RowStatistics, whitespace};

/// Mean number of words. Gives `mean_prediction_length` and `mean_reference_length`, the latter a
/// mean over rows of the mean over a row's references. Words are what stands between whitespace.
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
    fn name(&self) -> &'static str {
        "mean_length"
    }

    fn update(
        &mut self,
        predictions: &[String],
        references: &[Vec<String>],
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
        let names = ["mean_prediction_length", "mean_reference_length"];
        let values = self.rows.concat();
        Ok(mean_statistics(names.map(String::from).to_vec(), values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_count_by_row_and_not_one_by_one() {
        let predictions = ["a b c", " d\t e\n"].map(String::from);
        let row = |captions: &[&str]| captions.iter().map(|c| (*c).to_owned()).collect();
        let references: [Vec<String>; 2] = [row(&["a", "a b c"]), row(&["a b c d e f g"])];
        let mut metric = MeanLength::new();
        metric.update(&predictions, &references).unwrap();
        let scores = metric.compute().unwrap();
        assert_eq!(scores.get("mean_prediction_length"), Some(2.5));
        assert_eq!(scores.get("mean_reference_length"), Some(4.5)); // 11 / 3 one by one
    }
}
