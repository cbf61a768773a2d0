//! The outputs of a frozen image encoder, computed once and kept.

mod encode;
mod kept;
mod scratch;
mod store;

use std::path::PathBuf;
use std::sync::Arc;

use captioner_model::{CaptionBatch, CaptionModel, FeatureRows, ModelError, PixelValues, Visual};
use captioner_text::TokenBatch;

use crate::error::TrainError;
use crate::loader::{DataLoader, LoadedBatch};
use crate::prepared::PreparedSet;
use crate::sampler::Sample;

use encode::{Encoded, encode, pick};
pub(crate) use kept::KeptRows;
use store::{FeatureStore, Fetched, Kept, RowShape};

/// Keeps what a frozen image encoder makes of a set's pictures, so that each is read and encoded
/// once: training the decoder or its adapters then costs no vision pass after the first epoch, and
/// repeated evaluations none after the first.
///
/// Features lie in memory up to a budget, then in a file without a name in the run's folder (beside
/// it on Windows), which ends with the cache. They are the 32-bit floats that the encoder gave:
/// 605 kB a picture for GIT-base. What fits neither is encoded each time. A disk that is full or
/// fails ends the growth of the file and no run; pictures that it loses are read and encoded again.
///
/// # The same bits
/// A run is the same to the bit with a cache of any size, resumed or not. On the CPU each picture is
/// encoded alone: a product of other sizes may sum in another order, so what a picture's features
/// are would otherwise depend on the pictures beside it. A cache of no size ([`FeatureCache::NONE`])
/// keeps nothing and is that same run. On other devices, where pictures one by one would leave the
/// device idle, those of a batch that are not kept are encoded together, and another choice of
/// kernel may change last bits.
///
/// One cache serves one set and one encoder: after other weights are loaded into the encoder, make a
/// new one.
///
/// ```no_run
/// # use std::sync::Arc;
/// # use captioner_model::CaptionModel;
/// # use captioner_train::{DataLoader, FeatureCache, PreparedSet, Sampler, TrainError};
/// # fn epoch<M: CaptionModel>(model: &M, set: &Arc<PreparedSet>) -> Result<(), TrainError> {
/// let mut cache = FeatureCache::for_training(model, set, 512 << 20, Some("run".into()));
/// let plan = Sampler::new(set.dataset().clone(), 8, 1, 42).epoch(0);
/// let loader = match &cache {
///     Some(cache) => cache.loader(plan, 2),
///     None => DataLoader::new(set, plan, 2),
/// };
/// for loaded in loader {
///     let batch = match &mut cache {
///         Some(cache) => cache.batch(model, loaded?)?,
///         None => loaded?.batch,
///     };
///     // model.gradients(&batch, ...)
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct FeatureCache {
    set: Arc<PreparedSet>,
    store: FeatureStore,
    kept: KeptRows,
    stats: FeatureCacheStats,
}

/// What a [`FeatureCache`] did and holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FeatureCacheStats {
    /// Pictures that the encoder ran on, one that it ran on twice counted twice.
    pub encoded: usize,
    /// Times that kept features took the place of an encoder pass.
    pub reused: usize,
    /// Of `encoded`, those that did not fit and are encoded each time.
    pub not_kept: usize,
    /// Times that the file could not be made, written or read.
    pub file_failures: usize,
    /// Rows in memory.
    pub memory_rows: usize,
    /// Bytes in memory, the index of 4 bytes and a bit for each row of the set included; never above
    /// the budget while rows are in memory.
    pub memory_bytes: usize,
    /// Rows in the file.
    pub file_rows: usize,
    /// Bytes in the file.
    pub file_bytes: u64,
}

/// A batch whose pictures were read only where no features are kept of them.
#[derive(Clone, Debug)]
pub(crate) struct PartlyRead {
    /// The pictures that were read, in the order of rows.
    pub(crate) pixels: Option<PixelValues>,
    /// Of each row, whether it is one of them.
    pub(crate) read: Vec<bool>,
    pub(crate) tokens: TokenBatch,
}

