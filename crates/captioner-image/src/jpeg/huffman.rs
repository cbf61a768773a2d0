//! Huffman tables, and the symbols that bits stand for.

use super::bits::Bits;
use super::corrupt;
use crate::ImageError;

/// Codes up to this long are found by one look into a table.
const LOOK: u32 = 10;

/// One Huffman table.
#[derive(Debug)]
pub(crate) struct Table {
    /// For the next [`LOOK`] bits: `symbol << 8 | length`, 0 where the code is longer.
    symbols: Box<[u16; 1 << LOOK]>,
    /// For the next [`LOOK`] bits, where code and value fit in them:
    /// `value << 16 | zeros before it << 8 | length of both`; 0 otherwise.
    values: Box<[i32; 1 << LOOK]>,
    /// For each length, the first code beyond those of that length, left-aligned in 16 bits.
    ends: [u32; 17],
    /// For each length, what to add to a code to find its symbol.
    offsets: [i32; 17],
    all: Vec<u8>,
}

impl Table {
    /// From how many codes there are of each length, and their symbols in order.
    pub(crate) fn new(counts: &[u8; 16], symbols: &[u8]) -> Result<Self, ImageError> {
        let mut table = Self {
            symbols: Box::new([0; 1 << LOOK]),
            values: Box::new([0; 1 << LOOK]),
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
                return Err(corrupt("a Huffman table has more codes than fit"));
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
        let free = LOOK - length;
        for rest in 0..1_u32 << free {
            let entry = ((code << free) | rest) as usize;
            self.symbols[entry] = u16::from(symbol) << 8 | length as u16;
            let (zeros, size) = (symbol >> 4, u32::from(symbol & 15));
            if size > 0 && size <= free {
                let value = extend(rest >> (free - size), size);
                self.values[entry] = value << 16 | i32::from(zeros) << 8 | (length + size) as i32;
            }
        }
    }

    /// The next symbol. At least 16 bits must be there.
    #[inline(always)]
    pub(crate) fn symbol(&self, bits: &mut Bits) -> Result<u8, ImageError> {
        let entry = self.symbols[bits.peek(LOOK) as usize];
        if entry != 0 {
            bits.skip(u32::from(entry & 255));
            return Ok((entry >> 8) as u8);
        }
        self.long_symbol(bits)
    }

    #[cold]
    fn long_symbol(&self, bits: &mut Bits) -> Result<u8, ImageError> {
        let next = bits.peek(16);
        let length = (1..=16).find(|&length| next < self.ends[length as usize]);
        let Some(length) = length else {
            return Err(corrupt("a code that its Huffman table doesn't have"));
        };
        let place = (next >> (16 - length)) as i32 + self.offsets[length as usize];
        bits.skip(length);
        let symbol = usize::try_from(place)
            .ok()
            .and_then(|place| self.all.get(place));
        symbol
            .copied()
            .ok_or_else(|| corrupt("a code that its Huffman table doesn't have"))
    }

    /// The next coefficient, where code and value are short: the value, how many zeros stand
    /// before it. Consumes nothing otherwise.
    #[inline(always)]
    pub(crate) fn short_value(&self, bits: &mut Bits) -> Option<(i32, usize)> {
        let entry = self.values[bits.peek(LOOK) as usize];
        if entry == 0 {
            return None;
        }
        bits.skip((entry & 255) as u32);
        Some((entry >> 16, (entry >> 8 & 255) as usize))
    }
}

/// The value that `size` bits stand for: the lower half of them are negative.
#[inline(always)]
pub(crate) fn extend(bits: u32, size: u32) -> i32 {
    let bits = bits as i32;
    match size {
        0 => 0,
        size if bits < 1 << (size - 1) => bits - (1 << size) + 1,
        _ => bits,
    }
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
        assert_eq!(extend(0, 15), -32767);
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
