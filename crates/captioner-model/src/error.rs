//! What can go wrong with a captioner.

use std::error::Error;
use std::path::PathBuf;

use captioner_files::FileError;
use thiserror::Error;

use crate::adapter::AdapterError;
use crate::config::ConfigError;
use crate::weights::WeightsError;

/// Why a model can't be built, loaded, saved or run.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A configuration that no model can be built from.
    #[error("the configuration can't be used: {0}")]
    Config(#[from] ConfigError),
    /// A configuration file that no model can be built from.
    #[error("{path}: {source}", path = .path.display())]
    ConfigFile {
        /// The file.
        path: PathBuf,
        /// The value.
        source: ConfigError,
    },
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
    #[error("{path} holds no model: {missing}", path = .path.display())]
    NoModel {
        /// The folder.
        path: PathBuf,
        /// What is missing.
        missing: MissingPart,
    },
    /// The folder holds something else than a model.
    #[error("{path} holds no model that can be opened: {found}", path = .path.display())]
    OtherFolder {
        /// The folder.
        path: PathBuf,
        /// What it holds.
        found: OtherFolder,
    },
    /// A checkpoint of an architecture that is not known here.
    #[error(
        "{path}: model_type is '{found}', but only {known} can be opened: \
         name the folder of such a model", path = .path.display()
    )]
    UnknownModelType {
        /// The configuration file.
        path: PathBuf,
        /// The `model_type` in it.
        found: String,
        /// The types that can be opened, separated by commas.
        known: String,
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
    /// More frames than the model has temporal embeddings for.
    #[error(
        "{frames} frames for a model with {known} temporal embeddings \
         (num_image_with_embedding): give it fewer frames, or single pictures"
    )]
    Frames {
        /// Frames that were given.
        frames: usize,
        /// The model's.
        known: usize,
    },
    /// More tokens than the model has positions for.
    #[error(
        "{length} tokens are more than the {limit} that this model can read: \
         shorten the text, or lower the maximum length"
    )]
    TooLong {
        /// Tokens that were given or asked for.
        length: usize,
        /// The model's positions.
        limit: usize,
    },
    /// A batch whose parts do not fit each other or the model.
    #[error("the batch can't be used: {0}")]
    Batch(#[from] BatchError),
    /// A prompt that no text can follow.
    #[error("the prompt can't be used: {0}")]
    Prompt(#[from] PromptError),
    /// A pattern that picks no part of the model.
    #[error("the pattern '{pattern}' can't be used: {problem}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        problem: PatternError,
    },
    /// An adapter that does not fit the model, or can't be read.
    #[error(transparent)]
    Adapter(#[from] AdapterError),
    /// No token can be chosen.
    #[error(
        "no next token can be chosen: the model's output is NaN, or the settings forbid \
         every token; check the weights and the generation settings"
    )]
    NoNextToken,
    /// A setting out of its range.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// Gradients were asked of a model on a device without autodiff.
    #[error(
        "the model is on a device without autodiff: open it on `device.autodiff()` to train it"
    )]
    NoAutodiff,
    /// Gradients were asked of a model without a parameter to train.
    #[error(
        "nothing can be trained: no parameter that the loss depends on is left to train (of \
         {parameters}); freeze fewer, or add an adapter"
    )]
    NothingToTrain {
        /// Number of parameter tensors.
        parameters: usize,
    },
    /// The device failed while computing.
    #[error(transparent)]
    Device(#[from] DeviceFailure),
}

/// What a folder lacks to be a model's.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum MissingPart {
    /// There is nothing of that name.
    #[error("there is no such folder: name one that holds config.json and model.safetensors")]
    Folder,
    /// It is a file.
    #[error("it is a file: name the folder that holds config.json and model.safetensors")]
    IsFile,
    /// There is no configuration.
    #[error("config.json is missing")]
    Config,
    /// There are no weights.
    #[error("model.safetensors (or pytorch_model.bin) is missing")]
    Weights,
}

/// What a folder that is no model's holds.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum OtherFolder {
    /// An adapter without its model.
    #[error(
        "it is an adapter of {base}: open that model, and load the adapter into it (load_adapter)"
    )]
    Adapter {
        /// The model that it belongs to, as its configuration says.
        base: String,
    },
    /// A data set.
    #[error("it is a data set ({file}): give it where the data set is asked for")]
    Dataset {
        /// What shows it.
        file: String,
    },
    /// A folder of folders, such as that of a run.
    #[error("the model is in {}: name that folder", inner.display())]
    Inside {
        /// Where the model is.
        inner: PathBuf,
    },
    /// Weights of another library.
    #[error(
        "its weights are in {file}, which is not read here: have Python save them as \
         model.safetensors"
    )]
    OtherWeights {
        /// Their file.
        file: String,
    },
}

