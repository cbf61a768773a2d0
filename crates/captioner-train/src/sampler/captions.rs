//! Which captions of a row an epoch uses.

use std::ops::Range;
use std::sync::Arc;

use captioner_data::CaptionDataset;

use crate::every_row::every_row;
use crate::named::named;

/// Which captions of a row an epoch uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CaptionChoice {
    /// One that is drawn at random each time the picture is seen.
    #[default]
    Random,
    /// The first.
    First,
    /// All: an epoch has a sample for each caption, with the picture of its row, in any order.
    All,
}

named!(CaptionChoice, "captions", { Random = "random", First = "first", All = "all" });

/// The samples of an epoch that has one for each caption, numbered row after row.
#[derive(Debug)]
pub(crate) struct CaptionPlaces {
    /// Where the samples of each row begin, and at last how many there are.
    starts: Box<[usize]>,
}

impl CaptionPlaces {
    /// Counts the captions of every row. A row without one, or whose captions can't be read, has a
    /// place as well: it is a bad row for whoever loads it.
    pub(crate) fn of(set: &Arc<dyn CaptionDataset>) -> Self {
        let counts = every_row(set.len(), |row| set.caption_count(row).unwrap_or(1).max(1));
        let mut next = 0;
        let starts = counts.into_iter().map(|count| {
            next += count;
            next
        });
        Self {
            starts: std::iter::once(0).chain(starts).collect(),
        }
    }

    /// The places of some rows.
    pub(super) fn of_rows(&self, rows: Range<usize>) -> Range<usize> {
        self.starts[rows.start]..self.starts[rows.end]
    }

    /// The row of a place, and which of its captions it is.
    pub(super) fn row_and_caption(&self, place: usize) -> (usize, usize) {
        let row = self.starts.partition_point(|start| *start <= place) - 1;
        (row, place - self.starts[row])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use captioner_data::{InMemoryDataset, Picture};

    #[test]
    fn every_caption_has_a_place_and_a_row_without_one_too() {
        let mut set = InMemoryDataset::new("counted");
        for count in [2, 0, 3] {
            set.push(Picture::Encoded(Vec::new()), vec!["a caption"; count]);
        }
        let set: Arc<dyn CaptionDataset> = Arc::new(set);
        let places = CaptionPlaces::of(&set);
        let all: Vec<_> = places
            .of_rows(0..3)
            .map(|p| places.row_and_caption(p))
            .collect();
        assert_eq!(all, [(0, 0), (0, 1), (1, 0), (2, 0), (2, 1), (2, 2)]);
        assert_eq!(places.of_rows(1..3), 2..6);
        let none: Arc<dyn CaptionDataset> = Arc::new(InMemoryDataset::new("empty"));
        assert!(CaptionPlaces::of(&none).of_rows(0..0).is_empty());
    }
}
