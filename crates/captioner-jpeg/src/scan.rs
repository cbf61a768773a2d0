//! The blocks of a sequential scan.

use crate::bits::Bits;
use crate::error::{Corruption, JpegError};
use crate::frame::{Group, LANES};
use crate::huffman::Table;
use crate::markers::{Reader, Scan, ZIGZAG};
use crate::pairs::{Pair, Pairs};
use std::sync::Arc;

/// What blocks take over from those before them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Predictions {
    /// The last DC coefficient of each part of the scan.
    pub(crate) dc: [i32; 4],
    /// Progressive: how many further blocks of this scan are empty.
    pub(crate) eob_run: u32,
}

/// The Huffman tables of each part of a scan, as far as there are any.
pub(crate) struct Tables {
    pub(crate) dc: Vec<Option<Arc<Table>>>,
    pub(crate) ac: Vec<Option<Arc<Table>>>,
}

impl Tables {
    /// The tables that there are.
    pub(crate) fn present(reader: &Reader, scan: &Scan) -> Self {
        let parts = scan.parts.iter();
        Self {
            dc: parts
                .clone()
                .map(|part| reader.dc[part.1].clone())
                .collect(),
            ac: parts.map(|part| reader.ac[part.2].clone()).collect(),
        }
    }
}

/// The Huffman tables of one part of a sequential scan.
pub(crate) struct Codes {
    dc: Arc<Table>,
    ac: Arc<Table>,
    /// For scans that are long enough to be worth it.
    pairs: Option<Arc<Pairs>>,
}

/// Blocks of a scan from which on a table of pairs takes less time than it saves.
const MANY_BLOCKS: usize = 1000;

impl Codes {
    /// Of each part of a scan, which must have all tables.
    pub(crate) fn of(reader: &Reader, scan: &Scan, blocks: usize) -> Result<Vec<Self>, JpegError> {
        let tables = Tables::present(reader, scan);
        let mut all: Vec<Self> = Vec::new();
        for both in tables.dc.into_iter().zip(tables.ac) {
            let (Some(dc), Some(ac)) = both else {
                return Err(Corruption::NoHuffmanTable.into());
            };
            let same = all.iter().find(|codes| Arc::ptr_eq(&codes.ac, &ac));
            let pairs = match same {
                Some(codes) => codes.pairs.clone(),
                None => (blocks >= MANY_BLOCKS).then(|| Arc::new(Pairs::new(&ac))),
            };
            all.push(Self { dc, ac, pairs });
        }
        Ok(all)
    }

    /// Reads one block into place `lane` of its group: the DC coefficient, then the AC coefficients as far
    /// as there are any. `last` is the DC coefficient of the block before.
    #[inline(always)]
    pub(crate) fn block(
        &self,
        reader: &mut Bits,
        last: &mut i32,
        group: &mut Group,
        lane: usize,
    ) -> Result<(), JpegError> {
        let mut bits = *reader;
        group[lane % LANES] = dc_coefficient(&self.dc, &mut bits, last)? as i16;
        let mut place = 1;
        while place < 64 {
            if bits.ready() < 32 {
                bits.refill();
            }
            if let Some(pairs) = &self.pairs
                && place < 64 - Pair::MOST
            {
                let pair = pairs.of(bits.word());
                if pair.passed > 0 {
                    // Where there is no second value, the place of the next one gets the 0 it has.
                    let [first, second] = pair.offsets.map(usize::from);
                    group[index(place + second, lane)] = pair.values[1];
                    group[index(place + first, lane)] = pair.values[0];
                    bits.skip(pair.bits.into());
                    place += usize::from(pair.passed);
                    continue;
                }
            }
            let entry = self.ac.entry(&bits)?;
            if entry.size() == 0 {
                bits.skip(entry.length());
                match entry.zeros() {
                    15 => place += 16,
                    _ => break,
                }
                continue;
            }
            place += entry.zeros();
            group[index(place, lane)] = bits.value(entry) as i16;
            place += 1;
        }
        *reader = bits;
        Ok(())
    }
}

/// The DC coefficient of the next block: a difference from the last one.
#[inline(always)]
pub(crate) fn dc_coefficient(
    table: &Table,
    bits: &mut Bits,
    last: &mut i32,
) -> Result<i32, JpegError> {
    bits.refill();
    let entry = table.entry(bits)?;
    if entry.zeros() > 0 {
        let bits = (entry.zeros() << 4) as u8 | entry.size() as u8;
        return Err(Corruption::Difference { bits }.into());
    }
    *last = last.wrapping_add(bits.value(entry));
    Ok(*last)
}

/// Where the coefficient stands. The remainders never change a place; they spare a check.
#[inline(always)]
pub(crate) fn index(place: usize, lane: usize) -> usize {
    (usize::from(PLACES[place % PLACES.len()]) + lane) % (64 * LANES)
}

/// Of each coefficient in the file's order, where its lanes begin. What broken files count beyond the
/// end falls onto the last one.
static PLACES: [u16; 128] = {
    let mut places = [63 * LANES as u16; 128];
    let mut place = 0;
    while place < 64 {
        places[place] = ZIGZAG[place] as u16 * LANES as u16;
        place += 1;
    }
    places
};
