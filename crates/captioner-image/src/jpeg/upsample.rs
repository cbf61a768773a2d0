//! Rows of a colour plane at the picture's full size.
//!
//! Where a plane has half the width or height, libjpeg's "fancy" upsampling mixes each sample with
//! its nearer neighbours 3 : 1 (`jdsample.c`). Other factors repeat samples.

use super::frame::{Component, Frame};

/// Gives the rows of one plane, each as wide as the picture.
pub(crate) struct Upsampler<'a> {
    component: &'a Component,
    way: Way,
    /// Sums of two rows, with a copy of the first before and of the last behind.
    sums: Vec<u16>,
    row: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// As it is.
    Whole,
    /// Twice as wide.
    Wider,
    /// Twice as high.
    Higher,
    /// Both.
    Both,
    /// Each sample so many times across and down.
    Repeat(usize, usize),
}

impl<'a> Upsampler<'a> {
    pub(crate) fn new(frame: &Frame, component: &'a Component) -> Self {
        let across = frame.most.0 * frame.points / (component.horizontal * component.points);
        let down = frame.most.1 * frame.points / (component.vertical * component.points);
        let wide = component.size.0 > 2; // libjpeg's condition, for lack of neighbours
        let way = match (across, down) {
            (1, 1) => Way::Whole,
            (2, 1) if wide && frame.points > 1 => Way::Wider,
            (2, 2) if wide && frame.points > 1 => Way::Both,
            (1, 2) if frame.points > 1 => Way::Higher,
            _ => Way::Repeat(across, down),
        };
        Self {
            component,
            way,
            sums: vec![0; component.size.0 + 2],
            row: vec![0; component.size.0 * across],
        }
    }

    /// One row of the picture, at least as long as the picture is wide.
    #[inline(always)]
    pub(crate) fn row(&mut self, y: usize) -> &[u8] {
        let component = self.component;
        match self.way {
            Way::Whole => return samples(component, y),
            Way::Wider => {
                set_sums(
                    &mut self.sums,
                    samples(component, y).iter().map(|&value| value.into()),
                );
                widen::<1, 2, 2>(&self.sums, &mut self.row);
            }
            Way::Higher => {
                let bias = if y.is_multiple_of(2) { 1 } else { 2 };
                let sums = sums_of_rows(component, y);
                for (value, sum) in self.row.iter_mut().zip(sums) {
                    *value = ((sum + bias) >> 2) as u8;
                }
            }
            Way::Both => {
                set_sums(&mut self.sums, sums_of_rows(component, y));
                widen::<8, 7, 4>(&self.sums, &mut self.row);
            }
            Way::Repeat(across, down) => {
                let from = samples(component, y / down);
                for (pixels, value) in self.row.chunks_exact_mut(across).zip(from) {
                    pixels.fill(*value);
                }
            }
        }
        &self.row
    }
}

/// What the picture covers of one row of samples.
#[inline(always)]
fn samples(component: &Component, row: usize) -> &[u8] {
    &component.samples[row * component.stride..][..component.size.0]
}

/// Three times the row that the picture's row `y` lies in, and once the row that it is nearer to.
#[inline(always)]
fn sums_of_rows(component: &Component, y: usize) -> impl Iterator<Item = u16> {
    let row = y / 2;
    let other = match y % 2 {
        0 => row.saturating_sub(1),
        _ => (row + 1).min(component.size.1 - 1),
    };
    let pairs = samples(component, row)
        .iter()
        .zip(samples(component, other));
    pairs.map(|(&near, &far)| 3 * u16::from(near) + u16::from(far))
}

#[inline(always)]
fn set_sums(sums: &mut [u16], values: impl Iterator<Item = u16>) {
    let last = sums.len() - 1;
    for (sum, value) in sums[1..last].iter_mut().zip(values) {
        *sum = value;
    }
    sums[0] = sums[1];
    sums[last] = sums[last - 1];
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
