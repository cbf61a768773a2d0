//! METEOR (Denkowski and Lavie 2014).

mod align;
mod candidates;
mod function_words;
mod greedy;
mod lexicon;
mod normalize;
mod synonyms;

use align::{align, count_chunks};
use candidates::PredictionIndex;
use lexicon::Lexicon;

use crate::metric::{direction, map_rows, no_rows, same_metric, same_setting};
use crate::{CocoTokenizer, Metric, MetricError, RowStatistics, Scores};

// METEOR 1.5's parameters for English, tuned to human rankings.
const RECALL_SHARE: f64 = 0.85; // alpha
const FRAGMENTS_POWER: f64 = 0.2; // beta
const FRAGMENTS_WEIGHT: f64 = 0.6; // gamma
const CONTENT_WEIGHT: f64 = 0.75; // delta
const STAGE_WEIGHTS: [f64; STAGES] = [1.0, 0.6, 0.8]; // exact, stem, synonym

const STAGES: usize = 3;

/// METEOR 1.5 for English over the corpus, as coco-caption calls it, without paraphrases. Gives
/// `meteor`, from 0 to 1.
///
/// Words are matched if they are equal or, at a lower weight, have the same stem. With the crate's
/// feature `synonyms` they can also share a WordNet synset; see `with_synonyms`. Java's
/// METEOR has a fourth stage, a table of 61 MB of paraphrases, which is left out: scores are lower
/// than those that papers give, and are to be compared only with each other.
///
/// With several references the one with the highest score counts, the first of equals. Prediction
/// and reference that both have many hundred words, such as no captioner writes, are aligned
/// without search, in linear time.
#[derive(Debug, Clone, Default)]
pub struct Meteor {
    tokenizer: CocoTokenizer,
    with_synonyms: bool,
    rows: Vec<Counts>,
}

impl Meteor {
    /// A metric without rows that matches equal words and equal stems.
    pub fn new(tokenizer: CocoTokenizer) -> Self {
        Meteor {
            tokenizer,
            with_synonyms: false,
            rows: Vec::new(),
        }
    }

    /// Matches words that share a synset too. The table takes half a second and 40 MB when the
    /// first row comes.
    #[cfg(feature = "synonyms")]
    pub fn with_synonyms(mut self) -> Self {
        self.with_synonyms = true;
        self
    }

    fn row(&self, prediction: &str, references: &[&str]) -> Counts {
        let mut lexicon = Lexicon::new(self.with_synonyms);
        let prediction = lexicon.numbers(&self.tokenizer.apply(prediction));
        let tokens = references.iter().map(|r| self.tokenizer.apply(r));
        let references: Vec<_> = tokens.map(|tokens| lexicon.numbers(&tokens)).collect();
        let index = PredictionIndex::new(&prediction, &lexicon);
        let mut best: Option<(f64, Counts)> = None;
        for reference in &references {
            let counts = Counts::new(&index, reference);
            let score = counts.score();
            if best.is_none_or(|(highest, _)| score > highest) {
                best = Some((score, counts));
            }
        }
        best.map(|(_, counts)| counts.for_sums())
            .unwrap_or_default()
    }
}

/// Words of one side.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Side {
    content: f64,
    function: f64,
    content_matches: [f64; STAGES],
    function_matches: [f64; STAGES],
}

const SIDE_WIDTH: usize = 2 + 2 * STAGES;
const WIDTH: usize = 2 * SIDE_WIDTH + 1;

/// Counts of one row, or their sums over many.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Counts {
    prediction: Side,
    reference: Side,
    chunks: f64,
}

impl Side {
    fn new(words: &[u32], lexicon: &Lexicon) -> Self {
        let is_function = |number: &&u32| lexicon.word(**number).is_function;
        let function = words.iter().filter(is_function).count();
        Side {
            content: (words.len() - function) as f64,
            function: function as f64,
            ..Side::default()
        }
    }

    fn add_match(&mut self, is_function: bool, stage: usize) {
        match is_function {
            true => self.function_matches[stage] += 1.0,
            false => self.content_matches[stage] += 1.0,
        }
    }

    fn matches(&self) -> f64 {
        self.content_matches.iter().sum::<f64>() + self.function_matches.iter().sum::<f64>()
    }

    /// The weighted share of words that are matched.
    fn share(&self) -> f64 {
        let weighted = |matches: &[f64; STAGES]| -> f64 {
            let pairs = matches.iter().zip(STAGE_WEIGHTS);
            pairs.map(|(count, weight)| count * weight).sum()
        };
        let sum = |content: f64, function: f64| {
            CONTENT_WEIGHT * content + (1.0 - CONTENT_WEIGHT) * function
        };
        let matched = sum(
            weighted(&self.content_matches),
            weighted(&self.function_matches),
        );
        matched / sum(self.content, self.function)
    }

