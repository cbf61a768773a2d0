//! A JPEG whose header is read, and its colour planes.

use crate::colour::{self, Model, RgbRows};
use crate::error::{Corruption, JpegError};
use crate::frame::Frame;
use crate::limits::Limits;
use crate::markers::{Header, Reader, START_OF_IMAGE, Scan};
use crate::samples::Samples;
use rayon::ThreadPool;
use std::fmt;
use std::ops::Range;

/// A JPEG whose size is known, and whose pixels can be decoded.
pub struct Jpeg<'a> {
    reader: Reader<'a>,
    frame: Frame,
    model: Model,
    first: Scan,
}

/// A part of a picture.
#[doc(hidden)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// The columns of pixels.
    pub columns: Range<usize>,
    /// The rows of pixels.
    pub rows: Range<usize>,
}

/// The colour planes of a JPEG, as far as they are decoded. See [`Jpeg::decode_planes`].
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Planes<'a> {
    pub(crate) frame: &'a Frame,
    pub(crate) model: Model,
    pub(crate) samples: &'a Samples,
}

impl fmt::Debug for Jpeg<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (width, height) = self.size();
        f.debug_struct("Jpeg")
            .field("width", &width)
            .field("height", &height)
            .finish_non_exhaustive()
    }
}

impl<'a> Jpeg<'a> {
    /// Reads what stands before the pixels. No memory is taken for pixels yet.
    ///
    /// # Errors
    /// When the bytes are no JPEG, one of a kind that isn't decoded here, a broken one as far as its
    /// headers tell, or one beyond the limits.
    pub fn open(bytes: &'a [u8], limits: &Limits) -> Result<Self, JpegError> {
        Self::with_edge(bytes, limits, None)
    }

    /// [`Self::open`], for decoding at 1/2, 1/4 or 1/8 of the size: the smallest at which the shorter
    /// edge is at least `shorter_edge` pixels long, or the full size where none is. Faster for large
    /// photographs; the pixels are those of a cosine transform of fewer points, in floats, and not
    /// libjpeg-turbo's.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_reduced(
        bytes: &'a [u8],
        limits: &Limits,
        shorter_edge: u32,
    ) -> Result<Self, JpegError> {
        Self::with_edge(bytes, limits, Some(shorter_edge))
    }

    fn with_edge(
        bytes: &'a [u8],
        limits: &Limits,
        shorter_edge: Option<u32>,
    ) -> Result<Self, JpegError> {
        if !bytes.starts_with(&START_OF_IMAGE) {
            return Err(JpegError::NotJpeg);
        }
        let mut reader = Reader::new(bytes);
        let header = reader.read_header()?;
        limits.check_size(header.width, header.height)?;
        let frame = Frame::new(&header, points(&header, shorter_edge), bytes.len())?;
        limits.check_memory(frame.memory())?;
        let first = reader.next_scan(&header)?.ok_or(Corruption::NoScan)?;
        Ok(Self {
            model: colour::model(&frame, &reader),
            reader,
            frame,
            first,
        })
    }

    /// The EXIF data that stand before the pixels, from their TIFF header on. Nothing here looks into
    /// them: the pixels are decoded as they are stored, whatever orientation EXIF names.
    pub fn exif(&self) -> Option<&[u8]> {
        self.reader.exif
    }

    /// Width and height in pixels of what [`Self::decode`] gives.
    pub fn size(&self) -> (u32, u32) {
        let (width, height) = self.frame.size();
        (width as u32, height as u32) // 16 bits in the file
    }

    /// All of the picture.
    #[doc(hidden)]
    pub fn whole(&self) -> Region {
        let (width, height) = self.frame.size();
        Region {
            columns: 0..width,
            rows: 0..height,
        }
    }

    /// Decodes the picture to 8-bit RGB: `3 * width * height` bytes, the red, green and blue of each
    /// pixel in turn, row after row. CMYK and YCCK become RGB by [`cmyk_to_rgb`](crate::cmyk_to_rgb).
    ///
    /// # Errors
    /// When the file is broken or cut off.
    pub fn decode(self) -> Result<Vec<u8>, JpegError> {
        let (wanted, height) = (self.whole(), self.frame.size().1);
        let mut picture = None;
        self.decode_planes(&wanted, None, &mut |planes, rows| {
            if rows == height {
                picture = Some(planes.to_rgb());
            }
        })?;
        picture.ok_or(Corruption::NoScan.into())
    }

    /// Decodes the whole file, but makes samples only of what the wanted part of the picture needs, on
    /// the calling thread, or else on those of `pool`. For resizing a picture while it is decoded.
    ///
    /// After every few rows, `ready` gets the planes that are there, and how many rows of the picture,
    /// counted from its top, can be made of them. The last time these are all rows. Of rows and columns
    /// outside of the wanted part, the values mean nothing.
    ///
    /// # Errors
    /// When the file is broken or cut off, which may show after the last rows were ready.
    #[doc(hidden)]
    pub fn decode_planes(
        mut self,
        wanted: &Region,
        pool: Option<&ThreadPool>,
        ready: &mut (dyn FnMut(&Planes, usize) + Send),
    ) -> Result<(), JpegError> {
        let model = self.model;
        self.frame.read_scans(
            &mut self.reader,
            &self.first,
            (wanted, pool),
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
}

impl<'a> Planes<'a> {
    /// What makes RGB of these columns of the rows that are ready.
    ///
    /// # Panics
    /// The columns must lie within the picture, and so must the rows that are asked for later.
    pub fn rgb_rows(&self, columns: Range<usize>) -> RgbRows<'a> {
        RgbRows::new(self, columns)
    }

    /// All rows, which must be ready, as [`Jpeg::decode`] gives them.
    pub fn to_rgb(&self) -> Vec<u8> {
        colour::to_rgb(self)
    }
}

/// How many pixels an edge of each 8-pixel block becomes: 8, or 4, 2 or 1 where that is enough.
fn points(header: &Header, shorter_edge: Option<u32>) -> usize {
    let Some(wanted) = shorter_edge else {
        return 8;
    };
    let shorter = header.width.min(header.height);
    let enough = |points: &u32| (shorter * points).div_ceil(8) >= wanted;
    [1, 2, 4].into_iter().find(enough).unwrap_or(8) as usize
}
