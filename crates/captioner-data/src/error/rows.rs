//! Errors of rows: where they are, and how they are made.

use std::fmt;
use std::path::PathBuf;

use super::DataError;
use crate::CaptionDataset;
use crate::dataset::described;

/// A row of a metadata file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The metadata file.
    pub path: PathBuf,
    /// The row, counted from 1; blank lines don't count, and a CSV file's header is row 0.
    pub row: usize,
    /// The line of the file on which the row begins, counted from 1.
    pub line: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` row {}", self.path.display(), self.row)?;
        if self.line != self.row as u64 {
            write!(f, " (line {})", self.line)?;
        }
        Ok(())
    }
}

impl DataError {
    /// The row of a metadata file that is at fault, and the picture which it names
    /// if it could be read that far; none if the error isn't about such a row.
    pub(crate) fn bad_row(&self) -> Option<(&Place, Option<&str>)> {
        match self {
            Self::PictureMissing { place, file_name }
            | Self::PathOutside { place, file_name }
            | Self::LinkOutside { place, file_name }
            | Self::EmptyCaption { place, file_name }
            | Self::CaptionTooLong {
                place, file_name, ..
            } => Some((place, Some(file_name))),
            Self::InvalidJson { place, .. }
            | Self::InvalidCsv { place, .. }
            | Self::NotUtf8 { place }
            | Self::LineTooLong { place, .. }
            | Self::MissingColumn { place, .. }
            | Self::SeveralPictures { place, .. }
            | Self::SeveralPictureColumns { place, .. }
            | Self::WrongType { place, .. } => Some((place, None)),
            _ => None,
        }
    }

    /// The error for a row past the end of a set, for implementations of [`CaptionDataset`].
    pub fn row_out_of_range(set: &(impl CaptionDataset + ?Sized), row: usize) -> Self {
        Self::RowOutOfRange {
            set: set.name().to_owned(),
            index: row,
            len: set.len(),
        }
    }

    /// The error for a row whose captions are none, for whoever needs one.
    pub fn no_caption(set: &(impl CaptionDataset + ?Sized), row: usize) -> Self {
        Self::NoCaption {
            row: described(set, row),
        }
    }

    /// A data set's own error, for implementations of [`CaptionDataset`].
    ///
    /// ```
    /// let error = captioner_data::DataError::custom("my album", "the server is down");
    /// assert_eq!(error.to_string(), "`my album`: the server is down");
    /// ```
    pub fn custom(
        set: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Custom {
            set: set.into(),
            source: source.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::io;

    use super::*;

    #[test]
    fn a_sets_own_error_can_be_found_again() {
        let io = io::Error::from(io::ErrorKind::TimedOut);
        let error = DataError::custom("my album", io);
        assert_eq!(error.to_string(), "`my album`: timed out");
        let source = error.source().and_then(|e| e.downcast_ref::<io::Error>());
        assert_eq!(source.unwrap().kind(), io::ErrorKind::TimedOut);
    }
}
