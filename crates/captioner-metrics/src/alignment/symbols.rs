//! Tokens of two sides as small whole numbers, equal exactly where the tokens are.

use std::collections::HashMap;
use std::hash::Hash;

/// Two token sequences over the numbers `0..alphabet`.
#[derive(Debug)]
pub(crate) struct SymbolPair {
    pub(crate) reference: Vec<u32>,
    pub(crate) hypothesis: Vec<u32>,
    pub(crate) alphabet: usize,
}

impl SymbolPair {
    pub(crate) fn new<T: Copy + Eq + Hash>(
        reference: impl IntoIterator<Item = T>,
        hypothesis: impl IntoIterator<Item = T>,
    ) -> Self {
        let mut numbers = HashMap::with_hasher(foldhash::fast::RandomState::default());
        let mut number = |token: T| {
            let next = numbers.len() as u32;
            *numbers.entry(token).or_insert(next)
        };
        let reference = reference.into_iter().map(&mut number).collect();
        let hypothesis = hypothesis.into_iter().map(&mut number).collect();
        SymbolPair {
            reference,
            hypothesis,
            alphabet: numbers.len(),
        }
    }
}
