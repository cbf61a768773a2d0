//! Finding the text that belongs to each picture, by names only.

use std::collections::HashSet;
use std::path::Path;

use super::TextPairError;
use crate::bad_row_list::BadRowList;
use crate::picture_extensions::{is_picture, split_extension};
use crate::row_table::RowTable;
use crate::split_names::{DEFAULT_SPLIT, SplitFiles, splits_by_folder};
use crate::tree::{Presence, Tree, check_is_folder, walk};
use crate::{BadRows, DataError, SkippedRow};

/// The extensions of texts, the first present one counts.
const TEXTS: [&str; 2] = ["txt", "caption"];

/// Texts that are about a folder, whatever else there is.
const NOT_CAPTIONS: [&str; 3] = ["readme", "license", "licence"];

/// Pictures and their texts.
#[derive(Debug)]
pub(super) struct Pairs {
    /// A row's name is its picture's, its one "caption" the extension of its text.
    table: RowTable,
    skipped: Vec<SkippedRow>,
}

/// The pictures and texts of each split, by sorted paths relative to `folder`.
pub(super) fn splits(folder: &Path) -> Result<Vec<SplitFiles<String>>, DataError> {
    check_is_folder(folder)?;
    let mut files = Vec::new();
    walk(folder, |path, _| {
        if is_picture(path) || is_text(path) {
            files.push(path.to_owned());
        }
    })?;
    files.sort_unstable();
    let splits = splits_by_folder(&files, String::as_str);
    Ok(splits.unwrap_or_else(|| vec![(DEFAULT_SPLIT.to_owned(), files)]))
}

/// Whether any text of the folder has the name of a picture beside it.
pub(crate) fn has_pairs(tree: &Tree) -> bool {
    let folder_of = |path: &str| {
        path.rsplit_once('/')
            .map_or("", |(folder, _)| folder)
            .to_owned()
    };
    let in_picture_folder = |path: &&String| tree.picture_folders().contains(&folder_of(path));
    let mut texts = tree
        .others()
        .iter()
        .filter(|path| is_text(path))
        .filter(in_picture_folder);
    texts.any(|text| {
        let stem = split_extension(text).map_or("", |(stem, _)| stem);
        [
            "jpg", "png", "jpeg", "webp", "JPG", "PNG", "JPEG", "gif", "bmp", "tif", "tiff",
        ]
        .iter()
        .any(|extension| tree.find(&format!("{stem}.{extension}")) == Presence::Present)
    })
}

fn is_text(path: &str) -> bool {
    let Some((stem, extension)) = split_extension(path) else {
        return false;
    };
    let name = stem.rsplit('/').next().unwrap_or(stem).to_ascii_lowercase();
    TEXTS.contains(&extension) && !NOT_CAPTIONS.contains(&name.as_str())
}

impl Pairs {
    /// Pairs sorted files. A row's number is its place among pictures and lone texts.
    pub(super) fn find(
        folder: &Path,
        files: &[String],
        policy: BadRows,
    ) -> Result<Self, DataError> {
        let texts: HashSet<&str> = files
            .iter()
            .map(String::as_str)
            .filter(|path| is_text(path))
            .collect();
        let stems: HashSet<&str> = files
            .iter()
            .filter(|path| is_picture(path))
            .map(|path| stem(path))
            .collect();
        let mut table = RowTable::default();
        let mut bad = BadRowList::new(policy);
        let mut number = 0;
        for file in files {
            let is_text = texts.contains(file.as_str());
            if is_text && stems.contains(stem(file)) {
                continue;
            }
            number += 1;
            let text = TEXTS
                .iter()
                .find(|&extension| texts.contains(format!("{}.{extension}", stem(file)).as_str()));
            let path = folder.join(file);
            match text {
                _ if is_text => {
                    let error = TextPairError::NoPicture { text: path };
                    leave_out(&mut bad, folder, file, number, error)?;
                }
                None => {
                    let error = TextPairError::NoText { picture: path };
                    leave_out(&mut bad, folder, file, number, error)?;
                }
                Some(text) => table.push(file, number, 1, [*text]),
            }
        }
        table.shrink();
        let skipped = bad.finish(folder, table.len())?;
        Ok(Self { table, skipped })
    }

    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    pub(super) fn picture(&self, row: usize) -> Option<&str> {
        self.table.name(row)
    }

    /// The path of a row's text, relative to the folder.
    pub(super) fn text(&self, row: usize) -> Option<String> {
        let extension = self.table.captions(row)?;
        Some(format!(
            "{}.{}",
            stem(self.table.name(row)?),
            extension.first()?
        ))
    }

    pub(super) fn number(&self, row: usize) -> Option<usize> {
        Some(self.table.place(row)?.0)
    }

    pub(super) fn skipped(&self) -> &[SkippedRow] {
        &self.skipped
    }
}

fn stem(path: &str) -> &str {
    split_extension(path).map_or(path, |(stem, _)| stem)
}

fn leave_out(
    bad: &mut BadRowList,
    folder: &Path,
    file: &str,
    row: usize,
    error: TextPairError,
) -> Result<(), DataError> {
    let skipped = SkippedRow {
        row,
        description: format!("`{file}` of `{}` row {row}", folder.display()),
        reason: error.to_string(),
    };
    bad.add(folder, error.into(), Some(skipped))
}
