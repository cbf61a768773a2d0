//! The last row of an edit distance table, 64 cells at a time.
//!
//! Myers' bit-vector algorithm in Hyyrö's form (2003): a word holds the differences between 64
//! neighbouring cells of a row, one bit for +1 and one for -1. [`LANES`] words advance together,
//! each one row behind its left neighbour, so that no word waits for another and the compiler can
//! use vector instructions.

const LANES: usize = 8;
const STRIP: usize = LANES * 64;

/// The words' state: differences between neighbouring cells of a row, and to the row above at
/// each word's right edge.
struct Strip {
    plus: [u64; LANES],
    minus: [u64; LANES],
    edge_plus: [u64; LANES],
    edge_minus: [u64; LANES],
}

/// Edit distances of `text` to every prefix of `pattern`: `pattern.len() + 1` values.
///
/// `slots` has a 0 for every symbol and is handed back so. Takes time in `pattern.len() * text.len() / 64` and memory
/// in the sum of the lengths.
pub(super) fn distance_row(pattern: &[u32], text: &[u32], slots: &mut [u32]) -> Vec<u32> {
    let mut masks: Vec<[u64; LANES]> = Vec::new();
    let mut rows = vec![0u32; text.len()];
    // Bit 0: +1, bit 1: -1, from one row to the next at the left edge of the strip.
    let mut edges = vec![1u8; text.len()];
    let mut distances = Vec::with_capacity(pattern.len() + 1);
    distances.push(text.len() as u32);
    for part in pattern.chunks(STRIP) {
        fill_masks(part, slots, &mut masks);
        for (row, symbol) in rows.iter_mut().zip(text) {
            *row = slots[*symbol as usize];
        }
        let strip = run_strip(&masks, &rows, &mut edges);
        extend_distances(&mut distances, &strip, part.len());
        for symbol in part {
            slots[*symbol as usize] = 0;
        }
    }
    distances
}

/// `masks[slots[symbol]]` marks where the symbol stands in `part`; slot 0 is for absent symbols.
fn fill_masks(part: &[u32], slots: &mut [u32], masks: &mut Vec<[u64; LANES]>) {
    masks.clear();
    masks.push([0; LANES]);
    for (position, symbol) in part.iter().enumerate() {
        let slot = &mut slots[*symbol as usize];
        if *slot == 0 {
            *slot = masks.len() as u32;
            masks.push([0; LANES]);
        }
        masks[*slot as usize][position / 64] |= 1 << (position % 64);
    }
}

/// Runs one strip over all rows; `edges` enters with the left edge and leaves with the right one.
fn run_strip(masks: &[[u64; LANES]], rows: &[u32], edges: &mut [u8]) -> Strip {
    let mut strip = Strip {
        plus: [u64::MAX; LANES],
        minus: [0; LANES],
        edge_plus: [0; LANES],
        edge_minus: [0; LANES],
    };
    let height = rows.len();
    for step in 0..height + LANES - 1 {
        let first = (step + 1).saturating_sub(height); // lanes before this one are done
        let last = step.min(LANES - 1); // lanes after this one have not begun
        if first == 0 && last == LANES - 1 {
            let mut matches = [0; LANES];
            let window = &rows[step + 1 - LANES..=step];
            for (lane, row) in window.iter().rev().enumerate() {
                matches[lane] = masks[*row as usize][lane];
            }
            strip.enter(edges[step]);
            strip.advance(&matches);
        } else {
            let edge = edges.get(step).copied().unwrap_or(1);
            strip.advance_some(masks, rows, step, first..=last, edge);
        }
        if last == LANES - 1 {
            edges[step + 1 - LANES] =
                (strip.edge_plus[LANES - 1] | strip.edge_minus[LANES - 1] << 1) as u8;
        }
    }
    strip
}

impl Strip {
    /// Hands each lane's right edge to its right neighbour and takes in the strip's left edge.
    fn enter(&mut self, edge: u8) {
        for lane in (1..LANES).rev() {
            self.edge_plus[lane] = self.edge_plus[lane - 1];
            self.edge_minus[lane] = self.edge_minus[lane - 1];
        }
        self.edge_plus[0] = u64::from(edge & 1);
        self.edge_minus[0] = u64::from(edge >> 1);
    }

    #[inline(always)]
    fn advance(&mut self, matches: &[u64; LANES]) {
        for (lane, found) in matches.iter().enumerate() {
            let (plus, minus) = (self.plus[lane], self.minus[lane]);
            let (edge_plus, edge_minus) = (self.edge_plus[lane], self.edge_minus[lane]);
            let found = found | edge_minus;
            let diagonal = ((found & plus).wrapping_add(plus) ^ plus) | found | minus;
            let down_plus = minus | !(diagonal | plus);
            let down_minus = diagonal & plus;
            self.edge_plus[lane] = down_plus >> 63;
            self.edge_minus[lane] = down_minus >> 63;
            let down_plus = down_plus << 1 | edge_plus;
            let down_minus = down_minus << 1 | edge_minus;
            self.plus[lane] = down_minus | !(diagonal | down_plus);
            self.minus[lane] = down_plus & diagonal;
        }
    }

    /// The first and last steps, where only some lanes have a row to work on.
    fn advance_some(
        &mut self,
        masks: &[[u64; LANES]],
        rows: &[u32],
        step: usize,
        lanes: std::ops::RangeInclusive<usize>,
        edge: u8,
    ) {
        let idle = (self.plus, self.minus);
        let mut matches = [0; LANES];
        for lane in lanes.clone() {
            matches[lane] = masks[rows[step - lane] as usize][lane];
        }
        self.enter(edge);
        self.advance(&matches);
        for lane in (0..LANES).filter(|lane| !lanes.contains(lane)) {
            self.plus[lane] = idle.0[lane];
            self.minus[lane] = idle.1[lane];
        }
    }
}

fn extend_distances(distances: &mut Vec<u32>, strip: &Strip, length: usize) {
    let mut distance = distances.last().copied().unwrap_or(0);
    for position in 0..length {
        let (lane, bit) = (position / 64, position % 64);
        distance += (strip.plus[lane] >> bit & 1) as u32;
        distance -= (strip.minus[lane] >> bit & 1) as u32;
        distances.push(distance);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference_row(pattern: &[u32], text: &[u32]) -> Vec<u32> {
        let mut row: Vec<u32> = (0..=pattern.len() as u32).collect();
        for symbol in text {
            let mut diagonal = row[0];
            row[0] += 1;
            for column in 1..row.len() {
                let substituted = diagonal + u32::from(pattern[column - 1] != *symbol);
                diagonal = row[column];
                row[column] = substituted.min(row[column - 1] + 1).min(diagonal + 1);
            }
        }
        row
    }

    fn symbols(length: usize, alphabet: u32, mut state: u32) -> Vec<u32> {
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) % alphabet
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn lanes_and_strips_agree_with_the_reference_table() {
        for (pattern, text) in [(1, 1), (64, 3), (65, 70), (511, 9), (512, 100), (1300, 700)] {
            for alphabet in [2, 5, 400] {
                let pattern = symbols(pattern, alphabet, 7);
                let text = symbols(text, alphabet, 11);
                let row = distance_row(&pattern, &text, &mut vec![0; alphabet as usize]);
                assert_eq!(row, reference_row(&pattern, &text));
            }
        }
    }
}
