//! A view on some rows of a set.

use std::sync::Arc;

use crate::{CaptionDataset, DataError, Feature, Row};

/// A view on some rows of a set, in an order of its own. Cloning it copies no row.
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
            Some(&index) => Err(DataError::out_of_range(set.name(), index, len)),
            None => Ok(Self {
                set,
                indices: indices.into(),
                name: name.into(),
            }),
        }
    }

    /// The whole set's row indices which the view shows, in its order.
    pub fn indices(&self) -> &[usize] {
        &self.indices
    }

    fn source_index(&self, index: usize) -> Result<usize, DataError> {
        let found = self.indices.get(index).copied();
        found.ok_or_else(|| DataError::out_of_range(&self.name, index, self.indices.len()))
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

    fn captions(&self, index: usize) -> Result<&[String], DataError> {
        self.set.captions(self.source_index(index)?)
    }

    fn row_name(&self, index: usize) -> Result<String, DataError> {
        self.set.row_name(self.source_index(index)?)
    }

    fn describe_row(&self, index: usize) -> Result<String, DataError> {
        self.set.describe_row(self.source_index(index)?)
    }

    fn row(&self, index: usize) -> Result<Row, DataError> {
        self.set.row(self.source_index(index)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Creatures;

    #[test]
    fn a_view_shows_the_rows_of_its_set_in_its_own_order() {
        let set: Arc<dyn CaptionDataset> = Arc::new(Creatures::with_rows(5, 1));
        let view = Subset::new(set.clone(), vec![4, 0], "two").unwrap();
        assert_eq!(view.len(), 2);
        assert_eq!(view.row(0).unwrap(), set.row(4).unwrap());
        assert_eq!(view.captions(1).unwrap(), set.captions(0).unwrap());
        assert_eq!(view.row_name(1).unwrap(), "creature-0");
        assert_eq!(view.describe_row(0).unwrap(), set.describe_row(4).unwrap());
        assert_eq!(view.features(), set.features());
    }

    #[test]
    fn an_index_past_the_end_is_a_named_error() {
        let set: Arc<dyn CaptionDataset> = Arc::new(Creatures::with_rows(5, 1));
        let error = Subset::new(set.clone(), vec![0, 5], "bad").unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no row at index 5: `creatures` has 5 rows"
        );
        let error = Subset::new(set, vec![0], "one")
            .unwrap()
            .row(1)
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no row at index 1: `one` has 1 rows"
        );
    }
}
