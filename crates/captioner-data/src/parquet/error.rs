//! What can be wrong with a Parquet file.

use std::io;
use std::path::PathBuf;

use crate::Place;

/// What can be wrong with a Parquet file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParquetError {
    /// No file was given.
    #[error("there is no Parquet file to read: give at least one")]
    NoFile,

    /// The file is none of Parquet.
    #[error("`{}` is not a Parquet file: check what was saved or downloaded", file.display())]
    NotParquet {
        /// The file.
        file: PathBuf,
    },

    /// The file is the small text that git-lfs leaves in place of a large file.
    #[error("`{}` is a git-lfs pointer, not the file itself: fetch it with `git lfs pull`", file.display())]
    GitLfsPointer {
        /// The file.
        file: PathBuf,
    },

    /// The file begins as Parquet does and doesn't end so.
    #[error("`{}` is cut off: its end is missing: download or write it again", file.display())]
    Cut {
        /// The file.
        file: PathBuf,
    },

    /// The file or a column of it is encrypted.
    #[error("`{}` is encrypted, which is not supported: write it without encryption", file.display())]
    Encrypted {
        /// The file.
        file: PathBuf,
    },

    /// The footer is larger than can be meant.
    #[error("`{}`: the footer has {bytes} bytes, more than {limit}: write the set with fewer row groups or columns", file.display())]
    FooterTooLarge {
        /// The file.
        file: PathBuf,
        /// The footer's size.
        bytes: u64,
        /// The largest size allowed.
        limit: u64,
    },

    /// The footer can't be read, or contradicts the file.
    #[error("`{}`: the footer is damaged ({reason}): download or write the file again", file.display())]
    Footer {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        reason: String,
    },

    /// A column is compressed in a way that isn't supported.
    #[error("`{}`: the column `{column}` is compressed with {codec}, which is not supported: write it with snappy, zstd, lz4 (LZ4_RAW), gzip or not compressed", file.display())]
    Codec {
        /// The file.
        file: PathBuf,
        /// The column.
        column: String,
        /// The compression.
        codec: String,
    },

    /// A page of a column can't be read.
    #[error("{place}: the column `{column}` can't be read in row group {group}: {source}")]
    Page {
        /// The row that was asked for.
        place: Place,
        /// The column, with the name of its part: `image.bytes`.
        column: String,
        /// The row group, counted from 0 as tools do.
        group: usize,
        /// What is wrong.
        source: PageError,
    },
}

/// What can be wrong with a page of a Parquet file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PageError {
    /// The page is larger than can be meant.
    #[error(
        "a page of {bytes} bytes is more than the {limit} that are read at once: write the set with smaller pages or row groups"
    )]
    TooLarge {
        /// Its size, not compressed.
        bytes: u64,
        /// The largest size allowed.
        limit: u64,
    },

    /// The page has more values than can be meant.
    #[error(
        "a page of {values} values is more than the {limit} that are read at once: write the set with smaller row groups"
    )]
    TooManyValues {
        /// How many there are.
        values: u64,
        /// The most allowed.
        limit: u64,
    },

    /// The page's values are written in a way that isn't supported.
    #[error(
        "the encoding {0} of its values is not supported: write it as PLAIN or with a dictionary"
    )]
    Encoding(i32),

    /// The page contradicts itself, the footer or the file.
    #[error("the file is damaged ({0}): download or write it again")]
    Damaged(String),

    /// The file can't be read.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl PageError {
    /// What is damaged.
    pub(super) fn damaged(what: impl ToString) -> Self {
        Self::Damaged(what.to_string())
    }
}
