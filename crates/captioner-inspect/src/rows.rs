//! The rows of all splits, numbered through.

use std::ops::Range;
use std::sync::Arc;

use captioner_data::CaptionDataset;
use serde::Serialize;

use crate::InspectError;

/// A split's name and its rows.
pub type NamedSplit = (String, Arc<dyn CaptionDataset>);

/// A row, as people find it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowName {
    /// The split.
    pub split: String,
    /// The row's number, counted from 1, as
    /// [`CaptionDataset::row_number`](captioner_data::CaptionDataset::row_number) counts it.
    pub row: usize,
    /// The picture's name.
    pub name: String,
}

/// The rows of all splits, one after the other.
pub(crate) struct Rows<'a> {
    splits: &'a [NamedSplit],
    /// The first row of each split, and behind the last the number of all.
    starts: Vec<usize>,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(splits: &'a [NamedSplit]) -> Result<Self, InspectError> {
        let mut starts = vec![0_usize];
        let mut rows = 0_usize;
        for (_, set) in splits {
            rows = rows.saturating_add(set.len());
            starts.push(rows);
        }
        let limit = u32::MAX as usize;
        match rows <= limit {
            true => Ok(Self { splits, starts }),
            false => Err(InspectError::TooManyRows { rows, limit }),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.starts.last().copied().unwrap_or(0)
    }

    pub(crate) fn splits(&self) -> &'a [NamedSplit] {
        self.splits
    }

    /// The split that a row is in.
    pub(crate) fn split_of(&self, row: u32) -> usize {
        self.starts.partition_point(|start| *start <= row as usize) - 1 // the first start is 0
    }

    /// A row's set, and its index there.
    pub(crate) fn place(&self, row: u32) -> (&'a dyn CaptionDataset, usize) {
        let split = self.split_of(row);
        (
            self.splits[split].1.as_ref(),
            row as usize - self.starts[split],
        )
    }

    pub(crate) fn name(&self, row: u32) -> RowName {
        let (set, index) = self.place(row);
        RowName {
            split: self.splits[self.split_of(row)].0.clone(),
            row: set.row_number(index).unwrap_or(index + 1),
            name: set
                .row_name(index)
                .unwrap_or_else(|_| format!("row-{index}")),
        }
    }

    pub(crate) fn names(&self, rows: &[u32]) -> Vec<RowName> {
        rows.iter().map(|row| self.name(*row)).collect()
    }

    /// Runs of at most `size` rows of one split each, in order.
    pub(crate) fn chunks(&self, size: usize) -> Vec<Range<u32>> {
        let splits = self.starts.windows(2).map(|ends| ends[0]..ends[1]);
        let chunks = splits.flat_map(|rows| {
            let end = rows.end;
            rows.step_by(size)
                .map(move |from| from as u32..end.min(from + size) as u32) // `new` checked it
        });
        chunks.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use captioner_data::{InMemoryDataset, Picture};

    fn split(name: &str, rows: usize) -> NamedSplit {
        let mut set = InMemoryDataset::new(name);
        set.extend((0..rows).map(|row| (Picture::Encoded(vec![]), [row.to_string()])));
        (name.to_owned(), Arc::new(set))
    }

    #[test]
    fn rows_are_found_in_their_split() {
        let splits = [split("a", 3), split("none", 0), split("b", 2)];
        let rows = Rows::new(&splits).unwrap();
        assert_eq!(rows.len(), 5);
        let of: Vec<_> = (0..5).map(|row| rows.split_of(row)).collect();
        assert_eq!(of, [0, 0, 0, 2, 2]);
        assert_eq!(rows.chunks(2), [0..2, 2..3, 3..5]);
        let name = rows.name(4);
        assert_eq!(
            (name.split.as_str(), name.row, name.name.as_str()),
            ("b", 2, "row-1")
        );
    }
}
