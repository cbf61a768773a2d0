//! Any decoded picture as 8-bit RGB.

use crate::{DecodeOptions, ImageError};
use image::{DynamicImage, RgbImage};

/// What becomes of transparency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Alpha {
    /// Laid over white, as transformers 5 does.
    #[default]
    OnWhite,
    /// Left out, as transformers 4 did: the colours under transparent pixels show.
    Drop,
}

/// What becomes of 16 bits of grey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SixteenBit {
    /// The upper 8 bits are kept: the picture looks as it does elsewhere.
    #[default]
    Scale,
    /// Values beyond 255 become 255, as in Pillow, which turns most such pictures white.
    Clip,
}

/// An RGB picture from raw bytes: 3 for each pixel, row after row.
///
/// # Errors
/// When the picture has no pixels, or `data` is not `3 * width * height` bytes long.
pub fn rgb_from_raw(width: u32, height: u32, data: Vec<u8>) -> Result<RgbImage, ImageError> {
    check_raw(width, height, data.len())?;
    // As many bytes as it takes: always a picture.
    Ok(RgbImage::from_raw(width, height, data).unwrap_or_default())
}

/// That a picture has pixels, and `given` is the number of their bytes.
pub(crate) fn check_raw(width: u32, height: u32, given: usize) -> Result<(), ImageError> {
    if width == 0 || height == 0 {
        return Err(ImageError::NoPixels { width, height });
    }
    let expected = (u64::from(width) * u64::from(height)).saturating_mul(3);
    match expected == given as u64 {
        true => Ok(()),
        false => Err(ImageError::RawLength {
            width,
            height,
            expected,
            given,
        }),
    }
}

/// The picture, with what the options say of transparency and 16-bit grey.
pub(crate) fn rgb_from_decoded(picture: DynamicImage, options: &DecodeOptions) -> RgbImage {
    match (picture, options.sixteen_bit) {
        (DynamicImage::ImageLuma16(grey), SixteenBit::Clip) => {
            let clipped = |&value: &u16| [value.min(255) as u8; 3];
            let data = grey.as_raw().iter().flat_map(clipped).collect();
            // Three bytes for each pixel: always a picture.
            RgbImage::from_raw(grey.width(), grey.height(), data).unwrap_or_default()
        }
        (picture, _) => rgb_from_dynamic(picture, options.alpha),
    }
}

/// Any picture as 8-bit RGB. 16-bit channels keep their upper 8 bits.
pub fn rgb_from_dynamic(picture: DynamicImage, alpha: Alpha) -> RgbImage {
    let picture = to_8_bit(picture);
    let (width, height) = (picture.width(), picture.height());
    let data: Vec<u8> = match picture {
        DynamicImage::ImageRgb8(rgb) => return rgb,
        DynamicImage::ImageLuma8(grey) => {
            grey.as_raw().iter().flat_map(|&grey| [grey; 3]).collect()
        }
        DynamicImage::ImageLumaA8(pixels) => {
            let (pixels, _) = pixels.as_raw().as_chunks();
            pixels
                .iter()
                .flat_map(|&[grey, a]| [over(alpha, grey, a); 3])
                .collect()
        }
        DynamicImage::ImageRgba8(pixels) => {
            let (pixels, _) = pixels.as_raw().as_chunks();
            let rgb = |&[r, g, b, a]: &[u8; 4]| [r, g, b].map(|channel| over(alpha, channel, a));
            pixels.iter().flat_map(rgb).collect()
        }
        other => return other.into_rgb8(),
    };
    // The vector holds three bytes for each pixel, so this is always a picture.
    RgbImage::from_raw(width, height, data).unwrap_or_default()
}

