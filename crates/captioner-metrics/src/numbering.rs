//! Tokens as small whole numbers, equal exactly where the tokens are.

use std::collections::HashMap;
use std::hash::Hash;

/// Numbers things `0, 1, 2, …` in the order in which they first come.
#[derive(Debug, Clone)]
pub(crate) struct Numbering<T> {
    numbers: HashMap<T, u32, foldhash::fast::RandomState>,
}

impl<T> Default for Numbering<T> {
    fn default() -> Self {
        Numbering {
            numbers: HashMap::default(),
        }
    }
}

impl<T: Eq + Hash> Numbering<T> {
    pub(crate) fn number(&mut self, thing: T) -> u32 {
        let next = self.numbers.len() as u32;
        *self.numbers.entry(thing).or_insert(next)
    }

    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }
}

impl Numbering<std::sync::Arc<str>> {
    /// The number of a word that came before.
    pub(crate) fn get(&self, word: &str) -> Option<u32> {
        self.numbers.get(word).copied()
    }
}
