//! JPEG, value for value as libjpeg-turbo decodes it, which is what Pillow and torchvision use.
//!
//! The standard leaves the inverse transform and the enlarging of the colour planes to the decoder.
//! `zune-jpeg`, which the `image` crate uses, takes other ones: on a photograph-like 4:2:0 picture
//! 72 % of its values are libjpeg-turbo's and some are 4 off, which no resizing mends. So the parts
//! that decide values are written out here: the accurate integer transform (`idct`), "fancy"
//! upsampling (`upsample`) and fixed-point colours (`colour`).
//!
//! Read are 8-bit baseline, extended and progressive files with Huffman codes; grey, YCbCr, RGB, CMYK
//! and YCCK. Anything else is a named error, and so is a file that ends early or breaks its own
//! rules, where libjpeg would fill with grey and go on.

mod bits;
mod colour;
mod frame;
mod huffman;
mod idct;
mod markers;
mod pairs;
mod progressive;
mod samples;
mod scan;
mod sequential;
mod upsample;
mod walk;

use crate::pixels::{BAND, Band, Bands, Lines, Part, Pixels, Spread, thirds};
use crate::{DecodeLimits, ImageError};
use colour::{Model, RgbRows};
use frame::Frame;
use image::RgbImage;
use image::metadata::Orientation;
use markers::{Reader, Scan};
use samples::Samples;
use std::borrow::Cow;
use std::ops::Range;

/// A JPEG whose size is known, and whose colour planes can be read.
pub(crate) struct Jpeg<'a> {
    reader: Reader<'a>,
    frame: Frame,
    model: Model,
    first: Scan,
}

/// The colour planes of a JPEG, as far as they are read.
#[derive(Clone, Copy)]
pub(crate) struct Planes<'a> {
    frame: &'a Frame,
    model: Model,
    samples: &'a Samples,
}

impl<'a> Jpeg<'a> {
    /// Reads what stands before the pixels. The picture will be decoded at 1/2, 1/4 or 1/8 of its size
    /// where the shorter edge stays at least `shorter_edge`, if that is given.
    pub(crate) fn open(
        bytes: &'a [u8],
        limits: &DecodeLimits,
        shorter_edge: Option<u32>,
    ) -> Result<Self, ImageError> {
        let mut reader = Reader::new(bytes);
        let header = reader.read_header()?;
        limits.check_picture(header.width, header.height, 4)?;
        let frame = Frame::new(&header, points(&header, shorter_edge), bytes.len())?;
        limits.check_memory(frame.memory())?;
        let first = reader.next_scan(&header)?;
        Ok(Self {
            model: colour::model(&frame, &reader),
            reader,
            frame,
            first: first.ok_or_else(|| corrupt("it has no pixels"))?,
        })
    }

    /// How EXIF says that the picture is to be turned. Broken EXIF is no reason to fail, and what
    /// comes behind the pixels isn't looked at.
    pub(crate) fn orientation(&self) -> Option<Orientation> {
        let exif = self.reader.exif.as_deref();
        exif.and_then(Orientation::from_exif_chunk)
    }

    /// Width and height.
    pub(crate) fn size(&self) -> (usize, usize) {
        self.frame.size()
    }

    /// All of the picture.
    pub(crate) fn whole(&self) -> Part {
        let (width, height) = self.size();
        Part {
            columns: 0..width,
            rows: 0..height,
        }
    }

    /// Reads the whole file, and makes at least the samples of the wanted part of it. After every few
    /// rows, `ready` gets what is there, and how many rows of the picture can be made of it.
    pub(crate) fn read(
        mut self,
        wanted: &Part,
        spread: Spread,
        ready: &mut (dyn FnMut(&Planes, usize) + Send),
    ) -> Result<(), ImageError> {
        let model = self.model;
        self.frame.read_scans(
            &mut self.reader,
            &self.first,
            (wanted, spread),
            &mut |frame, samples, rows| {
                let planes = Planes {
                    frame,
                    model,
                    samples,
                };
                ready(&planes, rows);
            },
        )
    }

    /// Reads the whole picture, CMYK made RGB as Pillow does.
    pub(crate) fn into_rgb(self) -> Result<RgbImage, ImageError> {
        let (wanted, height) = (self.whole(), self.size().1);
        let mut picture = None;
        self.read(&wanted, Spread::Alone, &mut |planes, rows| {
            if rows == height {
                picture = colour::to_rgb(planes);
            }
        })?;
        picture.ok_or_else(|| corrupt("it has no pixels"))
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
        let mut made = RgbRows::new(self, columns);
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

impl Pixels for Planes<'_> {
    fn whole(&self) -> Cow<'_, RgbImage> {
        // As many values as the picture has: always a picture.
        Cow::Owned(colour::to_rgb(self).unwrap_or_default())
    }
}

/// How many pixels an edge of each 8-pixel block becomes: 8, or 4, 2 or 1 where that is enough.
fn points(header: &markers::Header, shorter_edge: Option<u32>) -> usize {
    let Some(wanted) = shorter_edge else {
        return 8;
    };
    let shorter = header.width.min(header.height);
    let enough = |points: &u32| (shorter * points).div_ceil(8) >= wanted;
    [1, 2, 4].into_iter().find(enough).unwrap_or(8) as usize
}

fn corrupt(reason: impl Into<String>) -> ImageError {
    ImageError::Corrupt {
        format: "JPEG".to_owned(),
        reason: reason.into(),
    }
}

fn unsupported(reason: impl Into<String>) -> ImageError {
    ImageError::Unsupported {
        format: "JPEG".to_owned(),
        reason: reason.into(),
    }
}

fn cut_off() -> ImageError {
    corrupt("the file is cut off before its end")
}
