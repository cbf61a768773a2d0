//! Rows of a data set as the model reads them: pixel values and token ids.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use captioner_data::{BadRows, CaptionDataset, DataError, Picture, SkippedRow};
use captioner_image::{DecodeOptions, ImageError, ResizedPicture, RgbImage, Source};
use captioner_model::{CaptionBatch, ModelError, PixelValues, Processor, Visual};
use captioner_text::{EncodeOptions, EncodedRows, Padding, TokenBatch};

use crate::augment::Augmentation;
use crate::cache::{CacheShare, PixelCache};
use crate::error::TrainError;
use crate::features::{KeptRows, PartlyRead};
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
    /// By number and description: rows of several files may have one number.
    skipped: Mutex<BTreeMap<(usize, String), SkippedRow>>,
}

/// A row that can be used.
struct ReadyRow {
    sample: Sample,
    /// None where features are kept of it.
    picture: Option<Arc<ResizedPicture>>,
    captions: Vec<Vec<u32>>,
}

/// What a loader tells of its work.
#[derive(Clone, Debug, Default)]
pub(crate) struct Loading {
    /// Rows whose pictures need not be read, where a cache takes their place.
    pub(crate) kept: Option<KeptRows>,
    /// Set when nobody waits for the batch any more.
    pub(crate) stopped: Arc<AtomicBool>,
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

    /// Tokens that longer captions are truncated to.
    pub fn max_caption_tokens(&self) -> usize {
        self.max_caption_tokens
    }

    /// How captions become a batch.
    pub fn padding(&self) -> Padding {
        self.padding
    }

    /// Whether the model also learns to predict pads.
    pub fn pads_in_loss(&self) -> bool {
        self.pads_in_loss
    }

    /// What happens at a row that can't be used.
    pub fn bad_rows(&self) -> BadRows {
        self.bad_rows
    }

    /// How pictures are augmented.
    pub fn augmentation(&self) -> Option<Augmentation> {
        self.augmentation
    }

    /// The rows of this set that were skipped so far, by their numbers: those of each batch that a
    /// [`DataLoader`](crate::DataLoader) has given. Those that were left out when the whole set was
    /// opened are in [`CaptionDataset::skipped`].
    pub fn skipped(&self) -> Vec<SkippedRow> {
        let skipped = self.skipped.lock().unwrap_or_else(PoisonError::into_inner);
        skipped.values().cloned().collect()
    }

    /// Notes rows that were skipped, each once: what [`LoadedBatch::skipped`] has of a batch that is
    /// used, or what [`skipped`](Self::skipped) gave in an earlier part of a run.
    pub fn restore_skipped(&self, rows: Vec<SkippedRow>) {
        if rows.is_empty() {
            return;
        }
        let mut skipped = self.skipped.lock().unwrap_or_else(PoisonError::into_inner);
        skipped.extend(
            rows.into_iter()
                .map(|row| ((row.row, row.description.clone()), row)),
        );
    }

    /// How many captions were truncated so far, each counted once.
    pub fn truncated_captions(&self) -> usize {
        self.truncated.load(Ordering::Relaxed)
    }

    /// The batch of these samples. Rows that are skipped are in it, and not yet in
    /// [`skipped`](Self::skipped).
    ///
    /// # Errors
    /// When a row can't be used and bad rows are to stop the run, or pictures have several sizes.
    pub fn batch(&self, samples: &[Sample]) -> Result<LoadedBatch, TrainError> {
        self.load(samples, &Loading::default())
    }

    pub(crate) fn load(
        &self,
        samples: &[Sample],
        loading: &Loading,
    ) -> Result<LoadedBatch, TrainError> {
        let mut ready = Vec::with_capacity(samples.len());
        let mut loaded = LoadedBatch::default();
        for &sample in samples {
            if loading.stopped.load(Ordering::Relaxed) {
                return Ok(loaded);
            }
            match self.ready(sample, loading.kept.as_ref()) {
                Ok(row) => ready.push(row),
                Err(error) if self.bad_rows == BadRows::Stop => return Err(error),
                Err(error) => loaded.skipped.push(self.skip(sample.row, &error)),
            }
        }
        loaded.rows = ready.iter().map(|row| row.sample.row).collect();
        match ready.as_slice() {
            [] => {}
            ready if loading.kept.is_some() => loaded.partly = Some(self.partly(ready)?),
            ready => {
                let visual = self.pixel_values(ready)?;
                loaded.batch = Some(self.captioned(visual, self.tokens(ready)?)?);
            }
        }
        Ok(loaded)
    }

    /// Pictures, or their features, with their captions.
    pub(crate) fn captioned(
        &self,
        visual: impl Into<Visual>,
        tokens: TokenBatch,
    ) -> Result<CaptionBatch, TrainError> {
        let batch = CaptionBatch::new(visual, tokens)?;
        Ok(batch.with_pads_in_loss(self.pads_in_loss))
    }

