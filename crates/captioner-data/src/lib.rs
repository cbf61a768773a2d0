//! Captioned picture sets.
//!
//! A [`CaptionDataset`] is read row by row: a [`Row`] holds a [`Picture`] and
//! one caption or more. Two kinds of set are here:
//!
//! - [`Creatures`]: drawings which the program makes itself from a seed, so that
//!   a first training run needs no download;
//! - [`PictureFolder`]: a folder of pictures with `metadata.jsonl` or
//!   `metadata.csv`, laid out as the `imagefolder` builder of Hugging Face `datasets` reads it.
//!
//! [`open_dataset`] chooses between them by what a user typed, and
//! [`train_test_split`] cuts a set in two.
//!
//! ```
//! use captioner_data::{CaptionDataset, Picture, open_dataset, train_test_split};
//!
//! # fn main() -> Result<(), captioner_data::DataError> {
//! let set = open_dataset("creatures", 0)?;
//! assert_eq!(set.len(), 833);
//!
//! let split = train_test_split(set, 0.1, 42)?;
//! assert_eq!((split.train.len(), split.test.len()), (749, 84));
//!
//! let row = split.test.row(0)?;
//! assert!(row.captions[0].starts_with("a drawing of a"));
//! assert!(matches!(row.picture, Picture::Rgb8 { width: 256, height: 256, .. }));
//! # Ok(())
//! # }
//! ```
//!
//! The crate decodes no picture and knows no tensor: a picture from a folder is
//! handed on as the bytes of its file.

mod creatures;
mod dataset;
mod error;
mod folder;
mod open;
mod split;
mod subset;

pub use creatures::Creatures;
pub use dataset::{CaptionDataset, Feature, FeatureType, Picture, Row};
pub use error::{DataError, Place};
pub use folder::PictureFolder;
pub use open::open_dataset;
pub use split::{Split, train_test_split};
pub use subset::Subset;
