//! The splits of a set.

use std::sync::Arc;

use crate::{CaptionDataset, DataError, OpenOptions};

/// The splits of a set by name, like `datasets`' `DatasetDict`.
///
/// ```
/// use std::sync::Arc;
///
/// use captioner_data::{DatasetSplits, InMemoryDataset, Picture};
///
/// let mut set = InMemoryDataset::new("album");
/// set.push(Picture::Encoded(vec![]), ["a cat"]);
/// let splits = DatasetSplits::new("album", vec![("train".to_owned(), Arc::new(set))]);
/// assert_eq!(splits.names(), ["train"]);
/// assert_eq!(splits.get("train").unwrap().len(), 1);
/// assert!(splits.get("test").is_none());
/// ```
#[derive(Clone)]
pub struct DatasetSplits {
    name: String,
    splits: Vec<(String, Arc<dyn CaptionDataset>)>,
}

impl DatasetSplits {
    /// The splits of the set called `name`, in this order.
    pub fn new(name: impl Into<String>, splits: Vec<(String, Arc<dyn CaptionDataset>)>) -> Self {
        Self {
            name: name.into(),
            splits,
        }
    }

    /// The set's name, for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names of the splits, in order.
    pub fn names(&self) -> Vec<&str> {
        self.splits.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// The split of this name.
    pub fn get(&self, split: &str) -> Option<&Arc<dyn CaptionDataset>> {
        let found = self.splits.iter().find(|(name, _)| name == split);
        found.map(|(_, set)| set)
    }

    /// Names and splits, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Arc<dyn CaptionDataset>)> {
        self.splits.iter().map(|(name, set)| (name.as_str(), set))
    }

    /// How many splits there are.
    pub fn len(&self) -> usize {
        self.splits.len()
    }

    /// Whether there is no split.
    pub fn is_empty(&self) -> bool {
        self.splits.is_empty()
    }
}

impl std::fmt::Debug for DatasetSplits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let rows = self.iter().map(|(name, set)| (name, set.len()));
        f.debug_map().entries(rows).finish()
    }
}

impl OpenOptions {
    /// Which of the splits of the set `set` is asked for: the one that is named, or the only one.
    ///
    /// # Errors
    /// [`DataError::UnknownSplit`], [`DataError::SplitNeeded`].
    pub(crate) fn choose_split<'a>(
        &self,
        set: &str,
        names: impl Iterator<Item = &'a str> + Clone,
    ) -> Result<usize, DataError> {
        let splits = || names.clone().map(str::to_owned).collect();
        match &self.split {
            Some(split) => names.clone().position(|name| name == split).ok_or_else(|| {
                DataError::UnknownSplit {
                    set: set.to_owned(),
                    split: split.clone(),
                    splits: splits(),
                }
            }),
            None if names.clone().count() == 1 => Ok(0),
            None => Err(DataError::SplitNeeded {
                set: set.to_owned(),
                splits: splits(),
            }),
        }
    }
}
