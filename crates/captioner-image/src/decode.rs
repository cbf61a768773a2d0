//! Encoded bytes to an RGB picture.

use crate::convert::rgb_from_decoded;
use crate::error::DecodeProblem;
use crate::frames::first_of_webp;
use crate::{Alpha, DecodeLimits, ImageError, SixteenBit, cmyk, palette};
use captioner_files::is_lfs_pointer;
use captioner_jpeg::Jpeg;
use image::{DynamicImage, ExtendedColorType, ImageDecoder, ImageFormat, ImageReader, RgbImage};
use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

/// What becomes of the orientation that a camera notes in EXIF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Orientation {
    /// The picture is rotated upright.
    #[default]
    Apply,
    /// The pixels stay as they are stored, as in transformers.
    Ignore,
}

/// How pictures are decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DecodeOptions {
    /// How large a picture may be.
    pub limits: DecodeLimits,
    /// Whether EXIF rotates the picture.
    pub orientation: Orientation,
    /// What becomes of transparency.
    pub alpha: Alpha,
    /// What becomes of 16-bit grey.
    pub sixteen_bit: SixteenBit,
    /// Decode a JPEG at 1/2, 1/4 or 1/8 of its size where its shorter edge stays at least this
    /// long. Faster for large photographs, but pixels change; twice the length that the picture
    /// is resized to keeps them near.
    pub jpeg_shorter_edge: Option<u32>,
}

impl DecodeOptions {
    /// What transformers 5 sees of a picture that it opens with Pillow: EXIF orientation is not
    /// applied, and 16-bit grey is clipped.
    pub fn reference() -> Self {
        Self {
            orientation: Orientation::Ignore,
            sixteen_bit: SixteenBit::Clip,
            ..Self::default()
        }
    }
}

/// Decodes PNG, JPEG, WebP, GIF, BMP or TIFF to 8-bit RGB. Of an animation, the first frame.
///
/// # Errors
/// When the bytes are no such picture or a broken one, or when it is beyond the limits.
///
/// ```
/// use captioner_image::{DecodeOptions, ImageError, decode};
///
/// let error = decode(b"<html>not found</html>", &DecodeOptions::default()).unwrap_err();
/// assert!(matches!(error, ImageError::UnknownFormat));
/// ```
pub fn decode(bytes: &[u8], options: &DecodeOptions) -> Result<RgbImage, ImageError> {
    let format = format_of(bytes, options)?;
    let (picture, orientation) = match format {
        ImageFormat::Jpeg => decode_jpeg(bytes, options)?,
        _ => guarded(format, || decode_other(bytes, format, options))?,
    };
    let Some(orientation) = orientation.filter(|_| options.orientation == Orientation::Apply)
    else {
        return Ok(picture);
    };
    if swaps_edges(orientation) {
        let both = 2 * picture.len() as u64; // as it was and as it will be
        options.limits.check_memory(both)?;
    }
    let mut picture = DynamicImage::ImageRgb8(picture);
    picture.apply_orientation(orientation);
    Ok(picture.into_rgb8())
}

/// Whether width becomes height, which needs a second picture; otherwise pixels change places.
fn swaps_edges(orientation: image::metadata::Orientation) -> bool {
    use image::metadata::Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    matches!(
        orientation,
        Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH
    )
}

/// The format, told by the first bytes, of a file that is not too long.
pub(crate) fn format_of(bytes: &[u8], options: &DecodeOptions) -> Result<ImageFormat, ImageError> {
    if bytes.is_empty() {
        return Err(ImageError::Empty);
    }
    options.limits.check_bytes(bytes.len() as u64)?;
    let format = image::guess_format(bytes).map_err(|_| match is_lfs_pointer(bytes) {
        true => ImageError::LfsPointer,
        false => ImageError::UnknownFormat,
    })?;
    if format == ImageFormat::Png {
        palette::check(bytes)?;
    }
    Ok(format)
}

/// Makes an error of a panic in somebody else's decoder, should one be left there.
pub(crate) fn guarded<T>(
    format: ImageFormat,
    work: impl FnOnce() -> Result<T, ImageError>,
) -> Result<T, ImageError> {
    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
    done.unwrap_or_else(|_| {
        Err(ImageError::Corrupt {
            format: name_of(format),
            reason: DecodeProblem::Panic,
        })
    })
}

/// The opened JPEG, if the bytes are one that isn't to be rotated.
pub(crate) fn upright_jpeg<'a>(
    bytes: &'a [u8],
    options: &DecodeOptions,
) -> Result<Option<Jpeg<'a>>, ImageError> {
    use image::metadata::Orientation::NoTransforms;
    if format_of(bytes, options)? != ImageFormat::Jpeg {
        return Ok(None);
    }
    let jpeg = open_jpeg(bytes, options)?;
    let upright = options.orientation == Orientation::Ignore
        || matches!(orientation_of(&jpeg), None | Some(NoTransforms));
    Ok(upright.then_some(jpeg))
}

type Oriented = (RgbImage, Option<image::metadata::Orientation>);

fn decode_jpeg(bytes: &[u8], options: &DecodeOptions) -> Result<Oriented, ImageError> {
    let jpeg = open_jpeg(bytes, options)?;
    let orientation = orientation_of(&jpeg);
    let (width, height) = jpeg.size();
    let pixels = jpeg.decode()?;
    // Three bytes for each pixel: always a picture.
    let picture = RgbImage::from_raw(width, height, pixels).unwrap_or_default();
    Ok((picture, orientation))
}

