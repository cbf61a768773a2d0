//! Distinct-n: how varied the predictions are.

use std::collections::HashSet;

use crate::metric::{check_rows, direction, no_rows, same_metric, same_setting};
use crate::ngram::{MAX_ORDER, NGram, ngrams, order};
use crate::vocabulary::Vocabulary;
use crate::{CocoTokenizer, Metric, MetricError, RowStatistics, Scores};

/// Distinct n-grams divided by all n-grams of the predictions (Li et al. 2016), over the whole
/// corpus. Gives `distinct_1` to `distinct_4`, from 0 to 1; 0 where there is no n-gram.
///
/// Greater counts as better, as in the literature: more varied. It says nothing of whether captions
/// are right. References are not looked at. A share of distinct n-grams is no sum over rows, so this metric
/// has no row statistics.
#[derive(Debug, Clone, Default)]
pub struct DistinctN {
    tokenizer: CocoTokenizer,
    vocabulary: Vocabulary,
    rows: Vec<Vec<u32>>,
}

impl DistinctN {
    /// A metric without rows.
    pub fn new(tokenizer: CocoTokenizer) -> Self {
        DistinctN {
            tokenizer,
            ..Self::default()
        }
    }
}

impl Metric for DistinctN {
    fn name(&self) -> &str {
        "distinct"
    }

    fn value_names(&self) -> Vec<String> {
        (1..=MAX_ORDER)
            .map(|order| format!("distinct_{order}"))
            .collect()
    }

    fn greater_is_better(&self, value: &str) -> Option<bool> {
        direction(self, value, true)
    }

    fn fresh(&self) -> Box<dyn Metric> {
        Box::new(DistinctN::new(self.tokenizer))
    }

    fn update(
        &mut self,
        predictions: &[&str],
        references: &[Vec<&str>],
    ) -> Result<(), MetricError> {
        check_rows(predictions, references)?;
        for prediction in predictions {
            let tokens = self.tokenizer.apply(prediction);
            self.rows.push(self.vocabulary.numbers(&tokens));
        }
        Ok(())
    }

    fn merge(&mut self, other: Box<dyn Metric>) -> Result<(), MetricError> {
        let mut other = same_metric(self, other)?;
        same_setting(self.tokenizer == other.tokenizer, self.name(), "tokenizer")?;
        let numbers = self.vocabulary.merge(&other.vocabulary);
        for word in other.rows.iter_mut().flatten() {
            *word = numbers[*word as usize];
        }
        self.rows.extend(other.rows);
        Ok(())
    }

    fn row_statistics(&self) -> Result<RowStatistics, MetricError> {
        Err(MetricError::NoRowStatistics {
            metric: self.name().to_owned(),
        })
    }

    fn compute(&self) -> Result<Scores, MetricError> {
        no_rows(&self.rows, self.name())?;
        let mut seen: HashSet<NGram, foldhash::fast::RandomState> = HashSet::default();
        let mut distinct = [0_u64; MAX_ORDER];
        let mut all = [0_u64; MAX_ORDER];
        for gram in self.rows.iter().flat_map(|row| ngrams(row)) {
            let place = order(gram) - 1;
            all[place] += 1;
            distinct[place] += u64::from(seen.insert(gram));
        }
        let share = |place: usize| distinct[place] as f64 / all[place].max(1) as f64;
        let shares = (0..MAX_ORDER).map(share);
        Ok(self.value_names().into_iter().zip(shares).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_captions_are_not_distinct() {
        let mut metric = DistinctN::new(CocoTokenizer::Pretokenized);
        let predictions = ["a cat", "a cat", "a dog"];
        metric.update(&predictions, &vec![vec![""]; 3]).unwrap();
        let scores = metric.compute().unwrap();
        assert_eq!(scores.get("distinct_1"), Some(0.5));
        assert_eq!(scores.get("distinct_2"), Some(2.0 / 3.0));
        assert_eq!(scores.get("distinct_3"), Some(0.0));
    }
}
