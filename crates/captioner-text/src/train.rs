//! A WordPiece vocabulary from captions.
//!
//! The library's own trainer walks hash maps with random seeds, so two runs over the same captions
//! give the same pieces different ids. Checkpoints and tests need the same ids every time. Here
//! every step has one order: words and characters are sorted, and of two equally frequent pairs the
//! one with the smaller ids is merged first.

use crate::TextError;
use crate::settings::{SPECIAL_TOKENS, TokenizerSettings};
use crate::word_piece::{CONTINUATION, normalizer};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::{
    NormalizedString, Normalizer, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer,
};

/// How a vocabulary is trained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordPieceTraining {
    /// The most tokens that the vocabulary may have, special tokens included.
    pub vocab_size: usize,
    /// Pieces are joined only when they stand together at least this often.
    pub min_frequency: u64,
    /// Lower case and strip accents, in training and in use.
    pub lowercase: bool,
}

impl Default for WordPieceTraining {
    fn default() -> Self {
        Self {
            vocab_size: 30_522, // BERT's
            min_frequency: 1,
            lowercase: true,
        }
    }
}

/// Two pieces, by id, that stand next to each other in a word.
type Pair = (u32, u32);

/// The tokens in the order of their ids: special tokens, characters, then joined pieces.
pub(crate) fn train<S: AsRef<str>>(
    captions: impl IntoIterator<Item = S>,
    training: &WordPieceTraining,
) -> Result<Vec<String>, TextError> {
    let least = SPECIAL_TOKENS.len() + 2; // one character, at the start of a word and inside
    if training.vocab_size < least {
        return Err(TextError::VocabularyTooSmall {
            vocab_size: training.vocab_size,
            least,
        });
    }
    let words = count_words(captions, training.lowercase)?;
    if words.is_empty() {
        return Err(TextError::NoWords);
    }
    let mut pieces = Pieces::with_alphabet(&words, training.vocab_size);
    Merger::new(&words, &pieces).run(&mut pieces, training);
    Ok(pieces.tokens)
}

/// How often each word occurs, words split as the finished tokenizer splits them.
fn count_words<S: AsRef<str>>(
    captions: impl IntoIterator<Item = S>,
    lowercase: bool,
) -> Result<BTreeMap<String, u64>, TextError> {
    let normalizer = normalizer(&TokenizerSettings::new(lowercase));
    let mut words = BTreeMap::new();
    for caption in captions {
        let caption = caption.as_ref();
        let failed = |error: tokenizers::Error| TextError::on_text(caption, error);
        let mut text = NormalizedString::from(caption);
        normalizer.normalize(&mut text).map_err(failed)?;
        let mut split = PreTokenizedString::from(text);
        BertPreTokenizer.pre_tokenize(&mut split).map_err(failed)?;
        for (word, ..) in split.get_splits(OffsetReferential::Original, OffsetType::Byte) {
            *words.entry(word.to_owned()).or_insert(0) += 1;
        }
    }
    Ok(words)
}

/// The vocabulary as it grows.
struct Pieces {
    tokens: Vec<String>,
    ids: HashMap<String, u32>,
}

impl Pieces {
    /// Special tokens and the alphabet, within `vocab_size`.
    fn with_alphabet(words: &BTreeMap<String, u64>, vocab_size: usize) -> Self {
        let mut pieces = Self {
            tokens: Vec::new(),
            ids: HashMap::new(),
        };
        for (_, token) in SPECIAL_TOKENS {
            pieces.add(token.to_owned());
        }
        for character in alphabet(words, vocab_size - pieces.tokens.len()) {
            pieces.add(character);
        }
        pieces
    }

    /// The id of `token`, which is a new one where the token is.
    fn add(&mut self, token: String) -> u32 {
        let next = self.tokens.len() as u32;
        *self.ids.entry(token).or_insert_with_key(|token| {
            self.tokens.push(token.clone());
            next
        })
    }

