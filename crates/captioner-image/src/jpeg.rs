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
mod progressive;
mod scan;
mod upsample;

use crate::{DecodeLimits, ImageError};
use frame::Frame;
use image::RgbImage;
use markers::Reader;

/// A decoded JPEG.
pub(crate) struct Jpeg {
    /// The picture, CMYK made RGB as Pillow does.
    pub(crate) picture: RgbImage,
    /// The EXIF data, if there is any.
    pub(crate) exif: Option<Vec<u8>>,
}

/// Decodes a JPEG, at 1/2, 1/4 or 1/8 of its size where the shorter edge stays at least
/// `shorter_edge`, if that is given.
pub(crate) fn decode(
    bytes: &[u8],
    limits: &DecodeLimits,
    shorter_edge: Option<u32>,
) -> Result<Jpeg, ImageError> {
    let mut reader = Reader::new(bytes);
    let header = reader.read_header()?;
    limits.check_picture(header.width, header.height, 4)?;
    let mut frame = Frame::new(&header, points(&header, shorter_edge), bytes.len())?;
    limits.check_memory(frame.memory())?;
    frame.read_scans(&mut reader)?;
    Ok(Jpeg {
        picture: colour::to_rgb(&frame, &reader)?,
        exif: reader.exif,
    })
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
