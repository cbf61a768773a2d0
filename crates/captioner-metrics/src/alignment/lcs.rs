//! Longest common subsequences, 64 table cells at a time.
//!
//! A bit of `flat` says that a cell of the table equals its left neighbour. One row further is
//! one addition (Hyyrö 2004), and the carries of that addition are exactly the cells that grew
//! against the row above. With the grown cells kept, the path through the table can be walked
//! back, also 64 cells at a time.
//!
//! Several candidate sentences lie side by side in one row, each behind a separator bit that lets
//! no carry through, so that many short sentences cost no more than one long one.

/// Grown cells of at most this many bytes are kept at once; the rest is computed again.
const KEPT_BYTES: usize = 4 << 20;

/// Candidate sentences laid out for [`Self::length`] and [`Self::union`].
pub(crate) struct LcsTable {
    words: usize,
    separators: Vec<u64>,
    last_tokens: Vec<u64>,          // the last slot of each sentence
    starts: Vec<usize>,             // [alphabet + 1] into occurrences
    occurrences: Vec<(usize, u64)>, // for each symbol: words in rising order, and the bits in them
}

impl LcsTable {
    /// Symbols must lie below `alphabet`.
    pub(crate) fn new<'a>(sentences: impl Iterator<Item = &'a [u32]>, alphabet: usize) -> Self {
        let mut slots = 0;
        let mut places = Vec::new(); // (symbol, slot)
        let mut separators = Vec::new();
        let mut last_tokens = Vec::new();
        for sentence in sentences {
            set_bit(&mut separators, slots);
            let tokens = sentence.iter().zip(slots + 1..);
            places.extend(tokens.map(|(symbol, slot)| (*symbol as usize, slot)));
            slots += 1 + sentence.len();
            set_bit(&mut last_tokens, slots - 1);
        }
        set_bit(&mut separators, slots); // stops a carry out of the last sentence
        let words = separators.len();
        last_tokens.resize(words, 0);
        let (starts, occurrences) = group(&places, alphabet);
        LcsTable {
            words,
            separators,
            last_tokens,
            starts,
            occurrences,
        }
    }

    /// Length of the longest common subsequence, summed over the candidate sentences.
    pub(crate) fn length(&self, reference: &[u32]) -> usize {
        let mut flat = self.first_row();
        for symbol in reference {
            self.advance(*symbol, &mut flat, |_, _| ());
        }
        let steps = flat.iter().zip(&self.separators);
        steps
            .map(|(flat, separators)| (!flat & !separators).count_ones() as usize)
            .sum()
    }

    /// Positions of the reference that are in the longest common subsequence with some candidate
    /// sentence, in rising order.
    ///
    /// Where there are several longest ones, the one that google's `rouge_score` finds: from the
    /// end, a match is taken where there is one; else the candidate is stepped back only if that
    /// loses less than stepping back the reference.
    pub(crate) fn union(&self, reference: &[u32]) -> Vec<usize> {
        let kept_rows = (KEPT_BYTES / (self.words * 8)).max(1);
        let mut flat = self.first_row();
        let mut checkpoints = Vec::new();
        let mut grown = vec![0; self.words * kept_rows.min(reference.len())];
        for part in reference.chunks(kept_rows) {
            checkpoints.push(flat.clone());
            self.fill(part, &mut flat, &mut grown);
        }
        let mut walk = Walk::new(self);
        let mut union = Vec::new();
        for (index, part) in reference.chunks(kept_rows).enumerate().rev() {
            if index + 1 < checkpoints.len() {
                self.fill(part, &mut checkpoints[index], &mut grown);
            }
            for (row, symbol) in part.iter().enumerate().rev() {
                let grown = &grown[row * self.words..][..self.words];
                if walk.step_back(self.occurrences(*symbol), grown) {
                    union.push(index * kept_rows + row);
                }
            }
        }
        union.reverse();
        union
    }

    fn first_row(&self) -> Vec<u64> {
        self.separators
            .iter()
            .map(|separators| !separators)
            .collect()
    }

    fn occurrences(&self, symbol: u32) -> &[(usize, u64)] {
        let symbol = symbol as usize;
        &self.occurrences[self.starts[symbol]..self.starts[symbol + 1]]
    }

    /// Rows for a span of the reference; `grown` takes `words` words for each.
    fn fill(&self, reference: &[u32], flat: &mut [u64], grown: &mut [u64]) {
        for (symbol, grown) in reference.iter().zip(grown.chunks_mut(self.words)) {
            grown.fill(0);
            self.advance(*symbol, flat, |word, bits| grown[word] = bits);
        }
    }

    /// One row further. Only words with a match or a carry change; `grew` hears of those.
    fn advance(&self, symbol: u32, flat: &mut [u64], mut grew: impl FnMut(usize, u64)) {
        let mut carry = false;
        let mut next = 0;
        let mut step = |word: usize, matches: u64, carry: bool| {
            let row = flat[word];
            let (sum, over) = row.overflowing_add(row & matches);
            let (sum, over_too) = sum.overflowing_add(u64::from(carry));
            grew(word, row & (matches | !sum));
            flat[word] = (sum | row & !matches) & !self.separators[word];
            over | over_too
        };
        for (word, matches) in self.occurrences(symbol) {
            while carry && next < *word {
                carry = step(next, 0, carry);
                next += 1;
            }
            carry = step(*word, *matches, carry);
            next = word + 1;
        }
        while carry && next < self.words {
            carry = step(next, 0, carry);
            next += 1;
        }
    }
}

