//! A picture within a page: the bytes of a small file as a `data:` address.

use std::io::Cursor;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::imageops::{FilterType as Scaling, resize};
use image::{ExtendedColorType, ImageEncoder, ImageError, RgbImage};

/// How well photographs are kept, of 100.
const JPEG_QUALITY: u8 = 82;

/// A picture as an address that holds it, for the `src` of an HTML page that needs no other file:
/// scaled so that its longer side is at most `longest` pixels, as PNG or JPEG, whichever is smaller.
///
/// None for a picture without pixels, or a `longest` of 0.
///
/// ```
/// use image::RgbImage;
///
/// let address = captioner_report::data_uri(&RgbImage::new(400, 300), 120).unwrap();
/// assert!(address.starts_with("data:image/png;base64,"));
/// ```
pub fn data_uri(picture: &RgbImage, longest: u32) -> Option<String> {
    let small = scaled_down(picture, longest)?;
    let (png, jpeg) = (png(&small).ok()?, jpeg(&small).ok()?);
    let (kind, bytes) = match png.len() <= jpeg.len() {
        true => ("png", png),
        false => ("jpeg", jpeg),
    };
    Some(format!(
        "data:image/{kind};base64,{}",
        STANDARD.encode(bytes)
    ))
}

fn scaled_down(picture: &RgbImage, longest: u32) -> Option<RgbImage> {
    let (width, height) = picture.dimensions();
    let side = width.max(height);
    if width == 0 || height == 0 || longest == 0 {
        return None;
    }
    if side <= longest {
        return Some(picture.clone());
    }
    // At most `longest`.
    let scaled = |edge: u32| (u64::from(edge) * u64::from(longest) / u64::from(side)).max(1) as u32;
    Some(resize(
        picture,
        scaled(width),
        scaled(height),
        Scaling::Triangle,
    ))
}

fn png(picture: &RgbImage) -> Result<Vec<u8>, ImageError> {
    let (width, height) = picture.dimensions();
    let mut bytes = Cursor::new(Vec::new());
    PngEncoder::new_with_quality(&mut bytes, CompressionType::Best, FilterType::Adaptive)
        .write_image(picture.as_raw(), width, height, ExtendedColorType::Rgb8)?;
    Ok(bytes.into_inner())
}

fn jpeg(picture: &RgbImage) -> Result<Vec<u8>, ImageError> {
    let mut bytes = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY);
    picture.write_with_encoder(encoder)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    fn decoded(address: &str) -> RgbImage {
        let bytes = STANDARD.decode(address.split_once(',').unwrap().1).unwrap();
        image::load_from_memory(&bytes).unwrap().into_rgb8()
    }

    #[test]
    fn a_drawing_is_kept_as_it_is_and_a_photograph_takes_less() {
        let drawing = RgbImage::from_fn(60, 40, |x, _| Rgb([if x < 30 { 0 } else { 255 }; 3]));
        assert_eq!(decoded(&data_uri(&drawing, 60).unwrap()), drawing);
        let noise =
            |x: u32, y: u32| (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503 * x)) as u8;
        let photograph = RgbImage::from_fn(64, 64, |x, y| Rgb([noise(x, y), noise(y, x), 9]));
        let address = data_uri(&photograph, 64).unwrap();
        assert!(address.starts_with("data:image/jpeg;base64,"));
        assert!(address.len() < 64 * 64 * 3);
    }

    #[test]
    fn pictures_are_scaled_to_the_longest_side() {
        for (size, longest, expected) in [
            ((400, 300), 120, (120, 90)),
            ((10, 4000), 100, (1, 100)),
            ((3, 2), 100, (3, 2)),
        ] {
            let address = data_uri(&RgbImage::new(size.0, size.1), longest).unwrap();
            assert_eq!(decoded(&address).dimensions(), expected);
        }
    }

    #[test]
    fn what_has_no_pixels_has_no_address() {
        assert_eq!(data_uri(&RgbImage::new(0, 5), 9), None);
        assert_eq!(data_uri(&RgbImage::new(5, 5), 0), None);
    }
}
