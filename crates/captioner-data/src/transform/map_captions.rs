//! Captions changed as they are read.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::dataset::described;
use crate::{CaptionDataset, DataError, Feature, FeatureType, Picture, SkippedRow};

type Map = dyn Fn(&[String]) -> Vec<String> + Send + Sync;

/// A set whose captions, or the name of their column, are changed. Everything else is the set's.
#[derive(Clone)]
pub struct MappedCaptions {
    set: Arc<dyn CaptionDataset>,
    map: Option<Arc<Map>>,
    column: Option<String>,
    kind: Option<FeatureType>,
}

/// Changes each caption as it is read. One that becomes blank is left out, and a row of which none
/// is left is a bad row.
///
/// ```
/// use std::sync::Arc;
///
/// use captioner_data::{CaptionDataset, InMemoryDataset, Picture, map_captions};
///
/// # fn main() -> Result<(), captioner_data::DataError> {
/// let mut set = InMemoryDataset::new("album");
/// set.push(Picture::Encoded(vec![1]), ["A Cat"]);
/// let set = map_captions(Arc::new(set), |caption| caption.to_lowercase());
/// assert_eq!(*set.captions(0)?, ["a cat"]);
/// # Ok(())
/// # }
/// ```
pub fn map_captions(
    set: Arc<dyn CaptionDataset>,
    map: impl Fn(&str) -> String + Send + Sync + 'static,
) -> MappedCaptions {
    MappedCaptions {
        map: Some(Arc::new(move |captions: &[String]| {
            captions.iter().map(|caption| map(caption)).collect()
        })),
        ..MappedCaptions::of(set)
    }
}

/// Changes the captions of a row together as they are read: their number may change. Blank ones
/// are left out, and a row of which none is left is a bad row.
///
/// ```
/// use std::sync::Arc;
///
/// use captioner_data::{CaptionDataset, InMemoryDataset, Picture, map_caption_lists};
///
/// # fn main() -> Result<(), captioner_data::DataError> {
/// let mut set = InMemoryDataset::new("album");
/// set.push(Picture::Encoded(vec![1]), ["a cat", "a grey cat on a sofa"]);
/// let longest = |captions: &[String]| captions.iter().max_by_key(|one| one.len()).cloned();
/// let set = map_caption_lists(Arc::new(set), move |captions| Vec::from_iter(longest(captions)));
/// assert_eq!(*set.captions(0)?, ["a grey cat on a sofa"]);
/// # Ok(())
/// # }
/// ```
pub fn map_caption_lists(
    set: Arc<dyn CaptionDataset>,
    map: impl Fn(&[String]) -> Vec<String> + Send + Sync + 'static,
) -> MappedCaptions {
    MappedCaptions {
        map: Some(Arc::new(map)),
        kind: Some(FeatureType::TextList),
        ..MappedCaptions::of(set)
    }
}

/// Gives the caption column another name, so that [`concatenate`](crate::concatenate) takes sets
/// whose columns are called differently.
///
/// ```
/// use std::sync::Arc;
///
/// use captioner_data::{CaptionDataset, InMemoryDataset, rename_caption_column};
///
/// let set = rename_caption_column(Arc::new(InMemoryDataset::new("album")), "prompt");
/// assert_eq!(set.features()[1].name, "prompt");
/// ```
pub fn rename_caption_column(
    set: Arc<dyn CaptionDataset>,
    name: impl Into<String>,
) -> MappedCaptions {
    MappedCaptions {
        column: Some(name.into()),
        ..MappedCaptions::of(set)
    }
}

impl MappedCaptions {
    fn of(set: Arc<dyn CaptionDataset>) -> Self {
        Self {
            set,
            map: None,
            column: None,
            kind: None,
        }
    }
}

impl fmt::Debug for MappedCaptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut set = f.debug_struct("MappedCaptions");
        set.field("set", &self.set.name()).finish_non_exhaustive()
    }
}

impl CaptionDataset for MappedCaptions {
    fn name(&self) -> &str {
        self.set.name()
    }

    fn len(&self) -> usize {
        self.set.len()
    }

