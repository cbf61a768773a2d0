//! Rows of a data set as the model reads them: pixel values and token ids.

mod captions;
mod decode;
mod pictures;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use captioner_data::{BadRows, CaptionDataset, SkippedRow};
use captioner_image::ResizedPicture;
use captioner_model::{CaptionBatch, Processor, Visual};
use captioner_text::{Padding, TokenBatch};

use crate::augment::{Augmentation, PictureTransforms};
use crate::cache::{CacheShare, PixelCache};
use crate::error::TrainError;
use crate::features::{KeptRows, PartlyRead};
use crate::loader::LoadedBatch;
use crate::sampler::{CaptionChoice, CaptionPlaces, Sample};

use captions::{KeptCaption, UsedCaptions};
pub use decode::{decode_row, picture_source};
use pictures::Transforms;

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
    tokens: Vec<OnceLock<Box<[KeptCaption]>>>,
    caption_choice: CaptionChoice,
    /// The places of captions, where they were asked for.
    places: OnceLock<Arc<CaptionPlaces>>,
    max_caption_tokens: usize,
    truncated: AtomicUsize,
    augmentation: Option<Augmentation>,
    transforms: Option<Transforms>,
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
    /// Whether no caption says left or right.
    may_flip: bool,
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
            caption_choice: CaptionChoice::default(),
            places: OnceLock::new(),
            augmentation: None,
            transforms: None,
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

    /// Transforms pictures at random while training, before an [augmentation](Self::with_augmentation);
    /// evaluation sees them as they are.
    ///
    /// # Errors
    /// When a parameter is out of its range, or parts are to be cut and the image processor gives
    /// pictures of several sizes.
    pub fn with_transforms(mut self, transforms: PictureTransforms) -> Result<Self, TrainError> {
        let some = !transforms.is_none();
        let transforms = some.then(|| Transforms::new(transforms, &self.processor));
        self.transforms = transforms.transpose()?;
        Ok(self)
    }

    /// Sets which captions of a row a [`Sampler`](crate::Sampler) of this set uses. Evaluations
    /// compare with all of them, whatever it is.
    pub fn with_caption_choice(mut self, choice: CaptionChoice) -> Self {
        self.caption_choice = choice;
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

    /// How pictures are transformed; what changes nothing where they are not.
    pub fn transforms(&self) -> PictureTransforms {
        let transforms = self.transforms.as_ref();
        transforms.map_or_else(Default::default, |all| all.transforms)
    }

    /// Which captions of a row are used in training.
    pub fn caption_choice(&self) -> CaptionChoice {
        self.caption_choice
    }

    /// Whether training sees other pictures each time.
    pub(crate) fn changes_pictures(&self) -> bool {
        self.augmentation.is_some() || self.transforms.is_some()
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
                loaded.batch = Some(self.captioned(visual, self.token_batch(ready)?)?);
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

    /// The rows' captions, and the pictures of those that have one.
    fn partly(&self, ready: &[ReadyRow]) -> Result<PartlyRead, TrainError> {
        let read: Vec<_> = ready.iter().map(|row| row.picture.is_some()).collect();
        let any = read.contains(&true);
        Ok(PartlyRead {
            pixels: any.then(|| self.pixel_values(ready)).transpose()?,
            read,
            tokens: self.token_batch(ready)?,
        })
    }

    /// Reads a row with all its captions and keeps what the cache keeps; says what is wrong with it.
    pub(crate) fn check(&self, row: usize) -> Result<(), TrainError> {
        self.ready(first_caption(row), None).map(|_| ())
    }

    fn ready(&self, sample: Sample, kept: Option<&KeptRows>) -> Result<ReadyRow, TrainError> {
        let needed = !kept.is_some_and(|kept| kept.contains(sample.row));
        let UsedCaptions { ids, names_a_side } = self.captions(sample)?;
        let picture = needed.then(|| self.picture_of(sample, !names_a_side));
        Ok(ReadyRow {
            captions: ids,
            picture: picture.transpose()?,
            may_flip: !names_a_side,
            sample,
        })
    }

    fn skip(&self, row: usize, error: &TrainError) -> SkippedRow {
        SkippedRow::new(self.dataset.as_ref(), row, error.reason())
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

fn describe(dataset: &dyn CaptionDataset, row: usize) -> String {
    let described = dataset.describe_row(row);
    described.unwrap_or_else(|_| format!("row {}", row + 1))
}
