//! Up to two coefficients from one look into a table.
//!
//! Most codes are short, and finding them one after the other is a chain of dependent steps: the next
//! one begins where the last one is known to end. Two at a time halve the chain.

use crate::huffman::{Entry, LOOK, Table, extend};

/// What the next [`LOOK`] bits say, for a table of AC codes.
pub(crate) struct Pairs {
    entries: Box<[Pair; 1 << LOOK]>,
}

/// One or two coefficients.
#[derive(Clone, Copy, Default)]
pub(crate) struct Pair {
    /// Their values; the second one is 0 where there is none.
    pub(crate) values: [i16; 2],
    /// How far behind the next place they stand.
    pub(crate) offsets: [u8; 2],
    /// How many places are passed with them; [`Pair::END`] when the block ends behind them. 0 where
    /// the bits say something else or too little.
    pub(crate) passed: u8,
    /// How many bits they take.
    pub(crate) bits: u8,
}

impl Pair {
    /// The end of every block.
    pub(crate) const END: u8 = 64;
    /// The places that two coefficients pass at most.
    pub(crate) const MOST: usize = 32;
}

impl Pairs {
    pub(crate) fn new(table: &Table) -> Self {
        let mut entries = Box::new([Pair::default(); 1 << LOOK]);
        for (bits, pair) in (0..).zip(entries.iter_mut()) {
            *pair = found(table, bits).unwrap_or_default();
        }
        Self { entries }
    }

    /// What the next bits say, given as a whole word.
    #[inline(always)]
    pub(crate) fn of(&self, next: u64) -> Pair {
        self.entries[(next >> (64 - LOOK)) as usize]
    }
}

/// What these [`LOOK`] bits begin with.
fn found(table: &Table, bits: u32) -> Option<Pair> {
    let first = whole(table, bits, 0).filter(|first| first.size() > 0)?;
    let zeros = first.zeros() as u8;
    let mut pair = Pair {
        values: [value(first, bits, 0), 0],
        offsets: [zeros, zeros + 1],
        passed: zeros + 1,
        bits: first.total() as u8,
    };
    let Some(second) = whole(table, bits, first.total()) else {
        return Some(pair);
    };
    match (second.size(), second.zeros()) {
        (0, 15) => return Some(pair), // sixteen zeros: left for the next look
        (0, _) => pair.passed = Pair::END,
        (_, zeros) => {
            pair.values[1] = value(second, bits, first.total());
            pair.offsets[1] += zeros as u8;
            pair.passed = pair.offsets[1] + 1;
        }
    }
    pair.bits += second.total() as u8;
    Some(pair)
}

/// The code behind so many bits, if it and its value are among the bits.
fn whole(table: &Table, bits: u32, behind: u32) -> Option<Entry> {
    // Zeros come in behind; what takes some of them means nothing.
    let entry = table.short(bits << behind)?;
    (behind + entry.total() <= LOOK).then_some(entry)
}

/// The value of the code behind so many bits.
fn value(entry: Entry, bits: u32, behind: u32) -> i16 {
    let end = behind + entry.total();
    let value = bits >> (LOOK - end) & ((1 << entry.size()) - 1);
    extend(value, entry.size()) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Codes of one bit, of two and so on, for: a value of one bit, sixteen zeros, the end of the
    /// block, a value of two bits behind three zeros, one of nine bits.
    fn table() -> Table {
        let counts = [1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        Table::new(&counts, &[0x01, 0xF0, 0x00, 0x32, 0x09]).unwrap()
    }

    fn of(bits: &str) -> Pair {
        let bits = bits.replace(' ', "");
        assert_eq!(bits.len(), LOOK as usize);
        let bits = u64::from_str_radix(&bits, 2).unwrap();
        Pairs::new(&table()).of(bits << (64 - LOOK))
    }

    #[test]
    fn two_values_are_found_at_once() {
        let pair = of("01 111010 00");
        assert_eq!((pair.values, pair.offsets), ([1, 2], [0, 4]));
        assert_eq!((pair.passed, pair.bits), (5, 8));
    }

    #[test]
    fn the_end_of_a_block_counts_with_the_value_before() {
        let pair = of("00 110 00000");
        assert_eq!((pair.values, pair.offsets), ([-1, 0], [0, 1]));
        assert_eq!((pair.passed, pair.bits), (Pair::END, 5));
    }

    #[test]
    fn a_value_stands_alone_before_sixteen_zeros_and_before_what_is_too_long() {
        for bits in ["01 10 000000", "01 11110 111"] {
            let pair = of(bits);
            assert_eq!((pair.values, pair.passed, pair.bits), ([1, 0], 1, 2));
        }
    }

    #[test]
    fn nothing_is_said_of_what_begins_otherwise() {
        for bits in ["10 00000000", "110 0000000", "11110 11111", "11111 11111"] {
            assert_eq!(of(bits).passed, 0);
        }
    }
}
