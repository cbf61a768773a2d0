//! An alignment with the fewest edits, and among those the one jiwer reports.
//!
//! Several alignments can have the fewest edits, and they can differ in how many tokens were
//! substituted, inserted and deleted. To give jiwer's counts, ties are broken as its library
//! rapidfuzz does: equal ends are cut off first; the path is walked from the end and prefers a
//! deletion, then an insertion, then the diagonal; and tables above 1 MiB are split at the middle
//! of the prediction (Hirschberg 1975) where the left part of the reference is shortest.

use super::chunk::{Alignment, AlignmentChunk, EditKind};
use super::distance_row::distance_row;
use super::symbols::SymbolPair;

/// Tables of at least this many bytes are split instead of stored.
const SPLIT_BYTES: usize = 1 << 20;

/// Aligns both sides of `pair` with the fewest substitutions, deletions and insertions.
pub(crate) fn align(pair: &SymbolPair) -> Vec<AlignmentChunk> {
    let mut alignment = Alignment::default();
    let most = pair.reference.len().max(pair.prediction.len());
    let mut aligner = Aligner {
        slots: vec![0; pair.alphabet],
        out: &mut alignment,
    };
    aligner.align(&pair.reference, &pair.prediction, most);
    alignment.into_chunks()
}

struct Aligner<'a> {
    slots: Vec<u32>, // one for each symbol, all 0 between uses
    out: &'a mut Alignment,
}

impl Aligner<'_> {
    /// `most` bounds the distance of the two sides.
    fn align(&mut self, reference: &[u32], prediction: &[u32], most: usize) {
        let prefix = common_prefix(reference, prediction);
        let (reference, prediction) = (&reference[prefix..], &prediction[prefix..]);
        let suffix = common_suffix(reference, prediction);
        let reference = &reference[..reference.len() - suffix];
        let prediction = &prediction[..prediction.len() - suffix];
        self.out.push(EditKind::Equal, prefix);
        if reference.is_empty() || prediction.is_empty() {
            self.out.push(EditKind::Delete, reference.len());
            self.out.push(EditKind::Insert, prediction.len());
        } else {
            self.align_inner(reference, prediction, most);
        }
        self.out.push(EditKind::Equal, suffix);
    }

    fn align_inner(&mut self, reference: &[u32], prediction: &[u32], most: usize) {
        let most = most.min(reference.len().max(prediction.len()));
        let band = reference.len().min(2 * most + 1);
        let bytes = 2 * band * prediction.len() / 8;
        if bytes < SPLIT_BYTES || reference.len() < 65 || prediction.len() < 10 {
            let table = Table::fill(reference, prediction, most, &mut self.slots);
            table.walk_back(reference, prediction, self.out);
            return;
        }
        let split = split(reference, prediction, &mut self.slots);
        let (left, right) = reference.split_at(split.reference);
        let (before, after) = prediction.split_at(split.prediction);
        self.align(left, before, split.left);
        self.align(right, after, split.right);
    }
}

