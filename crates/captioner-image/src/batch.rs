//! Several pictures at once, on threads of their own.

use crate::convert::rgb_from_decoded;
use crate::{DecodeOptions, ImageError, ImageProcessor, PixelValues, decode, open};
use image::{DynamicImage, RgbImage};
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

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
}

/// Several processed pictures of one size: `[rows, 3, height, width]`.
#[derive(Debug, Clone, PartialEq)]
pub struct PixelBatch {
    /// How many pictures, or frames of a video.
    pub rows: usize,
    /// Height in pixels.
    pub height: u32,
    /// Width in pixels.
    pub width: u32,
    /// `rows * 3 * height * width` values.
    pub data: Vec<f32>,
}

/// Threads that decode and process pictures, apart from those of rayon's global pool, which a
/// model's tensor operations may keep busy. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Workers {
    pool: Arc<ThreadPool>,
}

impl Workers {
    /// Starts `threads` threads; 0 for as many as there are cores.
    ///
    /// # Errors
    /// When the operating system gives no threads.
    pub fn new(threads: usize) -> Result<Self, ImageError> {
        let builder = ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|n| format!("picture-{n}"));
        let pool = builder
            .build()
            .map_err(|error| ImageError::Threads(error.to_string()))?;
        Ok(Self {
            pool: Arc::new(pool),
        })
    }

    /// How many threads there are.
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }
}

impl Source<'_> {
    /// The decoded picture. The options' limits are for bytes and files; their ways with
    /// transparency and 16-bit grey are for pictures of the `image` crate as well.
    ///
    /// # Errors
    /// As [`decode`] and [`open`].
    pub fn to_rgb(&self, options: &DecodeOptions) -> Result<Cow<'_, RgbImage>, ImageError> {
        match *self {
            Self::Encoded(bytes) => decode(bytes, options).map(Cow::Owned),
            Self::File(path) => open(path, options).map(Cow::Owned),
            Self::Dynamic(picture) => Ok(Cow::Owned(rgb_from_decoded(picture.clone(), options))),
            Self::Rgb(picture) => Ok(Cow::Borrowed(picture)),
        }
    }
}

impl ImageProcessor {
    /// Decodes and processes one picture.
    ///
    /// # Errors
    /// As [`Source::to_rgb`] and [`Self::preprocess`].
    pub fn preprocess_source(
        &self,
        source: Source,
        options: &DecodeOptions,
    ) -> Result<PixelValues, ImageError> {
        self.preprocess(source.to_rgb(options)?.as_ref())
    }

    /// Decodes and processes pictures into `out`, one after the other, each by one of `workers`.
    /// All results must have one size, which is returned: height and width.
    ///
    /// # Errors
    /// As [`Self::preprocess_source`], naming the picture by its place; when a result has another
    /// size than the settings or the first picture say, or `out` another length.
    pub fn preprocess_batch_into(
        &self,
        sources: &[Source],
        options: &DecodeOptions,
        workers: &Workers,
        out: &mut [f32],
    ) -> Result<(u32, u32), ImageError> {
        let (height, width) = self.size_of_batch(sources, options)?;
        let each = 3 * height as usize * width as usize;
        let expected = each * sources.len();
        if out.len() != expected {
            let given = out.len();
            return Err(ImageError::OutputLength {
                height,
                width,
                expected,
                given,
            });
        }
        workers.pool.install(|| {
            let pairs = sources
                .par_iter()
                .zip(out.par_chunks_exact_mut(each.max(1)));
            pairs.enumerate().try_for_each(|(place, (source, out))| {
                let picture = source.to_rgb(options);
                let done = picture.and_then(|picture| self.preprocess_into(&picture, out));
                done.map_err(|error| error.of_picture(place))
            })
        })?;
        Ok((height, width))
    }

    /// The size that the settings give every picture, or else the first one's.
    fn size_of_batch(
        &self,
        sources: &[Source],
        options: &DecodeOptions,
    ) -> Result<(u32, u32), ImageError> {
        match (self.output_size(), sources.first()) {
            (Some(size), _) => Ok(size),
            (None, None) => Ok((0, 0)),
            (None, Some(first)) => {
                let first = first.to_rgb(options).map_err(|error| error.of_picture(0))?;
                self.output_size_of(first.width(), first.height())
            }
        }
    }

    /// Decodes and processes pictures. See [`Self::preprocess_batch_into`].
    ///
    /// # Errors
    /// As [`Self::preprocess_batch_into`].
    pub fn preprocess_batch(
        &self,
        sources: &[Source],
        options: &DecodeOptions,
        workers: &Workers,
    ) -> Result<PixelBatch, ImageError> {
        let rows = sources.len();
        let size = self.size_of_batch(sources, options)?;
        let mut data = vec![0.0; rows * 3 * size.0 as usize * size.1 as usize];
        let (height, width) = self.preprocess_batch_into(sources, options, workers, &mut data)?;
        Ok(PixelBatch {
            rows,
            height,
            width,
            data,
        })
    }

    /// Processes the frames of a video, all in one way: `[frames, 3, height, width]`, as
    /// transformers' `VideoMAEImageProcessor` does.
    ///
    /// # Errors
    /// As [`Self::preprocess_batch_into`].
    pub fn preprocess_frames(
        &self,
        frames: &[RgbImage],
        workers: &Workers,
    ) -> Result<PixelBatch, ImageError> {
        let sources: Vec<Source> = frames.iter().map(Source::Rgb).collect();
        self.preprocess_batch(&sources, &DecodeOptions::default(), workers)
    }
}
