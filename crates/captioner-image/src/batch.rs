//! Several pictures at once, on threads of their own.

use crate::convert::rgb_from_decoded;
use crate::decode::{read, upright_jpeg};
use crate::jpeg::Jpeg;
use crate::pixels::Spread;
use crate::{DecodeOptions, ImageError, ImageProcessor, PixelValues, decode, open};
use image::{DynamicImage, RgbImage};
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::borrow::Cow;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

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

impl<'a> Source<'a> {
    /// The picture, as far as it must be decoded to know its size.
    fn open(&self, options: &DecodeOptions) -> Result<Opened<'a>, ImageError> {
        match *self {
            Self::Encoded(bytes) => Opened::of_bytes(bytes, options),
            Self::File(path) => read(path, options.limits.max_bytes)
                .and_then(|bytes| Opened::of_file(bytes, options))
                .map_err(|error| error.in_file(path)),
            Self::Dynamic(picture) => {
                let rgb = rgb_from_decoded(picture.clone(), options);
                Ok(Opened::Rgb(Cow::Owned(rgb)))
            }
            Self::Rgb(picture) => Ok(Opened::Rgb(Cow::Borrowed(picture))),
        }
    }

    /// The error, with the file it is about.
    fn name(&self, error: ImageError) -> ImageError {
        match self {
            Self::File(path) => error.in_file(path),
            _ => error,
        }
    }
}

