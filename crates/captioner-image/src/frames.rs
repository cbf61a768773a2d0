//! The frames of an animation.

use crate::convert::rgb_from_decoded;
use crate::decode::{check_size, format_of, guarded, translate};
use crate::error::DecodeProblem;
use crate::{DecodeOptions, ImageError, decode, gif, webp};
use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::{AnimationDecoder, DynamicImage, Frame, Frames, ImageDecoder, ImageFormat, RgbImage};
use std::io::Cursor;

/// Decodes all frames of a GIF, an animated PNG or an animated WebP to 8-bit RGB; of any other
/// picture its one frame. All frames have the animation's size.
///
/// # Errors
/// As [`decode`], and when there are more frames, or more pixels or bytes in all of them, than
/// [`DecodeLimits`](crate::DecodeLimits) allows.
pub fn decode_frames(bytes: &[u8], options: &DecodeOptions) -> Result<Vec<RgbImage>, ImageError> {
    let format = format_of(bytes, options)?;
    guarded(format, || {
        let Some(frames) = frames(bytes, format, options)? else {
            return Ok(vec![decode(bytes, options)?]);
        };
        let mut kept: Vec<RgbImage> = Vec::new();
        for frame in frames {
            let frame = frame?;
            check_composed(&frame, kept.len() + 1, options)?;
            keep(&mut kept, 1, frame, options)?;
        }
        Ok(kept)
    })
}

/// Decodes `wanted` frames, evenly spread over an animation, as GIT's video checkpoints read 6. Of
/// an animation with fewer frames, some stand twice.
///
/// # Errors
/// As [`decode_frames`], but only the wanted frames count against the memory. All frames count against
/// `max_frames` and `max_frame_pixels`, since each must be composed to reach the next.
pub fn sample_frames(
    bytes: &[u8],
    wanted: usize,
    options: &DecodeOptions,
) -> Result<Vec<RgbImage>, ImageError> {
    options.limits.check_frames(wanted)?;
    let format = format_of(bytes, options)?;
    guarded(format, || sample(bytes, format, wanted, options))
}

fn sample(
    bytes: &[u8],
    format: ImageFormat,
    wanted: usize,
    options: &DecodeOptions,
) -> Result<Vec<RgbImage>, ImageError> {
    let Some(counted) = frames(bytes, format, options)? else {
        let picture = decode(bytes, options)?;
        let all = (picture.len() as u64).saturating_mul(wanted as u64);
        options.limits.check_memory(all)?;
        return Ok(vec![picture; wanted]);
    };
    let mut total = 0;
    for frame in counted {
        let frame = frame?;
        total += 1;
        check_composed(&frame, total, options)?;
    }
    let places = evenly_spread(total, wanted);
    let needed = places.last().map_or(0, |last| last + 1);
    let mut kept = Vec::new();
    for (place, frame) in frames(bytes, format, options)?
        .into_iter()
        .flatten()
        .take(needed)
        .enumerate()
    {
        let times = places.iter().filter(|&&wanted| wanted == place).count();
        let frame = frame?;
        check_composed(&frame, place + 1, options)?;
        if times > 0 {
            keep(&mut kept, times, frame, options)?;
        }
    }
    Ok(kept)
}

/// Whether so many frames, of which this is the last, are within the limits. Each was composed to
/// the animation's size, however small it is in the file.
fn check_composed(frame: &Frame, frames: usize, options: &DecodeOptions) -> Result<(), ImageError> {
    let (width, height) = frame.buffer().dimensions();
    let pixels = u64::from(width) * u64::from(height);
    let all = pixels.saturating_mul(frames as u64);
    options.limits.check_composed(frames, all)
}

/// Adds a frame some times, within the limit on memory.
fn keep(
    kept: &mut Vec<RgbImage>,
    times: usize,
    frame: Frame,
    options: &DecodeOptions,
) -> Result<(), ImageError> {
    let all = kept.len() as u64 + times as u64;
    let (width, height) = frame.buffer().dimensions();
    check_memory(width, height, all, options)?;
    let frame = rgb_from_decoded(DynamicImage::ImageRgba8(frame.into_buffer()), options);
    kept.extend(std::iter::repeat_n(frame, times));
    Ok(())
}

