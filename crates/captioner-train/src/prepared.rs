//! Rows of a data set as the model reads them: pixel values and token ids.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use captioner_data::{BadRows, CaptionDataset, DataError, Picture, SkippedRow};
use captioner_image::{DecodeOptions, ImageError, ResizedPicture, RgbImage, Source};
use captioner_model::{CaptionBatch, ModelError, PixelValues, Processor};
use captioner_text::{EncodeOptions, EncodedRows, Padding, TokenBatch};

use crate::augment::Augmentation;
use crate::cache::{CacheShare, PixelCache};
use crate::error::TrainError;
use crate::loader::LoadedBatch;
use crate::sampler::Sample;

/// A data set with the processor that makes model input of its rows.
///
/// ```
/// use std::sync::Arc;
/// use captioner_data::{InMemoryDataset, Picture};
/// use captioner_model::Processor;
/// use captioner_text::{CaptionTokenizer, WordPieceTraining};
/// use captioner_train::{DataLoader, PixelCache, PreparedSet, Sampler};
///
/// let mut set = InMemoryDataset::new("squares");
/// for grey in 0..20 {
///     let picture = Picture::Rgb8 { width: 4, height: 4, pixels: vec![grey; 48] };
///     set.push(picture, [format!("a square of grey {grey}")]);
/// }
/// let tokenizer = CaptionTokenizer::train_word_piece(
///     ["a square of grey 0123456789"], &WordPieceTraining::default())?;
/// let processor = Processor::clip(32, tokenizer)?;
/// let set = Arc::new(PreparedSet::new(Arc::new(set), processor, 64));
///
/// let epoch = Sampler::new(set.dataset().clone(), 8, 1, 42).epoch(0);
/// let batches: Result<Vec<_>, _> = DataLoader::new(&set, epoch, 2).collect();
/// let rows: Vec<usize> = batches?.iter().map(|batch| batch.rows.len()).collect();
/// assert_eq!(rows, [8, 8, 4]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct PreparedSet {
    dataset: Arc<dyn CaptionDataset>,
    processor: Processor,
    pixels: Option<CacheShare>,
    tokens: Vec<OnceLock<Box<[Vec<u32>]>>>,
    max_caption_tokens: usize,
    truncated: AtomicUsize,
    augmentation: Option<Augmentation>,
    padding: Padding,
    pads_in_loss: bool,
    bad_rows: BadRows,
    skipped: Mutex<BTreeMap<usize, SkippedRow>>,
}

/// A row that can be used.
struct ReadyRow {
    sample: Sample,
    picture: Arc<ResizedPicture>,
    captions: Vec<Vec<u32>>,
}

impl PreparedSet {
    /// Binds a set to a processor; captions longer than `max_caption_tokens` are truncated. Its
    /// pictures are kept in a cache of [`PixelCache::DEFAULT_BYTES`].
    pub fn new(
        dataset: Arc<dyn CaptionDataset>,
        processor: Processor,
        max_caption_tokens: usize,
    ) -> Self {
        let kept = if dataset.rows_vary() {
            0
        } else {
            dataset.len()
        };
        let set = Self {
            dataset,
            processor,
            pixels: None,
            tokens: (0..kept).map(|_| OnceLock::new()).collect(),
            max_caption_tokens,
            truncated: AtomicUsize::new(0),
            augmentation: None,
            padding: Padding::Longest,
            pads_in_loss: false,
            bad_rows: BadRows::Stop,
            skipped: Mutex::default(),
        };
        set.with_cache(&PixelCache::default())
    }

    /// Keeps pictures in `cache`, which other sets of the run may share. Pictures of a set whose
    /// rows vary are never kept.
    pub fn with_cache(mut self, cache: &PixelCache) -> Self {
        self.pixels = (!self.dataset.rows_vary()).then(|| cache.share());
        self
    }

    /// Sets how captions of different lengths become a batch: by default they are padded to the
    /// longest.
    pub fn with_padding(mut self, padding: Padding) -> Self {
        self.padding = padding;
        self
    }

    /// Whether the model also learns to predict pads; see [`CaptionBatch::with_pads_in_loss`].
    pub fn with_pads_in_loss(mut self, in_loss: bool) -> Self {
        self.pads_in_loss = in_loss;
        self
    }

