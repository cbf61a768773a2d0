//! Word error rate, and the match error rate and the word information rates beside it.

use serde::{Deserialize, Serialize};

use crate::alignment::{
    AlignmentChunk, EditCounts, SymbolPair, align, short_char_edits, short_word_edits,
};
use crate::metric::{direction, map_rows, no_rows, same_metric, same_setting};
use crate::transform::TokenUnit;
use crate::{Metric, MetricError, RowStatistics, Scores, Transforms};

const VALUES: [&str; 8] = [
    "wer",
    "mer",
    "wil",
    "wip",
    "word_hits",
    "word_substitutions",
    "word_deletions",
    "word_insertions",
];

/// Word error rate over the corpus: all substitutions, deletions and insertions, divided by all
/// words of the references. jiwer's counts and rates.
///
/// Gives `wer`, `mer`, `wil`, `wip` and the counts `word_hits`, `word_substitutions`,
/// `word_deletions`, `word_insertions`.
///
/// Where a row has several references, the one with the lowest error rate counts, the first of
/// equals.
#[derive(Debug, Clone)]
pub struct WordErrorRate {
    transforms: TransformPair,
    rows: Vec<EditCounts>,
}

/// Counts and rates of a [`WordErrorRate`] or a [`CharErrorRate`](crate::CharErrorRate).
///
/// With `H` hits, `S` substitutions, `D` deletions, `I` insertions, `N = H + S + D` tokens in
/// the references and `P = H + S + I` tokens in the predictions (Morris et al. 2004):
/// `error_rate = (S + D + I) / N`, `mer = (S + D + I) / (N + I)`, `wip = H / N * H / P`,
/// `wil = 1 - wip`.
///
/// Where the references hold no token at all, jiwer's values: `error_rate` is the number of insertions,
/// `mer` is 0 and `wip` 1 if the predictions are empty too, else `mer` is 1 and `wip` 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ErrorRateDetails {
    /// Tokens that agree.
    pub hits: u64,
    /// Tokens put in place of others.
    pub substitutions: u64,
    /// Tokens of the reference that are missing.
    pub deletions: u64,
    /// Tokens that the reference lacks.
    pub insertions: u64,
    /// Word or character error rate.
    pub error_rate: f64,
    /// Match error rate.
    pub mer: f64,
    /// Word information lost.
    pub wil: f64,
    /// Word information preserved.
    pub wip: f64,
}

impl ErrorRateDetails {
    pub(crate) fn of(counts: EditCounts) -> Self {
        let references = counts.reference_length() as f64;
        let predictions = (counts.hits + counts.substitutions + counts.insertions) as f64;
        let hits = counts.hits as f64;
        let errors = counts.errors() as f64;
        let (error_rate, mer, wip) = if references > 0.0 {
            let preserved = hits / references * (hits / predictions.max(1.0));
            let all = references + counts.insertions as f64;
            (errors / references, errors / all, preserved)
        } else if predictions > 0.0 {
            (errors, 1.0, 0.0)
        } else {
            (0.0, 0.0, 1.0)
        };
        ErrorRateDetails {
            hits: counts.hits,
            substitutions: counts.substitutions,
            deletions: counts.deletions,
            insertions: counts.insertions,
            error_rate,
            mer,
            wil: 1.0 - wip,
            wip,
        }
    }

    /// Hits, substitutions, deletions and insertions.
    pub(crate) fn counts(&self) -> [f64; 4] {
        [
            self.hits,
            self.substitutions,
            self.deletions,
            self.insertions,
        ]
        .map(|count| count as f64)
    }
}

/// How references and predictions are taken apart.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TransformPair {
    references: Transforms,
    predictions: Transforms,
}

impl TransformPair {
    pub(crate) fn new(
        predictions: Transforms,
        references: Transforms,
    ) -> Result<Self, MetricError> {
        predictions.check_keeps_rows()?;
        references.check_keeps_rows()?;
        Ok(TransformPair {
            references,
            predictions,
        })
    }

    pub(crate) fn both(transforms: Transforms) -> Self {
        TransformPair {
            references: transforms.clone(),
            predictions: transforms,
        }
    }

    /// The edits against the reference with the lowest error rate, the first of equals.
    pub(crate) fn best_row(&self, prediction: &str, references: &[&str]) -> EditCounts {
        let mut best: Option<(f64, EditCounts)> = None;
        for reference in references {
            let counts = self.row(prediction, reference);
            let rate = counts.errors() as f64 / counts.reference_length().max(1) as f64;
            if best.is_none_or(|(lowest, _)| rate < lowest) {
                best = Some((rate, counts));
            }
        }
        best.map(|(_, counts)| counts).unwrap_or_default()
    }

