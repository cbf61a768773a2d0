//! ROUGE as google's `rouge_score` computes it.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::alignment::LcsTable;
use crate::metric::{direction, map_rows, no_rows, same_metric, same_setting};
use crate::ngram::{NGram, ngrams, order};
use crate::numbering::Numbering;
use crate::tokenize::rouge_tokens;
use crate::{Metric, MetricError, RowStatistics};

/// Precision, recall and their harmonic mean.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct RougeScore {
    /// Share of the prediction that is in the reference.
    pub precision: f64,
    /// Share of the reference that is in the prediction.
    pub recall: f64,
    /// Harmonic mean of both, 0 if both are 0.
    pub fmeasure: f64,
}

impl RougeScore {
    fn new(common: usize, predicted: usize, expected: usize) -> Self {
        let precision = common as f64 / predicted.max(1) as f64;
        let recall = common as f64 / expected.max(1) as f64;
        let sum = precision + recall;
        let fmeasure = if sum > 0.0 {
            2.0 * precision * recall / sum
        } else {
            0.0
        };
        RougeScore {
            precision,
            recall,
            fmeasure,
        }
    }
}

/// One row's scores.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct RougeRow {
    /// Single words in common.
    pub rouge1: RougeScore,
    /// Pairs of neighbouring words in common.
    pub rouge2: RougeScore,
    /// The longest common subsequence of words.
    #[serde(rename = "rougeL")]
    pub rouge_l: RougeScore,
    /// For each sentence (line) of the reference, its words in a longest common subsequence with
    /// any sentence of the prediction.
    #[serde(rename = "rougeLsum")]
    pub rouge_lsum: RougeScore,
}

/// ROUGE-1, ROUGE-2, ROUGE-L and ROUGE-Lsum (Lin 2004) by google's definition.
///
/// Gives the means over rows: `rouge1`, `rouge2`, `rougeL` and `rougeLsum` are F-measures, and
/// with `_precision` and `_recall` behind them the rest. With stemming, `_stemmed` stands behind
/// each kind, so that both can be told apart. google's bootstrap aggregate is
/// [`confidence_intervals`](crate::confidence_intervals) of [`Metric::row_statistics`].
///
/// With several references, each score takes the one with the highest F-measure, the first of
/// equals (`RougeScorer.score_multi`). Sentences are what stands between line feeds.
#[derive(Debug, Clone, Default)]
pub struct Rouge {
    use_stemmer: bool,
    rows: Vec<RougeRow>,
}

impl Rouge {
    /// A metric without rows. With `use_stemmer`, words of more than three letters are compared
    /// without their endings.
    pub fn new(use_stemmer: bool) -> Self {
        Rouge {
            use_stemmer,
            rows: Vec::new(),
        }
    }

    /// Each row's scores so far.
    pub fn rows(&self) -> &[RougeRow] {
        &self.rows
    }
}

impl RougeRow {
    fn kinds(&self) -> [RougeScore; 4] {
        [self.rouge1, self.rouge2, self.rouge_l, self.rouge_lsum]
    }

    fn best(rows: impl Iterator<Item = RougeRow>) -> Self {
        let take_better = |best: RougeScore, other: RougeScore| match other.fmeasure > best.fmeasure
        {
            true => other,
            false => best,
        };
        rows.reduce(|best, row| RougeRow {
            rouge1: take_better(best.rouge1, row.rouge1),
            rouge2: take_better(best.rouge2, row.rouge2),
            rouge_l: take_better(best.rouge_l, row.rouge_l),
            rouge_lsum: take_better(best.rouge_lsum, row.rouge_lsum),
        })
        .unwrap_or_default()
    }
}

/// A caption as token numbers, sentence by sentence.
struct Sentences {
    tokens: Vec<u32>,
    ends: Vec<usize>,
}

impl Sentences {
    fn new(text: &str, use_stemmer: bool, numbering: &mut Numbering<String>) -> Self {
        let mut sentences = Sentences {
            tokens: Vec::new(),
            ends: Vec::new(),
        };
        for line in text.split('\n').filter(|line| !line.is_empty()) {
            let tokens = rouge_tokens(line, use_stemmer);
            let numbers = tokens.into_iter().map(|token| numbering.number(token));
            sentences.tokens.extend(numbers);
            sentences.ends.push(sentences.tokens.len());
        }
        sentences
    }

    fn iter(&self) -> impl Iterator<Item = &[u32]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let ranges = starts.zip(&self.ends);
        ranges.map(|(start, end)| &self.tokens[start..*end])
    }
}