/// The upper byte of every 16-bit channel; other pictures unchanged.
fn to_8_bit(picture: DynamicImage) -> DynamicImage {
    macro_rules! upper_bytes {
        ($pixels:expr, $kind:ident) => {{
            let (width, height) = $pixels.dimensions();
            let data = $pixels
                .as_raw()
                .iter()
                .map(|value| (value >> 8) as u8)
                .collect();
            image::ImageBuffer::from_raw(width, height, data)
                .map(DynamicImage::$kind)
                .unwrap_or_default() // as many values as before: always a picture
        }};
    }
    match picture {
        DynamicImage::ImageLuma16(pixels) => upper_bytes!(pixels, ImageLuma8),
        DynamicImage::ImageLumaA16(pixels) => upper_bytes!(pixels, ImageLumaA8),
        DynamicImage::ImageRgb16(pixels) => upper_bytes!(pixels, ImageRgb8),
        DynamicImage::ImageRgba16(pixels) => upper_bytes!(pixels, ImageRgba8),
        other => other,
    }
}

/// One channel over white, in the integer arithmetic of Pillow's `alpha_composite`.
fn over(alpha: Alpha, channel: u8, a: u8) -> u8 {
    if alpha == Alpha::Drop {
        return channel;
    }
    const PRECISION: u32 = 7;
    let (channel, a) = (u32::from(channel), u32::from(a));
    let blend = channel * (a << PRECISION) + 255 * ((255 - a) << PRECISION);
    let rounded = blend + (0x80 << PRECISION);
    ((((rounded >> 8) + rounded) >> 8) >> PRECISION) as u8 // at most 255: a weighted mean
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ImageBuffer, LumaA, Rgba};

    #[test]
    fn transparent_pixels_become_white_not_black() {
        let picture = ImageBuffer::from_pixel(1, 1, Rgba([10_u8, 20, 30, 0])).into();
        assert_eq!(
            rgb_from_dynamic(picture, Alpha::OnWhite).as_raw(),
            &[255; 3]
        );
    }

    #[test]
    fn half_transparent_pixels_are_mixed_with_white() {
        // 100 * 128/255 + 255 * 127/255 = 177.2
        let picture = ImageBuffer::from_pixel(1, 1, LumaA([100_u8, 128])).into();
        assert_eq!(
            rgb_from_dynamic(picture, Alpha::OnWhite).as_raw(),
            &[177; 3]
        );
    }

    #[test]
    fn opaque_pixels_keep_every_value() {
        assert!((0..=255).all(|channel| over(Alpha::OnWhite, channel, 255) == channel));
    }

    #[test]
    fn mixing_is_within_half_a_step_of_the_exact_value() {
        for (channel, a) in (0..=255).flat_map(|c| (0..=255).map(move |a| (c, a))) {
            let share = f64::from(a) / 255.0;
            let exact = f64::from(channel) * share + 255.0 * (1.0 - share);
            let mixed = f64::from(over(Alpha::OnWhite, channel, a));
            assert!((mixed - exact).abs() <= 0.51, "{channel} {a}");
        }
    }

    #[test]
    fn dropped_alpha_shows_the_colours_underneath() {
        let picture = ImageBuffer::from_pixel(1, 1, Rgba([10_u8, 20, 30, 0])).into();
        assert_eq!(
            rgb_from_dynamic(picture, Alpha::Drop).as_raw(),
            &[10, 20, 30]
        );
    }

    #[test]
    fn sixteen_bit_grey_is_scaled_not_clipped() {
        let picture = ImageBuffer::from_pixel(1, 1, image::Luma([0x8042_u16])).into();
        assert_eq!(
            rgb_from_dynamic(picture, Alpha::OnWhite).as_raw(),
            &[0x80; 3]
        );
    }

    #[test]
    fn raw_bytes_of_the_wrong_length_are_a_named_error() {
        let error = rgb_from_raw(2, 2, vec![0; 11]).unwrap_err();
        assert!(matches!(
            error,
            ImageError::RawLength {
                expected: 12,
                given: 11,
                ..
            }
        ));
        let error = rgb_from_raw(u32::MAX, u32::MAX, vec![]).unwrap_err();
        assert!(matches!(error, ImageError::RawLength { .. }));
    }

    #[test]
    fn a_picture_without_pixels_is_a_named_error() {
        let error = rgb_from_raw(0, 5, vec![]).unwrap_err();
        assert!(matches!(
            error,
            ImageError::NoPixels {
                width: 0,
                height: 5
            }
        ));
    }
}
