//! Exact match: the share of predictions that equal a reference.

use crate::metric::{map_rows, no_rows, same_metric};
use crate::whitespace::strip;
use crate::{Metric, MetricError, RowStatistics, Scores};

/// The share of rows whose prediction equals one of its references, whitespace at both ends
/// aside. Gives `exact_match`, from 0 to 1.
#[derive(Debug, Clone, Default)]
pub struct ExactMatch {
    rows: Vec<bool>,
}

impl ExactMatch {
    /// A metric without rows.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Metric for ExactMatch {
    fn name(&self) -> &'static str {
        "exact_match"
    }

    fn update(
        &mut self,
        predictions: &[String],
        references: &[Vec<String>],
    ) -> Result<(), MetricError> {
        let rows = map_rows(predictions, references, |prediction, references| {
            let equal = |reference: &String| strip(reference) == strip(prediction);
            references.iter().any(equal)
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
        let values = self.rows.iter().map(|equal| f64::from(u8::from(*equal)));
        Ok(RowStatistics::new(1, values.collect(), |sums, rows| {
            Scores::from_iter([("exact_match", sums[0] / rows.max(1) as f64)])
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::single_references;

    #[test]
    fn any_of_several_references_may_match() {
        let mut metric = ExactMatch::new();
        let predictions = ["a cat ", "a dog"].map(String::from);
        let mut references = single_references(["a cow", "a dog."]);
        references[0].push(" a cat".to_owned());
        metric.update(&predictions, &references).unwrap();
        assert_eq!(metric.compute().unwrap().get("exact_match"), Some(0.5));
    }
}
