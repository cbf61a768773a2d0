//! What there is to say of a row's captions.

use std::hash::{DefaultHasher, Hash, Hasher};

use captioner_text::CaptionTokenizer;

use super::examples::{Examples, Failures};
use super::words::{WordCounts, words};
use crate::distribution::Counts;

/// A caption of a row, as far as it is needed to find the same one in other rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CaptionKey {
    pub(crate) hash: u64,
    pub(crate) row: u32,
}

/// What is known of captions.
#[derive(Debug, Default)]
pub(crate) struct CaptionFacts {
    pub(crate) captions: u64,
    pub(crate) keys: Vec<CaptionKey>,
    pub(crate) per_row: Counts,
    pub(crate) word_lengths: Counts,
    pub(crate) words: WordCounts,
    pub(crate) unreadable: Failures,
    /// Rows without a caption.
    pub(crate) none: Examples,
    /// Rows with a caption of nothing but spaces.
    pub(crate) empty: Examples,
    /// Rows that say the same twice.
    pub(crate) repeated: Examples,
    pub(crate) capitals: Examples,
    pub(crate) not_ascii: Examples,
    /// Rows with a web address, an HTML tag or an entity in a caption.
    pub(crate) markup: Examples,
    /// Rows whose captions say `left` or `right`.
    pub(crate) sides: Examples,
    pub(crate) tokens: TokenFacts,
}

/// What is known of captions once they are tokens.
#[derive(Debug, Default)]
pub(crate) struct TokenFacts {
    pub(crate) lengths: Counts,
    pub(crate) total: u64,
    pub(crate) unknown_total: u64,
    /// Rows with a word that the vocabulary can't spell.
    pub(crate) unknown: Examples,
    pub(crate) too_long: Examples,
    pub(crate) failed: Failures,
}

/// How captions are looked at.
pub(crate) struct CaptionReader<'a> {
    pub(crate) tokenizer: Option<&'a CaptionTokenizer>,
    pub(crate) positions: Option<usize>,
}

impl CaptionFacts {
    pub(crate) fn add(&mut self, row: u32, captions: &[String], reader: &CaptionReader<'_>) {
        self.captions += captions.len() as u64;
        self.per_row.add(captions.len());
        self.none.add_if(row, captions.is_empty());
        let any = |is_true: fn(&str) -> bool| captions.iter().any(|caption| is_true(caption));
        self.empty
            .add_if(row, any(|caption| caption.trim().is_empty()));
        self.capitals
            .add_if(row, any(|caption| caption.contains(char::is_uppercase)));
        self.not_ascii
            .add_if(row, any(|caption| !caption.is_ascii()));
        self.markup.add_if(row, any(has_markup));
        let keys: Vec<u64> = captions.iter().map(|caption| key(caption)).collect();
        let mut different = keys.clone();
        different.sort_unstable();
        different.dedup();
        self.repeated.add_if(row, different.len() < keys.len());
        // Once for a row: it counts rows that say the same.
        self.keys
            .extend(different.into_iter().map(|hash| CaptionKey { hash, row }));
        self.add_words(row, captions);
        if let Some(tokenizer) = reader.tokenizer {
            self.tokens.add(row, captions, tokenizer, reader.positions);
        }
    }

    fn add_words(&mut self, row: u32, captions: &[String]) {
        let mut says_side = false;
        for caption in captions {
            let mut length = 0;
            for word in words(caption) {
                says_side |= word == "left" || word == "right";
                self.words.add(word, 1);
                length += 1;
            }
            self.word_lengths.add(length);
        }
        self.sides.add_if(row, says_side);
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.captions += other.captions;
        self.keys.extend(other.keys);
        self.per_row.merge(other.per_row);
        self.word_lengths.merge(other.word_lengths);
        self.words.merge(other.words);
        self.unreadable.merge(other.unreadable);
        self.none.merge(other.none);
        self.empty.merge(other.empty);
        self.repeated.merge(other.repeated);
        self.capitals.merge(other.capitals);
        self.not_ascii.merge(other.not_ascii);
        self.markup.merge(other.markup);
        self.sides.merge(other.sides);
        self.tokens.merge(other.tokens);
    }
}

