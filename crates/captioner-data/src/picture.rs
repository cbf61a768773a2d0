//! A picture as a data set holds it.

/// A picture as a data set holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Picture {
    /// An encoded file's bytes (PNG, JPEG, ...), not yet decoded.
    Encoded(Vec<u8>),
    /// Decoded RGB, 8 bits a channel, rows from top to bottom.
    Rgb8 {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// `width * height * 3` bytes, `R G B` of each pixel in turn.
        pixels: Vec<u8>,
    },
}
