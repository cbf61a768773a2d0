//! Several pictures at once, on threads of their own.

use crate::processor::Output;
use crate::source::Opened;
use crate::{DecodeOptions, ImageError, ImageProcessor, PixelValues, Source, Workers};
use rayon::ThreadPool;
use rayon::prelude::*;
use std::sync::{Mutex, PoisonError};

impl ImageProcessor {
    /// Decodes and processes pictures: `[B, 3, H, W]`. Each is done by one of `workers`, and by all of
    /// them where there are more workers than pictures. Each is written to its place in the batch and
    /// not copied after that.
    ///
    /// # Errors
    /// When there are no pictures; as [`Source::to_rgb`] and [`Self::output_size_of`], naming the
    /// picture by its place; and when a result has another size than the settings or the first picture
    /// say.
    pub fn preprocess(
        &self,
        sources: &[Source<'_>],
        options: &DecodeOptions,
        workers: &Workers,
    ) -> Result<PixelValues, ImageError> {
        let (values, (height, width)) = self.values_of(sources, options, workers)?;
        PixelValues::new(values, &[sources.len(), 3, height, width])
    }

    /// Processes the frames of one video, all alike, as transformers' `VideoMAEImageProcessor`
    /// does: `[1, F, 3, H, W]`.
    ///
    /// # Errors
    /// As [`Self::preprocess`].
    pub fn preprocess_frames(
        &self,
        frames: &[Source<'_>],
        options: &DecodeOptions,
        workers: &Workers,
    ) -> Result<PixelValues, ImageError> {
        let (values, (height, width)) = self.values_of(frames, options, workers)?;
        PixelValues::new(values, &[1, frames.len(), 3, height, width])
    }

    /// [`Self::preprocess`] into memory that is there: `B * 3 * H * W` values. Returns height and
    /// width.
    ///
    /// # Errors
    /// As [`Self::preprocess`], and when `out` has another length. What is in `out` then means nothing.
    pub fn preprocess_into(
        &self,
        sources: &[Source<'_>],
        options: &DecodeOptions,
        workers: &Workers,
        out: &mut [f32],
    ) -> Result<(usize, usize), ImageError> {
        Batch::new(self, sources, options)?.process_into(workers, out)
    }

    /// The pixel values of pictures, with the height and width of each.
    fn values_of(
        &self,
        sources: &[Source<'_>],
        options: &DecodeOptions,
        workers: &Workers,
    ) -> Result<(Vec<f32>, (usize, usize)), ImageError> {
        let batch = Batch::new(self, sources, options)?;
        let mut values = vec![0.0; sources.len() * batch.each()];
        let size = batch.process_into(workers, &mut values)?;
        Ok((values, size))
    }
}

/// The pictures of a batch, with the size that all results have.
struct Batch<'a> {
    processor: &'a ImageProcessor,
    sources: &'a [Source<'a>],
    options: &'a DecodeOptions,
    /// The first picture, where it had to be opened to know the size: it isn't decoded again.
    first: Mutex<Option<Opened<'a>>>,
    height: usize,
    width: usize,
}

impl<'a> Batch<'a> {
    /// The size is what the settings give every picture, or else the first one's.
    fn new(
        processor: &'a ImageProcessor,
        sources: &'a [Source<'a>],
        options: &'a DecodeOptions,
    ) -> Result<Self, ImageError> {
        let source = sources.first().ok_or(ImageError::NoPictures)?;
        let mut first = None;
        let (height, width) = match processor.output_size() {
            Some(size) => size,
            None => {
                let opened = source.open(options).map_err(|error| error.of_picture(0))?;
                let (width, height) = opened.size();
                first = Some(opened);
                let size = processor.output_size_of(width, height);
                size.map_err(|error| source.name(error).of_picture(0))?
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
        3 * self.height * self.width
    }

    /// Processes the pictures one after the other into `out`; returns height and width.
    fn process_into(
        self,
        workers: &Workers,
        out: &mut [f32],
    ) -> Result<(usize, usize), ImageError> {
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
        // Fewer pictures than workers: all of them share the work on each picture.
        let shared = (workers.threads() > self.sources.len()).then(|| workers.pool());
        workers.pool().install(|| {
            let slots = out.par_chunks_exact_mut(self.each()).enumerate();
            slots.try_for_each(|(index, out)| {
                let done = self.process_one(index, shared, out);
                done.map_err(|error| error.of_picture(index))
            })
        })?;
        Ok((height, width))
    }

    fn process_one(
        &self,
        index: usize,
        pool: Option<&ThreadPool>,
        out: &mut [f32],
    ) -> Result<(), ImageError> {
        let source = &self.sources[index];
        let first = || self.first.lock().unwrap_or_else(PoisonError::into_inner);
        let known = if index == 0 { first().take() } else { None };
        let picture = match known {
            Some(picture) => picture,
            None => source.open(self.options)?,
        };
        let (width, height) = picture.size();
        let output = Output {
            tables: self.processor.tables(),
            pool,
            values: out,
        };
        let done = self
            .check_size(width, height)
            .and_then(|()| picture.process_into(self.processor, self.options, output));
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
    use image::RgbImage;

    #[test]
    fn the_first_picture_is_decoded_once_where_it_gives_the_size() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("picture.png");
        RgbImage::new(40, 20).save(&path).unwrap();
        let mut config = ImageProcessorConfig::clip(16);
        config.do_center_crop = false;
        let processor = ImageProcessor::new(config).unwrap();
        let (sources, options) = ([Source::File(&path)], DecodeOptions::default());
        let batch = Batch::new(&processor, &sources, &options).unwrap();
        std::fs::remove_file(&path).unwrap(); // it can't be read again
        let mut out = vec![0.0; batch.each()];
        let workers = Workers::new(2).unwrap();
        assert_eq!(batch.process_into(&workers, &mut out).unwrap(), (16, 32));
    }
}
