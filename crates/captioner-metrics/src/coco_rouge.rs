//! ROUGE-L as coco-caption computes it.

use crate::alignment::{LcsTable, SymbolPair};
use crate::metric::{direction, map_rows, no_rows, same_metric, same_setting};
use crate::{CocoTokenizer, Metric, MetricError, RowStatistics};

/// How much more recall counts than precision.
const BETA: f64 = 1.2;

/// ROUGE-L by coco-caption's definition (`pycocoevalcap.rouge`): the mean over rows of an F-score
/// of the best precision and the best recall that any reference gives. Gives `rouge_l`, from 0 to
/// 1.
///
/// [`Rouge`](crate::Rouge) is google's definition.
#[derive(Debug, Clone, Default)]
pub struct CocoRouge {
    tokenizer: CocoTokenizer,
    rows: Vec<f64>,
}

impl CocoRouge {
    /// A metric without rows.
    pub fn new(tokenizer: CocoTokenizer) -> Self {
        CocoRouge {
            tokenizer,
            rows: Vec::new(),
        }
    }

    fn row(tokenizer: CocoTokenizer, prediction: &str, references: &[&str]) -> f64 {
        let prediction = tokenizer.apply(prediction);
        let (mut precision, mut recall) = (0.0_f64, 0.0_f64);
        for reference in references {
            let reference = tokenizer.apply(reference);
            // A single space parts tokens, so an empty caption is one empty token; as coco-caption.
            let pair = SymbolPair::new(reference.split(' '), prediction.split(' '));
            let sentences = [pair.prediction.as_slice()].into_iter();
            let common = LcsTable::new(sentences, pair.alphabet).length(&pair.reference) as f64;
            precision = precision.max(common / pair.prediction.len() as f64);
            recall = recall.max(common / pair.reference.len() as f64);
        }
        if precision == 0.0 || recall == 0.0 {
            return 0.0;
        }
        (1.0 + BETA * BETA) * precision * recall / (recall + BETA * BETA * precision)
    }
}

impl Metric for CocoRouge {
    fn name(&self) -> &str {
        "rouge_l"
    }

    fn value_names(&self) -> Vec<String> {
        vec![self.name().to_owned()]
    }

    fn greater_is_better(&self, value: &str) -> Option<bool> {
        direction(self, value, true)
    }

    fn fresh(&self) -> Box<dyn Metric> {
        Box::new(CocoRouge::new(self.tokenizer))
    }

    fn update(
        &mut self,
        predictions: &[&str],
        references: &[Vec<&str>],
    ) -> Result<(), MetricError> {
        let rows = map_rows(predictions, references, |prediction, references| {
            Self::row(self.tokenizer, prediction, references)
        })?;
        self.rows.extend(rows);
        Ok(())
    }

    fn merge(&mut self, other: Box<dyn Metric>) -> Result<(), MetricError> {
        let other = same_metric(self, other)?;
        same_setting(self.tokenizer == other.tokenizer, self.name(), "tokenizer")?;
        self.rows.extend(other.rows);
        Ok(())
    }

    fn row_statistics(&self) -> Result<RowStatistics, MetricError> {
        no_rows(&self.rows, self.name())?;
        Ok(RowStatistics::means(self.value_names(), self.rows.clone()))
    }
}
