//! Some rows of a set.

use std::sync::Arc;

use crate::{CaptionDataset, DataError, Subset};

/// The rows at these indices (counted from 0), in this order; a row may come twice.
///
/// ```
/// use std::sync::Arc;
///
/// use captioner_data::{CaptionDataset, InMemoryDataset, Picture, select};
///
/// # fn main() -> Result<(), captioner_data::DataError> {
/// let mut set = InMemoryDataset::new("greys");
/// set.extend((0..9).map(|n| (Picture::Encoded(vec![n]), [format!("grey {n}")])));
/// let set = Arc::new(set);
/// assert_eq!(select(set.clone(), 0..4)?.len(), 4);
/// assert_eq!(*select(set, [8, 2])?.captions(0)?, ["grey 8"]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`DataError::RowOutOfRange`] if an index is past the end of the set.
pub fn select(
    set: Arc<dyn CaptionDataset>,
    rows: impl IntoIterator<Item = usize>,
) -> Result<Subset, DataError> {
    let name = format!("{}[selected]", set.name());
    let len = set.len();
    let check = |row| match row < len {
        true => Ok(row),
        // Stops here: a range may be far longer than the set.
        false => Err(DataError::row_out_of_range(set.as_ref(), row)),
    };
    let rows: Result<_, _> = rows.into_iter().map(check).collect();
    Ok(Subset::of_rows(set.clone(), rows?, name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_sets::{Peculiar, numbered};

    #[test]
    fn rows_are_selected_in_the_order_asked_for() {
        let set = Peculiar::new(&[2, 4]);
        let view = select(set, vec![5, 0, 1, 0]).unwrap();
        assert_eq!(view.name(), "peculiar[selected]");
        assert_eq!(view.indices(), [5, 0, 1, 0]);
        assert_eq!(view.blocks(), [0..1, 1..4]);
        assert_eq!(*view.captions(3).unwrap(), ["0"]);
    }

    #[test]
    fn a_row_past_the_end_is_a_named_error() {
        let set: Arc<dyn CaptionDataset> = Arc::new(numbered(3));
        assert!(select(set.clone(), []).unwrap().is_empty());
        for error in [select(set.clone(), 2..5), select(set, 0..usize::MAX)] {
            assert_eq!(
                error.unwrap_err().to_string(),
                "there is no row at index 3: `numbered` has 3 rows"
            );
        }
    }
}
