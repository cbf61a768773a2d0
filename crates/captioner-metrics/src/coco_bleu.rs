//! BLEU as coco-caption computes it.

use crate::bleu::BleuCounts;
use crate::metric::{direction, map_rows, no_rows, same_metric, same_setting};
use crate::ngram::MAX_ORDER;
use crate::{CocoTokenizer, Metric, MetricError, RowStatistics, Scores};

/// Keep a precision from being 0/0, as coco-caption does: `(correct + TINY) / (total + SMALL)`.
const TINY: f64 = 1e-15;
const SMALL: f64 = 1e-9;

/// Corpus BLEU-1 to BLEU-4 by coco-caption's definition (`pycocoevalcap.bleu`, closest reference
/// length). Gives `bleu_1` to `bleu_4`, from 0 to 1.
///
/// [`SacreBleu`](crate::SacreBleu) differs in tokens, scale and smoothing.
#[derive(Debug, Clone, Default)]
pub struct CocoBleu {
    tokenizer: CocoTokenizer,
    rows: Vec<BleuCounts>,
}

impl CocoBleu {
    /// A metric without rows.
    pub fn new(tokenizer: CocoTokenizer) -> Self {
        CocoBleu {
            tokenizer,
            rows: Vec::new(),
        }
    }
}

fn finish(counts: BleuCounts) -> Scores {
    let ratio = (counts.prediction_length + TINY) / (counts.reference_length + SMALL);
    let penalty = match ratio < 1.0 {
        true => (1.0 - 1.0 / ratio).exp(),
        false => 1.0,
    };
    let mut product = 1.0;
    let mut scores = Scores::default();
    for order in 1..=MAX_ORDER {
        product *= (counts.correct[order - 1] + TINY) / (counts.total[order - 1] + SMALL);
        let mean = product.powf(1.0 / order as f64);
        scores.insert(format!("bleu_{order}"), mean * penalty);
    }
    scores
}

impl Metric for CocoBleu {
    fn name(&self) -> &str {
        "bleu"
    }

    fn value_names(&self) -> Vec<String> {
        (1..=MAX_ORDER)
            .map(|order| format!("bleu_{order}"))
            .collect()
    }

    fn greater_is_better(&self, value: &str) -> Option<bool> {
        direction(self, value, true)
    }

    fn fresh(&self) -> Box<dyn Metric> {
        Box::new(CocoBleu::new(self.tokenizer))
    }

    fn update(
        &mut self,
        predictions: &[&str],
        references: &[Vec<&str>],
    ) -> Result<(), MetricError> {
        let tokenizer = self.tokenizer;
        let rows = map_rows(predictions, references, |prediction, references| {
            let references: Vec<_> = references.iter().map(|r| tokenizer.apply(r)).collect();
            BleuCounts::new(&tokenizer.apply(prediction), &references)
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
        Ok(BleuCounts::statistics(&self.rows, finish))
    }
}