    /// The piece that the two make together: `ab` + `##c` is `abc`.
    fn join(&mut self, (left, right): Pair) -> u32 {
        let right = &self.tokens[right as usize];
        let right = right.strip_prefix(CONTINUATION).unwrap_or(right);
        let joined = format!("{}{right}", self.tokens[left as usize]);
        self.add(joined)
    }

    /// A word as one piece for each character; characters outside the alphabet are left out.
    fn spell(&self, word: &str) -> Vec<u32> {
        let spelled = spelling(word);
        spelled
            .filter_map(|piece| self.ids.get(&piece).copied())
            .collect()
    }
}

/// A word's characters, all but the first marked as continuing.
fn spelling(word: &str) -> impl Iterator<Item = String> {
    word.chars()
        .enumerate()
        .map(|(place, character)| match place {
            0 => character.to_string(),
            _ => format!("{CONTINUATION}{character}"),
        })
}

/// The `most` most frequent character pieces, sorted.
///
/// ASCII letters and digits come in both forms wherever they occur, so that a new word made of known
/// characters is never unknown.
fn alphabet(words: &BTreeMap<String, u64>, most: usize) -> Vec<String> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for (word, count) in words {
        for (piece, character) in spelling(word).zip(word.chars()) {
            *counts.entry(piece).or_default() += count;
            if character.is_ascii_alphanumeric() {
                counts.entry(character.to_string()).or_default();
                counts
                    .entry(format!("{CONTINUATION}{character}"))
                    .or_default();
            }
        }
    }
    let mut ranked: Vec<_> = counts
        .into_iter()
        .map(|(piece, n)| (Reverse(n), piece))
        .collect();
    ranked.sort_unstable();
    ranked.truncate(most);
    let mut kept: Vec<String> = ranked.into_iter().map(|(_, piece)| piece).collect();
    kept.sort_unstable();
    kept
}

/// How often a pair occurs, and in which words.
#[derive(Default)]
struct Occurrences {
    count: u64,
    words: BTreeSet<usize>,
}

/// Joins the most frequent pair, again and again.
struct Merger {
    words: Vec<(Vec<u32>, u64)>,
    pairs: HashMap<Pair, Occurrences>,
    queue: BTreeSet<(u64, Reverse<Pair>)>,
}

impl Merger {
    fn new(words: &BTreeMap<String, u64>, pieces: &Pieces) -> Self {
        let words = words
            .iter()
            .map(|(word, count)| (pieces.spell(word), *count));
        let mut merger = Self {
            words: words.collect(),
            pairs: HashMap::new(),
            queue: BTreeSet::new(),
        };
        for word in 0..merger.words.len() {
            merger.count_pairs(word);
        }
        merger
    }

    fn run(&mut self, pieces: &mut Pieces, training: &WordPieceTraining) {
        while pieces.tokens.len() < training.vocab_size {
            let Some(&(count, Reverse(pair))) = self.queue.last() else {
                break;
            };
            if count < training.min_frequency.max(1) {
                break;
            }
            let joined = pieces.join(pair);
            for word in self.pairs[&pair].words.clone() {
                self.forget_pairs(word);
                join_in_place(&mut self.words[word].0, pair, joined);
                self.count_pairs(word);
            }
        }
    }

    fn count_pairs(&mut self, word: usize) {
        let (pieces, count) = &self.words[word];
        for pair in pieces.windows(2).map(|pair| (pair[0], pair[1])) {
            let occurrences = self.pairs.entry(pair).or_default();
            self.queue.remove(&(occurrences.count, Reverse(pair)));
            occurrences.count += count;
            occurrences.words.insert(word);
            self.queue.insert((occurrences.count, Reverse(pair)));
        }
    }