    fn row(&self, prediction: &str, reference: &str) -> EditCounts {
        let reference = self.references.prepare(reference);
        let prediction = self.predictions.prepare(prediction);
        let units = (self.references.unit(), self.predictions.unit());
        let short = match units {
            (TokenUnit::Words, TokenUnit::Words) => short_word_edits(&reference, &prediction),
            (TokenUnit::Chars, TokenUnit::Chars) => short_char_edits(&reference, &prediction),
            _ => None,
        };
        short.unwrap_or_else(|| {
            let pair = match units {
                (TokenUnit::Chars, TokenUnit::Chars) => {
                    SymbolPair::new(reference.chars(), prediction.chars())
                }
                _ => SymbolPair::new(
                    self.references.cut(&reference),
                    self.predictions.cut(&prediction),
                ),
            };
            EditCounts::of(&align(&pair))
        })
    }
}

/// Sums of hits, substitutions, deletions and insertions for each row.
pub(crate) fn edit_statistics(
    rows: &[EditCounts],
    finish: impl Fn(ErrorRateDetails) -> Scores + Send + Sync + 'static,
) -> RowStatistics {
    let counts = |row: &EditCounts| {
        [row.hits, row.substitutions, row.deletions, row.insertions].map(|count| count as f64)
    };
    let values = rows.iter().flat_map(counts).collect();
    RowStatistics::new(4, values, move |sums, _| {
        finish(ErrorRateDetails::of(EditCounts {
            hits: sums[0] as u64,
            substitutions: sums[1] as u64,
            deletions: sums[2] as u64,
            insertions: sums[3] as u64,
        }))
    })
}

impl Default for WordErrorRate {
    fn default() -> Self {
        Self::new()
    }
}

impl WordErrorRate {
    /// jiwer's default transforms: whitespace at the ends and multiple spaces removed, cut at
    /// spaces. Case and punctuation count.
    pub fn new() -> Self {
        WordErrorRate {
            transforms: TransformPair::both(Transforms::wer_default()),
            rows: Vec::new(),
        }
    }

    /// Own transforms for both sides.
    ///
    /// # Errors
    /// [`MetricError::TransformChangesRows`] if a step drops or joins rows; [`process_words`]
    /// takes those.
    pub fn with_transforms(
        predictions: Transforms,
        references: Transforms,
    ) -> Result<Self, MetricError> {
        Ok(WordErrorRate {
            transforms: TransformPair::new(predictions, references)?,
            rows: Vec::new(),
        })
    }

    /// The counts and rates over all rows so far, as typed values.
    ///
    /// # Errors
    /// [`MetricError::NoRows`] before the first row.
    pub fn details(&self) -> Result<ErrorRateDetails, MetricError> {
        no_rows(&self.rows, self.name())?;
        Ok(ErrorRateDetails::of(EditCounts::sum(&self.rows)))
    }
}

impl Metric for WordErrorRate {
    fn name(&self) -> &str {
        "wer"
    }

    fn value_names(&self) -> Vec<String> {
        VALUES.map(str::to_owned).to_vec()
    }

    fn greater_is_better(&self, value: &str) -> Option<bool> {
        match value {
            "wip" | "word_hits" => Some(true),
            _ => direction(self, value, false),
        }
    }

    fn fresh(&self) -> Box<dyn Metric> {
        Box::new(WordErrorRate {
            transforms: self.transforms.clone(),
            rows: Vec::new(),
        })
    }

    fn update(
        &mut self,
        predictions: &[&str],
        references: &[Vec<&str>],
    ) -> Result<(), MetricError> {
        let rows = map_rows(predictions, references, |prediction, references| {
            self.transforms.best_row(prediction, references)
        })?;
        self.rows.extend(rows);
        Ok(())
    }

    fn merge(&mut self, other: Box<dyn Metric>) -> Result<(), MetricError> {
        let other = same_metric(self, other)?;
        let equal = self.transforms == other.transforms;
        same_setting(equal, self.name(), "transforms")?;
        self.rows.extend(other.rows);
        Ok(())
    }

    fn row_statistics(&self) -> Result<RowStatistics, MetricError> {
        no_rows(&self.rows, self.name())?;
        Ok(edit_statistics(&self.rows, |details| {
            let rates = [details.error_rate, details.mer, details.wil, details.wip];
            let values = rates.into_iter().chain(details.counts());
            VALUES.into_iter().zip(values).collect()
        }))
    }
}

/// The word error rate of whole lists, with jiwer's default transforms. Predictions come first, as
/// everywhere in this crate (jiwer's come second).
///
/// ```
/// let wer = captioner_metrics::wer(&["a cat"], &["a black cat"])?;
/// assert_eq!(wer, 1.0 / 3.0);
/// # Ok::<(), captioner_metrics::MetricError>(())
/// ```
///
/// # Errors
/// [`MetricError::RowCountMismatch`] if the lists have different lengths.
pub fn wer<P: AsRef<str>, R: AsRef<str>>(
    predictions: &[P],
    references: &[R],
) -> Result<f64, MetricError> {
    let transforms = Transforms::wer_default();
    Ok(
        process_words(predictions, references, &transforms, &transforms)?
            .details
            .error_rate,
    )
}

