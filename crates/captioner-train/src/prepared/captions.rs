//! A row's captions as tokens, read once.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use captioner_data::DataError;
use captioner_model::ModelError;
use captioner_text::{EncodeOptions, EncodedRows, Padding, TokenBatch};

use super::{PreparedSet, ReadyRow};
use crate::augment::names_a_side;
use crate::error::TrainError;
use crate::every_row::every_row;
use crate::sampler::{CaptionChoice, CaptionPlaces, Sample};

/// A caption as it is kept.
pub(super) struct KeptCaption {
    ids: Vec<u32>,
    /// Whether it says left or right, so that its picture can't be flipped.
    names_a_side: bool,
}

/// The captions of a sample.
pub(super) struct UsedCaptions {
    pub(super) ids: Vec<Vec<u32>>,
    pub(super) names_a_side: bool,
}

impl PreparedSet {
    /// The number of tokens of each of a row's captions, as they are loaded: with the start and the
    /// end token, and truncated. Pictures are not read.
    ///
    /// # Errors
    /// When the captions can't be read or made into tokens.
    pub fn caption_lengths(&self, row: usize) -> Result<Vec<usize>, TrainError> {
        let lengths = |all: &[KeptCaption]| all.iter().map(|caption| caption.ids.len()).collect();
        self.with_kept(row, lengths)
    }

    /// Makes tokens of all captions that are not kept yet, on all cores. What can't be read is for the
    /// loader to say.
    pub(crate) fn read_captions(&self) {
        every_row(self.tokens.len(), |row| {
            let _ = self.with_kept(row, |_| ());
        });
    }

    /// Where an epoch has a sample for each caption; counted once.
    pub(crate) fn caption_places(&self) -> Option<Arc<CaptionPlaces>> {
        let places = || Arc::new(CaptionPlaces::of(&self.dataset));
        let all = self.caption_choice == CaptionChoice::All;
        all.then(|| self.places.get_or_init(places).clone())
    }

    /// The batch of these rows' captions.
    pub(super) fn token_batch(&self, ready: &[ReadyRow]) -> Result<TokenBatch, TrainError> {
        let rows: Vec<Vec<u32>> = ready.iter().flat_map(|r| r.captions.clone()).collect();
        let options = EncodeOptions {
            padding: self.padding,
            ..EncodeOptions::default()
        };
        let pad = self.processor.tokenizer.pad_id();
        Ok(TokenBatch::from_rows(&rows, pad, &options).map_err(ModelError::from)?)
    }

    /// The tokens of a sample's captions. Where its row has fewer captions than others give, rows
    /// of a start token alone, in which nothing counts, fill up.
    pub(super) fn captions(&self, sample: Sample) -> Result<UsedCaptions, TrainError> {
        self.with_kept(sample.row, |all| {
            let used = || sample.used(all.len()).map(|caption| &all[caption]);
            let mut ids: Vec<_> = used().map(|caption| caption.ids.clone()).collect();
            ids.resize_with(sample.captions, || vec![self.processor.start_token_id()]);
            UsedCaptions {
                ids,
                names_a_side: used().any(|caption| caption.names_a_side),
            }
        })
    }

    /// Calls `give` with all captions of a row, which are kept for the next time.
    fn with_kept<T>(
        &self,
        row: usize,
        give: impl FnOnce(&[KeptCaption]) -> T,
    ) -> Result<T, TrainError> {
        let Some(kept) = self.tokens.get(row) else {
            let (captions, truncated) = self.encode(row)?;
            self.truncated.fetch_add(truncated, Ordering::Relaxed);
            return Ok(give(&captions));
        };
        if kept.get().is_none() {
            let (captions, truncated) = self.encode(row)?;
            // Another thread may have been faster; its captions are counted then.
            if kept.set(captions.into()).is_ok() {
                self.truncated.fetch_add(truncated, Ordering::Relaxed);
            }
        }
        Ok(give(kept.get().map_or(&[], |all| all)))
    }

    /// A row's captions, and how many of them were truncated.
    fn encode(&self, row: usize) -> Result<(Vec<KeptCaption>, usize), TrainError> {
        let captions = self.dataset.captions(row)?;
        if captions.iter().all(|caption| caption.trim().is_empty()) {
            return Err(DataError::no_caption(self.dataset.as_ref(), row).into());
        }
        let longest = match self.padding {
            Padding::MaxLength(length) => length.min(self.max_caption_tokens),
            _ => self.max_caption_tokens,
        };
        let rows = self.processor.token_rows(&captions, Some(longest));
        let EncodedRows { ids, truncated, .. } = rows.map_err(|source| TrainError::Caption {
            row: self.describe(row),
            source: Box::new(source),
        })?;
        let kept = ids.into_iter().zip(captions.iter());
        let kept = kept.map(|(ids, caption)| KeptCaption {
            ids,
            names_a_side: names_a_side(caption),
        });
        Ok((kept.collect(), truncated))
    }
}
