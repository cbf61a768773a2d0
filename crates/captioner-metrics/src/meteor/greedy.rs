//! A greedy alignment in linear time, for captions too long for a beam.

use std::collections::HashMap;

use super::align::Match;
use super::candidates::{PredictionIndex, Stage, at};

/// Matches stage by stage, each word with the one behind the last match if that fits, else with
/// the first free one.
pub(super) fn greedy(index: &PredictionIndex, reference: &[u32]) -> Vec<Match> {
    let mut greedy = Greedy {
        index,
        reference,
        matches: vec![None; reference.len()],
        used: vec![false; index.words.len()],
    };
    greedy.run();
    greedy.matches.into_iter().flatten().collect()
}

struct Greedy<'a> {
    index: &'a PredictionIndex<'a>,
    reference: &'a [u32],
    matches: Vec<Option<Match>>, // of each word of the reference
    used: Vec<bool>,             // each word of the prediction
}

/// How many positions of a list are known to be used, by the list's stage and key.
type Passed = HashMap<u64, usize, foldhash::fast::RandomState>;

impl<'a> Greedy<'a> {
    fn run(&mut self) {
        let index = self.index;
        let stem = |number: u32| index.lexicon.word(number).stem;
        self.stage(Stage::Exact, |number| {
            vec![(u64::from(number), at(&index.by_word, number))]
        });
        self.stage(Stage::Stem, |number| {
            vec![(u64::from(stem(number)), at(&index.by_stem, stem(number)))]
        });
        self.stage(Stage::Synonym, |number| {
            let senses = index.lexicon.word(number).senses.iter();
            senses
                .map(|sense| (sense, at(&index.by_sense, sense)))
                .collect()
        });
    }

    /// `lists` gives, for a word of the reference, keys and positions of what it fits.
    fn stage(&mut self, stage: Stage, lists: impl Fn(u32) -> Vec<(u64, &'a [u32])>) {
        let mut passed = Passed::default();
        let mut expected = None;
        for place in 0..self.reference.len() {
            if self.matches[place].is_none() {
                let lists = lists(self.reference[place]);
                let found = self.first_free(&lists, expected, &mut passed);
                self.matches[place] = found.map(|prediction| Match {
                    reference: place as u32,
                    prediction,
                    stage,
                });
            }
            expected = self.matches[place].map(|found| found.prediction + 1);
        }
    }

    fn first_free(
        &mut self,
        lists: &[(u64, &[u32])],
        expected: Option<u32>,
        passed: &mut Passed,
    ) -> Option<u32> {
        let fits = |position: u32| {
            lists
                .iter()
                .any(|(_, list)| list.binary_search(&position).is_ok())
        };
        let free = |used: &[bool], position: u32| used.get(position as usize) == Some(&false);
        let next = expected.filter(|position| free(&self.used, *position) && fits(*position));
        let found = next.or_else(|| {
            let first = lists.iter().filter_map(|(key, list)| {
                let passed = passed.entry(*key).or_default();
                while *passed < list.len() && self.used[list[*passed] as usize] {
                    *passed += 1;
                }
                list.get(*passed).copied()
            });
            first.min()
        });
        if let Some(position) = found {
            self.used[position as usize] = true;
        }
        found
    }
}
