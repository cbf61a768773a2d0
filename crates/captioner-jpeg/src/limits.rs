//! How large a picture may be. Checked before memory is taken for its pixels.

use crate::error::{JpegError, Limit};

/// Limits on pictures from outside: a file of a few bytes can promise four thousand million pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The greatest width in pixels.
    pub max_width: u32,
    /// The greatest height in pixels.
    pub max_height: u32,
    /// The most pixels, width times height.
    pub max_pixels: u64,
    /// The most bytes of memory for coefficients, samples and the RGB picture at any one time.
    pub max_memory: u64,
}

impl Default for Limits {
    /// Enough for any camera: 65,535 pixels a side, 2^27 pixels (134 million), 1 GiB.
    fn default() -> Self {
        Self {
            max_width: 65_535,
            max_height: 65_535,
            max_pixels: 1 << 27,
            max_memory: 1 << 30,
        }
    }
}

impl Limits {
    /// No limit at all. Only for pictures that you made yourself.
    pub fn unlimited() -> Self {
        Self {
            max_width: u32::MAX,
            max_height: u32::MAX,
            max_pixels: u64::MAX,
            max_memory: u64::MAX,
        }
    }

    /// That a picture of this size is within the limits, with the RGB picture and one further byte
    /// for each pixel in memory at least.
    pub(crate) fn check_size(&self, width: u32, height: u32) -> Result<(), JpegError> {
        let (w, h) = (u64::from(width), u64::from(height));
        let pixels = w * h; // two 32-bit numbers: at most 64 bits
        check(Limit::Width, w, self.max_width.into())?;
        check(Limit::Height, h, self.max_height.into())?;
        check(Limit::Pixels, pixels, self.max_pixels)?;
        self.check_memory(pixels.saturating_mul(4))
    }

    /// `bytes` is all that decoding will take at once.
    pub(crate) fn check_memory(&self, bytes: u64) -> Result<(), JpegError> {
        check(Limit::Memory, bytes, self.max_memory)
    }
}

fn check(limit: Limit, value: u64, most: u64) -> Result<(), JpegError> {
    match value <= most {
        true => Ok(()),
        false => Err(JpegError::LimitExceeded { limit, value, most }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_is_named_when_it_is_passed() {
        let limits = Limits {
            max_width: 100,
            max_height: 100,
            max_pixels: 5000,
            max_memory: 5000,
        };
        for (width, height, passed) in [
            (101, 1, Limit::Width),
            (1, 101, Limit::Height),
            (100, 51, Limit::Pixels),
            (100, 13, Limit::Memory),
        ] {
            let error = limits.check_size(width, height).unwrap_err();
            assert!(
                matches!(error, JpegError::LimitExceeded { limit, .. } if limit == passed),
                "{error}"
            );
            assert!(error.to_string().contains(passed.field()), "{error}");
        }
        limits.check_size(100, 12).unwrap();
    }
}
