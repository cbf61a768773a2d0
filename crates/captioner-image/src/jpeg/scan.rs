//! The blocks of a sequential scan.

use super::bits::Bits;
use super::corrupt;
use super::frame::{Group, LANES};
use super::huffman::{Table, extend};
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
        group[lane % LANES] = mean(dc, bits, &mut predictions.means[part])? as i16;
        let mut place = 1;
        while place < 64 {
            if bits.ready() < 32 {
                bits.refill();
            }
            if let Some((value, zeros)) = ac.short_value(bits) {
                place += zeros;
                put(group, place, lane, value);
                place += 1;
                continue;
            }
            let symbol = ac.symbol(bits)?;
            let (zeros, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            match (zeros, size) {
                (15, 0) => place += 16,
                (_, 0) => break,
                _ => {
                    place += zeros;
                    let value = extend(bits.take(size), size);
                    put(group, place, lane, value);
                    place += 1;
                }
            }
        }
        Ok(())
    }
}

/// The mean of the next block: a difference from the last one.
#[inline(always)]
pub(crate) fn mean(table: &Table, bits: &mut Bits, last: &mut i32) -> Result<i32, ImageError> {
    bits.refill();
    let size = u32::from(table.symbol(bits)?);
    if size > 15 {
        return Err(corrupt(format!("a difference of {size} bits")));
    }
    *last = last.wrapping_add(extend(bits.take(size), size));
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
    let natural = usize::from(ZIGZAG[place.min(ZIGZAG.len() - 1)]);
    (natural * LANES + lane) % (64 * LANES)
}
