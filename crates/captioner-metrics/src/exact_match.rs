//! Exact match: the share of predictions that equal a reference.

use crate::metric::{direction, map_rows, no_rows, same_metric};
use crate::whitespace::strip;
use crate::{Metric, MetricError, RowStatistics};

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
    fn name(&self) -> &str {
        "exact_match"
    }

    fn value_names(&self) -> Vec<String> {
        vec![self.name().to_owned()]
    }

    fn greater_is_better(&self, value: &str) -> Option<bool> {
        direction(self, value, true)
    }

    fn fresh(&self) -> Box<dyn Metric> {
        Box::new(ExactMatch::new())
    }

    fn update(
        &mut self,
        predictions: &[&str],
        references: &[Vec<&str>],
    ) -> Result<(), MetricError> {
        let rows = map_rows(predictions, references, |prediction, references| {
            let equal = |reference: &&str| strip(reference) == strip(prediction);
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
        Ok(RowStatistics::means(self.value_names(), values.collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::single_references;

    #[test]
    fn any_of_several_references_may_match() {
        let mut metric = ExactMatch::new();
        let predictions = ["a cat ", "a dog"];
        let mut references = single_references(&["a cow", "a dog."]);
        references[0].push(" a cat");
        metric.update(&predictions, &references).unwrap();
        assert_eq!(metric.compute().unwrap().get("exact_match"), Some(0.5));
    }
}
