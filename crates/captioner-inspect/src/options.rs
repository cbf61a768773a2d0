//! How a set is inspected.

use captioner_image::DecodeOptions;
use captioner_text::CaptionTokenizer;

use crate::InspectError;

/// How a set is inspected.
#[derive(Clone, Debug)]
pub struct InspectOptions {
    /// The model's tokenizer, to count tokens, and words that it can't spell. Default none.
    pub tokenizer: Option<CaptionTokenizer>,
    /// The most tokens of a caption that the model reads, `[CLS]` and `[SEP]` included; none takes
    /// what the tokenizer's files say. Default none.
    pub max_positions: Option<usize>,
    /// Threads that read rows; 0, the default, for as many as there are cores.
    pub workers: usize,
    /// How pictures are decoded, and how large they may be.
    pub decode: DecodeOptions,
    /// Which rows are drawn as samples. Default 0.
    pub seed: u64,
    /// How many rows are drawn as samples. Default 24.
    pub samples: usize,
    /// How many of the 64 bits of their perceptual hashes may differ between pictures that are
    /// nearly the same, 0 to 8. Default 4: a picture saved as a JPEG of quality 50 or at half its
    /// size stays within it.
    pub max_distance: u32,
    /// From which share of the rows on a caption is too common, above 0 and up to 1. Default 0.05.
    pub common_caption_share: f64,
}

impl Default for InspectOptions {
    fn default() -> Self {
        Self {
            tokenizer: None,
            max_positions: None,
            workers: 0,
            decode: DecodeOptions::default(),
            seed: 0,
            samples: 24,
            max_distance: 4,
            common_caption_share: 0.05,
        }
    }
}

/// The greatest [`InspectOptions::max_distance`].
const MAX_DISTANCE: u32 = 8;

impl InspectOptions {
    pub(crate) fn check(&self) -> Result<(), InspectError> {
        if self.max_distance > MAX_DISTANCE {
            return Err(InspectError::Distance {
                distance: self.max_distance,
                limit: MAX_DISTANCE,
            });
        }
        let share = self.common_caption_share;
        // Written so that NaN is refused too.
        if !(share > 0.0 && share <= 1.0) {
            return Err(InspectError::Share { share });
        }
        Ok(())
    }

    /// How many threads there are to be.
    pub(crate) fn threads(&self) -> usize {
        match self.workers {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            given => given,
        }
    }

    /// The most tokens that the model reads, if anything says so.
    pub(crate) fn positions(&self) -> Option<usize> {
        let from_files = || self.tokenizer.as_ref()?.model_max_length();
        self.max_positions.or_else(from_files)
    }
}

/// What an inspection is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Captions are read and pictures decoded.
    Reading,
    /// Pictures are compared with each other.
    Comparing,
    /// The pictures that are shown are read once more.
    Drawing,
}

/// How far an inspection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What it is at.
    pub stage: Stage,
    /// How much of the stage is done: rows, or rounds of comparing.
    pub done: usize,
    /// How much there is to do.
    pub total: usize,
}
