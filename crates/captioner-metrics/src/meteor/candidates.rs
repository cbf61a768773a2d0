//! Which words of a prediction can be matched with which words of a reference.

use std::collections::HashMap;
use std::hash::Hash;

use super::lexicon::Lexicon;

/// How a match came about; also its place among the weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Exact = 0,
    Stem = 1,
    Synonym = 2,
}

/// A word of the prediction that fits a word of the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) prediction: u32,
    pub(super) stage: Stage,
}

type Positions<Key> = HashMap<Key, Vec<u32>, foldhash::fast::RandomState>;

/// Where words, stems and senses stand in the prediction.
pub(super) struct PredictionIndex<'a> {
    pub(super) words: &'a [u32],
    pub(super) lexicon: &'a Lexicon,
    pub(super) by_word: Positions<u32>,
    pub(super) by_stem: Positions<u32>,
    pub(super) by_sense: Positions<u64>,
}

impl<'a> PredictionIndex<'a> {
    pub(super) fn new(words: &'a [u32], lexicon: &'a Lexicon) -> Self {
        let mut index = PredictionIndex {
            words,
            lexicon,
            by_word: Positions::default(),
            by_stem: Positions::default(),
            by_sense: Positions::default(),
        };
        for (number, position) in words.iter().zip(0..) {
            let word = lexicon.word(*number);
            index.by_word.entry(*number).or_default().push(position);
            index.by_stem.entry(word.stem).or_default().push(position);
            for sense in word.senses.iter() {
                index.by_sense.entry(sense).or_default().push(position);
            }
        }
        index
    }

    /// No fewer than the candidates of all these words together.
    pub(super) fn count_at_most(&self, reference: &[u32]) -> usize {
        let candidates = reference.iter().map(|number| {
            let word = self.lexicon.word(*number);
            let senses = word.senses.iter().map(|sense| at(&self.by_sense, sense));
            at(&self.by_stem, word.stem).len() + senses.map(<[u32]>::len).sum::<usize>()
        });
        candidates.sum()
    }

    /// The candidates of one word of the reference, stage by stage.
    pub(super) fn candidates(&self, number: u32, only_exact: bool) -> Vec<Candidate> {
        let mut found = Vec::new();
        let mut add = |positions: &[u32], stage| {
            let candidate = |prediction: &u32| Candidate {
                prediction: *prediction,
                stage,
            };
            found.extend(positions.iter().map(candidate));
        };
        add(at(&self.by_word, number), Stage::Exact);
        if !only_exact {
            let word = self.lexicon.word(number);
            let differs = |position: &u32| self.words[*position as usize] != number;
            let mut others = at(&self.by_stem, word.stem).to_vec();
            others.retain(differs);
            add(&others, Stage::Stem);
            let senses = word.senses.iter().map(|sense| at(&self.by_sense, sense));
            let mut others = senses.collect::<Vec<_>>().concat();
            others.retain(differs);
            others.sort_unstable();
            others.dedup();
            add(&others, Stage::Synonym);
        }
        found
    }
}

/// Where `key` stands; nowhere if it is unknown.
pub(super) fn at<Key: Eq + Hash>(positions: &Positions<Key>, key: Key) -> &[u32] {
    positions.get(&key).map_or(&[], Vec::as_slice)
}
