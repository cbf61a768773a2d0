//! Pictures for this crate's tests.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{ImageFormat, Rgb, RgbImage};

/// A few blurred spots of several colours, which look different for each seed.
pub(crate) fn scene(seed: u64, width: u32, height: u32) -> RgbImage {
    let number = |place: u64| {
        let mut state =
            seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ place.wrapping_mul(0xBF58_476D_1CE4_E5B9);
        state = (state ^ state >> 29).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((state ^ state >> 32) & 0xFFFF) as f32 / 65_536.0
    };
    let spots: Vec<[f32; 6]> = (0..6)
        .map(|spot| [0, 1, 2, 3, 4, 5].map(|of| number(spot * 6 + of + 1)))
        .collect();
    RgbImage::from_fn(width, height, |x, y| {
        let (x, y) = (x as f32 / width as f32, y as f32 / height as f32);
        let mut pixel = [120.0_f32; 3];
        for [left, top, radius, rest @ ..] in &spots {
            let distance = (x - left).hypot(y - top) / (0.08 + 0.25 * radius);
            let weight = (-distance * distance).exp();
            for (value, colour) in pixel.iter_mut().zip(rest) {
                *value += weight * (colour * 255.0 - *value);
            }
        }
        Rgb(pixel.map(|value| value.clamp(0.0, 255.0) as u8))
    })
}

/// The picture as a JPEG.
pub(crate) fn jpeg(picture: &RgbImage, quality: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
    picture.write_with_encoder(encoder).unwrap();
    bytes
}

/// The picture as a PNG.
#[allow(dead_code)] // the tests beside the crate need it
pub(crate) fn png(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}
