//! The rows of a set that fulfil a condition.

use std::borrow::Cow;
use std::sync::Arc;

use crate::{CaptionDataset, DataError, Picture, Subset};

/// The rows whose captions `keep` accepts. No picture is read.
///
/// A row whose captions can't be read stays: whoever reads it meets the error, under the policy
/// for bad rows that holds there.
///
/// ```
/// use std::sync::Arc;
///
/// use captioner_data::{CaptionDataset, InMemoryDataset, Picture, filter};
///
/// # fn main() -> Result<(), captioner_data::DataError> {
/// let mut set = InMemoryDataset::new("album");
/// set.push(Picture::Encoded(vec![1]), ["a cat", "a pet"]);
/// set.push(Picture::Encoded(vec![2]), ["untitled"]);
/// let titled = filter(Arc::new(set), |captions| captions.iter().all(|one| one != "untitled"));
/// assert_eq!(titled.len(), 1);
/// assert_eq!(titled.captions(0)?[1], "a pet");
/// # Ok(())
/// # }
/// ```
pub fn filter(set: Arc<dyn CaptionDataset>, mut keep: impl FnMut(&[String]) -> bool) -> Subset {
    let kept = |row: &usize| set.captions(*row).map_or(true, |captions| keep(&captions));
    let rows = (0..set.len()).filter(kept).collect();
    let name = format!("{}[filtered]", set.name());
    Subset::of_rows(set.clone(), rows, name)
}

/// The rows that `keep` accepts, which may look at the picture too. What it doesn't ask for isn't
/// read.
///
/// ```
/// use std::sync::Arc;
///
/// use captioner_data::{CaptionDataset, InMemoryDataset, Picture, filter_rows};
///
/// # fn main() -> Result<(), captioner_data::DataError> {
/// let mut set = InMemoryDataset::new("album");
/// set.push_named("a.png", Picture::Encoded(vec![0; 9]), ["a cat"]);
/// set.push_named("b.png", Picture::Encoded(vec![0; 9000]), ["a dog"]);
/// let small = filter_rows(Arc::new(set), |row| {
///     Ok(matches!(row.picture()?, Picture::Encoded(bytes) if bytes.len() < 1000))
/// })?;
/// assert_eq!((small.len(), small.row_name(0)?), (1, "a.png".to_owned()));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// The first one that `keep` returns. To leave out what can't be read, let it return `Ok(false)`.
pub fn filter_rows(
    set: Arc<dyn CaptionDataset>,
    mut keep: impl FnMut(Row<'_>) -> Result<bool, DataError>,
) -> Result<Subset, DataError> {
    let mut rows = Vec::new();
    for index in 0..set.len() {
        let set = set.as_ref();
        if keep(Row { set, index })? {
            rows.push(index);
        }
    }
    let name = format!("{}[filtered]", set.name());
    Ok(Subset::of_rows(set, rows, name))
}

/// A row of a set, read as far as it is asked for.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    set: &'a dyn CaptionDataset,
    index: usize,
}

impl<'a> Row<'a> {
    /// The row's index in the set, counted from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The picture's name.
    ///
    /// # Errors
    /// Those of [`CaptionDataset::row_name`].
    pub fn name(&self) -> Result<String, DataError> {
        self.set.row_name(self.index)
    }

    /// The captions.
    ///
    /// # Errors
    /// Those of [`CaptionDataset::captions`].
    pub fn captions(&self) -> Result<Cow<'a, [String]>, DataError> {
        self.set.captions(self.index)
    }

    /// The picture.
    ///
    /// # Errors
    /// Those of [`CaptionDataset::picture`].
    pub fn picture(&self) -> Result<Picture, DataError> {
        self.set.picture(self.index)
    }
}

impl std::fmt::Debug for Row<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut row = f.debug_struct("Row");
        row.field("set", &self.set.name())
            .field("index", &self.index)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_sets::{Broken, Peculiar};

    #[test]
    fn rows_are_kept_by_their_captions() {
        let set = Peculiar::new(&[5, 5]);
        let even = filter(set, |captions| captions[0].parse::<u32>().unwrap() % 2 == 0);
        assert_eq!(even.indices(), [0, 2, 4, 6, 8]);
        assert_eq!(even.blocks(), [0..3, 3..5]);
        assert_eq!(even.name(), "peculiar[filtered]");
    }

    #[test]
    fn rows_are_kept_by_anything_about_them() {
        let set = Peculiar::new(&[5, 5]);
        let kept = filter_rows(set, |row| {
            let Picture::Encoded(bytes) = row.picture()? else {
                return Ok(false);
            };
            assert_eq!(row.captions()?[0], row.index().to_string());
            Ok(bytes[0] > 3 && row.name()? != "row-7")
        });
        assert_eq!(kept.unwrap().indices(), [4, 5, 6, 8, 9]);
    }

    #[test]
    fn a_row_that_cant_be_read_stays_or_stops() {
        let set = Arc::new(Broken::new(4, &[1]));
        assert_eq!(filter(set.clone(), |_| false).indices(), [1]);
        let error = filter_rows(set.clone(), |row| Ok(row.captions()?.is_empty())).unwrap_err();
        assert!(error.to_string().contains("row 1 is broken"), "{error}");
        let read = filter_rows(set, |row| Ok(row.captions().is_ok())).unwrap();
        assert_eq!(read.indices(), [0, 2, 3]);
    }
}
