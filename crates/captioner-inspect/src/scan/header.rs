//! What a picture's file says of itself: its format, how it holds colours, whether it moves or is
//! to be turned.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{ExtendedColorType, ImageDecoder, ImageFormat, ImageReader};

/// What a file says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) format: &'static str,
    pub(crate) mode: &'static str,
    pub(crate) alpha: bool,
    pub(crate) sixteen_bit: bool,
    pub(crate) animated: bool,
    pub(crate) turned: bool,
}

/// A picture that a set holds decoded, or draws.
pub(crate) const DECODED: Header = Header {
    format: "decoded",
    mode: "RGB",
    alpha: false,
    sixteen_bit: false,
    animated: false,
    turned: false,
};

impl Header {
    /// Reads no further than the pixels. What it can't tell it leaves out.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let unknown = Self {
            format: "other",
            mode: "other",
            ..DECODED
        };
        let Ok(format) = image::guess_format(bytes) else {
            return unknown;
        };
        let mut header = Self {
            format: name(format),
            animated: is_animated(bytes, format),
            ..unknown
        };
        let reader = ImageReader::with_format(Cursor::new(bytes), format);
        if let Ok(mut decoder) = reader.into_decoder() {
            header.colours(decoder.original_color_type());
            let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
            header.turned = orientation != Orientation::NoTransforms;
        }
        header.palette(bytes, format);
        header
    }

    fn colours(&mut self, colours: ExtendedColorType) {
        use ExtendedColorType as C;
        (self.mode, self.alpha) = match colours {
            C::A8 | C::La1 | C::La2 | C::La4 | C::La8 | C::La16 => ("grey with alpha", true),
            C::L1 | C::L2 | C::L4 | C::L8 | C::L16 => ("grey", false),
            C::Rgba1 | C::Rgba2 | C::Rgba4 | C::Rgba8 | C::Rgba16 | C::Bgra8 => {
                ("RGB with alpha", true)
            }
            C::Cmyk8 | C::Cmyk16 => ("CMYK", false),
            C::Rgb32F | C::Rgba32F => ("floating point", false),
            _ => ("RGB", false),
        };
        self.sixteen_bit = matches!(colours, C::L16 | C::La16 | C::Rgb16 | C::Rgba16 | C::Cmyk16);
    }

    /// Decoders give a palette's colours, not that there was one.
    fn palette(&mut self, bytes: &[u8], format: ImageFormat) {
        let has_palette = match format {
            ImageFormat::Png => bytes.get(25) == Some(&3), // IHDR's colour type
            ImageFormat::Gif => true,
            ImageFormat::Bmp => bytes.get(28).is_some_and(|bits| *bits <= 8),
            _ => false,
        };
        if has_palette {
            self.mode = "palette";
        }
    }
}

fn name(format: ImageFormat) -> &'static str {
    match format {
        ImageFormat::Png => "PNG",
        ImageFormat::Jpeg => "JPEG",
        ImageFormat::Gif => "GIF",
        ImageFormat::WebP => "WebP",
        ImageFormat::Tiff => "TIFF",
        ImageFormat::Bmp => "BMP",
        _ => "other",
    }
}

fn is_animated(bytes: &[u8], format: ImageFormat) -> bool {
    match format {
        ImageFormat::Png => png_chunks(bytes).any(|kind| kind == b"acTL"),
        ImageFormat::Gif => gif_frames(bytes) > 1,
        // The second bit of the flags of a VP8X chunk, which is the first where there is one.
        ImageFormat::WebP => {
            bytes.get(12..16) == Some(b"VP8X") && bytes.get(20).is_some_and(|flags| flags & 2 != 0)
        }
        _ => false,
    }
}

/// The kinds of the chunks before the pixels.
fn png_chunks(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes.get(8..).unwrap_or_default();
    std::iter::from_fn(move || {
        let length = rest.get(..4)?.try_into().ok().map(u32::from_be_bytes)?;
        let kind = rest.get(4..8)?;
        let next = usize::try_from(length).ok()?.checked_add(12)?;
        rest = rest.get(next..).unwrap_or_default();
        (kind != b"IDAT").then_some(kind)
    })
}