    /// Augments pictures at random while training; evaluation sees them as they are.
    pub fn with_augmentation(mut self, augmentation: Option<Augmentation>) -> Self {
        self.augmentation = augmentation;
        self
    }

    /// Sets what happens at a row whose picture or captions can't be used: by default it stops the
    /// run. Under [`BadRows::Skip`] batches get shorter and the number of steps stays.
    pub fn with_bad_rows(mut self, bad_rows: BadRows) -> Self {
        self.bad_rows = bad_rows;
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

    /// The rows of this set that were skipped so far, in their order. Those that were left out when
    /// the whole set was opened are in [`CaptionDataset::skipped`].
    pub fn skipped(&self) -> Vec<SkippedRow> {
        let skipped = self.skipped.lock().unwrap_or_else(PoisonError::into_inner);
        skipped.values().cloned().collect()
    }

    /// How many captions were truncated so far, each counted once.
    pub fn truncated_captions(&self) -> usize {
        self.truncated.load(Ordering::Relaxed)
    }

    /// The batch of these samples.
    ///
    /// # Errors
    /// When a row can't be used and bad rows are to stop the run, or pictures have several sizes.
    pub fn batch(&self, samples: &[Sample]) -> Result<LoadedBatch, TrainError> {
        let mut ready = Vec::with_capacity(samples.len());
        for &sample in samples {
            match self.ready(sample) {
                Ok(row) => ready.push(row),
                Err(error) if self.bad_rows == BadRows::Stop => return Err(error),
                Err(error) => self.skip(sample.row, &error),
            }
        }
        let rows = ready.iter().map(|row| row.sample.row).collect();
        let batch = match ready.as_slice() {
            [] => None,
            ready => Some(self.assemble(ready)?),
        };
        Ok(LoadedBatch { rows, batch })
    }

    fn assemble(&self, ready: &[ReadyRow]) -> Result<CaptionBatch, TrainError> {
        let rows: Vec<Vec<u32>> = ready.iter().flat_map(|r| r.captions.clone()).collect();
        let options = EncodeOptions {
            padding: self.padding,
            ..EncodeOptions::default()
        };
        let pad = self.processor.tokenizer.pad_id();
        let tokens = TokenBatch::from_rows(&rows, pad, &options).map_err(ModelError::from)?;
        let batch = CaptionBatch::new(self.pixel_values(ready)?, tokens)?;
        Ok(batch.with_pads_in_loss(self.pads_in_loss))
    }

    /// Normalises each picture into its place in the batch.
    fn pixel_values(&self, ready: &[ReadyRow]) -> Result<PixelValues, TrainError> {
        let size = ready.first().map_or((0, 0), |row| row.picture.size());
        let (height, width) = size;
        let each = 3 * height * width;
        let mut values = vec![0.0; ready.len() * each];
        let mut scratch = Vec::new();
        for (row, slot) in ready.iter().zip(values.chunks_mut(each.max(1))) {
            let image = &self.processor.image;
            self.check_size(row, size)?;
            match (self.augmentation, row.sample.augmentation) {
                (Some(augmentation), Some(seed)) => {
                    scratch.resize(each, 0.0);
                    image
                        .normalize_into(&row.picture, &mut scratch)
                        .map_err(|source| self.bad_picture(row.sample.row, source))?;
                    let stream = row.sample.row as u64;
                    augmentation.apply_into(&scratch, size, (seed, stream), slot);
                }
                _ => image
                    .normalize_into(&row.picture, slot)
                    .map_err(|source| self.bad_picture(row.sample.row, source))?,
            }
        }
        let shape = [ready.len(), 3, height, width];
        Ok(PixelValues::new(values, &shape).map_err(ModelError::from)?)
    }

    /// Pictures of a batch have one size; without a crop their own sizes show.
    fn check_size(&self, row: &ReadyRow, batch: (usize, usize)) -> Result<(), TrainError> {
        let (height, width) = row.picture.size();
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
            row: self.describe(row.sample.row),
            source: several,
        })
    }

    /// Reads a row with all its captions and keeps what the cache keeps; says what is wrong with it.
    pub(crate) fn check(&self, row: usize) -> Result<(), TrainError> {
        let sample = Sample {
            row,
            caption: 0,
            captions: 1,
            augmentation: None,
        };
        self.ready(sample).map(|_| ())
    }

    fn ready(&self, sample: Sample) -> Result<ReadyRow, TrainError> {
        Ok(ReadyRow {
            captions: self.captions(sample)?,
            picture: self.picture(sample.row)?,
            sample,
        })
    }

    fn picture(&self, row: usize) -> Result<Arc<ResizedPicture>, TrainError> {
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

    /// The tokens of a sample's captions. Where its row has fewer captions than others give, rows
    /// of a start token alone, in which nothing counts, fill up.
    fn captions(&self, sample: Sample) -> Result<Vec<Vec<u32>>, TrainError> {
        let encoded;
        let all: &[Vec<u32>] = match self.tokens.get(sample.row) {
            Some(kept) => match kept.get() {
                Some(all) => all,
                None => {
                    let rows = self.encode(sample.row)?;
                    // Another thread may have been faster; its captions are counted then.
                    if kept.set(rows.ids.into()).is_ok() {
                        self.truncated.fetch_add(rows.truncated, Ordering::Relaxed);
                    }
                    kept.get().map_or(&[], |all| all)
                }
            },
            None => {
                let rows = self.encode(sample.row)?;
                self.truncated.fetch_add(rows.truncated, Ordering::Relaxed);
                encoded = rows.ids;
                &encoded
            }
        };
        let used = sample.captions.min(all.len());
        let captions = (0..used).map(|next| all[(sample.caption + next) % all.len()].clone());
        let filler = vec![self.processor.start_token_id()];
        let fillers = std::iter::repeat_n(filler, sample.captions - used);
        Ok(captions.chain(fillers).collect())
    }

    fn encode(&self, row: usize) -> Result<EncodedRows, TrainError> {
        let captions = self.dataset.captions(row)?;
        if captions.iter().all(|caption| caption.trim().is_empty()) {
            return Err(DataError::no_caption(self.dataset.as_ref(), row).into());
        }
        let longest = match self.padding {
            Padding::MaxLength(length) => length.min(self.max_caption_tokens),
            _ => self.max_caption_tokens,
        };
        let rows = self.processor.token_rows(&captions, Some(longest));
        rows.map_err(|source| TrainError::Caption {
            row: self.describe(row),
            source: Box::new(source),
        })
    }

    fn skip(&self, row: usize, error: &TrainError) {
        let skipped = SkippedRow::new(self.dataset.as_ref(), row, error.reason());
        let mut all = self.skipped.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(row, skipped);
    }

    fn bad_picture(&self, row: usize, source: ImageError) -> TrainError {
        TrainError::Picture {
            row: self.describe(row),
            source,
        }
    }

    fn describe(&self, row: usize) -> String {
        describe(self.dataset.as_ref(), row)
    }
}

/// A data set's picture as the image crate reads it.
pub fn picture_source(picture: &Picture) -> Source<'_> {
    match picture {
        Picture::Encoded(bytes) => Source::Encoded(bytes),
        Picture::Rgb8 {
            width,
            height,
            pixels,
        } => Source::Rgb8 {
            width: *width,
            height: *height,
            pixels,
        },
    }
}

/// Reads and decodes a row's picture, to look at it. A processor decodes with its
/// [`decoding`](Processor::decoding).
///
/// # Errors
/// When the picture can't be read or decoded; the message names it and its row.
pub fn decode_row(
    dataset: &dyn CaptionDataset,
    row: usize,
    options: &DecodeOptions,
) -> Result<RgbImage, TrainError> {
    let picture = dataset.picture(row)?;
    let decoded = picture_source(&picture).to_rgb(options);
    let decoded = decoded.map_err(|source| TrainError::Picture {
        row: describe(dataset, row),
        source,
    })?;
    Ok(decoded.into_owned())
}

fn describe(dataset: &dyn CaptionDataset, row: usize) -> String {
    let described = dataset.describe_row(row);
    described.unwrap_or_else(|_| format!("row {}", row + 1))
}
