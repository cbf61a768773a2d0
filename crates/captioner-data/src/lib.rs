//! Captioned picture sets.
//!
//! A [`CaptionDataset`] is read row by row: each row has a [`Picture`] and its
//! captions, read apart. These kinds of set are here:
//!
//! - [`PictureFolder`]: a folder of pictures with `metadata.jsonl`, `metadata.csv` or
//!   `metadata.parquet`, laid out as the `imagefolder` builder of Hugging Face `datasets` reads it;
//! - [`TextPairFolder`]: a folder of pictures with a text file beside each;
//! - `ParquetDataset` and `ArrowDataset` (feature `parquet`, on by default): the Hub's image format,
//!   and what `save_to_disk` writes;
//! - [`TarDataset`]: tar shards of the WebDataset form, read in place;
//! - [`CocoDataset`]: COCO captions, and Karpathy's split of them;
//! - [`InMemoryDataset`]: pictures and captions which the caller has already.
//!
//! A set of one's own takes six methods: the example at [`CaptionDataset`] is one.
//! [`open_dataset`] opens what a user named, and [`open_splits`] all splits of it.
//! [`train_test_split`] cuts a set in two, and [`train_and_eval`] takes the splits that a set brings.
//! [`shuffle`], [`select`], [`filter`], [`map_captions`], [`concatenate`] and [`k_fold`] make sets from
//! sets.
//!
//! ```
//! use std::sync::Arc;
//!
//! use captioner_data::{CaptionDataset, InMemoryDataset, Picture, train_test_split};
//!
//! # fn main() -> Result<(), captioner_data::DataError> {
//! let mut set = InMemoryDataset::new("greys");
//! for grey in 0..20 {
//!     let picture = Picture::Rgb8 { width: 4, height: 4, pixels: vec![grey; 48] };
//!     set.push(picture, [format!("a square of grey {grey}")]);
//! }
//!
//! let split = train_test_split(Arc::new(set), 0.1, 42)?;
//! assert_eq!((split.train.len(), split.test.len()), (18, 2));
//! assert!(split.test.captions(0)?[0].starts_with("a square of grey"));
//! assert!(matches!(split.test.picture(0)?, Picture::Rgb8 { width: 4, height: 4, .. }));
//! # Ok(())
//! # }
//! ```
//!
//! The crate decodes no picture and knows no tensor: a picture from a folder is
//! handed on as the bytes of its file.

#[cfg(feature = "parquet")]
mod arrow;
mod bad_row_list;
mod bad_rows;
mod blocks;
mod coco;
#[cfg(feature = "parquet")]
mod columns;
mod dataset;
mod error;
mod feature;
mod folder;
mod in_memory;
mod layout;
mod open;
mod open_formats;
#[cfg(feature = "parquet")]
mod parquet;
mod picture;
mod picture_extensions;
mod picture_file;
#[cfg(feature = "parquet")]
mod read_at;
mod row_table;
mod shard_pattern;
mod split;
mod split_names;
mod splits;
mod subset;
#[cfg(test)]
mod test_sets;
mod text_pairs;
mod transform;
mod tree;
mod webdataset;

#[cfg(feature = "parquet")]
pub use arrow::{ArrowDataset, ArrowError, saved_splits};
pub use bad_rows::{BadRows, SkippedRow};
pub use coco::{CocoDataset, CocoError};
#[cfg(feature = "parquet")]
pub use columns::ColumnError;
pub use dataset::CaptionDataset;
pub use error::{DataError, Place};
pub use feature::{Feature, FeatureType};
pub use folder::PictureFolder;
pub use in_memory::InMemoryDataset;
pub use open::{OpenOptions, open_dataset, open_splits};
#[cfg(feature = "parquet")]
pub use parquet::{PageError, ParquetDataset, ParquetError};
pub use picture::Picture;
pub use split::{Split, train_test_split};
pub use splits::DatasetSplits;
pub use subset::Subset;
pub use text_pairs::{TextPairError, TextPairFolder};
pub use transform::{
    Concatenated, DEFAULT_TEST_SIZE, MappedCaptions, ParseTestSizeError, Row, SplitChoice,
    TestSize, concatenate, filter, filter_rows, k_fold, map_caption_lists, map_captions,
    rename_caption_column, select, shuffle, train_and_eval,
};
pub use webdataset::{SampleProblem, TarDataset, TarError};
