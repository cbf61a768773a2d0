//! What happens to rows that can't be used.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::CaptionDataset;
use crate::dataset::described;

/// What happens to a row that can't be used: its picture is missing or can't be
/// decoded, its caption is empty, its entry can't be read.
///
/// One policy holds from opening a set to reading its pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BadRows {
    /// The first bad row is an error which names it.
    #[default]
    Stop,
    /// Bad rows are left out, and listed as [`SkippedRow`]s.
    Skip,
}

/// A row that was left out under [`BadRows::Skip`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedRow {
    /// The row, counted from 1, as [`CaptionDataset::row_number`] counts it: rows that
    /// were left out count as well.
    pub row: usize,
    /// Where the row is: its picture, if it names one, and the file or the set which lists it.
    pub description: String,
    /// What is wrong with it, and what helps.
    pub reason: String,
}

impl SkippedRow {
    /// A row of an open set, left out because it can't be read or used.
    ///
    /// ```
    /// use captioner_data::{InMemoryDataset, Picture, SkippedRow};
    ///
    /// let mut set = InMemoryDataset::new("album");
    /// set.push(Picture::Encoded(b"no picture".to_vec()), ["a cat"]);
    /// let skipped = SkippedRow::new(&set, 0, "not a picture");
    /// assert_eq!(skipped.to_string(), "`row-0` of `album` row 1: not a picture");
    /// ```
    pub fn new(
        set: &(impl CaptionDataset + ?Sized),
        row: usize,
        reason: impl fmt::Display,
    ) -> Self {
        Self {
            row: set.row_number(row).unwrap_or(row + 1),
            description: described(set, row),
            reason: reason.to_string(),
        }
    }
}

impl fmt::Display for SkippedRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.description, self.reason)
    }
}
