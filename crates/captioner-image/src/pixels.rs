//! Pictures as a resize reads them: in bands of rows, made when they are needed.
//!
//! A decoded picture lends its rows. A JPEG makes them of its colour planes, so that its RGB picture
//! never is in memory as a whole, and only what the crop keeps is made at all.

use image::RgbImage;
use std::borrow::Cow;
use std::ops::Range;

/// Rows of a band: as many bytes as are summed side by side.
pub(crate) const BAND: usize = 32;

/// Whether the work on one picture is for one thread or for all of the rayon pool it runs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spread {
    Alone,
    Pool,
}

/// The part of a picture that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) columns: Range<usize>,
    pub(crate) rows: Range<usize>,
}

/// RGB values that can be had band by band.
pub(crate) trait Bands: Sync {
    /// Some columns of at most [`BAND`] rows. Behind the last row it stands again.
    fn band<'a>(
        &'a self,
        rows: Range<usize>,
        columns: Range<usize>,
        scratch: &'a mut Vec<u8>,
    ) -> Band<'a>;
}

/// A picture that can be had band by band, or whole.
pub(crate) trait Pixels: Bands {
    fn whole(&self) -> Cow<'_, RgbImage>;
}

/// Rows of bytes.
pub(crate) type Lines<'a> = [&'a [u8]; BAND];

/// Some columns of [`BAND`] rows.
pub(crate) enum Band<'a> {
    /// Red, green and blue in turns.
    Interleaved(Lines<'a>),
    /// All red values, then green, then blue.
    Planar([Lines<'a>; 3]),
}

/// Lines from a function of their number, of which there are `count`.
#[inline(always)]
pub(crate) fn lines<'a>(count: usize, line: impl Fn(usize) -> &'a [u8]) -> Lines<'a> {
    let mut lines: Lines = [&[]; BAND];
    for (place, slot) in lines.iter_mut().enumerate() {
        *slot = line(place.min(count - 1));
    }
    lines
}

/// Three parts of one length.
#[inline(always)]
pub(crate) fn thirds<T>(values: &mut [T]) -> [&mut [T]; 3] {
    let (first, rest) = values.split_at_mut(values.len() / 3);
    let (second, third) = rest.split_at_mut(rest.len() / 2);
    [first, second, third]
}

impl Bands for RgbImage {
    #[inline(always)]
    fn band<'a>(
        &'a self,
        rows: Range<usize>,
        columns: Range<usize>,
        _: &'a mut Vec<u8>,
    ) -> Band<'a> {
        let stride = 3 * self.width() as usize;
        Band::Interleaved(lines(rows.len(), |row| {
            let line = &self.as_raw()[(rows.start + row) * stride..][..stride];
            &line[3 * columns.start..3 * columns.end]
        }))
    }
}

impl Pixels for RgbImage {
    fn whole(&self) -> Cow<'_, RgbImage> {
        Cow::Borrowed(self)
    }
}
