//! What can be wrong with the columns of a columnar set, or with one row of them.

use std::path::PathBuf;

use crate::Place;

/// What can be wrong with the columns of a Parquet or Arrow file, or with one row of them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ColumnError {
    /// No column can hold pictures.
    #[error(
        "`{}` has no column of pictures; its columns: {columns}: name the one of the pictures `image`, as a struct of `bytes` and `path`, as binary, or as the path of a file",
        file.display()
    )]
    NoImageColumn {
        /// The file.
        file: PathBuf,
        /// Its columns with their types.
        columns: String,
    },

    /// Several columns can hold pictures, and none is named `image`.
    #[error(
        "`{}` has several columns of pictures, {candidates}: name the one to use `image`",
        file.display()
    )]
    SeveralImageColumns {
        /// The file.
        file: PathBuf,
        /// The columns which could be meant.
        candidates: String,
    },

    /// The picture column has a type that can't hold pictures.
    #[error(
        "`{}`: the column `{column}` is {kind}: pictures are a struct of `bytes` and `path`, binary, or a string (the path of a file)",
        file.display()
    )]
    ImageColumnType {
        /// The file.
        file: PathBuf,
        /// The column.
        column: String,
        /// Its type.
        kind: String,
    },

    /// There is no caption column.
    #[error(
        "`{}` has no column {wanted} for the captions; its columns: {columns}: name the one of the captions (`--caption-column`, or `with_caption_column`)",
        file.display()
    )]
    NoCaptionColumn {
        /// The file.
        file: PathBuf,
        /// The column asked for, or those that are looked for.
        wanted: String,
        /// The columns there are, with their types.
        columns: String,
    },

    /// The caption column has a type that can't hold captions.
    #[error(
        "`{}`: the caption column `{column}` is {kind}: give one of strings or of lists of strings; the columns: {columns}",
        file.display()
    )]
    CaptionColumnType {
        /// The file.
        file: PathBuf,
        /// The column.
        column: String,
        /// Its type.
        kind: String,
        /// The columns there are, with their types.
        columns: String,
    },

    /// A file's columns differ from those of the set's first file.
    #[error(
        "`{}`: the column `{column}` is {found}, and in `{}` it is {expected}: a set's files must have the same columns",
        file.display(), first.display()
    )]
    DifferentColumns {
        /// The file that differs.
        file: PathBuf,
        /// The set's first file.
        first: PathBuf,
        /// The column.
        column: String,
        /// Its type, or that it is missing.
        found: String,
        /// Its type in the first file.
        expected: String,
    },

    /// A row has neither a picture's bytes nor its path.
    #[error("{place}: there is no picture: add one or remove the row")]
    NoPicture {
        /// The row.
        place: Place,
    },

    /// A row's picture has more bytes than a picture may have.
    #[error(
        "{place}: the picture has {bytes} bytes, more than the {limit} that a picture may have: make it smaller or remove the row"
    )]
    PictureTooLarge {
        /// The row.
        place: Place,
        /// The picture's size.
        bytes: u64,
        /// The largest size allowed.
        limit: u64,
    },

    /// A row's text isn't UTF-8.
    #[error("{place}: the {what} is not UTF-8 text: write it again as UTF-8 or remove the row")]
    NotUtf8 {
        /// The row.
        place: Place,
        /// The caption, or the picture's path.
        what: &'static str,
    },
}