    fn values(&self) -> impl Iterator<Item = f64> {
        let lengths = [self.content, self.function];
        let matches = self
            .content_matches
            .into_iter()
            .chain(self.function_matches);
        lengths.into_iter().chain(matches)
    }

    fn from_values(values: &[f64]) -> Self {
        let mut side = Side {
            content: values[0],
            function: values[1],
            ..Side::default()
        };
        side.content_matches.copy_from_slice(&values[2..2 + STAGES]);
        side.function_matches
            .copy_from_slice(&values[2 + STAGES..SIDE_WIDTH]);
        side
    }
}

impl Counts {
    fn new(index: &PredictionIndex, reference: &[u32]) -> Self {
        let lexicon = index.lexicon;
        let matches = align(index, reference);
        let mut counts = Counts {
            prediction: Side::new(index.words, lexicon),
            reference: Side::new(reference, lexicon),
            chunks: count_chunks(&matches) as f64,
        };
        let is_function = |number: u32| lexicon.word(number).is_function;
        for found in &matches {
            let (predicted, expected) = (found.prediction as usize, found.reference as usize);
            let stage = found.stage as usize;
            let sides = [&mut counts.prediction, &mut counts.reference];
            let words = [index.words[predicted], reference[expected]];
            for (side, word) in sides.into_iter().zip(words) {
                side.add_match(is_function(word), stage);
            }
        }
        counts
    }

    /// Whether all words are matched in one chunk.
    fn is_perfect(&self) -> bool {
        let all = |side: &Side| side.matches() == side.content + side.function;
        self.chunks == 1.0 && all(&self.prediction) && all(&self.reference)
    }

    /// A perfect row adds no chunk to the corpus.
    fn for_sums(mut self) -> Self {
        if self.is_perfect() {
            self.chunks = 0.0;
        }
        self
    }

    fn score(&self) -> f64 {
        let (precision, recall) = (self.prediction.share(), self.reference.share());
        let mean = 1.0 / ((1.0 - RECALL_SHARE) / precision + RECALL_SHARE / recall);
        let matches = (self.prediction.matches() + self.reference.matches()) / 2.0;
        let fragments = match self.is_perfect() {
            true => 0.0,
            false => self.chunks / matches,
        };
        let score = mean * (1.0 - FRAGMENTS_WEIGHT * fragments.powf(FRAGMENTS_POWER));
        // Without words or matches there are divisions by 0.
        if score.is_nan() { 0.0 } else { score.max(0.0) }
    }

    fn values(&self) -> impl Iterator<Item = f64> {
        let sides = self.prediction.values().chain(self.reference.values());
        sides.chain([self.chunks])
    }

    fn from_values(values: &[f64]) -> Self {
        Counts {
            prediction: Side::from_values(&values[..SIDE_WIDTH]),
            reference: Side::from_values(&values[SIDE_WIDTH..2 * SIDE_WIDTH]),
            chunks: values[WIDTH - 1],
        }
    }
}

impl Metric for Meteor {
    fn name(&self) -> &str {
        "meteor"
    }

    fn value_names(&self) -> Vec<String> {
        vec![self.name().to_owned()]
    }

    fn greater_is_better(&self, value: &str) -> Option<bool> {
        direction(self, value, true)
    }

    fn fresh(&self) -> Box<dyn Metric> {
        Box::new(Meteor {
            tokenizer: self.tokenizer,
            with_synonyms: self.with_synonyms,
            rows: Vec::new(),
        })
    }

    fn update(
        &mut self,
        predictions: &[&str],
        references: &[Vec<&str>],
    ) -> Result<(), MetricError> {
        let rows = map_rows(predictions, references, |prediction, references| {
            self.row(prediction, references)
        })?;
        self.rows.extend(rows);
        Ok(())
    }

    fn merge(&mut self, other: Box<dyn Metric>) -> Result<(), MetricError> {
        let other = same_metric(self, other)?;
        same_setting(self.tokenizer == other.tokenizer, self.name(), "tokenizer")?;
        let equal = self.with_synonyms == other.with_synonyms;
        same_setting(equal, self.name(), "synonyms")?;
        self.rows.extend(other.rows);
        Ok(())
    }

    fn row_statistics(&self) -> Result<RowStatistics, MetricError> {
        no_rows(&self.rows, self.name())?;
        let values = self.rows.iter().flat_map(Counts::values).collect();
        Ok(RowStatistics::new(WIDTH, values, |sums, _| {
            Scores::from_iter([("meteor", Counts::from_values(sums).score())])
        }))
    }
}
