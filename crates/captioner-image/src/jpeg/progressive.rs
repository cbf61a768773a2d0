//! The blocks of progressive scans: ITU-T T.81, annex G.

use super::bits::Bits;
use super::corrupt;
use super::frame::Group;
use super::huffman::extend;
use super::markers::{Reader, Scan};
use super::scan::{Predictions, Tables, index, mean};
use crate::ImageError;

/// The tables of a progressive scan, whose header must make sense.
pub(crate) fn tables(reader: &Reader, scan: &Scan) -> Result<Tables, ImageError> {
    let (first, last) = scan.spectrum;
    let means = first == 0;
    let spectrum = if means {
        last == 0
    } else {
        first <= last && last < 64 && scan.parts.len() == 1
    };
    let bits = scan.low <= 13 && (scan.high == 0 || scan.high == scan.low + 1);
    if !spectrum || !bits {
        return Err(corrupt(format!(
            "a progressive scan of the coefficients {first} to {last}, bits {} to {}",
            scan.high, scan.low
        )));
    }
    let tables = Tables::present(reader, scan);
    let needed = match means {
        true if scan.high > 0 => &[][..],
        true => &tables.dc,
        false => &tables.ac,
    };
    if needed.iter().any(Option::is_none) {
        return Err(corrupt("a Huffman table is missing"));
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
) -> Result<(), ImageError> {
    let place = index(0, lane);
    match (scan.spectrum.0, scan.high) {
        (0, 0) => {
            let Some(table) = &tables.dc[part] else {
                return Err(corrupt("a Huffman table is missing"));
            };
            let mean = mean(table, bits, &mut predictions.means[part])?;
            group[place] = mean.wrapping_shl(scan.low) as i16;
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
) -> Result<(), ImageError> {
    if predictions.ended_blocks > 0 {
        predictions.ended_blocks -= 1;
        return Ok(());
    }
    let Some(table) = &tables.ac[part] else {
        return Err(corrupt("a Huffman table is missing"));
    };
    let (mut place, last) = scan.spectrum;
    while place <= last {
        bits.refill();
        let symbol = table.symbol(bits)?;
        let (zeros, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        match (zeros, size) {
            (15, 0) => place += 16,
            (zeros, 0) => {
                predictions.ended_blocks = (1 << zeros) - 1 + bits.take(zeros);
                break;
            }
            _ => {
                place += zeros as usize;
                let value = extend(bits.take(size), size);
                group[index(place, lane)] = value.wrapping_shl(scan.low) as i16;
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
) -> Result<(), ImageError> {
    let Some(table) = &tables.ac[part] else {
        return Err(corrupt("a Huffman table is missing"));
    };
    let (mut place, last) = scan.spectrum;
    let one = 1_i16 << scan.low;
    if predictions.ended_blocks == 0 {
        while place <= last {
            bits.refill();
            let symbol = table.symbol(bits)?;
            let (zeros, size) = (u32::from(symbol >> 4), symbol & 15);
            let value = match (zeros, size) {
                (15, 0) => 0,
                (zeros, 0) => {
                    predictions.ended_blocks = (1 << zeros) + bits.take(zeros);
                    break;
                }
                (_, 1) if bits.bit() => one,
                (_, 1) => -one,
                _ => return Err(corrupt(format!("a coefficient that grows by {size} bits"))),
            };
            place = refine(bits, group, lane, (place, last), zeros, one);
            if value != 0 && place <= last {
                group[index(place, lane)] = value;
            }
            place += 1;
        }
    }
    if predictions.ended_blocks > 0 {
        refine(bits, group, lane, (place, last), u32::MAX, one);
        predictions.ended_blocks -= 1;
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
