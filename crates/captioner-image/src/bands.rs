//! Pictures as a resize reads them: in bands of rows, made when they are needed.
//!
//! A decoded picture lends its rows. A JPEG makes them of its colour planes, so that its RGB picture
//! never is in memory as a whole, and only what the crop keeps is made at all.

use captioner_jpeg::Planes;
use std::borrow::Cow;
use std::ops::Range;

/// Rows of a band: as many bytes as are summed side by side.
pub(crate) const BAND: usize = 32;

/// RGB values that can be had band by band.
pub(crate) trait Bands: Sync {
    /// Some columns of at most [`BAND`] rows.
    fn band<'a>(
        &'a self,
        rows: Range<usize>,
        columns: Range<usize>,
        scratch: &'a mut Vec<u8>,
    ) -> Band<'a>;
}

/// A picture that can be had band by band, or whole.
pub(crate) trait Picture: Bands {
    /// Red, green and blue of each pixel in turn, row after row.
    fn whole(&self) -> Cow<'_, [u8]>;
}

/// A decoded picture: red, green and blue of each pixel in turn, row after row.
#[derive(Clone, Copy)]
pub(crate) struct RgbView<'a> {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// `3 * width * height` bytes.
    pub(crate) pixels: &'a [u8],
}

/// Rows of bytes.
#[derive(Clone, Copy)]
pub(crate) struct Lines<'a> {
    /// From the first byte of the first row on.
    pub(crate) bytes: &'a [u8],
    /// How far a row is from the next one.
    pub(crate) stride: usize,
    /// How many bytes of each row count.
    pub(crate) width: usize,
    /// How many rows there are.
    pub(crate) count: usize,
}

impl<'a> Lines<'a> {
    /// Rows of this width, one right behind the other.
    pub(crate) fn tight(bytes: &'a [u8], width: usize) -> Self {
        Self {
            bytes,
            stride: width,
            width,
            count: bytes.len() / width.max(1),
        }
    }

    /// Some rows and columns of RGB pixels that stand in lines of `width` pixels.
    #[inline(always)]
    pub(crate) fn of_rgb(
        bytes: &'a [u8],
        width: usize,
        rows: Range<usize>,
        columns: Range<usize>,
    ) -> Self {
        Self {
            bytes: &bytes[3 * (rows.start * width + columns.start)..],
            stride: 3 * width,
            width: 3 * columns.len(),
            count: rows.len(),
        }
    }

    #[inline(always)]
    pub(crate) fn row(self, row: usize) -> &'a [u8] {
        &self.bytes[row * self.stride..][..self.width]
    }

    /// [`BAND`] of at most as many rows. Behind the last one it stands again.
    #[inline(always)]
    pub(crate) fn all(self) -> [&'a [u8]; BAND] {
        let mut all: [&[u8]; BAND] = [&[]; BAND];
        for (place, line) in all.iter_mut().enumerate() {
            *line = self.row(place.min(self.count - 1));
        }
        all
    }
}

/// Some columns of a band.
pub(crate) enum Band<'a> {
    /// Red, green and blue in turns.
    Interleaved(Lines<'a>),
    /// All red values, then green, then blue.
    Planar([Lines<'a>; 3]),
}

/// Three parts of one length.
#[inline(always)]
pub(crate) fn thirds<T>(values: &mut [T]) -> [&mut [T]; 3] {
    let (first, rest) = values.split_at_mut(values.len() / 3);
    let (second, third) = rest.split_at_mut(rest.len() / 2);
    [first, second, third]
}

impl Bands for RgbView<'_> {
    #[inline(always)]
    fn band<'a>(
        &'a self,
        rows: Range<usize>,
        columns: Range<usize>,
        _: &'a mut Vec<u8>,
    ) -> Band<'a> {
        Band::Interleaved(Lines::of_rgb(self.pixels, self.width, rows, columns))
    }
}

impl Picture for RgbView<'_> {
    fn whole(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(self.pixels)
    }
}

impl Bands for Planes<'_> {
    #[inline(always)]
    fn band<'a>(
        &'a self,
        rows: Range<usize>,
        columns: Range<usize>,
        scratch: &'a mut Vec<u8>,
    ) -> Band<'a> {
        let width = columns.len();
        scratch.resize(3 * BAND * width, 0);
        let mut made = self.rgb_rows(columns);
        let [red, green, blue] = thirds(scratch);
        for (place, y) in rows.clone().enumerate() {
            let planes = [&mut *red, &mut *green, &mut *blue];
            made.row(y, planes.map(|plane| &mut plane[place * width..][..width]));
        }
        let scratch = scratch.as_slice();
        Band::Planar([0, 1, 2].map(|channel| Lines {
            bytes: &scratch[channel * BAND * width..],
            stride: width,
            width,
            count: rows.len(),
        }))
    }
}

impl Picture for Planes<'_> {
    fn whole(&self) -> Cow<'_, [u8]> {
        Cow::Owned(self.to_rgb())
    }
}