/// Whether an animation of this size can be composed with so many frames kept.
fn check_memory(
    width: u32,
    height: u32,
    frames: u64,
    options: &DecodeOptions,
) -> Result<(), ImageError> {
    let pixels = u64::from(width) * u64::from(height);
    let each = frames.saturating_mul(3).saturating_add(CANVASES);
    options.limits.check_memory(pixels.saturating_mul(each))
}

/// Bytes for each pixel of an animation while it is composed: the canvas, the frame as it is in the
/// file and the frame laid over the canvas, all RGBA.
const CANVASES: u64 = 3 * 4;

/// `wanted` places out of `total`, the first and the last among them, as `numpy.linspace` gives
/// them when its results are cut to whole numbers.
pub fn evenly_spread(total: usize, wanted: usize) -> Vec<usize> {
    let last = total.saturating_sub(1);
    match (total, wanted) {
        (0, _) => Vec::new(),
        (_, 1) => vec![0],
        _ => (0..wanted)
            .map(|n| (n as u128 * last as u128 / (wanted as u128 - 1)) as usize)
            .collect(),
    }
}

/// That the animation's size is within the limits, were one frame of it kept.
fn check_canvas(
    decoder: &impl ImageDecoder,
    format: ImageFormat,
    options: &DecodeOptions,
) -> Result<(), ImageError> {
    check_size(decoder, format, &options.limits)?;
    let (width, height) = decoder.dimensions();
    check_memory(width, height, 1, options)
}

/// Frames of an animation, each as large as that.
type Composed<'a> = Box<dyn Iterator<Item = Result<Frame, ImageError>> + 'a>;

/// The frames of an animation; `None` of a still picture.
fn frames<'a>(
    bytes: &'a [u8],
    format: ImageFormat,
    options: &DecodeOptions,
) -> Result<Option<Composed<'a>>, ImageError> {
    let failed = move |error| translate(error, format);
    let limits = options.limits.for_decoder();
    let composed = move |frames: Frames<'a>| -> Composed<'a> {
        Box::new(frames.map(move |frame| frame.map_err(failed)))
    };
    let encoded = Cursor::new(bytes);
    Ok(match format {
        ImageFormat::Gif => {
            let mut decoder = GifDecoder::new(encoded).map_err(failed)?;
            check_canvas(&decoder, format, options)?;
            gif::check(bytes, &options.limits)?;
            decoder.set_limits(limits).map_err(failed)?;
            Some(composed(decoder.into_frames()))
        }
        ImageFormat::Png => {
            let decoder = PngDecoder::with_limits(encoded, limits).map_err(failed)?;
            if !decoder.is_apng().map_err(failed)? {
                return Ok(None);
            }
            check_canvas(&decoder, format, options)?;
            Some(composed(decoder.apng().map_err(failed)?.into_frames()))
        }
        ImageFormat::WebP => {
            let decoder = WebPDecoder::new(encoded).map_err(failed)?;
            if !decoder.has_animation() {
                return Ok(None);
            }
            check_canvas(&decoder, format, options)?;
            let (width, height) = decoder.dimensions();
            Some(Box::new(webp::frames(bytes, width, height)))
        }
        _ => None,
    })
}

/// The first frame of an animated WebP; `None` of a still one.
pub(crate) fn first_of_webp(
    bytes: &[u8],
    options: &DecodeOptions,
) -> Result<Option<DynamicImage>, ImageError> {
    let Some(mut frames) = frames(bytes, ImageFormat::WebP, options)? else {
        return Ok(None);
    };
    let first = frames.next();
    let first = first.ok_or_else(|| webp::broken(DecodeProblem::NoFrames))??;
    Ok(Some(DynamicImage::ImageRgba8(first.into_buffer())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_spread_from_the_first_to_the_last() {
        assert_eq!(evenly_spread(11, 6), [0, 2, 4, 6, 8, 10]);
        assert_eq!(evenly_spread(10, 4), [0, 3, 6, 9]);
        assert_eq!(evenly_spread(7, 3), [0, 3, 6]);
        assert_eq!(evenly_spread(2, 4), [0, 0, 0, 1]);
        assert_eq!(evenly_spread(5, 1), [0]);
        assert_eq!(evenly_spread(5, 0), [0; 0]);
        assert_eq!(evenly_spread(0, 3), [0; 0]);
    }
}
