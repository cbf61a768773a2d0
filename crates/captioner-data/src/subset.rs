//! A view on some rows of a set.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use crate::blocks::runs;
use crate::{CaptionDataset, DataError, Feature, Picture, SkippedRow};

/// A view on some rows of a set, in an order of its own. Cloning it copies no row.
///
/// Everything is the set's, but for the name, the rows and their order. A block of
/// the view is a run of rows next to each other which lie in one block of the set.
/// [`skipped`](CaptionDataset::skipped) lists what was left out of the whole set.
#[derive(Clone)]
pub struct Subset {
    set: Arc<dyn CaptionDataset>,
    indices: Arc<[usize]>,
    name: String,
}

impl Subset {
    /// A view on the rows at `indices` (counted from 0; a row may come twice).
    ///
    /// # Errors
    /// [`DataError::RowOutOfRange`] if an index is past the end of `set`.
    pub fn new(
        set: Arc<dyn CaptionDataset>,
        indices: Vec<usize>,
        name: impl Into<String>,
    ) -> Result<Self, DataError> {
        let len = set.len();
        match indices.iter().find(|&&index| index >= len) {
            Some(&index) => Err(DataError::row_out_of_range(set.as_ref(), index)),
            None => Ok(Self::of_rows(set, indices, name)),
        }
    }

    /// A view on rows which are known to be there.
    pub(crate) fn of_rows(
        set: Arc<dyn CaptionDataset>,
        indices: Vec<usize>,
        name: impl Into<String>,
    ) -> Self {
        Self {
            set,
            indices: indices.into(),
            name: name.into(),
        }
    }

    /// The whole set's row indices which the view shows, in its order.
    pub fn indices(&self) -> &[usize] {
        &self.indices
    }

    fn source_row(&self, row: usize) -> Result<usize, DataError> {
        let found = self.indices.get(row).copied();
        found.ok_or_else(|| DataError::row_out_of_range(self, row))
    }
}

impl std::fmt::Debug for Subset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subset")
            .field("name", &self.name)
            .field("rows", &self.indices.len())
            .finish()
    }
}

impl CaptionDataset for Subset {
    fn name(&self) -> &str {
        &self.name
    }

    fn len(&self) -> usize {
        self.indices.len()
    }

    fn features(&self) -> Vec<Feature> {
        self.set.features()
    }

    fn captions(&self, row: usize) -> Result<Cow<'_, [String]>, DataError> {
        self.set.captions(self.source_row(row)?)
    }

    fn caption_count(&self, row: usize) -> Result<usize, DataError> {
        self.set.caption_count(self.source_row(row)?)
    }

    fn picture(&self, row: usize) -> Result<Picture, DataError> {
        self.set.picture(self.source_row(row)?)
    }

    fn row_name(&self, row: usize) -> Result<String, DataError> {
        self.set.row_name(self.source_row(row)?)
    }

    fn row_number(&self, row: usize) -> Result<usize, DataError> {
        self.set.row_number(self.source_row(row)?)
    }

    fn describe_row(&self, row: usize) -> Result<String, DataError> {
        self.set.describe_row(self.source_row(row)?)
    }

    fn blocks(&self) -> Vec<Range<usize>> {
        runs(&self.indices, &self.set.blocks())
    }

    fn rows_vary(&self) -> bool {
        self.set.rows_vary()
    }

    fn skipped(&self) -> &[SkippedRow] {
        self.set.skipped()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_sets::{Peculiar, numbered};

    #[test]
    fn a_view_shows_the_rows_of_its_set_in_its_own_order() {
        let set = Peculiar::new(&[2, 3]);
        let view = Subset::new(set.clone(), vec![4, 0], "two").unwrap();
        assert_eq!((view.name(), view.len()), ("two", 2));
        assert_eq!(view.picture(0).unwrap(), set.picture(4).unwrap());
        assert_eq!(*view.captions(1).unwrap(), ["0"]);
        assert_eq!(view.caption_count(0).unwrap(), 104);
        assert_eq!(view.row_name(1).unwrap(), "row-0");
        assert_eq!(view.row_number(0).unwrap(), 5);
        assert_eq!(view.describe_row(0).unwrap(), "the row that is called 4");
        assert_eq!(view.features(), set.features());
        assert_eq!(view.skipped(), set.skipped());
        assert!(view.rows_vary());
    }

    #[test]
    fn a_block_is_a_run_of_rows_of_one_block_of_the_set() {
        let set = Peculiar::new(&[3, 3, 3]);
        let view = Subset::new(set, vec![7, 8, 2, 0, 3, 1], "some").unwrap();
        assert_eq!(view.blocks(), [0..2, 2..4, 4..5, 5..6]);
        let view = Subset::new(Arc::new(view), vec![1, 0, 3, 5], "fewer").unwrap();
        assert_eq!(view.blocks(), [0..2, 2..3, 3..4]);
    }

    #[test]
    fn a_view_on_a_set_of_one_block_has_one() {
        let set: Arc<dyn CaptionDataset> = Arc::new(numbered(9));
        let view = Subset::new(set.clone(), vec![8, 0, 4], "three").unwrap();
        assert_eq!((view.blocks().len(), &view.blocks()[0]), (1, &(0..3)));
        let view = Subset::new(set, vec![], "none").unwrap();
        assert!(view.blocks().is_empty());
    }

    #[test]
    fn an_index_past_the_end_is_a_named_error() {
        let set: Arc<dyn CaptionDataset> = Arc::new(numbered(5));
        let error = Subset::new(set.clone(), vec![0, 5], "bad").unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no row at index 5: `numbered` has 5 rows"
        );
        let view = Subset::new(set, vec![0], "one").unwrap();
        let message = "there is no row at index 1: `one` has 1 rows";
        assert_eq!(view.picture(1).unwrap_err().to_string(), message);
        assert_eq!(view.captions(1).unwrap_err().to_string(), message);
        assert_eq!(view.caption_count(1).unwrap_err().to_string(), message);
        assert_eq!(view.row_name(1).unwrap_err().to_string(), message);
        assert_eq!(view.row_number(1).unwrap_err().to_string(), message);
        assert_eq!(view.describe_row(1).unwrap_err().to_string(), message);
    }
}
