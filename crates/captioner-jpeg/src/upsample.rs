//! Rows of a colour plane at the picture's full size.
//!
//! Where a plane has half the width or height, libjpeg's "fancy" upsampling mixes each sample with
//! its nearer neighbours 3 : 1 (`jdsample.c`). Other factors repeat samples.

use crate::frame::Frame;
use crate::samples::{Plane, Samples};
use std::ops::Range;

/// Gives some columns of the rows of one plane, in the picture's pixels.
pub(crate) struct Upsampler<'a> {
    plane: Plane<'a>,
    method: Method,
    columns: Range<usize>,
    /// The samples that these columns are made of, without their neighbours.
    used: Range<usize>,
    /// Sums of two rows, with the neighbours at both ends.
    sums: Vec<u16>,
    row: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    /// As it is.
    Whole,
    /// Twice as wide.
    Wider,
    /// Twice as high.
    Higher,
    /// Twice as wide and high.
    Both,
    /// Each sample so many times across and down.
    Repeat(usize, usize),
}

impl<'a> Upsampler<'a> {
    pub(crate) fn new(
        frame: &'a Frame,
        samples: &'a Samples,
        place: usize,
        columns: Range<usize>,
    ) -> Self {
        let component = &frame.components[place];
        let (across, down) = frame.factors(component);
        let wide = component.size.0 > 2; // libjpeg's condition, for lack of neighbours
        let method = match (across, down) {
            (1, 1) => Method::Whole,
            (2, 1) if wide && frame.points > 1 => Method::Wider,
            (2, 2) if wide && frame.points > 1 => Method::Both,
            (1, 2) if frame.points > 1 => Method::Higher,
            _ => Method::Repeat(across, down),
        };
        let used = columns.start / across..columns.end.div_ceil(across);
        let (sums, row) = match method {
            Method::Whole => (0, 0),
            _ => (used.len() + 2, used.len() * across),
        };
        Self {
            plane: samples.plane(frame, place),
            method,
            columns: columns.start - used.start * across..columns.end - used.start * across,
            used,
            sums: vec![0; sums],
            row: vec![0; row],
        }
    }

    /// The wanted columns of one row of the picture.
    #[inline(always)]
    pub(crate) fn row(&mut self, y: usize) -> &[u8] {
        let plane = self.plane;
        match self.method {
            Method::Whole => return &plane.row(y)[self.used.clone()],
            Method::Wider => {
                let row = plane.row(y);
                self.set_sums(row, row, |value, _| value);
                widen::<1, 2, 2>(&self.sums, &mut self.row);
            }
            Method::Higher => {
                let bias = if y.is_multiple_of(2) { 1 } else { 2 };
                let (near, far) = plane.rows_at(y);
                let pairs = near[self.used.clone()].iter().zip(&far[self.used.clone()]);
                for (value, (&near, &far)) in self.row.iter_mut().zip(pairs) {
                    *value = ((3 * u16::from(near) + u16::from(far) + bias) >> 2) as u8;
                }
            }
            Method::Both => {
                let (near, far) = plane.rows_at(y);
                self.set_sums(near, far, |near, far| 3 * near + far);
                widen::<8, 7, 4>(&self.sums, &mut self.row);
            }
            Method::Repeat(across, down) => {
                let from = &plane.row(y / down)[self.used.clone()];
                for (pixels, value) in self.row.chunks_exact_mut(across).zip(from) {
                    pixels.fill(*value);
                }
            }
        }
        &self.row[self.columns.clone()]
    }

    /// Sums of the used samples of two rows, and of one more on either side; at the picture's edges,
    /// the outermost again.
    #[inline(always)]
    fn set_sums(&mut self, near: &[u8], far: &[u8], sum: impl Fn(u16, u16) -> u16) {
        let of = |near: u8, far: u8| sum(near.into(), far.into());
        let Range { start, end } = self.used;
        let last = self.sums.len() - 1;
        let pairs = near[start..end].iter().zip(&far[start..end]);
        for (sum, (&near, &far)) in self.sums[1..last].iter_mut().zip(pairs) {
            *sum = of(near, far);
        }
        let (before, behind) = (start.saturating_sub(1), end.min(near.len() - 1));
        self.sums[0] = of(near[before], far[before]);
        self.sums[last] = of(near[behind], far[behind]);
    }
}

/// Two pixels of each sum, three parts of it and one of its neighbour's.
#[inline(always)]
fn widen<const LEFT: u16, const RIGHT: u16, const SHIFT: u32>(sums: &[u16], row: &mut [u8]) {
    let (pixels, _) = row.as_chunks_mut::<2>();
    let neighbours = sums.iter().zip(&sums[1..]).zip(&sums[2..]);
    for (pixels, ((before, sum), after)) in pixels.iter_mut().zip(neighbours) {
        *pixels = [
            ((3 * sum + before + LEFT) >> SHIFT) as u8,
            ((3 * sum + after + RIGHT) >> SHIFT) as u8,
        ];
    }
}
