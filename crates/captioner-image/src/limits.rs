//! How large a picture may be. Checked before memory is taken for its pixels.

use crate::ImageError;

/// Limits on pictures from outside. A tiny file can ask for gigabytes; it is refused instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeLimits {
    /// The most bytes of the encoded picture.
    pub max_bytes: u64,
    /// The greatest width in pixels.
    pub max_width: u32,
    /// The greatest height in pixels.
    pub max_height: u32,
    /// The most pixels, width times height.
    pub max_pixels: u64,
    /// The most bytes of memory for pixels at any one time: what the decoder gives with its RGB
    /// copy, the planes of a JPEG, a picture that EXIF rotates with its rotated copy, and the canvases
    /// of an animation with all frames that are kept. What decoders take besides, such as tables,
    /// metadata and single strips, isn't added to that; most of them are held to as much again.
    pub max_memory: u64,
    /// The most frames of an animation, where frames are asked for.
    pub max_frames: usize,
    /// The most pixels of all frames of an animation together, those that are left out included.
    /// A frame of one pixel costs as much time as its whole canvas, so this bounds the time.
    /// A frame of a GIF that is larger than the canvas counts in full.
    pub max_frame_pixels: u64,
}

impl Default for DecodeLimits {
    /// Enough for any camera: 128 MiB, 65,535 pixels a side, 2^27 pixels (134 million), 1 GiB, 4096
    /// frames, 2^31 pixels in all frames.
    fn default() -> Self {
        Self {
            max_bytes: 128 << 20,
            max_width: 65_535,
            max_height: 65_535,
            max_pixels: 1 << 27,
            max_memory: 1 << 30,
            max_frames: 4096,
            max_frame_pixels: 1 << 31,
        }
    }
}

impl DecodeLimits {
    /// No limit at all. Only for pictures that you made yourself.
    pub fn unlimited() -> Self {
        Self {
            max_bytes: u64::MAX,
            max_width: u32::MAX,
            max_height: u32::MAX,
            max_pixels: u64::MAX,
            max_memory: u64::MAX,
            max_frames: usize::MAX,
            max_frame_pixels: u64::MAX,
        }
    }

    pub(crate) fn check_bytes(&self, bytes: u64) -> Result<(), ImageError> {
        check("encoded size in bytes", bytes, self.max_bytes, "max_bytes")
    }

    /// `bytes_per_pixel` is the most that is in memory at once, the RGB picture included.
    pub(crate) fn check_picture(
        &self,
        width: u32,
        height: u32,
        bytes_per_pixel: u64,
    ) -> Result<(), ImageError> {
        let (w, h) = (u64::from(width), u64::from(height));
        let pixels = w * h; // two 32-bit numbers: at most 64 bits
        check("width", w, self.max_width.into(), "max_width")?;
        check("height", h, self.max_height.into(), "max_height")?;
        check("number of pixels", pixels, self.max_pixels, "max_pixels")?;
        self.check_memory(pixels.saturating_mul(bytes_per_pixel))
    }

    /// `bytes` is all that pixels will take at once.
    pub(crate) fn check_memory(&self, bytes: u64) -> Result<(), ImageError> {
        check(
            "decoded size in bytes",
            bytes,
            self.max_memory,
            "max_memory",
        )
    }

    /// `frames` is how many are met or asked for.
    pub(crate) fn check_frames(&self, frames: usize) -> Result<(), ImageError> {
        check(
            "number of frames",
            frames as u64,
            self.max_frames as u64,
            "max_frames",
        )
    }

    /// `frames` is how many have been met so far, `pixels` what they have together.
    pub(crate) fn check_composed(&self, frames: usize, pixels: u64) -> Result<(), ImageError> {
        self.check_frames(frames)?;
        check(
            "number of pixels in all frames",
            pixels,
            self.max_frame_pixels,
            "max_frame_pixels",
        )
    }

    /// The same limits in the JPEG decoder's own terms.
    pub(crate) fn for_jpeg(&self) -> captioner_jpeg::Limits {
        captioner_jpeg::Limits {
            max_width: self.max_width,
            max_height: self.max_height,
            max_pixels: self.max_pixels,
            max_memory: self.max_memory,
        }
    }

    /// The same limits in the decoders' own terms.
    pub(crate) fn for_decoder(&self) -> image::Limits {
        let mut limits = image::Limits::no_limits();
        limits.max_image_width = Some(self.max_width);
        limits.max_image_height = Some(self.max_height);
        limits.max_alloc = Some(self.max_memory);
        limits
    }
}

fn check(
    what: &'static str,
    value: u64,
    limit: u64,
    setting: &'static str,
) -> Result<(), ImageError> {
    if value <= limit {
        return Ok(());
    }
    Err(ImageError::LimitExceeded {
        what,
        value,
        limit,
        setting,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting_of(error: ImageError) -> &'static str {
        match error {
            ImageError::LimitExceeded { setting, .. } => setting,
            other => panic!("not a limit: {other}"),
        }
    }

    #[test]
    fn each_limit_is_named_when_it_is_passed() {
        let limits = DecodeLimits {
            max_bytes: 10,
            max_width: 100,
            max_height: 100,
            max_pixels: 5000,
            max_memory: 5000,
            max_frames: 3,
            max_frame_pixels: 250,
        };
        assert_eq!(setting_of(limits.check_bytes(11).unwrap_err()), "max_bytes");
        let picture = |w, h| setting_of(limits.check_picture(w, h, 7).unwrap_err());
        assert_eq!(picture(101, 1), "max_width");
        assert_eq!(picture(1, 101), "max_height");
        assert_eq!(picture(100, 51), "max_pixels");
        assert_eq!(picture(100, 8), "max_memory");
        limits.check_picture(100, 7, 7).unwrap();
        assert_eq!(
            setting_of(limits.check_frames(4).unwrap_err()),
            "max_frames"
        );
        let composed =
            |frames, pixels| setting_of(limits.check_composed(frames, pixels).unwrap_err());
        assert_eq!(composed(4, 1), "max_frames");
        assert_eq!(composed(3, 251), "max_frame_pixels");
        limits.check_composed(2, 250).unwrap();
    }

    #[test]
    fn the_largest_dimensions_do_not_overflow() {
        let limits = DecodeLimits {
            max_memory: u64::MAX - 1,
            ..DecodeLimits::unlimited()
        };
        let error = limits.check_picture(u32::MAX, u32::MAX, 19).unwrap_err();
        assert_eq!(setting_of(error), "max_memory");
    }
}