    fn forget_pairs(&mut self, word: usize) {
        let (pieces, count) = &self.words[word];
        for pair in pieces.windows(2).map(|pair| (pair[0], pair[1])) {
            let occurrences = self.pairs.entry(pair).or_default();
            self.queue.remove(&(occurrences.count, Reverse(pair)));
            occurrences.count -= count;
            occurrences.words.remove(&word);
            if occurrences.count > 0 {
                self.queue.insert((occurrences.count, Reverse(pair)));
            }
        }
    }
}

/// Puts `joined` where `pair` stands, from left to right.
fn join_in_place(pieces: &mut Vec<u32>, pair: Pair, joined: u32) {
    let mut place = 0;
    while place + 1 < pieces.len() {
        if (pieces[place], pieces[place + 1]) == pair {
            pieces[place] = joined;
            pieces.remove(place + 1);
        }
        place += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAPTIONS: [&str; 4] = [
        "a drawing of a green cat with long ears",
        "a drawing of a blue bird with a hat",
        "A Drawing of a Pink snail, smiling",
        "drawings: cats, birds",
    ];

    fn limited(vocab_size: usize) -> WordPieceTraining {
        WordPieceTraining {
            vocab_size,
            ..WordPieceTraining::default()
        }
    }

    #[test]
    fn special_tokens_have_the_first_ids() {
        let tokens = train(CAPTIONS, &limited(100)).unwrap();
        assert_eq!(tokens[..5], ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]);
    }

    #[test]
    fn the_vocabulary_never_exceeds_its_limit() {
        for limit in [7, 20, 60, 80] {
            let tokens = train(CAPTIONS, &limited(limit)).unwrap();
            assert_eq!(tokens.len(), limit);
        }
    }

    #[test]
    fn no_token_stands_twice() {
        let tokens = train(CAPTIONS, &limited(1000)).unwrap();
        let distinct: BTreeSet<_> = tokens.iter().collect();
        assert_eq!(distinct.len(), tokens.len());
    }

    #[test]
    fn the_order_of_the_captions_does_not_change_the_ids() {
        let mut reversed = CAPTIONS;
        reversed.reverse();
        let training = limited(80);
        assert_eq!(
            train(CAPTIONS, &training).unwrap(),
            train(reversed, &training).unwrap()
        );
    }

    #[test]
    fn the_most_frequent_pair_is_joined_first() {
        // "ab" occurs 3 times and "bc" twice; "##b" + "##c" is not a pair of "abc" once "ab" is one.
        let tokens = train(["ab abc abc"], &limited(1000)).unwrap();
        assert_eq!(
            tokens[5..],
            ["##a", "##b", "##c", "a", "b", "c", "ab", "abc"]
        );
    }

    #[test]
    fn equally_frequent_pairs_are_joined_in_the_order_of_their_ids() {
        let tokens = train(["ax by cz"], &limited(1000)).unwrap();
        assert_eq!(tokens[tokens.len() - 3..], ["ax", "by", "cz"]);
    }

    #[test]
    fn rare_pairs_are_left_apart() {
        let training = WordPieceTraining {
            min_frequency: 2,
            ..WordPieceTraining::default()
        };
        let tokens = train(["cat cat dog"], &training).unwrap();
        assert!(tokens.contains(&"cat".to_owned()));
        assert!(!tokens.contains(&"do".to_owned()));
    }

    #[test]
    fn a_pair_that_overlaps_itself_is_counted_right() {
        // Joining in "aaaa" must not leave a count below zero.
        let tokens = train(["aaaaa aaaa"], &limited(1000)).unwrap();
        assert!(tokens.contains(&"aaaaa".to_owned()));
    }

    #[test]
    fn a_vocabulary_without_room_for_a_character_is_a_named_error() {
        let error = train(CAPTIONS, &limited(6)).unwrap_err();
        assert!(matches!(
            error,
            TextError::VocabularyTooSmall {
                vocab_size: 6,
                least: 7
            }
        ));
    }

    #[test]
    fn captions_without_words_are_a_named_error() {
        let error = train(["", "  \n"], &limited(100)).unwrap_err();
        assert!(matches!(error, TextError::NoWords));
    }
}