impl FeatureCache {
    /// The budget that keeps nothing: every picture is encoded each time, to the bits that a cache
    /// would have kept.
    pub const NONE: usize = 0;

    /// Bytes of the file's disk that are left free, for checkpoints: 4 GiB.
    pub const RESERVE: u64 = 4 << 30;

    /// A cache for `set`, of at most `budget_bytes` of memory, and a file in `folder` for what is
    /// beyond.
    ///
    /// `None` where features may not be kept: the set's rows vary
    /// ([`CaptionDataset::rows_vary`](captioner_data::CaptionDataset::rows_vary)) or its pictures are
    /// augmented, or something that the encoder's output depends on is trained or dropped at random
    /// ([`CaptionModel::encoder_is_frozen`]; `model` is the one that is trained, also where the set
    /// is for evaluation: what `Module::valid` gives has nothing that is trained).
    pub fn for_training<M: CaptionModel>(
        model: &M,
        set: &Arc<PreparedSet>,
        budget_bytes: usize,
        folder: Option<PathBuf>,
    ) -> Option<Self> {
        let varies = set.dataset().rows_vary() || set.changes_pictures();
        let usable = !varies && model.encoder_is_frozen();
        usable.then(|| Self::new(set, budget_bytes, folder))
    }

    /// Sets how many bytes of the file's disk are left free; [`RESERVE`](Self::RESERVE) by default.
    /// For a cache that holds nothing yet. Without effect on Windows, where the disk is not asked.
    pub fn with_reserve(self, bytes: u64) -> Self {
        Self {
            store: self.store.with_reserve(bytes),
            ..self
        }
    }

    fn new(set: &Arc<PreparedSet>, budget_bytes: usize, folder: Option<PathBuf>) -> Self {
        let rows = set.dataset().len();
        let kept = KeptRows::new(rows);
        let store = FeatureStore::new(rows, kept.bytes(), budget_bytes, folder);
        Self {
            set: set.clone(),
            store: store.with_reserve(Self::RESERVE),
            kept,
            stats: FeatureCacheStats::default(),
        }
    }

    /// The set.
    pub fn set(&self) -> &Arc<PreparedSet> {
        &self.set
    }

    /// What it did and holds.
    pub fn stats(&self) -> FeatureCacheStats {
        let (memory_rows, file_rows) = self.store.kept();
        FeatureCacheStats {
            memory_rows,
            file_rows,
            memory_bytes: self.store.memory_bytes(),
            file_bytes: self.store.file_bytes(),
            ..self.stats
        }
    }

    /// Loads `plan`'s batches of the set, as [`DataLoader::new`] does, for [`batch`](Self::batch):
    /// pictures whose features are kept are not read.
    pub fn loader<P: Iterator<Item = Vec<Sample>>>(
        &self,
        plan: P,
        workers: usize,
    ) -> DataLoader<P> {
        DataLoader::new(&self.set, plan, workers).with_kept(self.kept.clone())
    }

    /// What was loaded, with features in the place of pictures: those that are kept, and of the other
    /// pictures those that `model` makes now, which are then kept if they fit. `None` where
    /// every row was skipped.
    ///
    /// `model` may be the one that is trained or what `Module::valid` gives of it.
    ///
    /// # Errors
    /// When the encoder or the device fails, or a picture that has to be read again can't be.
    pub fn batch<M: CaptionModel>(
        &mut self,
        model: &M,
        loaded: LoadedBatch,
    ) -> Result<Option<CaptionBatch>, TrainError> {
        let LoadedBatch {
            rows,
            batch,
            partly,
            ..
        } = loaded;
        match (batch, partly) {
            (_, Some(partly)) => {
                let features = self.features(model, &rows, &partly.read, partly.pixels)?;
                Ok(Some(self.set.captioned(features, partly.tokens)?))
            }
            // From a loader that does not know this cache.
            (Some(batch), None) => {
                let Visual::Pixels(pixels) = batch.visual().clone() else {
                    return Ok(Some(batch));
                };
                let read = vec![true; rows.len()];
                let features = self.features(model, &rows, &read, Some(pixels))?;
                let (tokens, labels) = (batch.tokens().clone(), batch.labels().to_vec());
                Ok(Some(
                    CaptionBatch::new(features, tokens)?.with_labels(labels)?,
                ))
            }
            (None, None) => Ok(None),
        }
    }

