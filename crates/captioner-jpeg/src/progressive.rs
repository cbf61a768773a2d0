//! The blocks of progressive scans: ITU-T T.81, annex G.

use crate::bits::Bits;
use crate::error::{Corruption, JpegError};
use crate::frame::Group;
use crate::huffman::extend;
use crate::markers::{Reader, Scan};
use crate::scan::{Predictions, Tables, dc_coefficient, index};

/// The tables of a progressive scan, whose header must make sense.
pub(crate) fn tables(reader: &Reader, scan: &Scan) -> Result<Tables, JpegError> {
    let (first, last) = scan.spectrum;
    let dc = first == 0;
    let spectrum = if dc {
        last == 0
    } else {
        first <= last && last < 64 && scan.parts.len() == 1
    };
    let bits = scan.low <= 13 && (scan.high == 0 || scan.high == scan.low + 1);
    if !spectrum || !bits {
        return Err(Corruption::ProgressiveScan {
            first,
            last,
            high: scan.high,
            low: scan.low,
        }
        .into());
    }
    let tables = Tables::present(reader, scan);
    let needed = match dc {
        true if scan.high > 0 => &[][..],
        true => &tables.dc,
        false => &tables.ac,
    };
    if needed.iter().any(Option::is_none) {
        return Err(Corruption::NoHuffmanTable.into());
    }
    Ok(tables)
}

/// Reads what this scan says of one block.
#[inline(always)]
pub(crate) fn block(
    tables: &Tables,
    scan: &Scan,
    part: usize,
    bits: &mut Bits,
    predictions: &mut Predictions,
    group: &mut Group,
    lane: usize,
) -> Result<(), JpegError> {
    let place = index(0, lane);
    match (scan.spectrum.0, scan.high) {
        (0, 0) => {
            let Some(table) = &tables.dc[part] else {
                return Err(Corruption::NoHuffmanTable.into());
            };
            let dc = dc_coefficient(table, bits, &mut predictions.dc[part])?;
            group[place] = dc.wrapping_shl(scan.low.into()) as i16;
            Ok(())
        }
        (0, _) => {
            if bits.bit() {
                group[place] |= 1 << scan.low;
            }
            Ok(())
        }
        (_, 0) => first_bits(tables, scan, part, bits, predictions, group, lane),
        _ => further_bit(tables, scan, part, bits, predictions, group, lane),
    }
}

/// The upper bits of some coefficients.
fn first_bits(
    tables: &Tables,
    scan: &Scan,
    part: usize,
    bits: &mut Bits,
    predictions: &mut Predictions,
    group: &mut Group,
    lane: usize,
) -> Result<(), JpegError> {
    if predictions.eob_run > 0 {
        predictions.eob_run -= 1;
        return Ok(());
    }
    let Some(table) = &tables.ac[part] else {
        return Err(Corruption::NoHuffmanTable.into());
    };
    let (mut place, last) = (scan.spectrum.0.into(), scan.spectrum.1.into());
    while place <= last {
        bits.refill();
        let symbol = table.symbol(bits)?;
        let (zeros, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        match (zeros, size) {
            (15, 0) => place += 16,
            (zeros, 0) => {
                predictions.eob_run = (1 << zeros) - 1 + bits.take(zeros);
                break;
            }
            _ => {
                place += zeros as usize;
                let value = extend(bits.take(size), size);
                group[index(place, lane)] = value.wrapping_shl(scan.low.into()) as i16;
                place += 1;
            }
        }
    }
    Ok(())
}

/// One more bit of coefficients that are there, and new ones that begin at this bit.
fn further_bit(
    tables: &Tables,
    scan: &Scan,
    part: usize,
    bits: &mut Bits,
    predictions: &mut Predictions,
    group: &mut Group,
    lane: usize,
) -> Result<(), JpegError> {
    let Some(table) = &tables.ac[part] else {
        return Err(Corruption::NoHuffmanTable.into());
    };
    let (mut place, last) = (scan.spectrum.0.into(), scan.spectrum.1.into());
    let one = 1_i16 << scan.low;
    if predictions.eob_run == 0 {
        while place <= last {
            bits.refill();
            let symbol = table.symbol(bits)?;
            let (zeros, size) = (u32::from(symbol >> 4), symbol & 15);
            let value = match (zeros, size) {
                (15, 0) => 0,
                (zeros, 0) => {
                    predictions.eob_run = (1 << zeros) + bits.take(zeros);
                    break;
                }
                (_, 1) if bits.bit() => one,
                (_, 1) => -one,
                _ => return Err(Corruption::Refinement { bits: size }.into()),
            };
            place = refine(bits, group, lane, (place, last), zeros, one);
            if value != 0 && place <= last {
                group[index(place, lane)] = value;
            }
            place += 1;
        }
    }
    if predictions.eob_run > 0 {
        refine(bits, group, lane, (place, last), u32::MAX, one);
        predictions.eob_run -= 1;
    }
    Ok(())
}

/// Adds a bit to the coefficients that are not zero, until `zeros` zeros are passed and another one
/// is met. Returns its place.
fn refine(
    bits: &mut Bits,
    group: &mut Group,
    lane: usize,
    (mut place, last): (usize, usize),
    mut zeros: u32,
    one: i16,
) -> usize {
    while place <= last {
        let coefficient = &mut group[index(place, lane)];
        if *coefficient == 0 {
            if zeros == 0 {
                break;
            }
            zeros -= 1;
        } else if bits.bit() && *coefficient & one == 0 {
            let grown = if *coefficient > 0 { one } else { -one };
            *coefficient = coefficient.wrapping_add(grown);
        }
        place += 1;
    }
    place
}
