//! Small sets for this crate's tests.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use crate::{CaptionDataset, DataError, Feature, InMemoryDataset, Picture, SkippedRow};

/// Rows whose picture and caption are their index.
pub(crate) fn numbered(rows: usize) -> InMemoryDataset {
    let mut set = InMemoryDataset::new("numbered");
    let picture = |row: usize| Picture::Encoded(row.to_le_bytes().to_vec());
    set.extend((0..rows).map(|row| (picture(row), [row.to_string()])));
    set
}

/// A set which says something of its own wherever there is a default.
pub(crate) struct Peculiar {
    pub(crate) set: InMemoryDataset,
    pub(crate) blocks: Vec<Range<usize>>,
    pub(crate) skipped: Vec<SkippedRow>,
}

impl Peculiar {
    /// [`numbered`] in blocks of these sizes.
    pub(crate) fn new(block_sizes: &[usize]) -> Arc<Self> {
        let mut blocks = Vec::new();
        let mut rows = 0;
        for size in block_sizes {
            blocks.push(rows..rows + size);
            rows += size;
        }
        Arc::new(Self {
            set: numbered(rows),
            blocks,
            skipped: vec![SkippedRow {
                row: 1,
                description: "`lost.png` row 1".to_owned(),
                reason: "there is no picture".to_owned(),
            }],
        })
    }
}

impl CaptionDataset for Peculiar {
    fn name(&self) -> &str {
        "peculiar"
    }

    fn len(&self) -> usize {
        self.set.len()
    }

    fn features(&self) -> Vec<Feature> {
        self.set.features()
    }

    fn captions(&self, row: usize) -> Result<Cow<'_, [String]>, DataError> {
        self.set.captions(row)
    }

    fn caption_count(&self, row: usize) -> Result<usize, DataError> {
        Ok(100 + row)
    }

    fn picture(&self, row: usize) -> Result<Picture, DataError> {
        self.set.picture(row)
    }

    fn row_name(&self, row: usize) -> Result<String, DataError> {
        self.set.row_name(row)
    }

    fn describe_row(&self, row: usize) -> Result<String, DataError> {
        Ok(format!("the row that is called {row}"))
    }

    fn blocks(&self) -> Vec<Range<usize>> {
        self.blocks.clone()
    }

    fn rows_vary(&self) -> bool {
        true
    }

    fn skipped(&self) -> &[SkippedRow] {
        &self.skipped
    }
}

/// [`numbered`] with some rows that can't be read.
pub(crate) struct Broken {
    set: InMemoryDataset,
    broken: Vec<usize>,
}

impl Broken {
    pub(crate) fn new(rows: usize, broken: &[usize]) -> Self {
        Self {
            set: numbered(rows),
            broken: broken.to_owned(),
        }
    }

    fn check(&self, row: usize) -> Result<(), DataError> {
        match self.broken.contains(&row) {
            true => Err(DataError::custom(
                "numbered",
                format!("row {row} is broken"),
            )),
            false => Ok(()),
        }
    }
}

impl CaptionDataset for Broken {
    fn name(&self) -> &str {
        "broken"
    }

    fn len(&self) -> usize {
        self.set.len()
    }

    fn features(&self) -> Vec<Feature> {
        self.set.features()
    }

    fn captions(&self, row: usize) -> Result<Cow<'_, [String]>, DataError> {
        self.check(row)?;
        self.set.captions(row)
    }

    fn picture(&self, row: usize) -> Result<Picture, DataError> {
        self.check(row)?;
        self.set.picture(row)
    }

    fn row_name(&self, row: usize) -> Result<String, DataError> {
        self.set.row_name(row)
    }
}