    /// The features of these rows, in their order. `read` says of each whether it is in `pixels`.
    fn features<M: CaptionModel>(
        &mut self,
        model: &M,
        rows: &[usize],
        read: &[bool],
        pixels: Option<PixelValues>,
    ) -> Result<FeatureRows, TrainError> {
        let mut shape = self.store.shape().cloned();
        let (mut values, mut missing) = self.fetch(rows, shape.as_ref());
        if !missing.is_empty() {
            let pictures = self.pictures(rows, &missing, read, pixels)?;
            let mut encoded = encode(model, &pictures)?;
            let all = missing.len() == rows.len();
            if !all && shape.as_ref() != Some(&encoded.shape) {
                // As without a cache, pictures of several sizes are no batch.
                missing = (0..rows.len()).collect();
                encoded = encode(model, &self.set.pixel_values_of(rows)?)?;
            }
            self.keep(rows, &missing, &encoded);
            if missing.len() == rows.len() {
                values = encoded.values;
            } else {
                let each = encoded.shape.size();
                for (place, new) in missing.iter().zip(encoded.values.chunks_exact(each)) {
                    values[place * each..][..each].copy_from_slice(new);
                }
            }
            shape = Some(encoded.shape);
        }
        let [positions, width] = shape.map_or([0, 0], |shape| shape.features);
        let features = FeatureRows::new(values, [rows.len(), positions, width]);
        Ok(features.map_err(ModelError::from)?)
    }

    /// The features of rows that are kept, at their places, and the places of all others.
    fn fetch(&mut self, rows: &[usize], shape: Option<&RowShape>) -> (Vec<f32>, Vec<usize>) {
        let each = shape.map_or(0, RowShape::size);
        let mut values = vec![0.0; rows.len() * each];
        let mut missing = Vec::new();
        for (place, &row) in rows.iter().enumerate() {
            match self.store.fetch(row, &mut values[place * each..][..each]) {
                Fetched::Memory | Fetched::File => self.stats.reused += 1,
                Fetched::Absent => missing.push(place),
                Fetched::Lost => {
                    self.stats.file_failures += 1;
                    self.kept.remove(row);
                    missing.push(place);
                }
            }
        }
        (values, missing)
    }

    /// The pictures at the missing places: what was loaded, or all of them read again where one was
    /// not, because its features got lost since.
    fn pictures(
        &self,
        rows: &[usize],
        missing: &[usize],
        read: &[bool],
        pixels: Option<PixelValues>,
    ) -> Result<PixelValues, TrainError> {
        let pixels = pixels.filter(|_| missing.iter().all(|place| read[*place]));
        let Some(pixels) = pixels else {
            let rows: Vec<_> = missing.iter().map(|place| rows[*place]).collect();
            return self.set.pixel_values_of(&rows);
        };
        if missing.len() == pixels.count() {
            return Ok(pixels);
        }
        let before = |place: &usize| read[..*place].iter().filter(|read| **read).count();
        let places: Vec<_> = missing.iter().map(before).collect();
        Ok(pick(&pixels, &places)?)
    }

    fn keep(&mut self, rows: &[usize], missing: &[usize], encoded: &Encoded) {
        let features = encoded.values.chunks_exact(encoded.shape.size());
        for (place, values) in missing.iter().zip(features) {
            self.stats.encoded += 1;
            let row = rows[*place];
            match self.store.keep(row, &encoded.shape, values) {
                Kept::Here => {
                    self.kept.insert(row);
                    // Its pixels are of no use any more.
                    self.set.forget_picture(row);
                }
                Kept::NoRoom => self.stats.not_kept += 1,
                Kept::Failed => {
                    self.stats.not_kept += 1;
                    self.stats.file_failures += 1;
                }
            }
        }
    }
}
