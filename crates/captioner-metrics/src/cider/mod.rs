//! CIDEr and CIDEr-D (Vedantam et al. 2015).

mod document_frequencies;
mod vector;

pub use document_frequencies::DocumentFrequencies;

use std::sync::Arc;

use document_frequencies::{Frequencies, count_documents};
use vector::{CaptionVector, similarity};

use crate::metric::{check_rows, direction, no_rows, same_metric, same_setting};
use crate::vocabulary::Vocabulary;
use crate::{CocoTokenizer, Metric, MetricError, RowStatistics};

/// Which of the two published scores.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CiderVariant {
    /// CIDEr-D: counts are clipped at the reference's, and captions of another length score less.
    /// This is what coco-caption prints as "CIDEr".
    #[default]
    CiderD,
    /// The original CIDEr: the cosine alone.
    Cider,
}

/// How near a prediction is to its references in tf-idf weighted n-grams of one to four words,
/// from 0 to 10 for the mean over rows. Gives `cider_d` or `cider`.
///
/// How much an n-gram weighs depends on in how many rows' references it occurs. Those counts come
/// from the references of all rows, or from elsewhere: see [`Self::with_document_frequencies`]. With counts
/// from a single row every weight, and so the score, is 0.
#[derive(Debug, Clone, Default)]
pub struct Cider {
    variant: CiderVariant,
    tokenizer: CocoTokenizer,
    frequencies: Option<Arc<DocumentFrequencies>>,
    vocabulary: Vocabulary,
    rows: Vec<CiderRow>,
}

/// Captions as word numbers.
#[derive(Debug, Clone)]
struct CiderRow {
    prediction: Vec<u32>,
    references: Vec<Vec<u32>>,
}

impl CiderRow {
    fn renumber(&mut self, numbers: &[u32]) {
        let captions = self.references.iter_mut().chain([&mut self.prediction]);
        for word in captions.flatten() {
            *word = numbers[*word as usize];
        }
    }
}

impl Cider {
    /// A metric without rows whose document frequencies come from the references.
    pub fn new(variant: CiderVariant, tokenizer: CocoTokenizer) -> Self {
        Cider {
            variant,
            tokenizer,
            ..Self::default()
        }
    }

    /// Takes document frequencies from elsewhere, for example those of the whole COCO validation
    /// set. They must come from captions tokenized in the same way. Metrics that share them, such as
    /// `cider_d` and `cider`, take clones of one [`Arc`].
    pub fn with_document_frequencies(
        mut self,
        frequencies: impl Into<Arc<DocumentFrequencies>>,
    ) -> Self {
        self.frequencies = Some(frequencies.into());
        self
    }

    /// The document frequencies of the references so far, to be saved and used again.
    pub fn document_frequencies(&self) -> DocumentFrequencies {
        let references = self.rows.iter().map(|row| row.references.as_slice());
        let counts = count_documents(references);
        DocumentFrequencies::from_counts(self.rows.len(), &counts, &self.vocabulary)
    }

    fn numbered_frequencies(&self) -> Frequencies {
        match &self.frequencies {
            Some(frequencies) => frequencies.numbered(&self.vocabulary),
            None => {
                let references = self.rows.iter().map(|row| row.references.as_slice());
                Frequencies::new(self.rows.len(), count_documents(references))
            }
        }
    }

    fn score_row(&self, row: &CiderRow, frequencies: &Frequencies) -> f64 {
        let prediction = CaptionVector::new(&row.prediction, frequencies);
        let similarities = row.references.iter().map(|reference| {
            let reference = CaptionVector::new(reference, frequencies);
            similarity(&prediction, &reference, self.variant)
        });
        10.0 * similarities.sum::<f64>() / row.references.len() as f64
    }
}

impl Metric for Cider {
    fn name(&self) -> &str {
        match self.variant {
            CiderVariant::CiderD => "cider_d",
            CiderVariant::Cider => "cider",
        }
    }

    fn value_names(&self) -> Vec<String> {
        vec![self.name().to_owned()]
    }

    fn greater_is_better(&self, value: &str) -> Option<bool> {
        direction(self, value, true)
    }

    fn fresh(&self) -> Box<dyn Metric> {
        Box::new(Cider {
            frequencies: self.frequencies.clone(),
            ..Cider::new(self.variant, self.tokenizer)
        })
    }

    fn update(
        &mut self,
        predictions: &[&str],
        references: &[Vec<&str>],
    ) -> Result<(), MetricError> {
        check_rows(predictions, references)?;
        for (prediction, references) in predictions.iter().zip(references) {
            let mut numbers = |caption: &&str| {
                let tokens = self.tokenizer.apply(caption);
                self.vocabulary.numbers(&tokens)
            };
            let prediction = numbers(prediction);
            let references = references.iter().map(numbers).collect();
            self.rows.push(CiderRow {
                prediction,
                references,
            });
        }
        Ok(())
    }

    fn merge(&mut self, other: Box<dyn Metric>) -> Result<(), MetricError> {
        let mut other = same_metric(self, other)?;
        same_setting(self.variant == other.variant, self.name(), "variant")?;
        same_setting(self.tokenizer == other.tokenizer, self.name(), "tokenizer")?;
        let equal = self.frequencies == other.frequencies;
        same_setting(equal, self.name(), "document frequencies")?;
        let numbers = self.vocabulary.merge(&other.vocabulary);
        for row in &mut other.rows {
            row.renumber(&numbers);
        }
        self.rows.extend(other.rows);
        Ok(())
    }

    fn row_statistics(&self) -> Result<RowStatistics, MetricError> {
        no_rows(&self.rows, self.name())?;
        let frequencies = self.numbered_frequencies();
        let rows = self.rows.iter();
        let scores = rows.map(|row| self.score_row(row, &frequencies)).collect();
        Ok(RowStatistics::means(self.value_names(), scores))
    }
}
