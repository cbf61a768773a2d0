//! BLEU as sacreBLEU computes it.

use serde::{Deserialize, Serialize};

use crate::bleu::BleuCounts;
use crate::metric::{direction, map_rows, no_rows, same_metric, same_setting};
use crate::ngram::MAX_ORDER;
use crate::whitespace::is_space;
use crate::{BleuTokenizer, Metric, MetricError, RowStatistics, Scores};

const BREVITY_PENALTY: &str = "sacrebleu_brevity_penalty";

/// What takes the place of a precision of 0 (Chen and Cherry 2014).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BleuSmoothing {
    /// The default: half of one match for the first order without a match, a quarter for the
    /// next, and so on.
    #[default]
    Exp,
    /// This many matches; sacreBLEU's default is 0.1.
    Floor(f64),
    /// This many more matches and n-grams for every order above 1; sacreBLEU's default is 1.
    AddK(f64),
    /// Nothing: the score is 0.
    None,
}

/// sacreBLEU's settings, with its defaults.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SacreBleuSettings {
    /// How captions are cut.
    pub tokenizer: BleuTokenizer,
    /// Whether case is ignored.
    pub lowercase: bool,
    /// How precisions of 0 are smoothed.
    pub smoothing: BleuSmoothing,
    /// Whether orders longer than every prediction are left out.
    pub effective_order: bool,
}

/// Corpus BLEU by sacreBLEU's definition (`sacrebleu.BLEU`). Gives `sacrebleu` and
/// `sacrebleu_precision_1` to `_4`, from 0 to 100, and `sacrebleu_brevity_penalty`.
///
/// Greater is better, save for the brevity penalty, which tells lengths only.
///
/// Not to be compared with [`CocoBleu`](crate::CocoBleu): tokens, scale and smoothing differ.
#[derive(Debug, Clone, Default)]
pub struct SacreBleu {
    settings: SacreBleuSettings,
    rows: Vec<BleuCounts>,
}

impl SacreBleu {
    /// A metric without rows.
    pub fn new(settings: SacreBleuSettings) -> Self {
        SacreBleu {
            settings,
            rows: Vec::new(),
        }
    }
}

impl SacreBleuSettings {
    fn tokenize(&self, text: &str) -> String {
        let text = match self.lowercase {
            true => &text.to_lowercase(),
            false => text,
        };
        self.tokenizer.apply(text.trim_end_matches(is_space))
    }

    fn finish(&self, counts: BleuCounts) -> Scores {
        let penalty = brevity_penalty(&counts);
        let (precisions, orders) = self.precisions(counts);
        let logs = precisions[..orders].iter().map(|p| match *p > 0.0 {
            true => p.ln(),
            false => -9_999_999_999.0, // sacreBLEU's stand-in
        });
        let any = counts.correct.iter().any(|correct| *correct > 0.0);
        let score = match any {
            true => penalty * (logs.sum::<f64>() / orders as f64).exp(),
            false => 0.0,
        };
        let mut scores = Scores::from_iter([("sacrebleu", score), (BREVITY_PENALTY, penalty)]);
        for (place, precision) in precisions.into_iter().enumerate() {
            scores.insert(format!("sacrebleu_precision_{}", place + 1), precision);
        }
        scores
    }

    /// Smoothed precisions in percent, and how many orders count.
    fn precisions(&self, counts: BleuCounts) -> ([f64; MAX_ORDER], usize) {
        let mut precisions = [0.0; MAX_ORDER];
        let mut orders = MAX_ORDER;
        if counts.correct.iter().all(|correct| *correct == 0.0) {
            return (precisions, orders);
        }
        let mut halved = 1.0;
        for (place, precision) in precisions.iter_mut().enumerate() {
            let (mut correct, mut total) = (counts.correct[place], counts.total[place]);
            if let (BleuSmoothing::AddK(k), 1..) = (self.smoothing, place) {
                correct += k;
                total += k;
            }
            if total == 0.0 {
                break;
            }
            if self.effective_order {
                orders = place + 1;
            }
            *precision = match self.smoothing {
                _ if correct > 0.0 => 100.0 * correct / total,
                BleuSmoothing::Exp => {
                    halved *= 2.0;
                    100.0 / (halved * total)
                }
                BleuSmoothing::Floor(matches) => 100.0 * matches / total,
                _ => 0.0,
            };
        }
        (precisions, orders)
    }
}

fn brevity_penalty(counts: &BleuCounts) -> f64 {
    if counts.prediction_length >= counts.reference_length {
        1.0
    } else if counts.prediction_length > 0.0 {
        (1.0 - counts.reference_length / counts.prediction_length).exp()
    } else {
        0.0
    }
}

impl Metric for SacreBleu {
    fn name(&self) -> &str {
        "sacrebleu"
    }

    fn value_names(&self) -> Vec<String> {
        let precisions = (1..=MAX_ORDER).map(|order| format!("sacrebleu_precision_{order}"));
        let others = ["sacrebleu", BREVITY_PENALTY].map(str::to_owned);
        others.into_iter().chain(precisions).collect()
    }

    fn greater_is_better(&self, value: &str) -> Option<bool> {
        match value {
            BREVITY_PENALTY => None,
            _ => direction(self, value, true),
        }
    }

    fn fresh(&self) -> Box<dyn Metric> {
        Box::new(SacreBleu::new(self.settings))
    }

    fn update(
        &mut self,
        predictions: &[&str],
        references: &[Vec<&str>],
    ) -> Result<(), MetricError> {
        let settings = self.settings;
        let rows = map_rows(predictions, references, |prediction, references| {
            let references: Vec<_> = references.iter().map(|r| settings.tokenize(r)).collect();
            BleuCounts::new(&settings.tokenize(prediction), &references)
        })?;
        self.rows.extend(rows);
        Ok(())
    }

    fn merge(&mut self, other: Box<dyn Metric>) -> Result<(), MetricError> {
        let other = same_metric(self, other)?;
        same_setting(self.settings == other.settings, self.name(), "settings")?;
        self.rows.extend(other.rows);
        Ok(())
    }

    fn row_statistics(&self) -> Result<RowStatistics, MetricError> {
        no_rows(&self.rows, self.name())?;
        let settings = self.settings;
        let finish = move |counts| settings.finish(counts);
        Ok(BleuCounts::statistics(&self.rows, finish))
    }
}
