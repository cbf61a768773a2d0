//! What a captioned picture set is.

use std::borrow::Cow;
use std::iter;
use std::ops::Range;

use crate::{DataError, Feature, Picture, SkippedRow};

/// A set of captioned pictures, read row by row.
///
/// A set is shared between loader threads, so reading takes `&self`. Row
/// indices count from 0; the rows that people read about count from 1.
///
/// Six methods are a whole set: here, squares of each grey, drawn when they are read.
///
/// ```
/// use std::borrow::Cow;
///
/// use captioner_data::{CaptionDataset, DataError, Feature, FeatureType, Picture};
///
/// struct Greys;
///
/// impl Greys {
///     fn grey(&self, row: usize) -> Result<u8, DataError> {
///         u8::try_from(row).map_err(|_| DataError::row_out_of_range(self, row))
///     }
/// }
///
/// impl CaptionDataset for Greys {
///     fn name(&self) -> &str {
///         "greys"
///     }
///     fn len(&self) -> usize {
///         256
///     }
///     fn features(&self) -> Vec<Feature> {
///         Feature::image_and("text", FeatureType::Text)
///     }
///     fn captions(&self, row: usize) -> Result<Cow<'_, [String]>, DataError> {
///         let grey = self.grey(row)?;
///         Ok(vec![format!("a square of grey {grey}")].into())
///     }
///     fn picture(&self, row: usize) -> Result<Picture, DataError> {
///         let pixels = vec![self.grey(row)?; 32 * 32 * 3];
///         Ok(Picture::Rgb8 { width: 32, height: 32, pixels })
///     }
///     fn row_name(&self, row: usize) -> Result<String, DataError> {
///         Ok(format!("grey-{}", self.grey(row)?))
///     }
/// }
///
/// # fn main() -> Result<(), DataError> {
/// assert_eq!(*Greys.captions(7)?, ["a square of grey 7"]);
/// assert_eq!(Greys.describe_row(7)?, "`grey-7` of `greys` row 8");
/// assert_eq!(Greys.blocks().len(), 1);
/// # Ok(())
/// # }
/// ```
pub trait CaptionDataset: Send + Sync {
    /// The set's name, for people: `creatures`, or the folder's path.
    fn name(&self) -> &str;

    /// How many rows the set has.
    fn len(&self) -> usize;

    /// Whether the set has no row.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The columns and their types.
    fn features(&self) -> Vec<Feature>;

    /// A row's captions as they are written in the set, read without its picture.
    ///
    /// There may be none: who needs one reports [`DataError::NoCaption`].
    ///
    /// # Errors
    /// [`DataError::RowOutOfRange`], or that the row can't be read.
    fn captions(&self, row: usize) -> Result<Cow<'_, [String]>, DataError>;

    /// How many captions a row has.
    ///
    /// By default they are read and counted; a set that knows their number without
    /// reading them says so here.
    ///
    /// # Errors
    /// Those of [`CaptionDataset::captions`].
    fn caption_count(&self, row: usize) -> Result<usize, DataError> {
        Ok(self.captions(row)?.len())
    }

    /// Reads (or draws) a row's picture, without its captions.
    ///
    /// # Errors
    /// [`DataError::RowOutOfRange`], or that the picture can't be read.
    fn picture(&self, row: usize) -> Result<Picture, DataError>;

    /// The picture's name: its file name relative to the set, or for example `creature-17`.
    ///
    /// # Errors
    /// [`DataError::RowOutOfRange`].
    fn row_name(&self, row: usize) -> Result<String, DataError>;

    /// A row's number for people, counted from 1, where the row comes from: in a
    /// metadata file of which rows were left out, those count as well.
    ///
    /// # Errors
    /// [`DataError::RowOutOfRange`].
    fn row_number(&self, row: usize) -> Result<usize, DataError> {
        if row < self.len() {
            Ok(row + 1)
        } else {
            Err(DataError::row_out_of_range(self, row))
        }
    }

    /// Where a row comes from, for messages about it: the picture, the row's
    /// number, and the file or the set which lists it.
    ///
    /// # Errors
    /// [`DataError::RowOutOfRange`].
    fn describe_row(&self, row: usize) -> Result<String, DataError> {
        let (name, number) = (self.row_name(row)?, self.row_number(row)?);
        Ok(format!("`{name}` of `{}` row {number}", self.name()))
    }

    /// The natural blocks: runs of rows which are cheap to read together, such as
    /// the row groups of a Parquet file or the shards of a tar set.
    ///
    /// They are in order and cover `0..len` without a gap or an overlap, and they
    /// are the same each time the set is opened. A sampler shuffles the blocks and
    /// the rows within them. One block, the default, says that any row costs the
    /// same wherever it lies; an empty set has none.
    fn blocks(&self) -> Vec<Range<usize>> {
        let all = 0..self.len();
        iter::once(all).filter(|all| !all.is_empty()).collect()
    }

    /// Whether reading a row twice may give different pictures, so that keeping
    /// them would be wrong.
    fn rows_vary(&self) -> bool {
        false
    }

    /// The rows which were left out when the set was opened, under
    /// [`BadRows::Skip`](crate::BadRows::Skip).
    fn skipped(&self) -> &[SkippedRow] {
        &[]
    }
}

/// [`CaptionDataset::describe_row`] for a message, which must be possible for any row.
pub(crate) fn described(set: &(impl CaptionDataset + ?Sized), row: usize) -> String {
    let described = set.describe_row(row);
    described.unwrap_or_else(|_| format!("`{}` row {}", set.name(), row + 1))
}