    fn features(&self) -> Vec<Feature> {
        let mut features = self.set.features();
        // The picture is the first column, and the captions are the second.
        for feature in features.iter_mut().skip(1) {
            if let Some(name) = &self.column {
                feature.name.clone_from(name);
            }
            feature.kind = self.kind.unwrap_or(feature.kind);
        }
        features
    }

    /// # Errors
    /// [`DataError::NoCaptionLeft`] if the change leaves no caption of those that were there.
    fn captions(&self, row: usize) -> Result<Cow<'_, [String]>, DataError> {
        let captions = self.set.captions(row)?;
        let Some(map) = &self.map else {
            return Ok(captions);
        };
        let mut mapped = map(&captions);
        mapped.retain(|caption| !caption.trim().is_empty());
        if mapped.is_empty() && !captions.is_empty() {
            return Err(DataError::NoCaptionLeft {
                row: described(self, row),
            });
        }
        Ok(mapped.into())
    }

    fn caption_count(&self, row: usize) -> Result<usize, DataError> {
        match self.map {
            None => self.set.caption_count(row),
            Some(_) => Ok(self.captions(row)?.len()),
        }
    }

    fn picture(&self, row: usize) -> Result<Picture, DataError> {
        self.set.picture(row)
    }

    fn row_name(&self, row: usize) -> Result<String, DataError> {
        self.set.row_name(row)
    }

    fn row_number(&self, row: usize) -> Result<usize, DataError> {
        self.set.row_number(row)
    }

    fn describe_row(&self, row: usize) -> Result<String, DataError> {
        self.set.describe_row(row)
    }

    fn blocks(&self) -> Vec<Range<usize>> {
        self.set.blocks()
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
    use crate::InMemoryDataset;
    use crate::test_sets::Peculiar;

    fn album() -> Arc<InMemoryDataset> {
        let mut set = InMemoryDataset::new("album");
        set.push(Picture::Encoded(vec![1]), ["a cat", "untitled"]);
        set.push(Picture::Encoded(vec![2]), ["untitled"]);
        set.push(Picture::Encoded(vec![3]), Vec::<String>::new());
        Arc::new(set)
    }

    #[test]
    fn a_row_that_loses_its_captions_is_a_bad_row() {
        let set = map_captions(album(), |caption| caption.replace("untitled", " "));
        assert_eq!(*set.captions(0).unwrap(), ["a cat"]);
        assert_eq!(set.caption_count(0).unwrap(), 1);
        let message = "`row-1` of `album` row 2: the change of its captions leaves none: change it, \
                       or filter the row out";
        assert_eq!(set.captions(1).unwrap_err().to_string(), message);
        assert_eq!(set.caption_count(1).unwrap_err().to_string(), message);
        assert!(set.captions(2).unwrap().is_empty(), "it had none before");
        assert!(set.captions(3).is_err());
        let set = map_caption_lists(album(), |_| Vec::new());
        assert!(set.captions(0).is_err());
    }

    #[test]
    fn everything_else_is_the_sets() {
        let set = Peculiar::new(&[2, 3]);
        let lists = map_caption_lists(set.clone(), |captions| [captions, captions].concat());
        assert_eq!(lists.features()[1].kind, FeatureType::TextList);
        assert_eq!(lists.caption_count(4).unwrap(), 2);
        let mapped = map_captions(set.clone(), str::to_uppercase);
        assert_eq!(mapped.features(), set.features());
        let renamed = rename_caption_column(set.clone(), "prompt");
        assert_eq!(renamed.features()[1].name, "prompt");
        assert_eq!(
            renamed.caption_count(4).unwrap(),
            104,
            "nothing is read to count"
        );
        for view in [lists, mapped, renamed] {
            assert_eq!((view.name(), view.len()), ("peculiar", 5));
            assert_eq!(view.picture(3).unwrap(), set.picture(3).unwrap());
            assert_eq!(view.row_name(3).unwrap(), "row-3");
            assert_eq!(view.row_number(3).unwrap(), 4);
            assert_eq!(view.describe_row(3).unwrap(), "the row that is called 3");
            assert_eq!(view.blocks(), [0..2, 2..5]);
            assert!(view.rows_vary());
            assert_eq!(view.skipped(), set.skipped());
        }
    }
}
