//! Huffman tables, and the symbols that bits stand for.

use crate::bits::Bits;
use crate::error::{Corruption, JpegError};

/// Codes up to this long are found by one look into a table.
pub(crate) const LOOK: u32 = 10;

/// One Huffman table.
#[derive(Debug)]
pub(crate) struct Table {
    /// For the next [`LOOK`] bits; 0 where the code is longer.
    entries: Box<[Entry; 1 << LOOK]>,
    /// For each length, the first code beyond those of that length, left-aligned in 16 bits.
    ends: [u32; 17],
    /// For each length, what to add to a code to find its symbol.
    offsets: [i32; 17],
    all: Vec<u8>,
}

/// A symbol and the bits it takes: `zeros << 24 | size << 16 | length << 8 | length + size`, where a
/// value of `size` bits stands behind the code of `length` bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry(u32);

impl Entry {
    const NONE: Self = Self(0);

    fn new(symbol: u8, length: u32) -> Self {
        let (zeros, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        Self(zeros << 24 | size << 16 | length << 8 | (length + size))
    }

    /// The upper half of the symbol: how many zeros stand before the value.
    #[inline(always)]
    pub(crate) fn zeros(self) -> usize {
        (self.0 >> 24) as usize
    }

    /// The lower half of the symbol: how many bits the value has.
    #[inline(always)]
    pub(crate) fn size(self) -> u32 {
        self.0 >> 16 & 255
    }

    /// How many bits the code has.
    #[inline(always)]
    pub(crate) fn length(self) -> u32 {
        self.0 >> 8 & 255
    }

    /// How many bits the code and the value have.
    #[inline(always)]
    pub(crate) fn total(self) -> u32 {
        self.0 & 255
    }
}

impl Table {
    /// From how many codes there are of each length, and their symbols in order.
    pub(crate) fn new(counts: &[u8; 16], symbols: &[u8]) -> Result<Self, JpegError> {
        let mut table = Self {
            entries: Box::new([Entry::NONE; 1 << LOOK]),
            ends: [0; 17],
            offsets: [0; 17],
            all: symbols.to_vec(),
        };
        let (mut code, mut place) = (0_u32, 0);
        for (length, &count) in (1_u32..).zip(counts) {
            table.offsets[length as usize] = place as i32 - code as i32;
            for _ in 0..count {
                table.fill(code, length, symbols[place]);
                code += 1;
                place += 1;
            }
            if code > 1 << length {
                return Err(Corruption::TooManyCodes.into());
            }
            table.ends[length as usize] = code << (16 - length);
            code <<= 1;
        }
        Ok(table)
    }

    /// Every entry that begins with this code.
    fn fill(&mut self, code: u32, length: u32, symbol: u8) {
        if length > LOOK || code >= 1 << length {
            return;
        }
        let (first, count) = (code << (LOOK - length), 1 << (LOOK - length));
        self.entries[first as usize..][..count].fill(Entry::new(symbol, length));
    }

    /// What the next bits begin with, without consuming them. At least 16 bits must be there.
    #[inline(always)]
    pub(crate) fn entry(&self, bits: &Bits) -> Result<Entry, JpegError> {
        match self.short(bits.peek(LOOK)) {
            Some(entry) => Ok(entry),
            None => self.long(bits.peek(16)),
        }
    }

    /// What these [`LOOK`] bits begin with, if it is a short code.
    #[inline(always)]
    pub(crate) fn short(&self, bits: u32) -> Option<Entry> {
        Some(self.entries[bits as usize % (1 << LOOK)]).filter(|entry| *entry != Entry::NONE)
    }

    /// What these 16 bits begin with.
    #[cold]
    fn long(&self, next: u32) -> Result<Entry, JpegError> {
        let length = (1..=16).find(|&length| next < self.ends[length as usize]);
        let length = length.ok_or(Corruption::UnknownCode)?;
        let place = (next >> (16 - length)) as i32 + self.offsets[length as usize];
        let symbol = usize::try_from(place)
            .ok()
            .and_then(|place| self.all.get(place));
        Ok(Entry::new(*symbol.ok_or(Corruption::UnknownCode)?, length))
    }

    /// The next symbol. At least 16 bits must be there.
    #[inline(always)]
    pub(crate) fn symbol(&self, bits: &mut Bits) -> Result<u8, JpegError> {
        let entry = self.entry(bits)?;
        bits.skip(entry.length());
        Ok((entry.zeros() << 4) as u8 | entry.size() as u8)
    }
}

/// The value that `size` bits stand for: the lower half of them are negative.
#[inline(always)]
pub(crate) fn extend(bits: u32, size: u32) -> i32 {
    let (bits, end) = (bits as i32, 1 << size);
    let negative = -i32::from(bits < end >> 1); // all ones, or none: a branch would be guessed
    bits + (negative & (1 - end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_the_standard() {
        let of = |size: u32| {
            (0..1 << size)
                .map(|bits| extend(bits, size))
                .collect::<Vec<_>>()
        };
        assert_eq!(of(1), [-1, 1]);
        assert_eq!(of(2), [-3, -2, 2, 3]);
        assert_eq!((extend(0, 0), extend(0, 15)), (0, -32767));
    }

    #[test]
    fn too_many_codes_are_a_named_error() {
        let mut counts = [0; 16];
        counts[0] = 3;
        assert!(Table::new(&counts, &[1, 2, 3]).is_err());
    }

    #[test]
    fn long_codes_are_found_where_short_ones_end() {
        // One code of each length: 0, 10, 110, … and the last of 16 bits.
        let symbols: Vec<u8> = (1..=16).collect();
        let table = Table::new(&[1; 16], &symbols).unwrap();
        let data = [0b1111_1111, 0, 0b1111_1110, 0, 0];
        // Stuffed: FF 00 is one byte of ones.
        let mut bits = Bits::new(&data, 0);
        bits.refill();
        assert_eq!(table.symbol(&mut bits).unwrap(), 16);
        let all_ones = [0xFF, 0, 0xFF, 0, 0xFF, 0];
        let mut bits = Bits::new(&all_ones, 0);
        bits.refill();
        assert!(table.symbol(&mut bits).is_err());
    }
}
