//! The frames of an animated WebP, laid over each other as libwebp does it (`anim_decode.c`), which is
//! what Pillow uses.
//!
//! `image-webp` composes frames as well, but lays opaque pixels over others as if they were not quite
//! opaque, so that nearly all values are 1 too low. So each frame is decoded as a picture of its own here.

use crate::ImageError;
use crate::decode::translate;
use crate::error::DecodeProblem;
use image::codecs::webp::WebPDecoder;
use image::{DynamicImage, Frame, ImageDecoder, ImageFormat, RgbaImage};
use std::io::Cursor;

/// The frames, each as large as the animation. `bytes` are known to begin as an animated WebP.
pub(crate) fn frames(bytes: &[u8], width: u32, height: u32) -> Frames<'_> {
    Frames {
        chunks: Chunks(bytes.get(12..).unwrap_or_default()),
        canvas: RgbaImage::new(width, height),
        before: None,
    }
}

/// An animation as far as it is composed.
pub(crate) struct Frames<'a> {
    chunks: Chunks<'a>,
    /// What the last frame left, without it where it is to be taken away.
    canvas: RgbaImage,
    /// The last frame, and whether nothing of those before it was left.
    before: Option<(Header, bool)>,
}

/// Where a frame stands and what becomes of it.
#[derive(Debug, Clone, Copy)]
struct Header {
    x: u32,
    y: u32,
    width: u32,
    height: u32,
    /// Whether it is laid over what is there, or put in its place.
    blended: bool,
    /// Whether its place is cleared before the next one.
    cleared: bool,
}

impl Header {
    fn read(data: &[u8]) -> Option<(Self, &[u8])> {
        let (header, chunks) = data.split_first_chunk::<16>()?;
        let number = |place: usize| {
            let &[a, b, c] = &header[place..place + 3] else {
                return 0; // three bytes are three
            };
            u32::from_le_bytes([a, b, c, 0])
        };
        let header = Self {
            x: 2 * number(0),
            y: 2 * number(3),
            width: number(6) + 1,
            height: number(9) + 1,
            blended: header[15] & 2 == 0,
            cleared: header[15] & 1 != 0,
        };
        Some((header, chunks))
    }

    fn fills(&self, canvas: &RgbaImage) -> bool {
        (self.width, self.height) == canvas.dimensions()
    }

    fn is_within(&self, canvas: &RgbaImage) -> bool {
        let (width, height) = canvas.dimensions();
        self.x + self.width <= width && self.y + self.height <= height
    }

    fn has(&self, x: u32, y: u32) -> bool {
        (self.x..self.x + self.width).contains(&x) && (self.y..self.y + self.height).contains(&y)
    }
}

impl Iterator for Frames<'_> {
    type Item = Result<Frame, ImageError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (_, data) = self.chunks.find(|(kind, _)| *kind == b"ANMF")?;
        let frame = self.compose(data);
        if frame.is_err() {
            self.chunks = Chunks(&[]); // nothing can be laid over a frame that is not there
        }
        Some(frame)
    }
}

impl Frames<'_> {
    fn compose(&mut self, data: &[u8]) -> Result<Frame, ImageError> {
        let (header, chunks) =
            Header::read(data).ok_or_else(|| broken(DecodeProblem::NoFrameHeader))?;
        if !header.is_within(&self.canvas) {
            return Err(broken(DecodeProblem::FrameBeyondCanvas));
        }
        let (picture, has_alpha) = decode(&header, chunks)?;
        let key = match self.before {
            None => true,
            Some(_) if (!has_alpha || !header.blended) && header.fills(&self.canvas) => true,
            Some((before, key)) => before.cleared && (before.fills(&self.canvas) || key),
        };
        if key {
            self.canvas.fill(0);
        }
        for (x, y, pixel) in picture.enumerate_pixels() {
            let (x, y) = (header.x + x, header.y + y);
            let there = self.canvas.get_pixel_mut(x, y);
            // Nothing is left where the last frame was cleared.
            let bare = self
                .before
                .is_some_and(|(before, _)| before.cleared && before.has(x, y));
            there.0 = match header.blended && !key && !bare {
                true => blend(pixel.0, there.0),
                false => pixel.0,
            };
        }
        let frame = Frame::new(self.canvas.clone());
        if header.cleared {
            for y in header.y..header.y + header.height {
                for x in header.x..header.x + header.width {
                    self.canvas.get_pixel_mut(x, y).0 = [0; 4];
                }
            }
        }
        self.before = Some((header, key));
        Ok(frame)
    }
}

