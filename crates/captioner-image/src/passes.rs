//! The two passes of a resize, written so that the compiler makes vector instructions of them.
//!
//! Both sum pixels times weights in 32-bit fixed point. Along columns, neighbouring bytes of a row have
//! the same weights, so they are summed side by side. Along rows, it is the bytes below each other that
//! have the same weights: 32 rows at a time are transposed first, and back afterwards.

use crate::bands::{BAND, Band, Bands, Lines};
use crate::sums::{self, HALF, Lanes, Sums, to_bytes};
use crate::taps::Taps;
use std::ops::Range;
use wide::u8x16;

/// Bytes that are summed side by side: few enough for registers, too many for the compiler to
/// unroll them and then look for other loops to vectorise.
const WIDTH: usize = BAND;
/// Rows and columns of the squares that are transposed.
const SIDE: usize = 16;

/// The pass along a band of rows, from which three planes come.
pub(crate) struct AlongRows<'a, B> {
    pub(crate) picture: &'a B,
    pub(crate) taps: &'a Taps,
    /// The columns that have weights.
    pub(crate) columns: Range<usize>,
    /// At most [`BAND`].
    pub(crate) rows: Range<usize>,
    pub(crate) scratch: &'a mut Scratch,
    /// Each `rows x taps`.
    pub(crate) planes: [&'a mut [u8]; 3],
}

/// Memory that one band after the other uses.
#[derive(Default)]
pub(crate) struct Scratch {
    band: Vec<u8>,
    transposed: Vec<Lanes>,
    sums: Vec<Lanes>,
}

impl<B: Bands> AlongRows<'_, B> {
    /// Does the pass with the best vector instructions that the processor has.
    pub(crate) fn run(self) {
        #[cfg(target_arch = "x86_64")]
        if let Some(simd) = pulp::x86::V3::try_new() {
            return simd.vectorize(With(self, simd));
        }
        pulp::Arch::new().dispatch(With(self, sums::Portable));
    }
}

/// A pass with the arithmetic of its sums.
struct With<P, S>(P, S);

impl<B: Bands, S: Sums> pulp::NullaryFnOnce for With<AlongRows<'_, B>, S> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self(pass, arithmetic) = self;
        pass.call(arithmetic);
    }
}

impl<B: Bands> AlongRows<'_, B> {
    #[inline(always)]
    fn call(self, arithmetic: impl Sums) {
        let Scratch {
            band,
            transposed,
            sums,
        } = self.scratch;
        let first = self.columns.start;
        let padded = self.columns.len().next_multiple_of(SIDE);
        transposed.resize(3 * padded, [0; WIDTH]);
        let places = match self.picture.band(self.rows.clone(), self.columns, band) {
            Band::Interleaved(lines) => {
                transpose_rows(lines, transposed);
                Places { step: 3, apart: 1 }
            }
            Band::Planar(channels) => {
                for (lines, transposed) in channels.iter().zip(transposed.chunks_exact_mut(padded))
                {
                    transpose_rows(*lines, transposed);
                }
                Places {
                    step: 1,
                    apart: padded,
                }
            }
        };
        let width = self.taps.len();
        sums.resize(width.next_multiple_of(SIDE), [0; WIDTH]);
        for (channel, plane) in self.planes.into_iter().enumerate() {
            let transposed = &transposed[channel * places.apart..];
            for (pixel, sum) in sums[..width].iter_mut().enumerate() {
                let (start, weights) = self.taps.of(pixel);
                let values = &transposed[(start - first) * places.step..];
                *sum = arithmetic.pixels(values, places.step, weights);
            }
            transpose_back(sums, plane, width);
        }
    }
}

/// Where the channels of a pixel are.
#[derive(Clone, Copy)]
struct Places {
    /// From one pixel to the next.
    step: usize,
    /// From one channel to the next.
    apart: usize,
}

/// Byte `n` of 32 rows becomes column `n`.
#[inline(always)]
fn transpose_rows(rows: Lines, transposed: &mut [Lanes]) {
    let rows = rows.all();
    let (transposed, _) = transposed.as_chunks_mut::<SIDE>();
    let whole = rows[0].len() / SIDE;
    for (half, rows) in rows.as_chunks::<SIDE>().0.iter().enumerate() {
        for (place, columns) in transposed.iter_mut().enumerate() {
            let mut square = [[0; SIDE]; SIDE];
            if place < whole {
                for (bytes, row) in square.iter_mut().zip(rows) {
                    *bytes = row.as_chunks().0[place];
                }
            } else {
                copy_rest(rows, &mut square);
            }
            for (column, bytes) in columns.iter_mut().zip(transpose(square)) {
                column.as_chunks_mut().0[half] = bytes;
            }
        }
    }
}

