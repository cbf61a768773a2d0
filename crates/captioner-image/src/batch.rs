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
        let pictures = Pictures::new(self, sources.len(), |place| sources[place].to_rgb(options))?;
        pictures.process_into(workers, out)
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
        let pictures = Pictures::new(self, sources.len(), |place| sources[place].to_rgb(options))?;
        let mut data = vec![0.0; pictures.rows * pictures.each()];
        let (height, width) = pictures.process_into(workers, &mut data)?;
        Ok(PixelBatch {
            rows: sources.len(),
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

/// The pictures of a batch, with the size that all results have.
struct Pictures<'a, F> {
    processor: &'a ImageProcessor,
    rows: usize,
    decode: F,
    /// The first picture, where it had to be decoded to know the size: it isn't decoded again.
    first: Option<Cow<'a, RgbImage>>,
    height: u32,
    width: u32,
}

impl<'a, F> Pictures<'a, F>
where
    F: Fn(usize) -> Result<Cow<'a, RgbImage>, ImageError> + Sync,
{
    /// `rows` pictures, of which `decode` gives each by its place. The size is what the settings
    /// give every picture, or else the first one's.
    fn new(processor: &'a ImageProcessor, rows: usize, decode: F) -> Result<Self, ImageError> {
        let mut first = None;
        let (height, width) = match processor.output_size() {
            Some(size) => size,
            None if rows == 0 => (0, 0),
            None => {
                let picture = decode(0).map_err(|error| error.of_picture(0))?;
                let (width, height) = picture.dimensions();
                first = Some(picture);
                processor.output_size_of(width, height)?
            }
        };
        Ok(Self {
            processor,
            rows,
            decode,
            first,
            height,
            width,
        })
    }

    /// How many values one picture has.
    fn each(&self) -> usize {
        3 * self.height as usize * self.width as usize
    }

    /// Processes the pictures one after the other into `out`; returns height and width.
    fn process_into(self, workers: &Workers, out: &mut [f32]) -> Result<(u32, u32), ImageError> {
        let (height, width) = (self.height, self.width);
        let expected = self.rows * self.each();
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
            let parts = out.par_chunks_exact_mut(self.each().max(1)).enumerate();
            parts.try_for_each(|(place, out)| {
                let done = self.process_one(place, out);
                done.map_err(|error| error.of_picture(place))
            })
        })?;
        Ok((height, width))
    }

    fn process_one(&self, place: usize, out: &mut [f32]) -> Result<(), ImageError> {
        let known = self.first.as_deref().filter(|_| place == 0);
        match known {
            Some(picture) => self.processor.preprocess_into(picture, out),
            None => {
                let picture = (self.decode)(place)?;
                self.processor.preprocess_into(&picture, out)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ImageProcessorConfig;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn each_picture_is_decoded_once_whether_or_not_the_settings_fix_the_size() {
        for do_center_crop in [true, false] {
            let mut config = ImageProcessorConfig::clip(16);
            config.do_center_crop = do_center_crop;
            let processor = ImageProcessor::new(config).unwrap();
            let counts = [const { AtomicUsize::new(0) }; 3];
            let decode = |place: usize| {
                counts[place].fetch_add(1, Ordering::Relaxed);
                Ok(Cow::Owned(RgbImage::new(40, 20)))
            };
            let pictures = Pictures::new(&processor, 3, decode).unwrap();
            let mut out = vec![0.0; 3 * pictures.each()];
            let workers = Workers::new(2).unwrap();
            pictures.process_into(&workers, &mut out).unwrap();
            assert_eq!(counts.map(AtomicUsize::into_inner), [1; 3]);
        }
    }
}
