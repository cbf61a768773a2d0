//! A set with its splits.

use std::sync::Arc;

use crate::CaptionDataset;

/// A set with its splits by name, as a `DatasetDict` of Hugging Face `datasets`.
#[derive(Clone)]
pub struct DatasetSplits {
    name: String,
    splits: Vec<(String, Arc<dyn CaptionDataset>)>,
}

impl DatasetSplits {
    /// A set of this name with these splits, in this order.
    pub fn new(name: impl Into<String>, splits: Vec<(String, Arc<dyn CaptionDataset>)>) -> Self {
        Self {
            name: name.into(),
            splits,
        }
    }

    /// The set's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names of the splits.
    pub fn names(&self) -> Vec<&str> {
        self.splits.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// The split of this name.
    pub fn get(&self, split: &str) -> Option<&Arc<dyn CaptionDataset>> {
        let found = self.splits.iter().find(|(name, _)| name == split);
        found.map(|(_, set)| set)
    }

    /// The splits and their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Arc<dyn CaptionDataset>)> {
        self.splits.iter().map(|(name, set)| (name.as_str(), set))
    }
}