/// How many frames a GIF has, counted up to 2.
fn gif_frames(bytes: &[u8]) -> usize {
    let table = |flags: u8| match flags & 0x80 {
        0 => 0,
        _ => 3 << ((flags & 7) + 1),
    };
    let flags = bytes.get(10).copied().unwrap_or(0);
    let mut rest = bytes.get(13 + table(flags)..).unwrap_or_default();
    let mut frames = 0;
    while let Some((kind, after)) = rest.split_first() {
        let skipped = match kind {
            0x21 => 1, // an extension's kind
            // Place, size and flags of a frame, its colours, and the width of its codes.
            0x2C => match after.get(8) {
                Some(flags) => 10 + table(*flags),
                None => break,
            },
            _ => break,
        };
        frames += usize::from(*kind == 0x2C);
        if frames > 1 {
            break;
        }
        rest = skip_blocks(after.get(skipped..).unwrap_or_default());
    }
    frames
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
    use image::codecs::gif::GifEncoder;
    use image::{DynamicImage, Frame, RgbaImage};

    fn encoded(picture: DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn told(bytes: &[u8]) -> (&'static str, &'static str, bool, bool) {
        let header = Header::read(bytes);
        assert!(!header.animated && !header.turned);
        (header.format, header.mode, header.alpha, header.sixteen_bit)
    }

    #[test]
    fn colours_are_told_by_the_header() {
        use ImageFormat::{Bmp, Jpeg, Png, Tiff, WebP};
        let told = |picture, format| told(&encoded(picture, format));
        let grey = DynamicImage::new_luma8(4, 4);
        assert_eq!(told(grey.clone(), Jpeg), ("JPEG", "grey", false, false));
        assert_eq!(told(grey.clone(), Bmp), ("BMP", "palette", false, false));
        assert_eq!(told(grey, Tiff), ("TIFF", "grey", false, false));
        let rgb = DynamicImage::new_rgb8(4, 4);
        assert_eq!(told(rgb.clone(), Png), ("PNG", "RGB", false, false));
        assert_eq!(told(rgb.clone(), Jpeg), ("JPEG", "RGB", false, false));
        assert_eq!(told(rgb, WebP), ("WebP", "RGB", false, false));
        let alpha = DynamicImage::new_luma_a8(4, 4);
        assert_eq!(told(alpha, Png), ("PNG", "grey with alpha", true, false));
        let deep = DynamicImage::new_rgba16(4, 4);
        assert_eq!(told(deep, Png), ("PNG", "RGB with alpha", true, true));
    }

    #[test]
    fn an_animation_is_told_from_a_still() {
        let gif = |frames: usize| {
            let mut bytes = Vec::new();
            let mut encoder = GifEncoder::new(&mut bytes);
            let frame = || Frame::new(RgbaImage::new(5, 5));
            encoder.encode_frames((0..frames).map(|_| frame())).unwrap();
            drop(encoder);
            bytes
        };
        assert_eq!(told(&gif(1)).1, "palette");
        assert!(Header::read(&gif(3)).animated);
        let mut cut = gif(3);
        cut.truncate(40);
        assert!(!Header::read(&cut).animated);
    }

    #[test]
    fn exif_says_that_a_picture_is_to_be_turned() {
        let jpeg = encoded(DynamicImage::new_rgb8(8, 4), ImageFormat::Jpeg);
        let exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        let mut turned = jpeg[..2].to_vec();
        turned.extend_from_slice(b"\xff\xe1");
        turned.extend_from_slice(&(exif.len() as u16 + 2).to_be_bytes());
        turned.extend_from_slice(exif);
        turned.extend_from_slice(&jpeg[2..]);
        assert!(Header::read(&turned).turned);
        assert!(!Header::read(&jpeg).turned);
    }

    #[test]
    fn any_bytes_have_a_header() {
        assert_eq!(Header::read(b"").format, "other");
        let png = encoded(DynamicImage::new_rgb8(4, 4), ImageFormat::Png);
        for end in 0..png.len() {
            assert!(!Header::read(&png[..end]).animated);
        }
    }
}
