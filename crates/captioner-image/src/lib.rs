//! Pictures to the pixel values that a vision encoder reads.
//!
//! [`ImageProcessor::preprocess`] makes of pictures, in whatever form they are at hand ([`Source`]),
//! what transformers' `CLIPImageProcessor` makes: decoded to RGB, resized as Pillow resizes, cropped
//! about the centre, rescaled and normalised, as one batch of floats ([`PixelValues`]). [`decode`] and
//! [`open`] give the RGB picture alone.
//!
//! ```
//! use captioner_image::{
//!     DecodeOptions, ImageProcessor, ImageProcessorConfig, Source, Workers, rgb_from_raw,
//! };
//!
//! let processor = ImageProcessor::new(ImageProcessorConfig::clip(32))?;
//! let workers = Workers::new(2)?;
//! let white = rgb_from_raw(40, 64, vec![255; 40 * 64 * 3])?;
//! let sources = [Source::Rgb(&white), Source::Rgb(&white)];
//!
//! let pixels = processor.preprocess(&sources, &DecodeOptions::default(), &workers)?;
//! assert_eq!(pixels.shape(), [2, 3, 32, 32]);
//! assert!((pixels.values()[0] - (1.0 - 0.48145466) / 0.26862954).abs() < 1e-6); // normalised
//! # Ok::<(), captioner_image::ImageError>(())
//! ```
//!
//! Differences from the reference, both on purpose: the orientation that a camera notes in EXIF is
//! applied, where transformers ignores it, and 16-bit grey is scaled to 8 bits, where Pillow clips it,
//! which turns most such pictures white. [`DecodeOptions::reference`] has neither difference.

mod bands;
mod batch;
mod cmyk;
mod config;
mod convert;
mod decode;
mod error;
mod files;
mod frames;
mod gif;
mod limits;
mod palette;
mod passes;
mod pixel_values;
mod plan;
mod processor;
mod resample;
mod resize;
mod resized;
mod source;
mod sums;
mod taps;
mod webp;
mod workers;

pub use config::{CropSize, ImageProcessorConfig, Size};
pub use convert::{Alpha, SixteenBit, rgb_from_dynamic, rgb_from_raw};
pub use decode::{DecodeOptions, Orientation, decode, open};
pub use error::{ConfigProblem, DecodeProblem, ImageError, InvalidSetting};
pub use frames::{decode_frames, evenly_spread, sample_frames};
pub use image::{DynamicImage, RgbImage};
pub use limits::DecodeLimits;
pub use pixel_values::{PixelValues, ShapeProblem};
pub use processor::ImageProcessor;
pub use resample::Resample;
pub use resized::ResizedPicture;
pub use source::Source;
pub use workers::Workers;