impl TokenFacts {
    fn add(
        &mut self,
        row: u32,
        captions: &[String],
        tokenizer: &CaptionTokenizer,
        positions: Option<usize>,
    ) {
        let (mut unknown, mut too_long) = (0, false);
        for caption in captions {
            let ids = match tokenizer.encode(caption) {
                Ok(ids) => ids,
                Err(error) => {
                    self.failed.add(row, error);
                    continue;
                }
            };
            let is_unknown = |id: &&u32| **id == tokenizer.unk_id();
            unknown += ids.iter().filter(is_unknown).count() as u64;
            too_long |= positions.is_some_and(|most| ids.len() > most);
            self.total += ids.len() as u64;
            self.lengths.add(ids.len());
        }
        self.unknown_total += unknown;
        self.unknown.add_if(row, unknown > 0);
        self.too_long.add_if(row, too_long);
    }

    fn merge(&mut self, other: Self) {
        self.lengths.merge(other.lengths);
        self.total += other.total;
        self.unknown_total += other.unknown_total;
        self.unknown.merge(other.unknown);
        self.too_long.merge(other.too_long);
        self.failed.merge(other.failed);
    }
}

/// Captions that differ in spaces at their ends alone are the same. The hash has no seed, so that
/// every run finds the same.
pub(crate) fn key(caption: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    caption.trim().hash(&mut hasher);
    hasher.finish()
}

fn has_markup(caption: &str) -> bool {
    let has = |part: &str| caption.contains(part);
    let is_tag = |rest: &str| {
        let name = rest.strip_prefix('/').unwrap_or(rest);
        name.starts_with(|c: char| c.is_ascii_alphabetic()) && rest.contains('>')
    };
    has("http://")
        || has("https://")
        || has("www.")
        || caption.split('<').skip(1).any(is_tag)
        || ["&amp;", "&quot;", "&lt;", "&gt;", "&nbsp;", "&#"]
            .into_iter()
            .any(has)
}

#[cfg(test)]
mod tests {
    use super::*;
    use captioner_text::WordPieceTraining;

    fn facts(rows: &[&[&str]], reader: &CaptionReader<'_>) -> CaptionFacts {
        let mut facts = CaptionFacts::default();
        for (row, captions) in rows.iter().enumerate() {
            let captions: Vec<String> = captions.iter().map(|text| (*text).to_owned()).collect();
            facts.add(row as u32, &captions, reader);
        }
        facts
    }

    const PLAIN: CaptionReader<'static> = CaptionReader {
        tokenizer: None,
        positions: None,
    };

    #[test]
    fn rows_are_counted_by_what_their_captions_are() {
        let rows: [&[&str]; 7] = [
            &["a cat", "a cat ", "a dog"],
            &[],
            &["  "],
            &["A Cat"],
            &["na\u{ef}ve"],
            &["see https://example.org", "1 < 2"],
            &["a cup to the left"],
        ];
        let found = facts(&rows, &PLAIN);
        assert_eq!(found.captions, 9);
        let rows_of = |examples: &Examples| examples.rows.clone();
        assert_eq!(rows_of(&found.repeated), [0]);
        assert_eq!(rows_of(&found.none), [1]);
        assert_eq!(rows_of(&found.empty), [2]);
        assert_eq!(rows_of(&found.capitals), [3]);
        assert_eq!(rows_of(&found.not_ascii), [4]);
        assert_eq!(rows_of(&found.markup), [5]);
        assert_eq!(rows_of(&found.sides), [6]);
        assert_eq!(found.per_row.distribution().unwrap().max, 3);
        assert_eq!(found.word_lengths.distribution().unwrap().max, 5);
    }

    #[test]
    fn markup_is_told_from_signs() {
        for markup in [
            "<b>cat</b>",
            "tom &amp; jerry",
            "&#39;",
            "</p>",
            "www.a.org",
        ] {
            assert!(has_markup(markup), "{markup}");
        }
        for text in ["i <3 cats", "a < b > c", "Q&A", "<-- here"] {
            assert!(!has_markup(text), "{text}");
        }
    }

    #[test]
    fn tokens_are_counted_with_the_special_ones() {
        let training = WordPieceTraining::default();
        let tokenizer = CaptionTokenizer::train_word_piece(["a green cat"], &training).unwrap();
        let reader = CaptionReader {
            tokenizer: Some(&tokenizer),
            positions: Some(4),
        };
        let found = facts(&[&["a cat"], &["a green cat"], &["a zebra"]], &reader).tokens;
        assert_eq!(found.lengths.distribution().unwrap().max, 5);
        assert_eq!((found.too_long.count, found.too_long.rows), (1, vec![1]));
        assert_eq!((found.unknown_total, found.unknown.rows), (1, vec![2]));
    }
}