fn common_prefix(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

fn common_suffix(a: &[u32], b: &[u32]) -> usize {
    let pairs = a.iter().rev().zip(b.iter().rev());
    pairs.take_while(|(a, b)| a == b).count()
}

/// Where both sides are cut, and the distances of the two parts.
struct Split {
    reference: usize,
    prediction: usize,
    left: usize,
    right: usize,
}

fn split(reference: &[u32], prediction: &[u32], slots: &mut [u32]) -> Split {
    let middle = prediction.len() / 2;
    let reversed = |tokens: &[u32]| tokens.iter().rev().copied().collect::<Vec<_>>();
    let right = distance_row(
        &reversed(reference),
        &reversed(&prediction[middle..]),
        slots,
    );
    let left = distance_row(reference, &prediction[..middle], slots);
    let mut best = 0;
    let total = |cut: usize| left[cut] + right[reference.len() - cut];
    for cut in 1..=reference.len() {
        if total(cut) < total(best) {
            best = cut;
        }
    }
    Split {
        reference: best,
        prediction: middle,
        left: left[best] as usize,
        right: right[reference.len() - best] as usize,
    }
}

/// The differences between neighbouring cells of each row: one row for each token of the
/// prediction, one bit for each token of the reference. Only words near the diagonal are kept:
/// a cell further away than the largest possible distance is on no shortest path.
struct Table {
    words: usize,           // stored in each row
    first_word: Vec<usize>, // of each row
    plus: Vec<u64>,         // [rows, words]
    minus: Vec<u64>,        // [rows, words]
}

impl Table {
    fn fill(reference: &[u32], prediction: &[u32], most: usize, slots: &mut [u32]) -> Self {
        let all_words = reference.len().div_ceil(64);
        let masks = fill_masks(reference, prediction, slots);
        let words = all_words.min((2 * most + 1).div_ceil(64) + 1);
        let mut table = Table {
            words,
            first_word: Vec::with_capacity(prediction.len()),
            plus: Vec::with_capacity(words * prediction.len()),
            minus: Vec::with_capacity(words * prediction.len()),
        };
        let mut plus = vec![u64::MAX; all_words];
        let mut minus = vec![0; all_words];
        for (row, symbol) in prediction.iter().enumerate() {
            let slot = slots[*symbol as usize] as usize;
            let first = (row.saturating_sub(most) / 64).min(all_words - words);
            let near = first..first + words;
            let masks = &masks[slot * all_words..][near.clone()];
            advance(masks, &mut plus[near.clone()], &mut minus[near.clone()]);
            table.first_word.push(first);
            table.plus.extend_from_slice(&plus[near.clone()]);
            table.minus.extend_from_slice(&minus[near]);
        }
        for symbol in prediction {
            slots[*symbol as usize] = 0;
        }
        table
    }

    /// Follows the path from the last cell to the first, then hands it over in reading order.
    fn walk_back(&self, reference: &[u32], prediction: &[u32], out: &mut Alignment) {
        let (mut column, mut row) = (reference.len(), prediction.len());
        let mut path: Vec<(EditKind, usize)> = Vec::new();
        while column > 0 && row > 0 {
            let kind = if self.bit(&self.plus, row - 1, column - 1) {
                EditKind::Delete
            } else if row > 1 && self.bit(&self.minus, row - 2, column - 1) {
                EditKind::Insert
            } else if reference[column - 1] == prediction[row - 1] {
                EditKind::Equal
            } else {
                EditKind::Substitute
            };
            column -= usize::from(kind != EditKind::Insert);
            row -= usize::from(kind != EditKind::Delete);
            match path.last_mut() {
                Some((last, length)) if *last == kind => *length += 1,
                _ => path.push((kind, 1)),
            }
        }
        out.push(EditKind::Delete, column);
        out.push(EditKind::Insert, row);
        for (kind, length) in path.into_iter().rev() {
            out.push(kind, length);
        }
    }

    fn bit(&self, words: &[u64], row: usize, column: usize) -> bool {
        match (column / 64).checked_sub(self.first_word[row]) {
            Some(word) if word < self.words => {
                words[row * self.words + word] >> (column % 64) & 1 == 1
            }
            _ => false,
        }
    }
}

/// `masks[slot * words..]` marks where a symbol of the prediction stands in the reference.
fn fill_masks(reference: &[u32], prediction: &[u32], slots: &mut [u32]) -> Vec<u64> {
    let words = reference.len().div_ceil(64);
    let mut next = 1;
    for symbol in prediction {
        let slot = &mut slots[*symbol as usize];
        if *slot == 0 {
            *slot = next;
            next += 1;
        }
    }
    let mut masks = vec![0; next as usize * words];
    for (position, symbol) in reference.iter().enumerate() {
        // Symbols that the prediction lacks share slot 0, which no row looks up.
        let slot = slots[*symbol as usize] as usize;
        masks[slot * words + position / 64] |= 1 << (position % 64);
    }
    masks
}

/// One row further (Hyyrö 2003). The left edge grows by one with each row.
fn advance(masks: &[u64], plus: &mut [u64], minus: &mut [u64]) {
    let (mut edge_plus, mut edge_minus) = (1, 0);
    for ((found, plus), minus) in masks.iter().zip(plus).zip(minus) {
        let found = found | edge_minus;
        let diagonal = ((found & *plus).wrapping_add(*plus) ^ *plus) | found | *minus;
        let down_plus = *minus | !(diagonal | *plus);
        let down_minus = diagonal & *plus;
        let (right_plus, right_minus) = (down_plus >> 63, down_minus >> 63);
        let down_plus = down_plus << 1 | edge_plus;
        let down_minus = down_minus << 1 | edge_minus;
        *plus = down_minus | !(diagonal | down_plus);
        *minus = down_plus & diagonal;
        (edge_plus, edge_minus) = (right_plus, right_minus);
    }
}