/// A JPEG, at the size that the options ask for.
pub(crate) fn open_jpeg<'a>(
    bytes: &'a [u8],
    options: &DecodeOptions,
) -> Result<Jpeg<'a>, ImageError> {
    let limits = options.limits.for_jpeg();
    Ok(match options.jpeg_shorter_edge {
        Some(edge) => Jpeg::open_reduced(bytes, &limits, edge)?,
        None => Jpeg::open(bytes, &limits)?,
    })
}

/// How EXIF says that the picture is to be rotated. Broken EXIF is no reason to fail, and what comes
/// behind the pixels isn't looked at.
fn orientation_of(jpeg: &Jpeg) -> Option<image::metadata::Orientation> {
    jpeg.exif()
        .and_then(image::metadata::Orientation::from_exif_chunk)
}

fn decode_other(
    bytes: &[u8],
    format: ImageFormat,
    options: &DecodeOptions,
) -> Result<Oriented, ImageError> {
    let failed = |error| translate(error, format);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(options.limits.for_decoder());
    let mut decoder = reader.into_decoder().map_err(failed)?;
    check_size(&decoder, format, &options.limits)?;
    let orientation = decoder.orientation().ok();
    if decoder.original_color_type() == ExtendedColorType::Cmyk8 {
        return Ok((cmyk::decode_tiff(bytes, &options.limits)?, orientation));
    }
    let first = match format {
        ImageFormat::WebP => first_of_webp(bytes, options)?,
        _ => None,
    };
    let mut picture = match first {
        Some(first) => first,
        None => DynamicImage::from_decoder(decoder).map_err(failed)?,
    };
    if options.sixteen_bit == SixteenBit::Clip && is_sixteen_bit_grey_png(bytes, format) {
        picture = picture.into_luma16().into(); // a transparent value would have made it grey + alpha
    }
    Ok((rgb_from_decoded(picture, options), orientation))
}

/// Told by the header, whose bit depth and colour type stand at fixed places.
fn is_sixteen_bit_grey_png(bytes: &[u8], format: ImageFormat) -> bool {
    format == ImageFormat::Png && bytes.get(24..26) == Some(&[16, 0])
}

/// Reads and decodes one file. See [`decode`].
///
/// # Errors
/// As [`decode`], naming the file; and when it cannot be read.
pub fn open(path: impl AsRef<Path>, options: &DecodeOptions) -> Result<RgbImage, ImageError> {
    let path = path.as_ref();
    let bytes = read(path, options.limits.max_bytes);
    bytes
        .and_then(|bytes| decode(&bytes, options))
        .map_err(|error| error.in_file(path))
}

/// The file's bytes, but at most one more than the limit: enough to see that it is passed.
pub(crate) fn read(path: &Path, max_bytes: u64) -> Result<Vec<u8>, ImageError> {
    let file = File::open(path).map_err(ImageError::Read)?;
    let mut bytes = Vec::new();
    file.take(max_bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(ImageError::Read)?;
    Ok(bytes)
}

/// That the picture has pixels and is within the limits.
pub(crate) fn check_size(
    decoder: &impl ImageDecoder,
    format: ImageFormat,
    limits: &DecodeLimits,
) -> Result<(), ImageError> {
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(ImageError::NoPixels { width, height });
    }
    let decoded = u64::from(decoder.color_type().bytes_per_pixel());
    limits.check_picture(width, height, most_bytes_per_pixel(decoded, format))
}

/// What is in memory for each pixel at once, where the decoder gives `decoded` bytes.
fn most_bytes_per_pixel(decoded: u64, format: ImageFormat) -> u64 {
    let with_rgb = match decoded {
        8 => 8 + 4, // 16-bit RGBA becomes 8-bit RGBA first
        _ => decoded + 3,
    };
    match format {
        ImageFormat::Tiff => with_rgb.max(2 * decoded), // decoded apart, then copied
        ImageFormat::WebP => with_rgb.max(4 + 3),       // RGBA within, even if RGB comes out
        _ => with_rgb,
    }
}

/// The decoder's error in terms of this crate.
pub(crate) fn translate(error: image::ImageError, format: ImageFormat) -> ImageError {
    let format = name_of(format);
    match error {
        image::ImageError::Unsupported(_) => ImageError::Unsupported {
            format,
            reason: DecodeProblem::decoder(error),
        },
        image::ImageError::Limits(_) => ImageError::BeyondDecoderLimits {
            format,
            reason: DecodeProblem::decoder(error),
        },
        _ => ImageError::Corrupt {
            format,
            reason: DecodeProblem::decoder(error),
        },
    }
}

/// The format as messages name it.
fn name_of(format: ImageFormat) -> &'static str {
    match format {
        ImageFormat::Png => "PNG",
        ImageFormat::Jpeg => "JPEG",
        ImageFormat::Gif => "GIF",
        ImageFormat::WebP => "WEBP",
        ImageFormat::Tiff => "TIFF",
        ImageFormat::Bmp => "BMP",
        // Told by its first bytes, but not decoded here.
        other => other.extensions_str().first().copied().unwrap_or("picture"),
    }
}
