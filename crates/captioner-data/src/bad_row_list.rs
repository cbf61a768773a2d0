//! Leaving out bad rows while a set is opened, under the one policy for them.

use std::path::Path;

use crate::{BadRows, DataError, SkippedRow};

/// How many rows may be skipped. A file with more bad rows is none of captions,
/// and the list of its rows would take far more memory than the file.
const MAX_SKIPPED: usize = 1_000_000;

/// The bad rows of a set that is being opened.
#[derive(Debug)]
pub(crate) struct BadRowList {
    policy: BadRows,
    limit: usize,
    skipped: Vec<SkippedRow>,
    first: Option<DataError>,
}

impl BadRowList {
    pub(crate) fn new(policy: BadRows) -> Self {
        Self {
            policy,
            limit: MAX_SKIPPED,
            skipped: Vec::new(),
            first: None,
        }
    }

    pub(crate) fn policy(&self) -> BadRows {
        self.policy
    }

    /// Lists a bad row of the file or folder `path`; none is an error that is not about one row.
    ///
    /// # Errors
    /// The row's own error if it can't be skipped, or [`DataError::TooManyBadRows`].
    pub(crate) fn add(
        &mut self,
        path: &Path,
        error: DataError,
        row: Option<SkippedRow>,
    ) -> Result<(), DataError> {
        let (BadRows::Skip, Some(row)) = (self.policy, row) else {
            return Err(error);
        };
        if self.skipped.len() == self.limit {
            return Err(DataError::TooManyBadRows {
                path: path.to_owned(),
                limit: self.limit,
                first: Box::new(self.first.take().unwrap_or(error)),
            });
        }
        self.skipped.push(row);
        self.first.get_or_insert(error);
        Ok(())
    }

    /// The rows that were left out of the set at `path`, of which `good` rows remain.
    ///
    /// # Errors
    /// [`DataError::EmptyDataset`], or [`DataError::NoGoodRows`].
    pub(crate) fn finish(self, path: &Path, good: usize) -> Result<Vec<SkippedRow>, DataError> {
        if good > 0 {
            return Ok(self.skipped);
        }
        let path = path.to_owned();
        Err(match self.first {
            None => DataError::EmptyDataset { path },
            Some(first) => DataError::NoGoodRows {
                path,
                rows: self.skipped.len(),
                first: Box::new(first),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Place;

    #[test]
    fn the_list_of_skipped_rows_has_an_end() {
        let mut list = BadRowList::new(BadRows::Skip);
        list.limit = 2;
        let mut add = |row| {
            let path = Path::new("m.jsonl");
            let place = Place {
                path: path.to_owned(),
                row,
                line: row as u64,
            };
            let skipped = SkippedRow {
                row,
                description: place.to_string(),
                reason: String::new(),
            };
            list.add(path, DataError::NotUtf8 { place }, Some(skipped))
        };
        add(1).unwrap();
        add(2).unwrap();
        assert_eq!(
            add(3).unwrap_err().to_string(),
            "more than 2 rows of `m.jsonl` can't be used: fix the file, or remove those rows \
             from it; the first: `m.jsonl` row 1: not UTF-8 text: save the file as UTF-8"
        );
    }
}