/// A picture whose size is known.
enum Opened<'a> {
    /// A JPEG that isn't to be turned, still encoded.
    Jpeg(Box<Jpeg<'a>>),
    /// The same of a file's bytes, with its size.
    JpegFile(Vec<u8>, (usize, usize)),
    Rgb(Cow<'a, RgbImage>),
}

impl<'a> Opened<'a> {
    fn of_bytes(bytes: &'a [u8], options: &DecodeOptions) -> Result<Self, ImageError> {
        Ok(match upright_jpeg(bytes, options)? {
            Some(jpeg) => Self::Jpeg(Box::new(jpeg)),
            None => Self::Rgb(Cow::Owned(decode(bytes, options)?)),
        })
    }

    fn of_file(bytes: Vec<u8>, options: &DecodeOptions) -> Result<Self, ImageError> {
        if let Some(jpeg) = upright_jpeg(&bytes, options)? {
            let size = jpeg.size();
            return Ok(Self::JpegFile(bytes, size));
        }
        Ok(Self::Rgb(Cow::Owned(decode(&bytes, options)?)))
    }

    /// Width and height.
    fn size(&self) -> (u32, u32) {
        let (width, height) = match self {
            Self::Jpeg(jpeg) => jpeg.size(),
            Self::JpegFile(_, size) => *size,
            Self::Rgb(picture) => return picture.dimensions(),
        };
        (width as u32, height as u32) // 16 bits in the file
    }

    fn process_into(
        self,
        processor: &ImageProcessor,
        options: &DecodeOptions,
        spread: Spread,
        out: &mut [f32],
    ) -> Result<(), ImageError> {
        match self {
            Self::Rgb(picture) => processor.process_into(&picture, spread, out),
            Self::Jpeg(jpeg) => processor.process_jpeg_into(*jpeg, spread, out),
            Self::JpegFile(bytes, _) => {
                let jpeg = Jpeg::open(&bytes, &options.limits, options.jpeg_shorter_edge)?;
                processor.process_jpeg_into(jpeg, spread, out)
            }
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
        let opened = source.open(options)?;
        let (width, height) = opened.size();
        let (height, width) = self.output_size_of(width, height)?;
        let mut data = vec![0.0; 3 * height as usize * width as usize];
        let done = opened.process_into(self, options, Spread::Alone, &mut data);
        done.map_err(|error| source.name(error))?;
        Ok(PixelValues {
            height,
            width,
            data,
        })
    }

    /// Decodes and processes pictures into `out`, one after the other, each by one of `workers`; by
    /// all of them where there are more workers than pictures.
    /// All results must have one size, which is returned: height and width.
    ///
    /// # Errors
    /// As [`Self::preprocess_source`], naming the picture by its place; when a result has another
    /// size than the settings or the first picture say, or `out` another length. What is in `out` then
    /// means nothing.
    pub fn preprocess_batch_into(
        &self,
        sources: &[Source],
        options: &DecodeOptions,
        workers: &Workers,
        out: &mut [f32],
    ) -> Result<(u32, u32), ImageError> {
        let pictures = Pictures::new(self, sources, options)?;
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
        let pictures = Pictures::new(self, sources, options)?;
        let mut data = vec![0.0; sources.len() * pictures.each()];
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
struct Pictures<'a> {
    processor: &'a ImageProcessor,
    sources: &'a [Source<'a>],
    options: &'a DecodeOptions,
    /// The first picture, where it had to be opened to know the size: it isn't decoded again.
    first: Mutex<Option<Opened<'a>>>,
    height: u32,
    width: u32,
}

impl<'a> Pictures<'a> {
    /// The size is what the settings give every picture, or else the first one's.
    fn new(
        processor: &'a ImageProcessor,
        sources: &'a [Source<'a>],
        options: &'a DecodeOptions,
    ) -> Result<Self, ImageError> {
        let mut first = None;
        let (height, width) = match (processor.output_size(), sources) {
            (Some(size), _) => size,
            (None, []) => (0, 0),
            (None, [source, ..]) => {
                let opened = source.open(options).map_err(|error| error.of_picture(0))?;
                let (width, height) = opened.size();
                first = Some(opened);
                processor.output_size_of(width, height)?
            }
        };
        Ok(Self {
            processor,
            sources,
            options,
            first: Mutex::new(first),
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
        let expected = self.sources.len() * self.each();
        if out.len() != expected {
            let given = out.len();
            return Err(ImageError::OutputLength {
                height,
                width,
                expected,
                given,
            });
        }
        let spread = match workers.threads() > self.sources.len() {
            true => Spread::Pool(&workers.pool),
            false => Spread::Alone,
        };
        workers.pool.install(|| {
            let parts = out.par_chunks_exact_mut(self.each().max(1)).enumerate();
            parts.try_for_each(|(place, out)| {
                let done = self.process_one(place, spread, out);
                done.map_err(|error| error.of_picture(place))
            })
        })?;
        Ok((height, width))
    }

    fn process_one(&self, place: usize, spread: Spread, out: &mut [f32]) -> Result<(), ImageError> {
        let source = &self.sources[place];
        let first = || self.first.lock().unwrap_or_else(PoisonError::into_inner);
        let known = if place == 0 { first().take() } else { None };
        let picture = match known {
            Some(picture) => picture,
            None => source.open(self.options)?,
        };
        let (width, height) = picture.size();
        let done = self
            .check_size(width, height)
            .and_then(|()| picture.process_into(self.processor, self.options, spread, out));
        done.map_err(|error| source.name(error))
    }

    /// That a picture of this size has the batch's size in the end.
    fn check_size(&self, width: u32, height: u32) -> Result<(), ImageError> {
        let (height, width) = self.processor.output_size_of(width, height)?;
        let (batch_height, batch_width) = (self.height, self.width);
        match (height, width) == (batch_height, batch_width) {
            true => Ok(()),
            false => Err(ImageError::SeveralSizes {
                height,
                width,
                batch_height,
                batch_width,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ImageProcessorConfig;

    #[test]
    fn the_first_picture_is_decoded_once_where_it_gives_the_size() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("picture.png");
        RgbImage::new(40, 20).save(&path).unwrap();
        let mut config = ImageProcessorConfig::clip(16);
        config.do_center_crop = false;
        let processor = ImageProcessor::new(config).unwrap();
        let (sources, options) = ([Source::File(&path)], DecodeOptions::default());
        let pictures = Pictures::new(&processor, &sources, &options).unwrap();
        std::fs::remove_file(&path).unwrap(); // it can't be read again
        let mut out = vec![0.0; pictures.each()];
        let workers = Workers::new(2).unwrap();
        assert_eq!(pictures.process_into(&workers, &mut out).unwrap(), (16, 32));
    }
}
