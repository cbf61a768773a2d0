//! Pictures to the pixel values that a vision encoder reads.
//!
//! Bytes are decoded ([`decode`], [`open`]) into an RGB picture, and [`ImageProcessor`] makes of it
//! what transformers' `CLIPImageProcessor` makes: resized as Pillow resizes, cropped about the
//! centre, rescaled and normalised, as `[3, height, width]` floats.
//!
//! ```
//! use captioner_image::{ImageProcessor, ImageProcessorConfig, rgb_from_raw};
//!
//! let processor = ImageProcessor::new(ImageProcessorConfig::clip(32))?;
//! let picture = rgb_from_raw(40, 64, vec![255; 40 * 64 * 3])?;
//!
//! let pixels = processor.preprocess(&picture)?;
//! assert_eq!((pixels.height, pixels.width), (32, 32));
//! assert_eq!(pixels.data.len(), 3 * 32 * 32);
//! assert!((pixels.data[0] - (1.0 - 0.48145466) / 0.26862954).abs() < 1e-6); // white, normalised
//! # Ok::<(), captioner_image::ImageError>(())
//! ```
//!
//! Differences from the reference, both on purpose: the orientation that a camera notes in EXIF is
//! applied, where transformers ignores it, and 16-bit grey is scaled to 8 bits, where Pillow clips it,
//! which turns most such pictures white. [`DecodeOptions::reference`] has neither difference.

mod batch;
mod cmyk;
mod config;
mod convert;
mod decode;
mod error;
mod files;
mod frames;
mod gif;
mod jpeg;
mod limits;
mod palette;
mod passes;
mod pixels;
mod processor;
mod resample;
mod resize;
mod sums;
mod taps;
mod webp;

pub use batch::{PixelBatch, Source, Workers};
pub use config::{CropSize, ImageProcessorConfig, Size};
pub use convert::{Alpha, SixteenBit, rgb_from_dynamic, rgb_from_raw};
pub use decode::{DecodeOptions, Orientation, decode, open};
pub use error::ImageError;
pub use frames::{decode_frames, evenly_spread, sample_frames};
pub use image::{DynamicImage, RgbImage};
pub use limits::DecodeLimits;
pub use processor::{ImageProcessor, PixelValues};
pub use resample::Resample;
