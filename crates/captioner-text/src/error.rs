//! Everything that can go wrong between a caption and its token ids.

use captioner_files::FileError;
use std::path::{Path, PathBuf};

/// Why a tokenizer could not be loaded, trained, used or saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// The directory holds neither `tokenizer.json` nor `vocab.txt`.
    #[error(
        "{dir}: no tokenizer.json and no vocab.txt in this directory; \
         give the directory of a saved checkpoint"
    )]
    NoTokenizer {
        /// The directory that was searched.
        dir: PathBuf,
    },
    /// A file could not be read.
    #[error("{path}: cannot be read: {source}; check that it exists and is readable")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A file or directory could not be written.
    #[error(transparent)]
    Write(#[from] FileError),
    /// A Git LFS pointer stands in place of a file.
    #[error(transparent)]
    LfsPointer(FileError),
    /// A file was read but does not hold what its name says.
    #[error("{path}: {source}; download the file again or save it anew")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: FormatError,
    },
    /// A text that was given as a `tokenizer.json` is none.
    #[error("the text given as tokenizer.json: {0}; give the content of a saved tokenizer.json")]
    MalformedText(FormatError),
    /// The vocabulary lacks a special token that captions need.
    #[error(
        "{name} \"{token}\" is not in the vocabulary of {vocabulary} tokens; \
         add it to the vocabulary, or name another one in tokenizer_config.json"
    )]
    MissingSpecialToken {
        /// Its role, such as `pad_token`.
        name: &'static str,
        /// The text of the token.
        token: String,
        /// How many tokens the vocabulary has.
        vocabulary: usize,
    },
    /// A file is far larger than any tokenizer's.
    #[error("{path}: has more than {limit} bytes, which no tokenizer needs; check what it is")]
    FileTooLarge {
        /// The file.
        path: PathBuf,
        /// The most bytes that are read.
        limit: u64,
    },
    /// A caption is longer than the limit.
    #[error(
        "the caption {start:?}... has {bytes} bytes, more than the limit of {limit}; \
         shorten it, or raise the limit by with_max_caption_bytes"
    )]
    CaptionTooLong {
        /// How the caption starts.
        start: String,
        /// How many bytes it has.
        bytes: usize,
        /// The most bytes that it may have.
        limit: usize,
    },
    /// There was nothing to train a vocabulary from.
    #[error("no words to train a vocabulary from; give at least one caption that is not empty")]
    NoWords,
    /// The wished vocabulary cannot hold even one character.
    #[error("vocab_size {vocab_size} is too small; give at least {least}")]
    VocabularyTooSmall {
        /// The upper limit that was asked for.
        vocab_size: usize,
        /// The smallest limit that works.
        least: usize,
    },
    /// The maximum length leaves no room for the special tokens.
    #[error(
        "max_length {max_length} leaves no room for a caption; give more than {special_tokens}"
    )]
    MaxLengthTooSmall {
        /// The length that was asked for.
        max_length: usize,
        /// How many special tokens each caption gets.
        special_tokens: usize,
    },
    /// A caption is longer than the length to pad to.
    #[error(
        "caption {row} has {length} tokens, more than the {columns} to pad to; \
         set max_length to {columns} to shorten it"
    )]
    LongerThanPadding {
        /// Which caption, counted from 0.
        row: usize,
        /// How many tokens it has.
        length: usize,
        /// The length that was to be padded to.
        columns: usize,
    },
    /// Captions of different lengths cannot form a batch unpadded.
    #[error(
        "caption {row} has {length} tokens where caption 0 has {columns}; \
         use Padding::Longest to make them equal"
    )]
    Ragged {
        /// The first caption whose length differs, counted from 0.
        row: usize,
        /// How many tokens it has.
        length: usize,
        /// How many tokens caption 0 has.
        columns: usize,
    },
    /// The settings ask to pad to a multiple of zero.
    #[error("pad_to_multiple_of is 0; give 1 or more, or None")]
    MultipleOfZero,
    /// The padded batch would be far larger than any memory holds.
    #[error(
        "{rows} captions padded to {columns} tokens each are more than the limit of {limit} ids; \
         lower the length to pad to or pad_to_multiple_of, or give fewer captions at once"
    )]
    BatchTooLarge {
        /// How many captions there are.
        rows: usize,
        /// How many tokens each would have; the largest number where it could not be counted.
        columns: usize,
        /// The most ids that a batch may have.
        limit: usize,
    },
    /// The tokenizer library refused a caption.
    #[error("the tokenizer failed on {start:?}...: {source}; check that its files belong together")]
    Encode {
        /// How the caption starts.
        start: String,
        /// What the library said.
        source: LibraryError,
    },
    /// The tokenizer library refused token ids.
    #[error(
        "the tokenizer failed to decode {ids} ids: {source}; check that its files belong together"
    )]
    Decode {
        /// How many ids there are.
        ids: usize,
        /// What the library said.
        source: LibraryError,
    },
    /// The tokenizer library built no tokenizer of the vocabulary and settings.
    #[error("no tokenizer can be built: {0}; check vocab.txt and tokenizer_config.json")]
    Build(LibraryError),
    /// The tokenizer library gave no `tokenizer.json`.
    #[error("the tokenizer can't be written as tokenizer.json: {0}")]
    Save(LibraryError),
}

