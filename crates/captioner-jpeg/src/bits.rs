//! The bits of a scan, without the zero bytes that stand after each `FF`.

use crate::error::{Corruption, JpegError};
use crate::huffman::{Entry, extend};

/// A reader of bits. Behind the last one it gives zeros and counts them.
///
/// Loops work on a copy, which stays in registers because nothing that isn't inlined borrows it.
#[derive(Clone, Copy)]
pub(crate) struct Bits<'a> {
    bytes: &'a [u8],
    place: usize,
    /// The next bits, the first at the top.
    next: u64,
    /// How many of them are there.
    count: u32,
    /// How many of them stand for bits that the file doesn't have.
    missing: u32,
}

impl<'a> Bits<'a> {
    pub(crate) fn new(bytes: &'a [u8], place: usize) -> Self {
        Self {
            bytes,
            place,
            next: 0,
            count: 0,
            missing: 0,
        }
    }

    /// Makes at least 56 bits ready.
    #[inline(always)]
    pub(crate) fn refill(&mut self) {
        if let Some(eight) = self
            .bytes
            .get(self.place..)
            .and_then(<[u8]>::first_chunk::<8>)
        {
            let eight = u64::from_be_bytes(*eight);
            if !has_byte_ff(eight) {
                // Bits beyond the counted ones are set too; the next refill sets them again alike.
                self.next |= eight >> self.count;
                self.place += ((63 - self.count) >> 3) as usize;
                self.count |= 56;
                return;
            }
        }
        *self = self.refilled_slowly();
    }

    /// Byte after byte, as far as the next marker or the end of the file.
    #[inline(never)]
    fn refilled_slowly(mut self) -> Self {
        // What the fast path set beyond the count would be set twice, shifted.
        self.next &= !(u64::MAX.checked_shr(self.count).unwrap_or(0));
        while self.count <= 56 {
            let byte = match self.bytes.get(self.place..) {
                Some([0xFF, 0x00, ..]) => {
                    self.place += 2;
                    0xFF
                }
                Some([byte, ..]) if *byte != 0xFF => {
                    self.place += 1;
                    *byte
                }
                _ => {
                    self.missing += 8; // a marker or the end
                    0
                }
            };
            self.next |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
        self
    }

    /// The next `count` bits, 1 to 16, without consuming them.
    #[inline(always)]
    pub(crate) fn peek(&self, count: u32) -> u32 {
        (self.next >> (64 - count)) as u32
    }

    /// All bits that are ready, the next one at the top.
    #[inline(always)]
    pub(crate) fn word(&self) -> u64 {
        self.next
    }

    #[inline(always)]
    pub(crate) fn skip(&mut self, count: u32) {
        self.next <<= count;
        self.count = self.count.saturating_sub(count);
    }

    /// How many bits are ready.
    #[inline(always)]
    pub(crate) fn ready(&self) -> u32 {
        self.count
    }

    /// The next `count` bits, 0 to 16.
    #[inline(always)]
    pub(crate) fn take(&mut self, count: u32) -> u32 {
        if count == 0 {
            return 0;
        }
        let bits = self.peek(count);
        self.skip(count);
        bits
    }

    /// The value behind a code, and consumes both.
    #[inline(always)]
    pub(crate) fn value(&mut self, entry: Entry) -> i32 {
        let behind = self.next << entry.length();
        let bits = (behind >> 1) >> (63 - entry.size()); // none for a size of 0
        self.skip(entry.total());
        extend(bits as u32, entry.size())
    }

    /// One bit, refilling when there is none.
    #[inline(always)]
    pub(crate) fn bit(&mut self) -> bool {
        if self.count == 0 {
            self.refill();
        }
        self.take(1) == 1
    }

    /// An error when bits were used that the file doesn't have.
    #[inline(always)]
    pub(crate) fn check(&self) -> Result<(), JpegError> {
        match self.count < self.missing {
            true => Err(Corruption::CutOff.into()),
            false => Ok(()),
        }
    }

    /// A reader of what stands behind the next marker, which must be a restart.
    pub(crate) fn restarted(self) -> Result<Self, JpegError> {
        self.check()?;
        let place = self.marker();
        match self.bytes.get(place..) {
            Some([0xFF, 0xD0..=0xD7, ..]) => Ok(Self::new(self.bytes, place + 2)),
            Some([0xFF, ..]) => Err(Corruption::NoRestart.into()),
            _ => Err(Corruption::CutOff.into()),
        }
    }

    /// Where the next marker begins.
    pub(crate) fn marker(self) -> usize {
        // Bytes that were read ahead hold no marker, so the search may begin behind them; extra
        // FF bytes before a marker are filling.
        let rest = self.bytes.get(self.place..).unwrap_or_default();
        let is_marker = |pair: &[u8]| pair[0] == 0xFF && !matches!(pair[1], 0x00 | 0xFF);
        let found = rest.windows(2).position(is_marker);
        found.map_or(self.bytes.len(), |found| self.place + found)
    }
}

#[inline(always)]
fn has_byte_ff(word: u64) -> bool {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const TOPS: u64 = u64::from_ne_bytes([0x80; 8]);
    (!word).wrapping_sub(ONES) & word & TOPS != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ff_is_seen_in_any_byte() {
        for place in 0..8 {
            assert!(has_byte_ff(0x7F01_0080_FE00_8001 | 0xFF << (8 * place)));
        }
        assert!(!has_byte_ff(0x7F01_0080_FE00_8001));
        assert!(!has_byte_ff(0));
    }

    #[test]
    fn bits_come_in_order_across_stuffed_bytes_and_both_kinds_of_refill() {
        let mut data: Vec<u8> = (0..100_u8).map(|n| n.wrapping_mul(73) | 1).collect();
        data.retain(|&byte| byte != 0xFF);
        let mut stuffed = data.clone();
        for place in [3, 30, 31, 60] {
            data.insert(place, 0xFF);
        }
        for place in [3, 31, 33, 63] {
            stuffed.splice(place..place, [0xFF, 0x00]);
        }
        let mut bits = Bits::new(&stuffed, 0);
        let mut expected = data
            .iter()
            .flat_map(|byte| (0..8).rev().map(move |n| byte >> n & 1));
        let mut left = data.len() * 8;
        for count in (1..=16).cycle() {
            if left < count {
                break;
            }
            bits.refill();
            let taken = bits.take(count as u32);
            let wanted = (0..count).fold(0, |value, _| {
                value << 1 | u32::from(expected.next().unwrap())
            });
            assert_eq!(taken, wanted, "{left} left");
            left -= count;
        }
        bits.check().unwrap();
    }

    #[test]
    fn using_bits_behind_the_end_is_a_named_error() {
        let mut bits = Bits::new(&[0xAA], 0);
        bits.refill();
        bits.take(8);
        bits.check().unwrap();
        bits.take(1);
        assert!(bits.check().is_err());
    }
}
