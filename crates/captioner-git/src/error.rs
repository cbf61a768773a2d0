//! What can go wrong with a model.

use std::path::PathBuf;

use thiserror::Error;

use crate::adapter::AdapterError;
use crate::config::ConfigError;
use crate::files::FileError;
use crate::weights::WeightsError;

/// Why a model can't be built, loaded, saved or run.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GitError {
    /// A configuration that no model can be built from.
    #[error("the configuration can't be used: {0}")]
    Config(#[from] ConfigError),
    /// A file of the checkpoint.
    #[error(transparent)]
    File(#[from] FileError),
    /// The weights.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// Picture settings, or a picture.
    #[error(transparent)]
    Image(#[from] captioner_image::ImageError),
    /// The tokenizer, or a text.
    #[error(transparent)]
    Text(#[from] captioner_text::TextError),
    /// The folder holds no model.
    #[error("{path} holds no model: {problem}", path = .path.display())]
    NoModel {
        /// The folder.
        path: PathBuf,
        /// What is missing, and what would be right.
        problem: String,
    },
    /// Pixel values of another size than the model's.
    #[error(
        "pictures of {height} x {width} pixels do not fit this model of {size} x {size}: \
         preprocess them with its own processor, or interpolate its positions"
    )]
    PictureSize {
        /// Height that was given.
        height: usize,
        /// Width that was given.
        width: usize,
        /// The model's side.
        size: usize,
    },
    /// Pixel values of a shape that no model reads.
    #[error("the pixel values can't be used: {0}")]
    Pixels(String),
    /// More text than the model has positions for.
    #[error(
        "{length} tokens are more than the {limit} that this model can read: shorten the text, or lower the maximum length"
    )]
    TooLong {
        /// Tokens that were given or asked for.
        length: usize,
        /// The model's positions.
        limit: usize,
    },
    /// A batch whose parts do not fit each other.
    #[error("the batch can't be used: {0}")]
    Batch(String),
    /// A prompt that nothing can be written after.
    #[error("the prompt can't be used: {0}")]
    Prompt(String),
    /// A pattern that picks no part of the model.
    #[error("the pattern '{pattern}' can't be used: {problem}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        problem: String,
    },
    /// An adapter that does not fit the model, or can't be read.
    #[error(transparent)]
    Adapter(#[from] AdapterError),
    /// No token can be chosen.
    #[error(
        "no next token can be chosen: the model's output is no number, or the settings forbid \
         every token; check the weights and the generation settings"
    )]
    NotANumber,
    /// A setting of generation out of range.
    #[error("{name} is {value}: {mend}")]
    Setting {
        /// The setting.
        name: String,
        /// Its value.
        value: String,
        /// What would be right.
        mend: &'static str,
    },
    /// The device failed while computing.
    #[error("the device failed: {0}")]
    Device(String),
}
