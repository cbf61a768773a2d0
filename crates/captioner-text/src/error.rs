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
    /// A file was read but does not hold what its name says.
    #[error("{path}: not a valid {expected}: {reason}; download the file again or save it anew")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What the file should be.
        expected: &'static str,
        /// What is wrong with it.
        reason: String,
    },
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
    /// The tokenizer library refused the text or the ids.
    #[error("the tokenizer failed on {what}: {reason}; check that its files belong together")]
    Tokenizer {
        /// What was being done.
        what: String,
        /// What the library said.
        reason: String,
    },
}

impl TextError {
    /// The library's error, with the start of the text that it failed on.
    pub(crate) fn on_text(text: &str, reason: impl std::fmt::Display) -> Self {
        let start: String = text.chars().take(60).collect();
        Self::Tokenizer {
            what: format!("{start:?}"),
            reason: reason.to_string(),
        }
    }

    pub(crate) fn malformed(
        path: &Path,
        expected: &'static str,
        reason: impl std::fmt::Display,
    ) -> Self {
        Self::Malformed {
            path: path.to_owned(),
            expected,
            reason: reason.to_string(),
        }
    }
}