/// An error of the `tokenizers` library.
pub type LibraryError = Box<dyn std::error::Error + Send + Sync>;

/// Why a file or text is not what its name says, or not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// Not text.
    #[error("it is not UTF-8 text: {0}")]
    NotUtf8(#[from] std::string::FromUtf8Error),
    /// Not JSON, or no JSON object.
    #[error("it is not a JSON object: {0}")]
    NotJson(#[from] serde_json::Error),
    /// JSON, but no object.
    #[error("it is JSON, but not an object")]
    NotAnObject,
    /// The tokenizer library can't read it.
    #[error("it describes no tokenizer: {0}")]
    Library(LibraryError),
    /// A step of the tokenizer is of a kind that isn't accepted.
    #[error("its {key} is {kind}; only {} can be used", .accepted.join(", "))]
    Step {
        /// Which step, such as `normalizer`.
        key: &'static str,
        /// Its type.
        kind: String,
        /// The types that are accepted.
        accepted: &'static [&'static str],
    },
    /// The template for special tokens is missing.
    #[error("its post_processor has no list of pieces named single")]
    NoTemplate,
    /// The template names a special token that it doesn't define.
    #[error("its post_processor lacks the special token {token:?}")]
    UndefinedTemplateToken {
        /// The token.
        token: String,
    },
    /// The template has a piece that is neither a special token nor the caption.
    #[error(
        "its post_processor has the piece {piece}; only special tokens and the sequence A can be used"
    )]
    TemplatePiece {
        /// The piece, as JSON.
        piece: String,
    },
    /// The template doesn't hold the caption once.
    #[error("its post_processor puts the caption {count} times; once is right")]
    TemplateCaptions {
        /// How often it holds the caption.
        count: usize,
    },
    /// A token has an id that no vocabulary needs.
    #[error("a token has the id {id}; ids must lie below {limit}")]
    IdTooLarge {
        /// The id.
        id: u64,
        /// All ids must lie below this.
        limit: u64,
    },
    /// Words may be so long that encoding one would not end.
    #[error("its model's max_input_chars_per_word is {length}; give {limit} or less")]
    WordsTooLong {
        /// The value.
        length: u64,
        /// The largest that is accepted.
        limit: u64,
    },
}

impl TextError {
    /// The library's error, with the start of the text that it failed on.
    pub(crate) fn on_text(text: &str, source: LibraryError) -> Self {
        Self::Encode {
            start: text.chars().take(60).collect(),
            source,
        }
    }

    pub(crate) fn malformed(path: &Path, source: impl Into<FormatError>) -> Self {
        Self::Malformed {
            path: path.to_owned(),
            source: source.into(),
        }
    }
}
