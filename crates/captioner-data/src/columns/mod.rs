//! The columns of a columnar set, in the Hub's image format: which hold the pictures and
//! the captions, and what a row's values come to.
//!
//! One place for Parquet files and Arrow files. The rules are those of `datasets`:
//! `features/image.py` for pictures, `huggingface` in the schema's metadata for which
//! column is one.

mod captions;
mod choose;
mod error;
mod picture;

pub(crate) use captions::{MAX_CAPTION_BYTES, checked_captions};
pub(crate) use choose::{Chosen, Column, ColumnKind, choose, same_columns};
pub use error::ColumnError;
pub(crate) use picture::{MAX_PICTURE_BYTES, PictureCell};
