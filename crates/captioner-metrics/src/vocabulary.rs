//! Words as numbers over a whole corpus.

use std::sync::Arc;

use crate::numbering::Numbering;
use crate::whitespace;

/// Words in the order in which they first came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Vocabulary {
    numbering: Numbering<Arc<str>>,
    words: Vec<Arc<str>>,
}

impl Vocabulary {
    /// The word's number; a new word gets the next one.
    pub(crate) fn number(&mut self, word: &str) -> u32 {
        if let Some(number) = self.numbering.get(word) {
            return number;
        }
        let word: Arc<str> = word.into();
        self.words.push(word.clone());
        self.numbering.number(word)
    }

    /// The numbers of a caption's words.
    pub(crate) fn numbers(&mut self, caption: &str) -> Vec<u32> {
        whitespace::words(caption)
            .map(|word| self.number(word))
            .collect()
    }

    /// The word's number, if it came before.
    pub(crate) fn get(&self, word: &str) -> Option<u32> {
        self.numbering.get(word)
    }

    /// Takes in the words of `other`: for each of its numbers the number here.
    pub(crate) fn merge(&mut self, other: &Vocabulary) -> Vec<u32> {
        other.words.iter().map(|word| self.number(word)).collect()
    }

    pub(crate) fn word(&self, number: u32) -> &str {
        &self.words[number as usize]
    }
}