    fn tokens(&self, ready: &[ReadyRow]) -> Result<TokenBatch, TrainError> {
        let rows: Vec<Vec<u32>> = ready.iter().flat_map(|r| r.captions.clone()).collect();
        let options = EncodeOptions {
            padding: self.padding,
            ..EncodeOptions::default()
        };
        let pad = self.processor.tokenizer.pad_id();
        Ok(TokenBatch::from_rows(&rows, pad, &options).map_err(ModelError::from)?)
    }

    /// The rows' captions, and the pictures of those that have one.
    fn partly(&self, ready: &[ReadyRow]) -> Result<PartlyRead, TrainError> {
        let read: Vec<_> = ready.iter().map(|row| row.picture.is_some()).collect();
        let any = read.contains(&true);
        Ok(PartlyRead {
            pixels: any.then(|| self.pixel_values(ready)).transpose()?,
            read,
            tokens: self.tokens(ready)?,
        })
    }

    /// The pictures of these rows as they are without augmentation.
    pub(crate) fn pixel_values_of(&self, rows: &[usize]) -> Result<PixelValues, TrainError> {
        let ready = rows.iter().map(|&row| {
            Ok(ReadyRow {
                sample: first_caption(row),
                picture: Some(self.picture(row)?),
                captions: Vec::new(),
            })
        });
        self.pixel_values(&ready.collect::<Result<Vec<_>, TrainError>>()?)
    }

    /// Normalises each picture into its place in the batch.
    fn pixel_values(&self, ready: &[ReadyRow]) -> Result<PixelValues, TrainError> {
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
        for ((row, picture), slot) in pictures.iter().zip(values.chunks_mut(each.max(1))) {
            let row = row.sample;
            self.check_size(row.row, picture.size(), size)?;
            let normalize = |out: &mut [f32]| {
                let done = self.processor.image.normalize_into(picture, out);
                done.map_err(|source| self.bad_picture(row.row, source))
            };
            match (self.augmentation, row.augmentation) {
                (Some(augmentation), Some(seed)) => {
                    scratch.resize(each, 0.0);
                    normalize(&mut scratch)?;
                    let stream = row.row as u64;
                    augmentation.apply_into(&scratch, size, (seed, stream), slot);
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

    /// Reads a row with all its captions and keeps what the cache keeps; says what is wrong with it.
    pub(crate) fn check(&self, row: usize) -> Result<(), TrainError> {
        self.ready(first_caption(row), None).map(|_| ())
    }

    fn ready(&self, sample: Sample, kept: Option<&KeptRows>) -> Result<ReadyRow, TrainError> {
        let needed = !kept.is_some_and(|kept| kept.contains(sample.row));
        Ok(ReadyRow {
            captions: self.captions(sample)?,
            picture: needed.then(|| self.picture(sample.row)).transpose()?,
            sample,
        })
    }

    /// Lets go of a picture that the cache has, as it is not needed again.
    pub(crate) fn forget_picture(&self, row: usize) {
        if let Some(cache) = &self.pixels {
            cache.remove(row);
        }
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
        self.with_captions(sample.row, |all| {
            let captions = sample.used(all.len()).map(|caption| all[caption].clone());
            let mut captions: Vec<_> = captions.collect();
            captions.resize_with(sample.captions, || vec![self.processor.start_token_id()]);
            captions
        })
    }

    /// The number of tokens of each of a row's captions, as they are loaded: with the start and the
    /// end token, and truncated. Pictures are not read.
    ///
    /// # Errors
    /// When the captions can't be read or made into tokens.
    pub fn caption_lengths(&self, row: usize) -> Result<Vec<usize>, TrainError> {
        self.with_captions(row, |all| all.iter().map(Vec::len).collect())
    }

    /// Calls `give` with the tokens of all captions of a row, which are kept for the next time.
    fn with_captions<T>(
        &self,
        row: usize,
        give: impl FnOnce(&[Vec<u32>]) -> T,
    ) -> Result<T, TrainError> {
        let Some(kept) = self.tokens.get(row) else {
            let rows = self.encode(row)?;
            self.truncated.fetch_add(rows.truncated, Ordering::Relaxed);
            return Ok(give(&rows.ids));
        };
        if kept.get().is_none() {
            let rows = self.encode(row)?;
            // Another thread may have been faster; its captions are counted then.
            if kept.set(rows.ids.into()).is_ok() {
                self.truncated.fetch_add(rows.truncated, Ordering::Relaxed);
            }
        }
        Ok(give(kept.get().map_or(&[], |all| all)))
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

    fn skip(&self, row: usize, error: &TrainError) -> SkippedRow {
        SkippedRow::new(self.dataset.as_ref(), row, error.reason())
    }

    fn bad_picture(&self, row: usize, source: ImageError) -> TrainError {
        TrainError::Picture {
            row: self.describe(row),
            source,
        }
    }

    pub(crate) fn describe(&self, row: usize) -> String {
        describe(self.dataset.as_ref(), row)
    }
}

impl fmt::Debug for PreparedSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedSet")
            .field("dataset", &self.dataset.name())
            .field("rows", &self.dataset.len())
            .finish_non_exhaustive()
    }
}

/// A row for its picture alone, or to be checked.
fn first_caption(row: usize) -> Sample {
    Sample {
        row,
        caption: 0,
        captions: 1,
        augmentation: None,
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