fn score_row(prediction: &str, references: &[&str], use_stemmer: bool) -> RougeRow {
    let mut numbering = Numbering::default();
    let prediction = Sentences::new(prediction, use_stemmer, &mut numbering);
    RougeRow::best(references.iter().map(|reference| {
        let reference = Sentences::new(reference, use_stemmer, &mut numbering);
        score_pair(&prediction, &reference, numbering.len())
    }))
}

fn score_pair(prediction: &Sentences, reference: &Sentences, alphabet: usize) -> RougeRow {
    let (predicted, expected) = (prediction.tokens.len(), reference.tokens.len());
    let [unigrams, bigrams] = common_ngrams(&prediction.tokens, &reference.tokens);
    let whole = [prediction.tokens.as_slice()].into_iter();
    let common = LcsTable::new(whole, alphabet).length(&reference.tokens);
    let single = prediction.ends.len() <= 1 && reference.ends.len() <= 1;
    let in_sentences = match single {
        true => common,
        false => union_hits(prediction, reference, alphabet),
    };
    let less_one = |length: usize| length.saturating_sub(1);
    RougeRow {
        rouge1: RougeScore::new(unigrams, predicted, expected),
        rouge2: RougeScore::new(bigrams, less_one(predicted), less_one(expected)),
        rouge_l: RougeScore::new(common, predicted, expected),
        rouge_lsum: RougeScore::new(in_sentences, predicted, expected),
    }
}

/// Single words and pairs that both sides have, each as often as the side that has it less.
fn common_ngrams(prediction: &[u32], reference: &[u32]) -> [usize; 2] {
    let mut left: HashMap<NGram, u32, foldhash::fast::RandomState> = HashMap::default();
    let short = |gram: &NGram| order(*gram) <= 2;
    for gram in ngrams(prediction).take_while(short) {
        *left.entry(gram).or_default() += 1;
    }
    let mut common = [0; 2];
    for gram in ngrams(reference).take_while(short) {
        if let Some(count) = left.get_mut(&gram)
            && *count > 0
        {
            *count -= 1;
            common[order(gram) - 1] += 1;
        }
    }
    common
}

/// Words of the reference's sentences that are in a common subsequence; no word of either side
/// counts more often than it is there.
fn union_hits(prediction: &Sentences, reference: &Sentences, alphabet: usize) -> usize {
    let table = LcsTable::new(prediction.iter(), alphabet);
    let count = |tokens: &[u32]| {
        let mut counts = vec![0usize; alphabet];
        for token in tokens {
            counts[*token as usize] += 1;
        }
        counts
    };
    let mut predicted = count(&prediction.tokens);
    let mut expected = count(&reference.tokens);
    let mut hits = 0;
    for sentence in reference.iter() {
        for position in table.union(sentence) {
            let token = sentence[position] as usize;
            if predicted[token] > 0 && expected[token] > 0 {
                hits += 1;
                predicted[token] -= 1;
                expected[token] -= 1;
            }
        }
    }
    hits
}

impl Metric for Rouge {
    fn name(&self) -> &str {
        match self.use_stemmer {
            true => "rouge_stemmed",
            false => "rouge",
        }
    }

    fn value_names(&self) -> Vec<String> {
        let parts = match self.use_stemmer {
            true => ["_stemmed", "_stemmed_precision", "_stemmed_recall"],
            false => ["", "_precision", "_recall"],
        };
        let kinds = ["rouge1", "rouge2", "rougeL", "rougeLsum"];
        let names = kinds.iter();
        names
            .flat_map(|kind| parts.map(|part| format!("{kind}{part}")))
            .collect()
    }

    fn greater_is_better(&self, value: &str) -> Option<bool> {
        direction(self, value, true)
    }

    fn fresh(&self) -> Box<dyn Metric> {
        Box::new(Rouge::new(self.use_stemmer))
    }

    fn update(
        &mut self,
        predictions: &[&str],
        references: &[Vec<&str>],
    ) -> Result<(), MetricError> {
        let use_stemmer = self.use_stemmer;
        let rows = map_rows(predictions, references, |prediction, references| {
            score_row(prediction, references, use_stemmer)
        })?;
        self.rows.extend(rows);
        Ok(())
    }

    fn merge(&mut self, other: Box<dyn Metric>) -> Result<(), MetricError> {
        let other = same_metric(self, other)?;
        let equal = self.use_stemmer == other.use_stemmer;
        same_setting(equal, self.name(), "use_stemmer")?;
        self.rows.extend(other.rows);
        Ok(())
    }

    fn row_statistics(&self) -> Result<RowStatistics, MetricError> {
        no_rows(&self.rows, self.name())?;
        let scores = self.rows.iter().flat_map(RougeRow::kinds);
        let values = scores.flat_map(|score| [score.fmeasure, score.precision, score.recall]);
        Ok(RowStatistics::means(self.value_names(), values.collect()))
    }
}
