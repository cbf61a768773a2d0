//! JPEG, value for value as libjpeg-turbo decodes it, which is what Pillow and torchvision use.
//!
//! ITU-T T.81 leaves the inverse transform and the enlarging of the colour planes to the decoder.
//! `zune-jpeg`, which the `image` crate uses, takes other ones: on a photograph-like 4:2:0 picture
//! 72 % of its values are libjpeg-turbo's and some are 4 off, which no resizing evens out. So the parts
//! that decide values are written out here: the accurate integer transform (`jidctint.c`), "fancy"
//! upsampling (`jdsample.c`) and fixed-point colours (`jdcolor.c`).
//!
//! ```
//! use captioner_jpeg::{Jpeg, Limits};
//!
//! // Grey, 16 x 16 pixels.
//! # let tables = [&[0xFF, 0xDB, 0, 67, 0][..], &[1; 64]].concat();
//! # let frame = [0xFF, 0xC0, 0, 11, 8, 0, 16, 0, 16, 1, 1, 0x11, 0];
//! # // One DC code, for a difference of 0, and one AC code, for the end of a block.
//! # let codes = |class: u8| [&[0xFF, 0xC4, 0, 20, class, 1][..], &[0; 15], &[0]].concat();
//! # let scan = [0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0, 0];
//! # let bytes = [&[0xFF, 0xD8], &tables[..], &frame, &codes(0), &codes(0x10), &scan, &[0xFF, 0xD9]].concat();
//! let jpeg = Jpeg::open(&bytes, &Limits::default())?;
//! assert_eq!(jpeg.size(), (16, 16));
//! let rgb = jpeg.decode()?;
//! assert_eq!(rgb, [128; 3 * 16 * 16]);
//! # Ok::<(), captioner_jpeg::JpegError>(())
//! ```
//!
//! Read are 8-bit baseline, extended and progressive files with Huffman codes; grey, YCbCr, RGB, CMYK
//! and YCCK. Anything else is a named error, and so is a file that ends early or breaks its own
//! rules, where libjpeg would fill with grey and go on. [`Limits`] are checked before memory is taken.

mod bits;
mod blocks;
mod colour;
mod decoder;
mod error;
mod frame;
mod huffman;
mod idct;
mod limits;
mod markers;
mod pairs;
mod progressive;
mod samples;
mod scan;
mod sequential;
mod upsample;

pub use colour::cmyk_to_rgb;
pub use decoder::Jpeg;
pub use error::{Corruption, JpegError, Limit, Segment, Unsupported};
pub use limits::Limits;
// For captioner-image, which resizes pictures while they are decoded.
#[doc(hidden)]
pub use {
    colour::RgbRows,
    decoder::{Planes, Region},
};
