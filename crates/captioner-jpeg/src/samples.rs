//! The samples of a picture.

use crate::frame::{Component, Frame};

/// The samples of an MCU row: for each component, row after row.
pub(crate) type Strip = Vec<Vec<u8>>;

/// The samples of a picture from the top on, in strips, which threads make one by one.
pub(crate) struct Samples {
    strips: Vec<Strip>,
    /// Whether there is one strip for all MCU rows.
    whole: bool,
}

/// One component with its samples.
#[derive(Clone, Copy)]
pub(crate) struct Plane<'a> {
    component: &'a Component,
    /// Its place among the components.
    place: usize,
    samples: &'a Samples,
    /// Rows of samples in each strip.
    rows: usize,
}

impl Samples {
    /// No strips yet, of one MCU row each.
    pub(crate) fn new() -> Self {
        Self {
            strips: Vec::new(),
            whole: false,
        }
    }

    /// All of the picture in one strip.
    pub(crate) fn whole(strip: Strip) -> Self {
        Self {
            strips: vec![strip],
            whole: true,
        }
    }

    pub(crate) fn push(&mut self, strip: Strip) {
        self.strips.push(strip);
    }

    /// How many strips there are.
    pub(crate) fn strips(&self) -> usize {
        self.strips.len()
    }

    /// The component at this place.
    pub(crate) fn plane<'a>(&'a self, frame: &'a Frame, place: usize) -> Plane<'a> {
        let component = &frame.components[place];
        let rows = match self.whole {
            true => usize::MAX,
            false => frame.block_rows_of_mcu(component) * component.points,
        };
        Plane {
            component,
            place,
            samples: self,
            rows,
        }
    }
}

impl<'a> Plane<'a> {
    /// What the picture covers of one row of samples.
    #[inline(always)]
    pub(crate) fn row(self, row: usize) -> &'a [u8] {
        let strip = &self.samples.strips[row / self.rows][self.place];
        &strip[row % self.rows * self.component.stride..][..self.component.size.0]
    }

    /// Where each sample is two rows of the picture: the row of samples that the picture's row `y`
    /// lies in, and the one that it is nearer to than to others.
    #[inline(always)]
    pub(crate) fn rows_at(self, y: usize) -> (&'a [u8], &'a [u8]) {
        let row = y / 2;
        let other = match y % 2 {
            0 => row.saturating_sub(1),
            _ => (row + 1).min(self.component.size.1 - 1),
        };
        (self.row(row), self.row(other))
    }
}
