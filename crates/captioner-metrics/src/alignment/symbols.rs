//! Two token sequences over one range of numbers.

use std::hash::Hash;

use crate::numbering::Numbering;

/// Two token sequences over the numbers `0..alphabet`.
#[derive(Debug)]
pub(crate) struct SymbolPair {
    pub(crate) reference: Vec<u32>,
    pub(crate) prediction: Vec<u32>,
    pub(crate) alphabet: usize,
}

impl SymbolPair {
    pub(crate) fn new<T: Eq + Hash>(
        reference: impl IntoIterator<Item = T>,
        prediction: impl IntoIterator<Item = T>,
    ) -> Self {
        let mut numbering = Numbering::default();
        let mut numbers = |token| numbering.number(token);
        SymbolPair {
            reference: reference.into_iter().map(&mut numbers).collect(),
            prediction: prediction.into_iter().map(&mut numbers).collect(),
            alphabet: numbering.len(),
        }
    }
}
