//! What both definitions of BLEU count: clipped n-gram matches and lengths.

use std::collections::HashMap;

use crate::RowStatistics;
use crate::ngram::{MAX_ORDER, NGram, ngrams, order};
use crate::numbering::Numbering;
use crate::{Scores, whitespace};

/// Counts of one row, or their sums over many.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct BleuCounts {
    pub(crate) prediction_length: f64,
    /// Length of the reference nearest in length, the shorter of two.
    pub(crate) reference_length: f64,
    /// N-grams that are in a reference, each at most as often as in the one that has it most.
    pub(crate) correct: [f64; MAX_ORDER],
    /// N-grams of the prediction.
    pub(crate) total: [f64; MAX_ORDER],
}

const WIDTH: usize = 2 + 2 * MAX_ORDER;

#[derive(Default)]
struct Occurrences {
    predicted: u32,
    in_best_reference: u32,
    in_this_reference: u32,
    reference: usize,
}

impl BleuCounts {
    /// Counts a prediction against its references; all are words with whitespace between.
    pub(crate) fn new<S: AsRef<str>>(prediction: &str, references: &[S]) -> Self {
        let mut numbering = Numbering::default();
        let predicted: Vec<u32> = whitespace::words(prediction)
            .map(|word| numbering.number(word))
            .collect();
        let mut seen: HashMap<NGram, Occurrences, foldhash::fast::RandomState> = HashMap::default();
        for gram in ngrams(&predicted) {
            seen.entry(gram).or_default().predicted += 1;
        }
        let mut lengths = Vec::with_capacity(references.len());
        for (index, reference) in references.iter().enumerate() {
            let words = whitespace::words(reference.as_ref());
            let words: Vec<u32> = words.map(|word| numbering.number(word)).collect();
            count_reference(&words, index, &mut seen);
            lengths.push(words.len());
        }
        let mut counts = BleuCounts {
            prediction_length: predicted.len() as f64,
            reference_length: nearest(predicted.len(), &lengths) as f64,
            ..Self::default()
        };
        for (gram, occurrences) in &seen {
            let place = order(*gram) - 1;
            let matched = occurrences.predicted.min(occurrences.in_best_reference);
            counts.correct[place] += f64::from(matched); // whole numbers: any order gives the same
            counts.total[place] += f64::from(occurrences.predicted);
        }
        counts
    }

    fn values(&self) -> impl Iterator<Item = f64> {
        let lengths = [self.prediction_length, self.reference_length];
        lengths.into_iter().chain(self.correct).chain(self.total)
    }

    fn from_values(values: &[f64]) -> Self {
        let mut counts = BleuCounts {
            prediction_length: values[0],
            reference_length: values[1],
            ..Self::default()
        };
        counts.correct.copy_from_slice(&values[2..2 + MAX_ORDER]);
        counts.total.copy_from_slice(&values[2 + MAX_ORDER..WIDTH]);
        counts
    }

    pub(crate) fn statistics(
        rows: &[BleuCounts],
        finish: impl Fn(BleuCounts) -> Scores + Send + Sync + 'static,
    ) -> RowStatistics {
        let values = rows.iter().flat_map(BleuCounts::values).collect();
        RowStatistics::new(WIDTH, values, move |sums, _| {
            finish(Self::from_values(sums))
        })
    }
}

/// Raises each n-gram's best count where this reference has it more often.
fn count_reference(
    words: &[u32],
    reference: usize,
    seen: &mut HashMap<NGram, Occurrences, foldhash::fast::RandomState>,
) {
    for gram in ngrams(words) {
        let Some(occurrences) = seen.get_mut(&gram) else {
            continue;
        };
        if occurrences.reference != reference {
            occurrences.reference = reference;
            occurrences.in_this_reference = 0;
        }
        occurrences.in_this_reference += 1;
        let best = occurrences.in_best_reference;
        occurrences.in_best_reference = best.max(occurrences.in_this_reference);
    }
}

fn nearest(length: usize, lengths: &[usize]) -> usize {
    let distance = |candidate: &usize| (candidate.abs_diff(length), *candidate);
    lengths.iter().copied().min_by_key(distance).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_words_are_clipped_at_the_best_reference() {
        let counts = BleuCounts::new("the the the", &["the cat", "the the dog"]);
        assert_eq!(counts.correct, [2.0, 1.0, 0.0, 0.0]);
        assert_eq!(counts.total, [3.0, 2.0, 1.0, 0.0]);
        assert_eq!(counts.reference_length, 3.0);
    }
}
