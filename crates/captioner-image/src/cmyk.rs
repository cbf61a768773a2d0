//! CMYK in TIFF files.
//!
//! The `image` crate converts it in floats and cuts off; here the inks are read as they are, so that
//! the conversion is Pillow's.

use crate::error::DecodeProblem;
use crate::{DecodeLimits, ImageError};
use captioner_jpeg::cmyk_to_rgb;
use image::RgbImage;
use std::io::Cursor;
use tiff::TiffError;
use tiff::decoder::{Decoder, DecodingResult, Limits};

/// The picture of a TIFF that was found to be 8-bit CMYK and to have a size within the limits.
pub(crate) fn decode_tiff(bytes: &[u8], limits: &DecodeLimits) -> Result<RgbImage, ImageError> {
    let mut decoder = Decoder::new(Cursor::new(bytes)).map_err(translate)?;
    let (width, height) = decoder.dimensions().map_err(translate)?;
    let mut decoder = decoder.with_limits(for_decoder(width, height, limits)?);
    let DecodingResult::U8(inks) = decoder.read_image().map_err(translate)? else {
        return Err(corrupt(DecodeProblem::InkDepth));
    };
    let (pixels, _) = inks.as_chunks::<4>();
    let data = pixels.iter().flat_map(|&inks| cmyk_to_rgb(inks)).collect();
    let picture = RgbImage::from_raw(width, height, data);
    picture.ok_or_else(|| corrupt(DecodeProblem::MissingInks))
}

/// Four bytes of ink and three of RGB for each pixel; what is left is for strips and tables.
fn for_decoder(width: u32, height: u32, limits: &DecodeLimits) -> Result<Limits, ImageError> {
    let pixels = u64::from(width) * u64::from(height);
    let taken = pixels.saturating_mul(7);
    limits.check_memory(taken)?;
    let in_memory = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    let mut own = Limits::unlimited();
    own.decoding_buffer_size = in_memory(pixels.saturating_mul(4));
    own.intermediate_buffer_size = in_memory(limits.max_memory - taken);
    own.ifd_value_size = own.intermediate_buffer_size;
    Ok(own)
}

/// The decoder's error in terms of this crate.
fn translate(error: TiffError) -> ImageError {
    match error {
        TiffError::LimitsExceeded => ImageError::BeyondDecoderLimits {
            format: FORMAT,
            reason: DecodeProblem::decoder(error),
        },
        TiffError::UnsupportedError(_) => ImageError::Unsupported {
            format: FORMAT,
            reason: DecodeProblem::decoder(error),
        },
        _ => corrupt(DecodeProblem::decoder(error)),
    }
}

const FORMAT: &str = "TIFF";

fn corrupt(reason: DecodeProblem) -> ImageError {
    ImageError::Corrupt {
        format: FORMAT,
        reason,
    }
}
