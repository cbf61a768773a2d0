//! The sizes of a GIF's frames, told by its headers alone.
//!
//! A frame may be larger than the animation's canvas, and is decoded whole before it is cut. So the
//! canvas doesn't tell what decoding costs.

use crate::{DecodeLimits, ImageError};

/// Whether all frames together are within the limits. A broken file is left to the decoder.
pub(crate) fn check(bytes: &[u8], limits: &DecodeLimits) -> Result<(), ImageError> {
    let canvas = bytes.get(6..10).and_then(area).unwrap_or(0);
    let mut pixels = 0_u64;
    for (place, frame) in frames(bytes).enumerate() {
        pixels = pixels.saturating_add(frame.max(canvas));
        limits.check_composed(place + 1, pixels)?;
    }
    Ok(())
}

/// The pixels of each frame.
fn frames(bytes: &[u8]) -> impl Iterator<Item = u64> + '_ {
    let flags = bytes.get(10).copied().unwrap_or(0);
    let mut rest = bytes.get(13 + colours(flags)..).unwrap_or_default();
    std::iter::from_fn(move || {
        loop {
            let (&kind, after) = rest.split_first()?;
            rest = match kind {
                0x21 => skip_blocks(after.get(1..)?), // an extension and its kind
                0x2C => break,
                _ => return None,
            };
        }
        let header = rest.get(1..10)?;
        let pixels = area(&header[4..8]);
        // The colours, then the width of the codes, then the codes.
        let codes = rest.get(11 + colours(header[8])..);
        rest = skip_blocks(codes.unwrap_or_default());
        pixels
    })
}

/// The bytes of the table of colours that such flags announce.
fn colours(flags: u8) -> usize {
    if flags & 0x80 == 0 {
        return 0;
    }
    3 << ((flags & 7) + 1)
}

/// Width times height, two bytes each.
fn area(size: &[u8]) -> Option<u64> {
    let size: [u8; 4] = size.try_into().ok()?;
    let [width, height] = [[size[0], size[1]], [size[2], size[3]]].map(u16::from_le_bytes);
    Some(u64::from(width) * u64::from(height))
}

/// What comes after blocks that each say their length, the last being empty.
fn skip_blocks(mut bytes: &[u8]) -> &[u8] {
    while let Some((&length, after)) = bytes.split_first() {
        bytes = after.get(usize::from(length)..).unwrap_or_default();
        if length == 0 {
            break;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture(name: &str) -> Vec<u8> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        std::fs::read(folder.join(name)).unwrap()
    }

    #[test]
    fn frames_are_found_by_their_headers() {
        let bytes = fixture("animation.gif");
        assert_eq!(frames(&bytes).collect::<Vec<_>>(), [600, 600]);
        for end in 0..bytes.len() {
            assert!(frames(&bytes[..end]).count() <= 2);
        }
    }

    #[test]
    fn frames_larger_than_the_canvas_count_in_full() {
        let mut bytes = fixture("animation.gif");
        bytes[6..10].copy_from_slice(&[1, 0, 1, 0]);
        let limits = |max_frame_pixels| DecodeLimits {
            max_frame_pixels,
            ..DecodeLimits::default()
        };
        check(&bytes, &limits(1200)).unwrap();
        let error = check(&bytes, &limits(1199)).unwrap_err().to_string();
        assert!(error.contains("max_frame_pixels"), "{error}");
    }
}
