//! CMYK in TIFF files.
//!
//! The `image` crate converts it in floats and cuts off; here the inks are read as they are, so that
//! the conversion is Pillow's.

use crate::ImageError;
use crate::convert::cmyk_to_rgb;
use image::RgbImage;
use std::io::Cursor;
use tiff::decoder::{Decoder, DecodingResult};

/// The picture of a TIFF that was found to be 8-bit CMYK within limits.
pub(crate) fn decode_tiff(bytes: &[u8]) -> Result<RgbImage, ImageError> {
    let broken = |error: tiff::TiffError| corrupt(error.to_string());
    let mut decoder = Decoder::new(Cursor::new(bytes)).map_err(broken)?;
    let (width, height) = decoder.dimensions().map_err(broken)?;
    let DecodingResult::U8(inks) = decoder.read_image().map_err(broken)? else {
        return Err(corrupt("its samples have not 8 bits".to_owned()));
    };
    let (pixels, _) = inks.as_chunks::<4>();
    let data = pixels.iter().flat_map(|&inks| cmyk_to_rgb(inks)).collect();
    let picture = RgbImage::from_raw(width, height, data);
    picture.ok_or_else(|| corrupt("it holds fewer pixels than it says".to_owned()))
}

fn corrupt(reason: String) -> ImageError {
    ImageError::Corrupt {
        format: "TIFF".to_owned(),
        reason,
    }
}
