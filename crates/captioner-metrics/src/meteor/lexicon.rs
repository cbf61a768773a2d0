//! The words of one row as numbers, with what METEOR needs to know of each.

use std::cell::RefCell;
use std::collections::HashMap;

use rust_stemmers::{Algorithm, Stemmer};

use super::function_words::is_function_word;
use super::normalize::meteor_words;
use super::synonyms::Senses;
use crate::numbering::Numbering;

/// Stems kept for the next rows; then it begins anew.
const KEPT_STEMS: usize = 50_000;

type Stems = HashMap<String, String, foldhash::fast::RandomState>;

thread_local! {
    static STEMS: RefCell<Stems> = RefCell::new(Stems::default());
}

/// A word: its stem and what it can stand for.
pub(super) struct Word {
    pub(super) stem: u32,
    pub(super) is_function: bool,
    /// Words of one meaning share a sense. Empty without the synonym stage.
    pub(super) senses: Senses,
}

/// All words of a prediction and its references. Equal words have equal numbers.
pub(super) struct Lexicon {
    numbers: HashMap<String, u32, foldhash::fast::RandomState>,
    stems: Numbering<String>,
    words: Vec<Word>,
    with_synonyms: bool,
}

impl Lexicon {
    pub(super) fn new(with_synonyms: bool) -> Self {
        Lexicon {
            numbers: HashMap::default(),
            stems: Numbering::default(),
            words: Vec::new(),
            with_synonyms,
        }
    }

    /// The numbers of a caption's words.
    pub(super) fn numbers(&mut self, caption: &str) -> Vec<u32> {
        let words = meteor_words(caption).into_iter();
        words.map(|word| self.number(word)).collect()
    }

    pub(super) fn word(&self, number: u32) -> &Word {
        &self.words[number as usize]
    }

    fn number(&mut self, word: String) -> u32 {
        if let Some(number) = self.numbers.get(&word) {
            return *number;
        }
        let number = self.words.len() as u32;
        self.words.push(Word {
            stem: self.stems.number(stem(&word)),
            is_function: is_function_word(&word),
            senses: match self.with_synonyms {
                true => Senses::of(&word),
                false => Senses::default(),
            },
        });
        self.numbers.insert(word, number);
        number
    }
}

/// The word's stem. Captions say the same words again and again, and a look is quicker.
fn stem(word: &str) -> String {
    STEMS.with_borrow_mut(|stems| {
        if let Some(stem) = stems.get(word) {
            return stem.clone();
        }
        let stem = Stemmer::create(Algorithm::English).stem(word).into_owned();
        if stems.len() >= KEPT_STEMS {
            stems.clear();
        }
        if word.len() <= 32 {
            stems.insert(word.to_owned(), stem.clone());
        }
        stem
    })
}