/// One pixel over another, neither multiplied with its opacity: libwebp's `BlendPixelNonPremult`.
fn blend(over: [u8; 4], under: [u8; 4]) -> [u8; 4] {
    let (opacity, below) = (u32::from(over[3]), u32::from(under[3]));
    match opacity {
        0 => return under,
        255 => return over,
        _ => {}
    }
    let below = (below * (256 - opacity)) >> 8;
    let both = opacity + below;
    let scale = (1 << 24) / both;
    let mut result = [both as u8; 4]; // at most 255: 254 and what is left below it
    for channel in 0..3 {
        let sum = u32::from(over[channel]) * opacity + u32::from(under[channel]) * below;
        result[channel] = (sum.wrapping_mul(scale) >> 24) as u8;
    }
    result
}

/// The picture of a frame, and whether it has transparency.
fn decode(header: &Header, chunks: &[u8]) -> Result<(RgbaImage, bool), ImageError> {
    let (file, has_alpha) =
        still(header, chunks).ok_or_else(|| broken(DecodeProblem::EmptyFrame))?;
    let failed = |error| translate(error, ImageFormat::WebP);
    let decoder = WebPDecoder::new(Cursor::new(file)).map_err(failed)?;
    if decoder.dimensions() != (header.width, header.height) {
        return Err(broken(DecodeProblem::FrameSize));
    }
    let picture = DynamicImage::from_decoder(decoder).map_err(failed)?;
    Ok((picture.into_rgba8(), has_alpha))
}

/// A file of this frame alone.
fn still(header: &Header, chunks: &[u8]) -> Option<(Vec<u8>, bool)> {
    let part = |wanted: &[u8; 4]| Chunks(chunks).find(|(kind, _)| *kind == wanted);
    let mut file = b"RIFF\0\0\0\0WEBP".to_vec();
    let has_alpha = if let Some((kind, data)) = part(b"VP8L") {
        push(&mut file, kind, data);
        // Behind the signature and twice 14 bits of size.
        data.get(4).is_some_and(|byte| byte & 0x10 != 0)
    } else {
        let (kind, data) = part(b"VP8 ")?;
        let alpha = part(b"ALPH");
        if let Some((alpha, opacities)) = alpha {
            let mut settings = vec![0x10, 0, 0, 0];
            for edge in [header.width, header.height] {
                settings.extend_from_slice(&(edge - 1).to_le_bytes()[..3]);
            }
            push(&mut file, b"VP8X", &settings);
            push(&mut file, alpha, opacities);
        }
        push(&mut file, kind, data);
        alpha.is_some()
    };
    let length = u32::try_from(file.len() - 8).ok()?;
    file[4..8].copy_from_slice(&length.to_le_bytes());
    Some((file, has_alpha))
}

fn push(file: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    file.extend_from_slice(kind);
    file.extend_from_slice(&(data.len() as u32).to_le_bytes()); // it was 32 bits in the file
    file.extend_from_slice(data);
    if data.len() % 2 == 1 {
        file.push(0);
    }
}

/// The chunks of a file or a frame, as far as they are whole.
#[derive(Clone, Copy)]
struct Chunks<'a>(&'a [u8]);

impl<'a> Iterator for Chunks<'a> {
    type Item = (&'a [u8; 4], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (kind, rest) = self.0.split_first_chunk::<4>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (data, rest) = rest.split_at_checked(length)?;
        self.0 = rest.get(length % 2..).unwrap_or_default();
        Some((kind, data))
    }
}

pub(crate) fn broken(reason: DecodeProblem) -> ImageError {
    ImageError::Corrupt {
        format: "WEBP",
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_opaque_hides_and_what_is_clear_shows() {
        assert_eq!(blend([1, 2, 3, 255], [9, 9, 9, 255]), [1, 2, 3, 255]);
        assert_eq!(blend([1, 2, 3, 0], [9, 8, 7, 255]), [9, 8, 7, 255]);
    }

    #[test]
    fn mixing_is_within_two_of_the_exact_value() {
        for opacity in 1..255_u8 {
            let [red, .., both] = blend([200, 0, 0, opacity], [100, 0, 0, 255]);
            let share = f64::from(opacity) / 255.0;
            let exact = 200.0 * share + 100.0 * (1.0 - share);
            assert!((f64::from(red) - exact).abs() <= 2.0, "{opacity}: {red}");
            assert!(both >= 254);
        }
    }

    #[test]
    fn chunks_end_where_one_is_cut_off() {
        let mut file = Vec::new();
        push(&mut file, b"ABCD", &[1, 2, 3]);
        push(&mut file, b"EFGH", &[4]);
        let kinds = |bytes| {
            Chunks(bytes)
                .map(|(kind, data)| (*kind, data.len()))
                .collect::<Vec<_>>()
        };
        assert_eq!(kinds(&file), [(*b"ABCD", 3), (*b"EFGH", 1)]);
        assert_eq!(kinds(&file[..20]), [(*b"ABCD", 3)]);
    }
}
