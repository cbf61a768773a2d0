//! Pictures in whatever form they are at hand.

use crate::bands::RgbView;
use crate::convert::{check_raw, rgb_from_decoded};
use crate::decode::{open_jpeg, read, upright_jpeg};
use crate::processor::Output;
use crate::{DecodeOptions, ImageError, ImageProcessor, decode, open};
use captioner_jpeg::Jpeg;
use image::{DynamicImage, RgbImage};
use std::borrow::Cow;
use std::path::Path;

/// A picture in whatever form it is at hand.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Source<'a> {
    /// The bytes of a file.
    Encoded(&'a [u8]),
    /// A file.
    File(&'a Path),
    /// A picture of the `image` crate, of any kind.
    Dynamic(&'a DynamicImage),
    /// A decoded picture.
    Rgb(&'a RgbImage),
    /// The bytes of a decoded picture.
    Rgb8 {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// `3 * width * height` bytes: red, green and blue of each pixel in turn, row after row.
        pixels: &'a [u8],
    },
}

impl<'a> Source<'a> {
    /// The decoded picture. The options' limits are for bytes and files; what they say of
    /// transparency and 16-bit grey is for pictures of the `image` crate as well.
    ///
    /// # Errors
    /// As [`decode`] and [`open`]; and when raw bytes have no pixels or another length than these take.
    pub fn to_rgb(&self, options: &DecodeOptions) -> Result<Cow<'a, RgbImage>, ImageError> {
        match *self {
            Self::Encoded(bytes) => decode(bytes, options).map(Cow::Owned),
            Self::File(path) => open(path, options).map(Cow::Owned),
            Self::Dynamic(picture) => Ok(Cow::Owned(rgb_from_decoded(picture.clone(), options))),
            Self::Rgb(picture) => Ok(Cow::Borrowed(picture)),
            Self::Rgb8 {
                width,
                height,
                pixels,
            } => {
                check_raw(width, height, pixels.len())?;
                crate::rgb_from_raw(width, height, pixels.to_vec()).map(Cow::Owned)
            }
        }
    }

    /// The picture, as far as it must be decoded to know its size.
    pub(crate) fn open(&self, options: &DecodeOptions) -> Result<Opened<'a>, ImageError> {
        match *self {
            Self::Encoded(bytes) => Opened::of_bytes(bytes, options),
            Self::File(path) => read(path, options.limits.max_bytes)
                .and_then(|bytes| Opened::of_file(bytes, options))
                .map_err(|error| error.in_file(path)),
            Self::Dynamic(picture) => {
                let rgb = rgb_from_decoded(picture.clone(), options);
                Ok(Opened::decoded(rgb))
            }
            Self::Rgb(picture) => Ok(Opened::Rgb {
                width: picture.width(),
                height: picture.height(),
                pixels: Cow::Borrowed(picture.as_raw()),
            }),
            Self::Rgb8 {
                width,
                height,
                pixels,
            } => {
                check_raw(width, height, pixels.len())?;
                Ok(Opened::Rgb {
                    width,
                    height,
                    pixels: Cow::Borrowed(pixels),
                })
            }
        }
    }

    /// The error, with the file it is about.
    pub(crate) fn name(&self, error: ImageError) -> ImageError {
        match self {
            Self::File(path) => error.in_file(path),
            _ => error,
        }
    }
}

/// A picture whose size is known.
pub(crate) enum Opened<'a> {
    /// A JPEG that isn't to be rotated, still encoded.
    Jpeg(Box<Jpeg<'a>>),
    /// The same of a file's bytes, with its width and height.
    JpegFile(Vec<u8>, (u32, u32)),
    Rgb {
        width: u32,
        height: u32,
        pixels: Cow<'a, [u8]>,
    },
}

impl<'a> Opened<'a> {
    fn of_bytes(bytes: &'a [u8], options: &DecodeOptions) -> Result<Self, ImageError> {
        Ok(match upright_jpeg(bytes, options)? {
            Some(jpeg) => Self::Jpeg(Box::new(jpeg)),
            None => Self::decoded(decode(bytes, options)?),
        })
    }

    fn of_file(bytes: Vec<u8>, options: &DecodeOptions) -> Result<Self, ImageError> {
        if let Some(jpeg) = upright_jpeg(&bytes, options)? {
            let size = jpeg.size();
            return Ok(Self::JpegFile(bytes, size));
        }
        Ok(Self::decoded(decode(&bytes, options)?))
    }

    fn decoded(picture: RgbImage) -> Self {
        let (width, height) = picture.dimensions();
        Self::Rgb {
            width,
            height,
            pixels: Cow::Owned(picture.into_raw()),
        }
    }

    /// Width and height.
    pub(crate) fn size(&self) -> (u32, u32) {
        match self {
            Self::Jpeg(jpeg) => jpeg.size(),
            Self::JpegFile(_, size) => *size,
            Self::Rgb { width, height, .. } => (*width, *height),
        }
    }

    /// Decodes what is left to decode and processes it.
    pub(crate) fn process_into<T: Copy + Send + Sync>(
        self,
        processor: &ImageProcessor,
        options: &DecodeOptions,
        output: Output<T>,
    ) -> Result<(), ImageError> {
        match self {
            Self::Rgb {
                width,
                height,
                pixels,
            } => {
                let picture = RgbView {
                    width: width as usize,
                    height: height as usize,
                    pixels: &pixels,
                };
                processor.process_into(picture, output)
            }
            Self::Jpeg(jpeg) => processor.process_jpeg_into(*jpeg, output),
            Self::JpegFile(bytes, _) => {
                processor.process_jpeg_into(open_jpeg(&bytes, options)?, output)
            }
        }
    }
}