fn set_bit(words: &mut Vec<u64>, slot: usize) {
    if words.len() <= slot / 64 {
        words.resize(slot / 64 + 1, 0);
    }
    words[slot / 64] |= 1 << (slot % 64);
}

/// Sorts places by symbol and joins those in one word.
fn group(places: &[(usize, usize)], alphabet: usize) -> (Vec<usize>, Vec<(usize, u64)>) {
    let mut ends = vec![0; alphabet + 1];
    for (symbol, _) in places {
        ends[symbol + 1] += 1;
    }
    for symbol in 0..alphabet {
        ends[symbol + 1] += ends[symbol];
    }
    let mut sorted = vec![0; places.len()];
    let mut next = ends.clone();
    for (symbol, slot) in places {
        sorted[next[*symbol]] = *slot;
        next[*symbol] += 1;
    }
    let mut starts = vec![0];
    let mut occurrences: Vec<(usize, u64)> = Vec::with_capacity(places.len());
    for symbol in 0..alphabet {
        let start = occurrences.len();
        for slot in &sorted[ends[symbol]..ends[symbol + 1]] {
            let (word, bit) = (slot / 64, 1 << (slot % 64));
            match occurrences[start..].last_mut() {
                Some((last, bits)) if *last == word => *bits |= bit,
                _ => occurrences.push((word, bit)),
            }
        }
        starts.push(occurrences.len());
    }
    (starts, occurrences)
}

/// Where the way back through each candidate sentence's table has come to: one bit in each.
struct Walk {
    here: Vec<u64>,
    matches: Vec<u64>, // of the current row; all 0 between steps
}

impl Walk {
    fn new(table: &LcsTable) -> Self {
        Walk {
            here: table.last_tokens.clone(),
            matches: vec![0; table.words],
        }
    }

    /// One row up; whether some sentence takes a match in this row.
    ///
    /// A sentence takes one if it stands on a match, or on a cell that grew against the row above:
    /// then the nearest match to the left is what made it grow. Looking left is an addition in
    /// bit-reversed order, whose carry runs over everything that is no match.
    fn step_back(&mut self, occurrences: &[(usize, u64)], grown: &[u64]) -> bool {
        for (word, bits) in occurrences {
            self.matches[*word] = *bits;
        }
        let mut taken = false;
        let mut carry = false;
        let mut moved_in = 0;
        for word in (0..grown.len()).rev() {
            let matches = self.matches[word];
            let takes = self.here[word] & (matches | grown[word]);
            if takes == 0 && !carry && moved_in == 0 {
                continue;
            }
            let no_match = !matches.reverse_bits();
            let (sum, over) = takes.reverse_bits().overflowing_add(no_match);
            let (sum, over_too) = sum.overflowing_add(u64::from(carry));
            carry = over | over_too;
            let hits = sum.reverse_bits() & matches;
            taken |= hits != 0;
            self.here[word] = self.here[word] & !takes | hits >> 1 | moved_in;
            moved_in = hits << 63;
        }
        for (word, _) in occurrences {
            self.matches[*word] = 0;
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference_union(reference: &[u32], candidates: &[Vec<u32>]) -> Vec<usize> {
        let mut union = vec![false; reference.len()];
        for candidate in candidates {
            let mut table = vec![vec![0; candidate.len() + 1]; reference.len() + 1];
            for i in 1..=reference.len() {
                for j in 1..=candidate.len() {
                    table[i][j] = if reference[i - 1] == candidate[j - 1] {
                        table[i - 1][j - 1] + 1
                    } else {
                        table[i - 1][j].max(table[i][j - 1])
                    };
                }
            }
            let (mut i, mut j) = (reference.len(), candidate.len());
            while i > 0 && j > 0 {
                if reference[i - 1] == candidate[j - 1] {
                    union[i - 1] = true;
                    (i, j) = (i - 1, j - 1);
                } else if table[i][j - 1] > table[i - 1][j] {
                    j -= 1;
                } else {
                    i -= 1;
                }
            }
        }
        (0..reference.len()).filter(|i| union[*i]).collect()
    }

    fn tokens(length: usize, alphabet: u32, state: &mut u32) -> Vec<u32> {
        let mut next = || {
            *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (*state >> 16) % alphabet
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn many_sentences_side_by_side_agree_with_one_table_for_each() {
        let mut state = 5;
        for round in 0..300 {
            let alphabet = 2 + round % 9;
            let sizes = tokens(1 + round as usize % 7, 70, &mut state);
            let candidates: Vec<_> = sizes
                .iter()
                .map(|length| tokens(*length as usize, alphabet, &mut state))
                .collect();
            let reference = tokens(round as usize % 90, alphabet, &mut state);
            let sentences = candidates.iter().map(Vec::as_slice);
            let table = LcsTable::new(sentences, alphabet as usize);
            assert_eq!(
                table.union(&reference),
                reference_union(&reference, &candidates)
            );
        }
    }

    #[test]
    fn length_of_one_sentence_is_the_size_of_its_union() {
        let mut state = 9;
        for round in 0..200 {
            let candidate = tokens(round % 140, 5, &mut state);
            let reference = tokens(round % 61, 5, &mut state);
            let table = LcsTable::new([candidate.as_slice()].into_iter(), 5);
            assert_eq!(table.length(&reference), table.union(&reference).len());
        }
    }
}
