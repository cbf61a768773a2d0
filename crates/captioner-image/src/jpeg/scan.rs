//! The blocks of a sequential scan.

use super::bits::Bits;
use super::corrupt;
use super::frame::{Group, LANES};
use super::huffman::Table;
use super::markers::{Reader, Scan, ZIGZAG};
use crate::ImageError;
use std::sync::Arc;

/// What blocks take over from those before them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Predictions {
    /// The last mean of each part of the scan.
    pub(crate) means: [i32; 4],
    /// Progressive: how many blocks still end where they begin.
    pub(crate) ended_blocks: u32,
}

/// The Huffman tables of each part of a scan.
pub(crate) struct Tables {
    pub(crate) dc: Vec<Option<Arc<Table>>>,
    pub(crate) ac: Vec<Option<Arc<Table>>>,
}

impl Tables {
    /// The tables of a sequential scan, which needs both kinds.
    pub(crate) fn new(reader: &Reader, scan: &Scan) -> Result<Self, ImageError> {
        let tables = Self::present(reader, scan);
        if tables.dc.iter().chain(&tables.ac).any(Option::is_none) {
            return Err(corrupt("a Huffman table is missing"));
        }
        Ok(tables)
    }

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

    /// Reads one block into place `lane` of its group.
    #[inline(always)]
    pub(crate) fn sequential_block(
        &self,
        part: usize,
        bits: &mut Bits,
        predictions: &mut Predictions,
        group: &mut Group,
        lane: usize,
    ) -> Result<(), ImageError> {
        let (Some(dc), Some(ac)) = (&self.dc[part], &self.ac[part]) else {
            return Err(corrupt("a Huffman table is missing"));
        };
        let mut copy = *bits;
        let done = coefficients(dc, ac, &mut copy, &mut predictions.means[part], group, lane);
        *bits = copy;
        done
    }
}

/// Reads the coefficients of one block: the mean, then the others as far as there are any.
#[inline(always)]
fn coefficients(
    dc: &Table,
    ac: &Table,
    bits: &mut Bits,
    last: &mut i32,
    group: &mut Group,
    lane: usize,
) -> Result<(), ImageError> {
    group[lane % LANES] = mean(dc, bits, last)? as i16;
    let mut place = 1;
    while place < 64 {
        if bits.ready() < 32 {
            bits.refill();
        }
        let entry = ac.entry(bits)?;
        if entry.size() == 0 {
            bits.skip(entry.length());
            match entry.zeros() {
                15 => place += 16,
                _ => break,
            }
            continue;
        }
        place += entry.zeros();
        put(group, place, lane, bits.value(entry));
        place += 1;
    }
    Ok(())
}

/// The mean of the next block: a difference from the last one.
#[inline(always)]
pub(crate) fn mean(table: &Table, bits: &mut Bits, last: &mut i32) -> Result<i32, ImageError> {
    bits.refill();
    let entry = table.entry(bits)?;
    if entry.zeros() > 0 {
        let size = entry.zeros() << 4 | entry.size() as usize;
        return Err(corrupt(format!("a difference of {size} bits")));
    }
    *last = last.wrapping_add(bits.value(entry));
    Ok(*last)
}

/// Sets a coefficient, in the file's order.
#[inline(always)]
pub(crate) fn put(group: &mut Group, place: usize, lane: usize, value: i32) {
    group[index(place, lane)] = value as i16;
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
