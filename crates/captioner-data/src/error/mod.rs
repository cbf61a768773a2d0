//! What can be wrong with a data set.

mod rows;
mod words;

use std::io;
use std::path::PathBuf;

use crate::{CocoError, TarError, TestSize, TextPairError};

pub use rows::Place;
use words::{did_you_mean, or_name_one, quoted};

/// What can be wrong with a data set. Each message names the thing and what helps.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The folder isn't there.
    #[error("there is no folder `{}`: check the path", path.display())]
    FolderMissing {
        /// The folder asked for.
        path: PathBuf,
    },

    /// The file isn't there.
    #[error("there is no file `{}`: check the path", path.display())]
    FileMissing {
        /// The file asked for.
        path: PathBuf,
    },

    /// A file was given where a folder belongs.
    #[error("`{}` is not a folder: give the folder which holds the pictures and their metadata.jsonl or metadata.csv", path.display())]
    NotAFolder {
        /// The path asked for.
        path: PathBuf,
    },

    /// A Parquet file, where Parquet files are left out of the build.
    #[error("`{}`: Parquet files are left out of this build: build it with the feature `parquet`", path.display())]
    ParquetUnsupported {
        /// The file asked for.
        path: PathBuf,
    },

    /// Something of the form of a Hugging Face Hub id was given, and it is no folder here.
    #[error(
        "there is no folder `{id}`; it looks like the id of a set on the Hugging Face Hub, which `captioner::open_dataset` opens when built with `--features hub`: build it so, or give a folder"
    )]
    HubId {
        /// What was asked for.
        id: String,
    },

    /// A file or folder of a kind that is no set here.
    #[error("`{}` is {found}, which can't be read as a set: {help}", path.display())]
    UnsupportedFormat {
        /// The file or folder.
        path: PathBuf,
        /// What it is.
        found: &'static str,
        /// What helps.
        help: &'static str,
    },

    /// A set has several splits, and one is needed.
    #[error("`{set}` has the splits {}: name one of them", quoted(splits))]
    SplitNeeded {
        /// The set's name.
        set: String,
        /// Its splits.
        splits: Vec<String>,
    },

    /// A set has no split of this name.
    #[error("`{set}` has no split `{split}`: name one of {}", quoted(splits))]
    UnknownSplit {
        /// The set's name.
        set: String,
        /// The split asked for.
        split: String,
        /// Its splits.
        splits: Vec<String>,
    },

    /// The folder has no metadata file.
    #[error("`{}` has neither metadata.jsonl nor metadata.csv: add one with the columns `file_name` and `text`{}", folder.display(), did_you_mean(near))]
    NoMetadata {
        /// The folder.
        folder: PathBuf,
        /// Files that may have been meant as metadata.
        near: Vec<String>,
    },

    /// The pictures lie in a folder for each label, and there is no caption.
    #[error("`{}` has pictures in folders that look like labels ({}) and no captions: add metadata.jsonl with the columns `file_name` and `text`, or a .txt file beside each picture", folder.display(), quoted(labels))]
    LabelFolders {
        /// The folder.
        folder: PathBuf,
        /// The first of the labels.
        labels: Vec<String>,
    },

    /// The folder has metadata files of two kinds, and it is unclear which one counts.
    #[error("`{}` has both {first} and {second}: remove one of them", folder.display())]
    TwoMetadataFiles {
        /// The folder.
        folder: PathBuf,
        /// One of them, relative to the folder.
        first: String,
        /// The other one.
        second: String,
    },

    /// A metadata file is larger than can be meant.
    #[error("`{}` has {bytes} bytes, more than the {limit} that a metadata file may have: split the set", path.display())]
    MetadataTooLarge {
        /// The metadata file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// The largest size allowed.
        limit: u64,
    },

    /// A file or folder can't be read.
    #[error("can't read `{}`: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },

    /// A Git LFS pointer lies where the file itself belongs.
    #[error("`{}` is a Git LFS pointer, not the file itself: run `git lfs pull` in its repository", path.display())]
    LfsPointer {
        /// The file.
        path: PathBuf,
    },

    /// A row's picture can't be read.
    #[error("can't read the picture `{}` of {place}: {source}", path.display())]
    PictureUnreadable {
        /// The picture's file.
        path: PathBuf,
        /// The row which names it.
        place: Place,
        /// What the system says.
        source: io::Error,
    },

    /// A row's picture is larger than can be meant.
    #[error("the picture `{}` of {place} has {bytes} bytes, more than the {limit} that a picture may have: make it smaller or remove the row", path.display())]
    PictureTooLarge {
        /// The picture's file.
        path: PathBuf,
        /// The row which names it.
        place: Place,
        /// Its size.
        bytes: u64,
        /// The largest size allowed.
        limit: u64,
    },

    /// A row names a picture that isn't there.
    #[error("{place}: there is no picture `{file_name}` in the folder: add it or remove the row")]
    PictureMissing {
        /// The row.
        place: Place,
        /// The picture it names.
        file_name: String,
    },

    /// A row names a picture outside of the folder.
    #[error(
        "{place}: `{file_name}` is not a path inside the folder: give it relative to the folder, without `..`"
    )]
    PathOutside {
        /// The row.
        place: Place,
        /// The path it gives.
        file_name: String,
    },

    /// A row names a picture whose way leads out of the folder by a link.
    #[error(
        "{place}: `{file_name}` is reached by a link out of the folder: copy the picture into the folder"
    )]
    LinkOutside {
        /// The row.
        place: Place,
        /// The path it gives.
        file_name: String,
    },

    /// A row names several pictures.
    #[error("{place}: `{column}` names {pictures} pictures: name one in each row")]
    SeveralPictures {
        /// The row.
        place: Place,
        /// The column.
        column: String,
        /// How many it names.
        pictures: usize,
    },

    /// Several columns of a row name pictures.
    #[error(
        "{place}: the columns {} all name pictures: call the one to caption `file_name`",
        quoted(columns)
    )]
    SeveralPictureColumns {
        /// The row.
        place: Place,
        /// The columns.
        columns: Vec<String>,
    },

    /// Several columns of a table name pictures.
    #[error(
        "`{}`: the columns {} all name pictures: call the one to caption `file_name`", path.display(), quoted(columns)
    )]
    SeveralPictureHeaders {
        /// The metadata file.
        path: PathBuf,
        /// The columns.
        columns: Vec<String>,
    },

    /// The columns of a CSV file are not separated by commas.
    #[error("`{}`: the columns are separated by {separator}: separate them by commas", path.display())]
    WrongSeparator {
        /// The metadata file.
        path: PathBuf,
        /// What separates them.
        separator: &'static str,
    },

    /// A Parquet metadata file can't be read.
    #[error("`{}` can't be read as Parquet ({reason}): write it again", path.display())]
    InvalidParquet {
        /// The metadata file.
        path: PathBuf,
        /// What the reader says.
        reason: String,
    },

    /// A line isn't valid JSON.
    #[error(
        "{place}: not a JSON object ({reason}): write one object a line, such as {{\"file_name\": \"a.png\", \"text\": \"a cat\"}}"
    )]
    InvalidJson {
        /// The row.
        place: Place,
        /// What the parser says.
        reason: String,
    },

    /// A CSV row can't be read.
    #[error("{place}: {reason}: fix the row's commas and quotes")]
    InvalidCsv {
        /// The row.
        place: Place,
        /// What the parser says.
        reason: String,
    },

    /// A row isn't UTF-8.
    #[error("{place}: not UTF-8 text: save the file as UTF-8")]
    NotUtf8 {
        /// The row.
        place: Place,
    },

    /// A line is longer than can be meant.
    #[error("{place}: the line is longer than {limit} bytes: write one row a line")]
    LineTooLong {
        /// The row.
        place: Place,
        /// The greatest length allowed.
        limit: usize,
    },

    /// A row (or a CSV file's header) lacks a column.
    #[error(
        "{place}: the column {column} is missing: add it{}",
        or_name_one(there)
    )]
    MissingColumn {
        /// The row.
        place: Place,
        /// The column, or the columns of which one is needed.
        column: String,
        /// The other columns that are there.
        there: Vec<String>,
    },

    /// A table's header lacks a column.
    #[error("`{}`: the header has no column {column}: add it{}", path.display(), or_name_one(there))]
    MissingHeader {
        /// The metadata file.
        path: PathBuf,
        /// The column, or the columns of which one is needed.
        column: String,
        /// The other columns that are there.
        there: Vec<String>,
    },

    /// A value has the wrong type.
    #[error("{place}: `{column}` is {found}: write {expected}")]
    WrongType {
        /// The row.
        place: Place,
        /// The column.
        column: String,
        /// What is there.
        found: &'static str,
        /// What belongs there.
        expected: &'static str,
    },

    /// A caption is empty or blank, or a list of captions has no entry.
    #[error("{place}: the caption of `{file_name}` is empty: write one or remove the row")]
    EmptyCaption {
        /// The row.
        place: Place,
        /// The picture.
        file_name: String,
    },

    /// A caption is longer than can be meant.
    #[error("{place}: a caption of `{file_name}` has {bytes} bytes, more than {limit}: shorten it")]
    CaptionTooLong {
        /// The row.
        place: Place,
        /// The picture.
        file_name: String,
        /// The caption's length.
        bytes: usize,
        /// The greatest length allowed.
        limit: usize,
    },

    /// The set has no row.
    #[error("`{}` has no row: add at least one picture with a caption", path.display())]
    EmptyDataset {
        /// The metadata file.
        path: PathBuf,
    },

    /// No row of the set can be used, though bad rows may be skipped.
    #[error("none of the {rows} row(s) of `{}` can be used; the first: {first}", path.display())]
    NoGoodRows {
        /// The metadata file.
        path: PathBuf,
        /// How many rows there are.
        rows: usize,
        /// What is wrong with the first.
        #[source]
        first: Box<DataError>,
    },

    /// More rows are bad than are listed.
    #[error("more than {limit} rows of `{}` can't be used: fix the file, or remove those rows from it; the first: {first}", path.display())]
    TooManyBadRows {
        /// The metadata file.
        path: PathBuf,
        /// How many bad rows may be skipped.
        limit: usize,
        /// What is wrong with the first.
        #[source]
        first: Box<DataError>,
    },

    /// A row has no caption where one is needed.
    #[error("{row} has no caption: write one or remove the row")]
    NoCaption {
        /// Where the row is, as [`CaptionDataset::describe_row`](crate::CaptionDataset::describe_row) says.
        row: String,
    },

    /// There is no such row.
    #[error("there is no row at index {index}: `{set}` has {len} rows")]
    RowOutOfRange {
        /// The set's name.
        set: String,
        /// The index asked for, counted from 0.
        index: usize,
        /// How many rows there are.
        len: usize,
    },

    /// A test share that isn't a fraction.
    #[error("the test share {test_size} is not between 0 and 1: give a fraction such as 0.1")]
    InvalidTestSize {
        /// The value given.
        test_size: f64,
    },

    /// A split would leave one part empty.
    #[error(
        "a test size of {test_size} cuts the {rows} row(s) of `{set}` into {train} for training and {test} for testing, and neither may be empty: add rows or change the size"
    )]
    EmptySplit {
        /// The set's name.
        set: String,
        /// How many rows it has.
        rows: usize,
        /// The share or the number asked for.
        test_size: TestSize,
        /// How many rows the training part would get.
        train: usize,
        /// How many rows the test part would get.
        test: usize,
    },

    /// A set can't be cut into so many folds.
    #[error(
        "the {rows} row(s) of `{set}` can't be cut into {folds} folds: give a number from 2 to the number of rows"
    )]
    InvalidFolds {
        /// The set's name.
        set: String,
        /// How many rows it has.
        rows: usize,
        /// The number of folds asked for.
        folds: usize,
    },

    /// A change of captions leaves a row without any.
    #[error("{row}: the change of its captions leaves none: change it, or filter the row out")]
    NoCaptionLeft {
        /// Where the row is, as [`CaptionDataset::describe_row`](crate::CaptionDataset::describe_row) says.
        row: String,
    },

    /// There is no set to concatenate.
    #[error("no set was given to be concatenated: give at least one")]
    NothingToConcatenate,

    /// Sets to be concatenated have different columns.
    #[error(
        "`{first}` has the columns {first_columns}, and `{other}` has {other_columns}: rename the caption column of one of them"
    )]
    ColumnsDiffer {
        /// The first set's name.
        first: String,
        /// Its columns.
        first_columns: String,
        /// The name of the set that differs.
        other: String,
        /// Its columns.
        other_columns: String,
    },

    /// It is unclear which split to train on.
    #[error(
        "it is unclear which split of `{set}` to train on: name one of {}",
        quoted(splits)
    )]
    NoTrainSplit {
        /// The set's name.
        set: String,
        /// Its splits.
        splits: Vec<String>,
    },

    /// Both a split to evaluate on and rows to hold out were asked for.
    #[error(
        "an evaluation split (`{eval_split}`) and a test size ({test_size}) are given: give only one of them"
    )]
    EvalSplitAndTestSize {
        /// The split asked for.
        eval_split: String,
        /// The size asked for.
        test_size: TestSize,
    },

    /// A split has no row.
    #[error(
        "the split `{split}` of `{set}` has no row: choose another, or hold out rows with a test size"
    )]
    SplitIsEmpty {
        /// The set's name.
        set: String,
        /// The split.
        split: String,
    },

    /// A tar shard, or a sample of one, can't be used.
    #[error(transparent)]
    Tar(#[from] TarError),

    /// A COCO captions file can't be read.
    #[error(transparent)]
    Coco(#[from] CocoError),

    /// A folder of pictures and texts can't be read.
    #[error(transparent)]
    TextPairs(#[from] TextPairError),

    /// The columns of a Parquet or Arrow file, or one row of them.
    #[cfg(feature = "parquet")]
    #[error(transparent)]
    Columns(#[from] crate::ColumnError),

    /// A Parquet file.
    #[cfg(feature = "parquet")]
    #[error(transparent)]
    Parquet(#[from] crate::ParquetError),

    /// An Arrow file or a `save_to_disk` folder.
    #[cfg(feature = "parquet")]
    #[error(transparent)]
    Arrow(#[from] crate::ArrowError),

    /// A data set's own error.
    #[error("`{set}`: {source}")]
    Custom {
        /// The set's name.
        set: String,
        /// What is wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
