//! A row's picture as pixel values.

use std::sync::Arc;

use captioner_image::{ImageError, ImageProcessor, ResizedPicture, RgbImage, Size, Source};
use captioner_model::{ModelError, PixelValues, Processor, SettingError};

use super::{PreparedSet, ReadyRow, first_caption, picture_source};
use crate::augment::PictureTransforms;
use crate::error::TrainError;
use crate::sampler::Sample;

/// Transforms, and what resizes the part that they cut.
pub(super) struct Transforms {
    pub(super) transforms: PictureTransforms,
    /// The processor without its crop, to the size that it crops to.
    resize: ImageProcessor,
}

impl Transforms {
    pub(super) fn new(
        transforms: PictureTransforms,
        processor: &Processor,
    ) -> Result<Self, TrainError> {
        transforms.validate()?;
        let mut config = processor.image.config().clone();
        match (
            transforms.random_resized_crop,
            processor.image.output_size(),
        ) {
            (None, _) => {}
            (Some(_), Some((height, width))) => {
                config.do_resize = true;
                // Both come from settings of 32 bits.
                let (height, width) = (height as u32, width as u32);
                config.size = Size::Exact { height, width };
                config.do_center_crop = false;
            }
            (Some(crop), None) => {
                let help = "this image processor gives each picture a size of its own: switch \
                            do_center_crop on, or leave the random crop out";
                return Err(SettingError::new("random_resized_crop", crop, help).into());
            }
        }
        let resize = ImageProcessor::new(config).map_err(ModelError::from)?;
        Ok(Self { transforms, resize })
    }
}

impl PreparedSet {
    /// The pictures of these rows as they are without augmentation.
    pub(crate) fn pixel_values_of(&self, rows: &[usize]) -> Result<PixelValues, TrainError> {
        let ready = rows.iter().map(|&row| {
            Ok(ReadyRow {
                sample: first_caption(row),
                picture: Some(self.picture(row)?),
                captions: Vec::new(),
                may_flip: true,
            })
        });
        self.pixel_values(&ready.collect::<Result<Vec<_>, TrainError>>()?)
    }

    /// Normalises each picture into its place in the batch.
    pub(super) fn pixel_values(&self, ready: &[ReadyRow]) -> Result<PixelValues, TrainError> {
        let pictures = ready
            .iter()
            .filter_map(|row| Some((row, row.picture.as_ref()?)));
        let pictures: Vec<_> = pictures.collect();
        let size = pictures
            .first()
            .map_or((0, 0), |(_, picture)| picture.size());
        let (height, width) = size;
        let each = 3 * height * width;
        let mut values = vec![0.0; pictures.len() * each];
        let mut scratch = Vec::new();
        for ((ready, picture), slot) in pictures.iter().zip(values.chunks_mut(each.max(1))) {
            let row = ready.sample;
            self.check_size(row.row, picture.size(), size)?;
            let normalize = |out: &mut [f32]| {
                let done = self.processor.image.normalize_into(picture, out);
                done.map_err(|source| self.bad_picture(row.row, source))
            };
            match (self.augmentation, row.augmentation) {
                (Some(augmentation), Some(seed)) => {
                    scratch.resize(each, 0.0);
                    normalize(&mut scratch)?;
                    let seeds = (seed, row.row as u64);
                    augmentation.apply_into(&scratch, size, seeds, ready.may_flip, slot);
                }
                _ => normalize(slot)?,
            }
        }
        let shape = [pictures.len(), 3, height, width];
        Ok(PixelValues::new(values, &shape).map_err(ModelError::from)?)
    }

    /// Pictures of a batch have one size; without a crop their own sizes show.
    fn check_size(
        &self,
        row: usize,
        (height, width): (usize, usize),
        batch: (usize, usize),
    ) -> Result<(), TrainError> {
        if (height, width) == batch {
            return Ok(());
        }
        let several = ImageError::SeveralSizes {
            height,
            width,
            batch_height: batch.0,
            batch_width: batch.1,
        };
        Err(TrainError::PictureSize {
            row: self.describe(row),
            source: several,
        })
    }

    /// Lets go of a picture that the cache has, as it is not needed again.
    pub(crate) fn forget_picture(&self, row: usize) {
        if let Some(cache) = &self.pixels {
            cache.remove(row);
        }
    }

    /// The picture of a sample, transformed as its seed says.
    pub(super) fn picture_of(
        &self,
        sample: Sample,
        may_flip: bool,
    ) -> Result<Arc<ResizedPicture>, TrainError> {
        let (Some(all), Some(seed)) = (&self.transforms, sample.augmentation) else {
            return self.picture(sample.row);
        };
        let mut random = PictureTransforms::random(seed, sample.row);
        let mut picture = match all.transforms.random_resized_crop {
            None => (*self.picture(sample.row)?).clone(),
            Some(crop) => {
                let part = self.decode(sample.row, |picture| crop.cut(picture, &mut random))?;
                let resized = all
                    .resize
                    .resize(Source::Rgb(&part), &self.processor.decoding);
                resized.map_err(|source| self.bad_picture(sample.row, source))?
            }
        };
        all.transforms.apply(&mut picture, may_flip, &mut random);
        Ok(Arc::new(picture))
    }

    /// What `take` makes of a row's decoded picture.
    fn decode(
        &self,
        row: usize,
        take: impl FnOnce(&RgbImage) -> Result<RgbImage, ImageError>,
    ) -> Result<RgbImage, TrainError> {
        let picture = self.dataset.picture(row)?;
        let decoded = picture_source(&picture).to_rgb(&self.processor.decoding);
        let taken = decoded.and_then(|picture| take(&picture));
        taken.map_err(|source| self.bad_picture(row, source))
    }

    pub(super) fn picture(&self, row: usize) -> Result<Arc<ResizedPicture>, TrainError> {
        if let Some(picture) = self.pixels.as_ref().and_then(|cache| cache.get(row)) {
            return Ok(picture);
        }
        let picture = self.dataset.picture(row)?;
        let resized = self
            .processor
            .image
            .resize(picture_source(&picture), &self.processor.decoding)
            .map_err(|source| self.bad_picture(row, source))?;
        Ok(match &self.pixels {
            Some(cache) => cache.insert(row, resized),
            None => Arc::new(resized),
        })
    }

    fn bad_picture(&self, row: usize, source: ImageError) -> TrainError {
        TrainError::Picture {
            row: self.describe(row),
            source,
        }
    }
}