/// Why the parts of a batch don't fit each other or the model.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum BatchError {
    /// A picture that the batch does not have.
    #[error("there is no picture {index} in a batch of {pictures}; they are counted from 0")]
    NoPicture {
        /// The picture that was asked for.
        index: usize,
        /// Number of pictures.
        pictures: usize,
    },
    /// Captions that pictures can't share evenly, or none, or one without a token.
    #[error(
        "{captions} captions, the longest of {longest} tokens, for {pictures} pictures: \
         equally many captions of at least one token are needed for each picture"
    )]
    Rows {
        /// Number of captions.
        captions: usize,
        /// Tokens of the longest.
        longest: usize,
        /// Number of pictures.
        pictures: usize,
    },
    /// Pads before the tokens: position `t` would not be the `t`-th of its caption.
    #[error(
        "caption {row} is padded on the left: pad on the right, where the model learns no pads"
    )]
    LeftPadding {
        /// The caption's place in the batch, from 0.
        row: usize,
    },
    /// Labels for other positions than the batch has.
    #[error("{labels} labels for {captions} captions of {length} tokens: one a token is needed")]
    Labels {
        /// Labels that were given.
        labels: usize,
        /// Number of captions.
        captions: usize,
        /// Tokens of each, pads included.
        length: usize,
    },
    /// Another number of targets than of predictions.
    #[error("{targets} targets for {rows} rows of decoder output: one a row is needed")]
    Targets {
        /// Targets that were given.
        targets: usize,
        /// Rows of decoder output.
        rows: usize,
    },
    /// A token that the model's vocabulary lacks.
    #[error(
        "it has token {id}, but the model's vocabulary only {vocab_size}: \
         use the tokenizer that belongs to the model"
    )]
    Token {
        /// The token.
        id: i64,
        /// The model's vocabulary.
        vocab_size: usize,
    },
    /// Pads are to count, and the model can't hide them from what follows.
    #[error("this model can't count pads in the loss: leave them out")]
    PadsInLoss,
    /// Ids or a mask that do not fill the rows.
    #[error("{ids} ids and {mask} mask values do not fill {rows} rows of {columns} tokens")]
    Tokens {
        /// Token ids.
        ids: usize,
        /// Values of the attention mask.
        mask: usize,
        /// Rows that are said to be there.
        rows: usize,
        /// Tokens of each.
        columns: usize,
    },
    /// Kept features of another encoder.
    #[error("features are {found} wide, but the model's encoder gives {expected}: encode anew")]
    FeatureWidth {
        /// Width that was given.
        found: usize,
        /// The encoder's.
        expected: usize,
    },
    /// No prediction is counted.
    #[error("no position counts: every caption is a single token")]
    NothingCounts,
    /// Kept features that do not fill their shape.
    #[error("{values} feature values do not fill [{}, {}, {}]", shape[0], shape[1], shape[2])]
    Features {
        /// Values that were given.
        values: usize,
        /// The shape that was given, `[B, I, E]`.
        shape: [usize; 3],
    },
}

/// Why no text can follow a prompt.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PromptError {
    /// There is no token in it.
    #[error("it is empty: it needs at least the start token")]
    Empty,
    /// A token that the model's vocabulary lacks.
    #[error("it has token {id}, but the vocabulary only {vocab_size}")]
    Token {
        /// The token.
        id: u32,
        /// The model's vocabulary.
        vocab_size: usize,
    },
    /// It fills the greatest length already.
    #[error(
        "it has {length} tokens, and max_length {max_length} leaves none for a caption: \
         raise max_length, or set max_new_tokens"
    )]
    Full {
        /// Tokens of the prompt.
        length: usize,
        /// The greatest length.
        max_length: usize,
    },
}

/// Why a pattern picks no part of a model.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PatternError {
    /// A segment without a letter.
    #[error("it has an empty segment")]
    EmptySegment,
    /// No parameter has such a name.
    #[error("the model has no parameter of such a name")]
    NoParameter,
    /// No linear layer has such a name.
    #[error("the model has no linear layer of such a name")]
    NoLinearLayer,
}

/// A setting out of its range, or one that contradicts another.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{name} is {value}: {help}")]
pub struct SettingError {
    /// The setting.
    pub name: String,
    /// Its value.
    pub value: String,
    /// What would be right.
    pub help: String,
}

impl SettingError {
    /// Passes where `fits`, and otherwise names the setting, its value, and what would be right.
    ///
    /// # Errors
    /// Where it doesn't fit.
    pub fn check(
        name: &str,
        value: impl ToString,
        fits: bool,
        help: impl ToString,
    ) -> Result<(), Self> {
        match fits {
            true => Ok(()),
            false => Err(Self::new(name, value, help)),
        }
    }

    /// The error itself.
    pub fn new(name: &str, value: impl ToString, help: impl ToString) -> Self {
        Self {
            name: name.to_owned(),
            value: value.to_string(),
            help: help.to_string(),
        }
    }
}

/// The device failed while computing.
#[derive(Debug, Error)]
#[error("the device failed: {source}")]
pub struct DeviceFailure {
    /// What it said.
    source: Box<dyn Error + Send + Sync>,
}

impl DeviceFailure {
    /// Wraps what the device said.
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let source = source.into();
        Self { source }
    }
}
