//! Collecting the rows of a metadata file under the policy for bad ones.

use std::path::{Path, PathBuf};

use super::entry::Entry;
use super::metadata::Metadata;
use crate::{BadRows, DataError, FeatureType, Place, SkippedRow};

/// How many rows may be skipped. A file with more bad rows is none of metadata,
/// and the list of its lines would take far more memory than the file.
const MAX_SKIPPED: usize = 1_000_000;

/// The rows of a metadata file, as far as it has been read.
pub(super) struct Rows {
    folder: PathBuf,
    path: PathBuf,
    bad_rows: BadRows,
    max_skipped: usize,
    entries: Vec<Entry>,
    skipped: Vec<SkippedRow>,
    first_error: Option<DataError>,
}

impl Rows {
    /// No row yet of the metadata file at `path`, which lists pictures in `folder`.
    pub(super) fn new(folder: &Path, path: &Path, bad_rows: BadRows) -> Self {
        Self {
            folder: folder.to_owned(),
            path: path.to_owned(),
            bad_rows,
            max_skipped: MAX_SKIPPED,
            entries: Vec::new(),
            skipped: Vec::new(),
            first_error: None,
        }
    }

    /// The metadata file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The number of the next row, counted from 1; skipped rows count.
    pub(super) fn next_row(&self) -> usize {
        self.entries.len() + self.skipped.len() + 1
    }

    /// Where the next row is, if it begins on this line.
    pub(super) fn next_place(&self, line: u64) -> Place {
        Place {
            path: self.path.clone(),
            row: self.next_row(),
            line,
        }
    }

    /// Checks a row's values, as [`Entry::new`] does.
    pub(super) fn check(
        &self,
        place: &Place,
        file_name: &str,
        captions: &[&str],
    ) -> Result<Entry, DataError> {
        Entry::new(&self.folder, place, file_name, captions, self.bad_rows)
    }

    /// Adds the next row, or lists it as skipped.
    ///
    /// # Errors
    /// The row's own error if it can't be skipped.
    pub(super) fn add(&mut self, row: Result<Entry, DataError>) -> Result<(), DataError> {
        match (row, self.bad_rows) {
            (Ok(entry), _) => {
                self.entries.push(entry);
                Ok(())
            }
            (Err(error), BadRows::Stop) => Err(error),
            (Err(error), BadRows::Skip) => self.skip(error),
        }
    }

    fn skip(&mut self, error: DataError) -> Result<(), DataError> {
        let Some(skipped) = skipped_row(&error) else {
            return Err(error);
        };
        if self.skipped.len() == self.max_skipped {
            return Err(DataError::TooManyBadRows {
                path: self.path.clone(),
                limit: self.max_skipped,
                first: Box::new(self.first_error.take().unwrap_or(error)),
            });
        }
        self.skipped.push(skipped);
        self.first_error.get_or_insert(error);
        Ok(())
    }

    /// What was read, under the name and the type of its caption column.
    ///
    /// # Errors
    /// [`DataError::EmptyDataset`], or [`DataError::NoGoodRows`].
    pub(super) fn finish(
        self,
        caption_column: &str,
        caption_kind: FeatureType,
    ) -> Result<Metadata, DataError> {
        let path = self.path;
        if !self.entries.is_empty() {
            return Ok(Metadata {
                path,
                caption_column: caption_column.to_owned(),
                caption_kind,
                entries: self.entries,
                skipped: self.skipped,
            });
        }
        Err(match self.first_error {
            None => DataError::EmptyDataset { path },
            Some(first) => DataError::NoGoodRows {
                path,
                rows: self.skipped.len(),
                first: Box::new(first),
            },
        })
    }
}

/// The entry in the list of skipped rows; none if the error isn't about one row.
fn skipped_row(error: &DataError) -> Option<SkippedRow> {
    let (place, file_name) = error.bad_row()?;
    let message = error.to_string();
    // The list says the place beside the reason.
    let reason = message.strip_prefix(&format!("{place}: "));
    Some(SkippedRow {
        row: place.row,
        description: match file_name {
            Some(name) => format!("`{name}` of {place}"),
            None => place.to_string(),
        },
        reason: reason.unwrap_or(&message).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_skipped_rows_has_an_end() {
        let mut rows = Rows::new(Path::new("."), Path::new("m.jsonl"), BadRows::Skip);
        rows.max_skipped = 2;
        let mut add_bad = || {
            let place = rows.next_place(rows.next_row() as u64);
            rows.add(Err(DataError::NotUtf8 { place }))
        };
        add_bad().unwrap();
        add_bad().unwrap();
        assert_eq!(
            add_bad().unwrap_err().to_string(),
            "more than 2 rows of `m.jsonl` can't be used: fix the file, or remove those rows \
             from it; the first: `m.jsonl` row 1: not UTF-8 text: save the file as UTF-8"
        );
    }
}
