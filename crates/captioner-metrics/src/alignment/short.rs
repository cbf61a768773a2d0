//! Edit counts of short sequences, which captions are, without storing an alignment.
//!
//! The same way through the table as in `levenshtein`: equal ends are cut off first, and from the
//! end a deletion is preferred, then an insertion, then the diagonal. A row of the table is one
//! 128-bit number.

use super::chunk::EditCounts;

/// Longest sequence on either side.
const LONGEST: usize = 128;

/// Words of at most this many bytes are compared as one number.
const WORD_BYTES: usize = 15;

/// A word's bytes and, in the last place, its length: equal exactly where the words are.
type PackedWord = u128;

/// Counts edits between the words of two captions, cut at spaces; `None` if they are too many or
/// too long.
pub(crate) fn short_word_edits(reference: &str, prediction: &str) -> Option<EditCounts> {
    let (mut left, mut right) = ([0; LONGEST], [0; LONGEST]);
    let reference = pack_words(reference, &mut left)?;
    let prediction = pack_words(prediction, &mut right)?;
    Some(count_edits(
        reference,
        prediction,
        |reference, prediction, masks| {
            for (mask, word) in masks.iter_mut().zip(prediction) {
                for (place, other) in reference.iter().enumerate() {
                    *mask |= u128::from(other == word) << place;
                }
            }
        },
    ))
}

/// Counts edits between the characters of two captions; `None` if they are too many or not ASCII.
pub(crate) fn short_char_edits(reference: &str, prediction: &str) -> Option<EditCounts> {
    let fits = |text: &str| text.len() <= LONGEST && text.is_ascii();
    if !fits(reference) || !fits(prediction) {
        return None;
    }
    let (reference, prediction) = (reference.as_bytes(), prediction.as_bytes());
    Some(count_edits(
        reference,
        prediction,
        |reference, prediction, masks| {
            let mut by_char = [0_u128; 128];
            for (place, char) in reference.iter().enumerate() {
                by_char[usize::from(*char)] |= 1 << place;
            }
            for (mask, char) in masks.iter_mut().zip(prediction) {
                *mask = by_char[usize::from(*char)];
            }
        },
    ))
}

fn pack_words<'a>(text: &str, packed: &'a mut [PackedWord; LONGEST]) -> Option<&'a [PackedWord]> {
    let mut count = 0;
    let words = text.as_bytes().split(|byte| *byte == b' ');
    for word in words.filter(|word| !word.is_empty()) {
        if word.len() > WORD_BYTES {
            return None;
        }
        let mut bytes = [0; WORD_BYTES + 1];
        bytes[..word.len()].copy_from_slice(word);
        bytes[WORD_BYTES] = word.len() as u8;
        *packed.get_mut(count)? = PackedWord::from_le_bytes(bytes);
        count += 1;
    }
    Some(&packed[..count])
}

/// `fill_masks` says for each symbol of the prediction where it stands in the reference.
fn count_edits<T: PartialEq>(
    reference: &[T],
    prediction: &[T],
    fill_masks: impl Fn(&[T], &[T], &mut [u128]),
) -> EditCounts {
    let prefix = equal(reference.iter().zip(prediction));
    let (reference, prediction) = (&reference[prefix..], &prediction[prefix..]);
    let suffix = equal(reference.iter().rev().zip(prediction.iter().rev()));
    let reference = &reference[..reference.len() - suffix];
    let prediction = &prediction[..prediction.len() - suffix];
    let mut counts = EditCounts {
        hits: (prefix + suffix) as u64,
        ..EditCounts::default()
    };
    if reference.is_empty() || prediction.is_empty() {
        counts.deletions = reference.len() as u64;
        counts.insertions = prediction.len() as u64;
        return counts;
    }
    let mut masks = [0; LONGEST];
    let masks = &mut masks[..prediction.len()];
    fill_masks(reference, prediction, masks);
    walk_back(masks, reference.len(), &mut counts);
    counts
}

fn equal<'a, T: PartialEq + 'a>(pairs: impl Iterator<Item = (&'a T, &'a T)>) -> usize {
    pairs.take_while(|(a, b)| a == b).count()
}

/// Fills the table (Hyyrö 2003) and follows the path from its last cell to the first.
fn walk_back(masks: &[u128], columns: usize, counts: &mut EditCounts) {
    let mut table = [(0_u128, 0_u128); LONGEST]; // cells above and below their left neighbour
    let (mut plus, mut minus) = (u128::MAX, 0);
    for (found, row) in masks.iter().zip(&mut table) {
        let diagonal = ((found & plus).wrapping_add(plus) ^ plus) | found | minus;
        let down_plus = (minus | !(diagonal | plus)) << 1 | 1;
        let down_minus = (diagonal & plus) << 1;
        plus = down_minus | !(diagonal | down_plus);
        minus = down_plus & diagonal;
        *row = (plus, minus);
    }
    let (mut column, mut row) = (columns, masks.len());
    let bit = |word: u128, column: usize| word >> (column - 1) & 1 == 1;
    while column > 0 && row > 0 {
        if bit(table[row - 1].0, column) {
            counts.deletions += 1;
            column -= 1;
        } else if row > 1 && bit(table[row - 2].1, column) {
            counts.insertions += 1;
            row -= 1;
        } else {
            match bit(masks[row - 1], column) {
                true => counts.hits += 1,
                false => counts.substitutions += 1,
            }
            (column, row) = (column - 1, row - 1);
        }
    }
    counts.deletions += column as u64;
    counts.insertions += row as u64;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alignment::{SymbolPair, align};

    fn text(length: usize, letters: &[u8], state: &mut u32) -> String {
        let mut next = || {
            *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            letters[(*state >> 16) as usize % letters.len()]
        };
        (0..length).map(|_| char::from(next())).collect()
    }

    #[test]
    fn short_counts_are_those_of_the_stored_alignment() {
        let mut state = 3;
        for round in 0..2000 {
            let letters = [&b"ab"[..], b"ab ", b"abcdefgh  "][round % 3];
            let reference = text(round % 129, letters, &mut state);
            let prediction = text(round * 7 % 129, letters, &mut state);
            let chars = SymbolPair::new(reference.chars(), prediction.chars());
            let expected = EditCounts::of(&align(&chars));
            assert_eq!(short_char_edits(&reference, &prediction), Some(expected));
            let words = [&reference, &prediction].map(|text| text.split_ascii_whitespace());
            let [left, right] = words;
            let expected = EditCounts::of(&align(&SymbolPair::new(left, right)));
            if let Some(found) = short_word_edits(&reference, &prediction) {
                assert_eq!(found, expected);
            }
        }
    }

    #[test]
    fn long_words_and_long_captions_are_left_to_others() {
        assert_eq!(short_word_edits(&"a".repeat(WORD_BYTES + 1), ""), None);
        assert_eq!(short_word_edits(&"a ".repeat(LONGEST + 1), ""), None);
        assert_eq!(short_char_edits(&"a".repeat(LONGEST + 1), ""), None);
        assert_eq!(short_char_edits("é", "e"), None);
    }
}