/// Tokens, alignments and rates of whole lists: jiwer's `process_words`, and with
/// [`Transforms::cer_default`] its `process_characters`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WordOutput {
    /// The tokens of each prediction.
    pub predictions: Vec<Vec<String>>,
    /// The tokens of each reference.
    pub references: Vec<Vec<String>>,
    /// How each reference and its prediction were aligned.
    pub alignments: Vec<Vec<AlignmentChunk>>,
    /// Counts and rates over all rows.
    pub details: ErrorRateDetails,
}

/// Aligns whole lists; predictions and their transforms come first (jiwer's come second). The chains
/// may change the number of rows, such as
/// [`Transforms::contiguous`], as long as both sides end with the same number.
///
/// # Errors
/// [`MetricError::RowCountMismatch`] if the numbers of rows differ after the transforms.
pub fn process_words<P: AsRef<str>, R: AsRef<str>>(
    predictions: &[P],
    references: &[R],
    prediction_transforms: &Transforms,
    reference_transforms: &Transforms,
) -> Result<WordOutput, MetricError> {
    let references = reference_transforms.apply(references);
    let predictions = prediction_transforms.apply(predictions);
    if references.len() != predictions.len() {
        return Err(MetricError::RowCountMismatch {
            predictions: predictions.len(),
            references: references.len(),
        });
    }
    let rows = references.iter().zip(&predictions);
    let alignments: Vec<_> = rows
        .map(|(reference, prediction)| align(&SymbolPair::new(reference, prediction)))
        .collect();
    let counts: Vec<_> = alignments.iter().map(|row| EditCounts::of(row)).collect();
    Ok(WordOutput {
        details: ErrorRateDetails::of(EditCounts::sum(&counts)),
        references,
        predictions,
        alignments,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::single_references;

    fn details(predictions: &[&str], references: &[&str]) -> ErrorRateDetails {
        let mut metric = WordErrorRate::new();
        let references = single_references(references);
        metric.update(predictions, &references).unwrap();
        metric.details().unwrap()
    }

    #[test]
    fn errors_are_summed_over_the_corpus_not_averaged_over_rows() {
        let details = details(&["a b c d e f g h i", "y"], &["a b c d e f g h i", "x"]);
        assert_eq!(details.error_rate, 0.1);
    }

    #[test]
    fn empty_references_get_jiwers_values() {
        let silence = details(&[" "], &[""]);
        assert_eq!(
            (silence.error_rate, silence.mer, silence.wip),
            (0.0, 0.0, 1.0)
        );
        let invented = details(&["a cat", "dog"], &["", ""]);
        assert_eq!(
            (invented.error_rate, invented.mer, invented.wil),
            (3.0, 1.0, 1.0)
        );
    }

    #[test]
    fn the_reference_with_the_lowest_rate_counts() {
        let mut metric = WordErrorRate::new();
        let references = [vec!["a b", "a c d e"]];
        metric.update(&["a c d"], &references).unwrap();
        let details = metric.details().unwrap();
        assert_eq!((details.error_rate, details.deletions), (0.25, 1));
    }

    #[test]
    fn each_side_has_its_own_transforms_predictions_first() {
        let lower = Transforms::wer_standardize();
        let as_is = Transforms::wer_default();
        for (prediction, reference, expected) in [("A", "a", 0.0), ("a", "A", 1.0)] {
            let metric = WordErrorRate::with_transforms(lower.clone(), as_is.clone());
            let mut metric = metric.unwrap();
            metric.update(&[prediction], &[vec![reference]]).unwrap();
            assert_eq!(metric.details().unwrap().error_rate, expected);
            let output = process_words(&[prediction], &[reference], &lower, &as_is).unwrap();
            assert_eq!(output.details.error_rate, expected);
        }
    }

    #[test]
    fn different_row_counts_are_a_named_error() {
        let error = wer(&["a"], &["a", "b"]).unwrap_err();
        let expected = "1 predictions but references for 2 rows";
        assert!(error.to_string().starts_with(expected), "{error}");
    }

    #[test]
    fn rows_of_another_setting_are_not_merged() {
        let standard = Transforms::wer_standardize();
        let other = WordErrorRate::with_transforms(standard.clone(), standard).unwrap();
        let error = WordErrorRate::new().merge(Box::new(other)).unwrap_err();
        assert!(matches!(error, MetricError::DifferentSettings { .. }));
    }
}
