//! Collecting the rows of metadata files under the policy for bad ones.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::captions::check_captions;
use super::columns::Columns;
use super::metadata::MetadataFile;
use super::picture_path::inside;
use crate::bad_row_list::BadRowList;
use crate::row_table::RowTable;
use crate::tree::{Presence, Tree};
use crate::{DataError, FeatureType, OpenOptions, Place, SkippedRow};

/// The rows of a set's metadata files, as far as they have been read.
pub(super) struct Rows<'t> {
    tree: &'t Tree,
    pub(super) columns: Columns,
    pub(super) table: RowTable,
    bad: BadRowList,
    /// The file that is being read, its folder with a `/` behind, and how many of its rows were read.
    path: PathBuf,
    folder: String,
    read: usize,
    name: String,
    /// The caption column of the first good row.
    pub(super) column: Option<String>,
    pub(super) kind: FeatureType,
}

/// A row's values as they stand in the file.
pub(super) struct Values<'a> {
    pub(super) file_name: &'a str,
    pub(super) captions: &'a [Cow<'a, str>],
    /// The rank of the caption column.
    pub(super) rank: usize,
    pub(super) kind: FeatureType,
}

impl<'t> Rows<'t> {
    /// No row yet of a set in `tree`.
    pub(super) fn new(tree: &'t Tree, options: &OpenOptions) -> Self {
        Self {
            tree,
            columns: Columns::new(options),
            table: RowTable::default(),
            bad: BadRowList::new(options.bad_rows),
            path: PathBuf::new(),
            folder: String::new(),
            read: 0,
            name: String::new(),
            column: None,
            kind: FeatureType::Text,
        }
    }

    /// The rows that follow are those of this file.
    pub(super) fn begin(&mut self, file: &MetadataFile) {
        self.path = self.tree.root().join(&file.path);
        self.folder = file.folder().to_owned();
        self.read = 0;
    }

    /// The metadata file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the next row is, if it begins on this line.
    pub(super) fn next_place(&self, line: u64) -> Place {
        Place {
            path: self.path.clone(),
            row: self.read + 1,
            line,
        }
    }

    /// Adds the next row, or lists it as skipped.
    ///
    /// # Errors
    /// The row's own error if it can't be skipped.
    pub(super) fn add(
        &mut self,
        line: u64,
        row: Result<Values<'_>, DataError>,
    ) -> Result<(), DataError> {
        let added = row.and_then(|row| self.add_good(line, &row));
        self.read += 1;
        match added {
            Ok(()) => Ok(()),
            Err(error) => {
                let skipped = skipped_row(&error);
                self.bad.add(&self.path, error, skipped)
            }
        }
    }

    /// Checks a row, and adds it: the path stays inside of the folder and leads to a file, and
    /// there is a caption.
    fn add_good(&mut self, line: u64, row: &Values<'_>) -> Result<(), DataError> {
        let place = || self.next_place(line);
        let named = || (place(), row.file_name.to_owned());
        let Some(path) = inside(row.file_name) else {
            let (place, file_name) = named();
            return Err(DataError::PathOutside { place, file_name });
        };
        let captions = check_captions(row.captions, &place, row.file_name, self.bad.policy())?;
        let mut name = std::mem::take(&mut self.name);
        name.clear();
        name.push_str(&self.folder);
        name.push_str(&path);
        let presence = self.tree.find(&name);
        if presence != Presence::Present {
            let (place, file_name) = (self.next_place(line), row.file_name.to_owned());
            return Err(match presence {
                Presence::Outside => DataError::LinkOutside { place, file_name },
                _ => DataError::PictureMissing { place, file_name },
            });
        }
        self.table.push(&name, self.read + 1, line, captions);
        self.name = name;
        if self.column.is_none() {
            self.column = Some(self.columns.caption(row.rank).to_owned());
        }
        if row.kind == FeatureType::TextList {
            self.kind = FeatureType::TextList;
        }
        Ok(())
    }

    /// The rows that were read and those that were skipped.
    ///
    /// # Errors
    /// [`DataError::EmptyDataset`], or [`DataError::NoGoodRows`].
    pub(super) fn finish(self, first: &Path) -> Result<Read, DataError> {
        let mut table = self.table;
        table.shrink();
        Ok(Read {
            skipped: self.bad.finish(first, table.len())?,
            caption_column: self
                .column
                .unwrap_or_else(|| self.columns.caption(0).to_owned()),
            caption_kind: self.kind,
            table,
        })
    }
}

/// What was read from a set's metadata files.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) table: RowTable,
    pub(super) skipped: Vec<SkippedRow>,
    pub(super) caption_column: String,
    pub(super) caption_kind: FeatureType,
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