/// What is left of rows behind their last sixteen bytes.
#[cold]
fn copy_rest(rows: &[&[u8]; SIDE], square: &mut [[u8; SIDE]; SIDE]) {
    for (bytes, row) in square.iter_mut().zip(rows) {
        let rest = row.as_chunks::<SIDE>().1;
        bytes[..rest.len()].copy_from_slice(rest);
    }
}

/// Columns of 32 rows become those rows, `width` bytes each.
#[inline(always)]
fn transpose_back(columns: &[Lanes], rows: &mut [u8], width: usize) {
    for (half, rows) in rows.chunks_mut(SIDE * width).enumerate() {
        for (place, columns) in columns.as_chunks::<SIDE>().0.iter().enumerate() {
            let mut square = [[0; SIDE]; SIDE];
            for (bytes, column) in square.iter_mut().zip(columns) {
                *bytes = column.as_chunks().0[half];
            }
            let square = transpose(square);
            if place < width / SIDE {
                for (row, bytes) in rows.chunks_exact_mut(width).zip(square) {
                    row.as_chunks_mut().0[place] = bytes;
                }
            } else {
                write_rest(rows, width, &square);
            }
        }
    }
}

/// Fills rows behind their last sixteen bytes.
#[cold]
fn write_rest(rows: &mut [u8], width: usize, square: &[[u8; SIDE]; SIDE]) {
    for (row, bytes) in rows.chunks_exact_mut(width).zip(square) {
        let rest = row.as_chunks_mut::<SIDE>().1;
        rest.copy_from_slice(&bytes[..rest.len()]);
    }
}

/// Rows become columns: four times, the first half of the rows is interleaved with the second.
#[inline(always)]
fn transpose(square: [[u8; SIDE]; SIDE]) -> [[u8; SIDE]; SIDE] {
    let mut rows = [u8x16::ZERO; SIDE];
    for (row, bytes) in rows.iter_mut().zip(square) {
        *row = u8x16::new(bytes);
    }
    for _ in 0..4 {
        let before = rows;
        for n in 0..SIDE / 2 {
            let (upper, lower) = (before[n], before[n + SIDE / 2]);
            rows[2 * n] = u8x16::unpack_low(upper, lower);
            rows[2 * n + 1] = u8x16::unpack_high(upper, lower);
        }
    }
    let mut transposed = square;
    for (bytes, row) in transposed.iter_mut().zip(rows) {
        *bytes = row.to_array();
    }
    transposed
}

/// One row of the pass along columns.
pub(crate) struct AlongColumns<'a, T> {
    pub(crate) part: Lines<'a>,
    /// The first row that has a weight.
    pub(crate) first: usize,
    pub(crate) weights: &'a [i32],
    /// What each byte becomes.
    pub(crate) table: &'a [T; 256],
    /// As long as the part is wide.
    pub(crate) result: &'a mut [T],
}

impl<T: Copy> pulp::NullaryFnOnce for AlongColumns<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let (part, first, weights) = (self.part, self.first, self.weights);
        let (wide, rest) = self.result.as_chunks_mut::<WIDTH>();
        let start = wide.len() * WIDTH;
        for (place, result) in wide.iter_mut().enumerate() {
            let bytes = sum_columns::<WIDTH>(part, first, weights, place * WIDTH);
            for (value, byte) in result.iter_mut().zip(bytes) {
                *value = self.table[usize::from(byte)];
            }
        }
        for (place, value) in rest.iter_mut().enumerate() {
            let [byte] = sum_columns::<1>(part, first, weights, start + place);
            *value = self.table[usize::from(byte)];
        }
    }
}

/// Some bytes side by side, over all rows that have a weight.
#[inline(always)]
fn sum_columns<const N: usize>(
    part: Lines,
    first: usize,
    weights: &[i32],
    start: usize,
) -> [u8; N] {
    let mut totals = [HALF; N];
    for (row, weight) in (first..).zip(weights) {
        let bytes: &[u8] = &part.row(row)[start..][..N];
        for (total, value) in totals.iter_mut().zip(bytes) {
            *total = total.wrapping_add(i32::from(*value) * weight);
        }
    }
    to_bytes(totals)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transposing_makes_columns_of_rows() {
        let square: [[u8; SIDE]; SIDE] =
            std::array::from_fn(|row| std::array::from_fn(|column| (row * SIDE + column) as u8));
        let transposed = transpose(square);
        for row in 0..SIDE {
            for column in 0..SIDE {
                assert_eq!(transposed[column][row], square[row][column]);
            }
        }
    }
}
