//! Rows of a data set as the model reads them: pixel values and token ids.

use std::sync::{Arc, OnceLock};

use captioner_data::{CaptionDataset, Picture};
use captioner_git::{CaptionBatch, PixelValues, Processor, TextPadding};
use captioner_image::{DecodeOptions, RgbImage, Source, decode, rgb_from_raw};

use crate::TrainError;
use crate::augment::Augmentation;

/// Pixel values kept in memory by default: 512 MiB, so a small set is decoded once.
const CACHE_BYTES: usize = 512 << 20;

/// A data set with the processor that makes model input of its rows.
///
/// Preprocessed pictures are kept in memory as long as they fit its budget.
pub struct PreparedSet {
    dataset: Arc<dyn CaptionDataset>,
    processor: Processor,
    decoding: DecodeOptions,
    cache: Vec<OnceLock<Arc<Pixels>>>,
    max_caption_tokens: usize,
    augmentation: Option<Augmentation>,
    padding: TextPadding,
}

/// One preprocessed picture, `[3, height, width]`.
struct Pixels {
    height: usize,
    width: usize,
    values: Vec<f32>,
}

/// A row, which of its captions to use, and how to vary its picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    pub(crate) row: usize,
    /// The first caption that is used; the others follow it, and the row's first its last.
    pub(crate) caption: usize,
    /// How many captions are used, each at most once.
    pub(crate) captions: usize,
    /// Seed of the picture's variation; none where pictures stay as they are.
    pub(crate) variation: Option<u64>,
}

impl PreparedSet {
    /// Binds a set to a processor; captions longer than `max_caption_tokens` are cut.
    pub fn new(
        dataset: Arc<dyn CaptionDataset>,
        processor: Processor,
        max_caption_tokens: usize,
    ) -> Self {
        let (height, width) = processor.image.output_size().unwrap_or((224, 224));
        let picture_bytes = 3 * 4 * height as usize * width as usize;
        let cached = (CACHE_BYTES / picture_bytes.max(1)).min(dataset.len());
        Self {
            dataset,
            processor,
            decoding: DecodeOptions::default(),
            cache: (0..cached).map(|_| OnceLock::new()).collect(),
            max_caption_tokens,
            augmentation: None,
            padding: TextPadding::default(),
        }
    }

    /// Sets how captions of different lengths become a batch; by default they are padded to the
    /// longest, and pads do not count.
    pub fn with_padding(mut self, padding: TextPadding) -> Self {
        self.padding = padding;
        self
    }

    /// Varies pictures at random while training; evaluation sees them as they are.
    pub fn with_augmentation(mut self, augmentation: Option<Augmentation>) -> Self {
        self.augmentation = augmentation;
        self
    }

    /// The set.
    pub fn dataset(&self) -> &Arc<dyn CaptionDataset> {
        &self.dataset
    }

    /// The processor.
    pub fn processor(&self) -> &Processor {
        &self.processor
    }

    /// The batch of these rows.
    pub(crate) fn batch(&self, samples: &[Sample]) -> Result<CaptionBatch, TrainError> {
        let mut values = Vec::new();
        let mut shape = [samples.len(), 3, 0, 0];
        let mut rows =
            Vec::with_capacity(samples.len() * samples.first().map_or(0, |s| s.captions));
        for sample in samples {
            let pixels = self.pixels(sample.row)?;
            shape[2..].copy_from_slice(&[pixels.height, pixels.width]);
            match (self.augmentation, sample.variation) {
                (Some(augmentation), Some(seed)) => values.extend(augmentation.apply(
                    &pixels.values,
                    pixels.height,
                    pixels.width,
                    seed,
                    sample.row as u64,
                )),
                _ => values.extend_from_slice(&pixels.values),
            }
            self.push_tokens(*sample, &mut rows)?;
        }
        let pad = self.processor.tokenizer.pad_id();
        let pixels = PixelValues::new(values, &shape)?;
        Ok(CaptionBatch::new(pixels, &rows, pad, self.padding)?)
    }

    fn pixels(&self, row: usize) -> Result<Arc<Pixels>, TrainError> {
        let slot = self.cache.get(row);
        if let Some(pixels) = slot.and_then(OnceLock::get) {
            return Ok(pixels.clone());
        }
        let image = &self.processor.image;
        let pixels = match self.dataset.row(row)?.picture {
            Picture::Encoded(bytes) => {
                image.preprocess_source(Source::Encoded(&bytes), &self.decoding)
            }
            Picture::Rgb8 {
                width,
                height,
                pixels,
            } => rgb_from_raw(width, height, pixels).and_then(|picture| image.preprocess(&picture)),
        };
        let pixels = pixels.map_err(|source| bad_picture(self.dataset.as_ref(), row, source))?;
        let pixels = Arc::new(Pixels {
            height: pixels.height as usize,
            width: pixels.width as usize,
            values: pixels.data,
        });
        Ok(match slot {
            Some(slot) => slot.get_or_init(|| pixels).clone(),
            None => pixels,
        })
    }

    /// The tokens of a sample's captions. Where its row has fewer captions than others give, rows
    /// of a start token alone, in which nothing counts, fill up.
    fn push_tokens(&self, sample: Sample, rows: &mut Vec<Vec<u32>>) -> Result<(), TrainError> {
        let captions = self.dataset.captions(sample.row)?;
        let used = sample.captions.min(captions.len());
        for next in 0..used {
            let caption = &captions[(sample.caption + next) % captions.len()];
            rows.push(self.tokens(sample.row, caption)?);
        }
        let filler = || vec![self.processor.tokenizer.cls_id()];
        rows.extend((used..sample.captions).map(|_| filler()));
        Ok(())
    }

    fn tokens(&self, row: usize, caption: &str) -> Result<Vec<u32>, TrainError> {
        let tokenizer = &self.processor.tokenizer;
        let mut ids = tokenizer
            .encode(caption)
            .map_err(|source| TrainError::Caption {
                row: describe(self.dataset.as_ref(), row),
                source,
            })?;
        let longest = self.padding.length.unwrap_or(usize::MAX);
        let longest = longest.min(self.max_caption_tokens);
        if ids.len() > longest {
            ids.truncate(longest - 1);
            ids.push(tokenizer.sep_id());
        }
        Ok(ids)
    }
}

/// Reads and decodes a row's picture.
///
/// # Errors
/// When the picture can't be read or decoded; the message names it and its row.
pub fn decode_row(
    dataset: &dyn CaptionDataset,
    row: usize,
    options: &DecodeOptions,
) -> Result<RgbImage, TrainError> {
    let picture = match dataset.row(row)?.picture {
        Picture::Encoded(bytes) => decode(&bytes, options),
        Picture::Rgb8 {
            width,
            height,
            pixels,
        } => rgb_from_raw(width, height, pixels),
    };
    picture.map_err(|source| bad_picture(dataset, row, source))
}

fn bad_picture(
    dataset: &dyn CaptionDataset,
    row: usize,
    source: captioner_image::ImageError,
) -> TrainError {
    TrainError::Picture {
        row: describe(dataset, row),
        source,
    }
}

fn describe(dataset: &dyn CaptionDataset, row: usize) -> String {
    let described = dataset.describe_row(row);
    described.unwrap_or_else(|_| format!("row {}", row + 1))
}
