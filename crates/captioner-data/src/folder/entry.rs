//! One row of a metadata file, checked.

use std::path::{Component, Path};

use crate::{BadRows, DataError, Place};

/// The longest caption: far above any sentence, and still cheap to hold.
pub(super) const MAX_CAPTION_BYTES: usize = 100_000;

/// The caption columns, the first present one counts.
pub(super) const CAPTION_COLUMNS: [&str; 3] = ["text", "caption", "captions"];

/// The columns of a message about a row without a caption.
pub(super) const CAPTION_COLUMN_NAMES: &str = "`text` (or `caption`, `captions`)";

/// The column of the picture's path.
pub(super) const FILE_COLUMN: &str = "file_name";

/// One row of a metadata file, checked.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) file_name: String,
    pub(super) captions: Vec<String>,
    /// The row of the metadata file, counted from 1; rows that were left out count.
    pub(super) row: usize,
    /// The line of the metadata file on which the row begins, counted from 1.
    pub(super) line: u64,
}

impl Entry {
    /// Checks a row: the path stays inside `folder` and leads to a file, and
    /// there is at least one caption, none of them empty or too long.
    ///
    /// Where bad rows are skipped, the bad captions among several are left out, and the
    /// row stays as long as it has a good one.
    pub(super) fn new(
        folder: &Path,
        place: &Place,
        file_name: &str,
        captions: &[&str],
        bad_rows: BadRows,
    ) -> Result<Self, DataError> {
        let named = || (place.clone(), file_name.to_owned());
        if !stays_inside(file_name) {
            let (place, file_name) = named();
            return Err(DataError::PathOutside { place, file_name });
        }
        let captions = check_captions(captions, place, file_name, bad_rows)?;
        if !folder.join(file_name).is_file() {
            let (place, file_name) = named();
            return Err(DataError::PictureMissing { place, file_name });
        }
        Ok(Self {
            file_name: file_name.to_owned(),
            captions,
            row: place.row,
            line: place.line,
        })
    }
}

/// Whether a path is relative and never climbs. Backslashes separate on every
/// platform here, so that a set is not safe on one and unsafe on another.
fn stays_inside(file_name: &str) -> bool {
    let is_inside = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    let climbs = file_name.split(['/', '\\']).any(|part| part == "..");
    let leads_somewhere = Path::new(file_name).file_name().is_some();
    leads_somewhere && !climbs && Path::new(file_name).components().all(is_inside)
}

fn check_captions(
    captions: &[&str],
    place: &Place,
    file_name: &str,
    bad_rows: BadRows,
) -> Result<Vec<String>, DataError> {
    let mut good = Vec::with_capacity(captions.len());
    let mut first_error = None;
    for caption in captions {
        match (check_caption(caption, place, file_name), bad_rows) {
            (Ok(caption), _) => good.push(caption),
            (Err(error), BadRows::Stop) => return Err(error),
            (Err(error), BadRows::Skip) => first_error = first_error.or(Some(error)),
        }
    }
    if !good.is_empty() {
        return Ok(good);
    }
    let (place, file_name) = (place.clone(), file_name.to_owned());
    Err(first_error.unwrap_or(DataError::EmptyCaption { place, file_name }))
}

fn check_caption(caption: &str, place: &Place, file_name: &str) -> Result<String, DataError> {
    let caption = caption.trim();
    let (place, file_name) = (place.clone(), file_name.to_owned());
    if caption.is_empty() {
        return Err(DataError::EmptyCaption { place, file_name });
    }
    let (bytes, limit) = (caption.len(), MAX_CAPTION_BYTES);
    if bytes > limit {
        return Err(DataError::CaptionTooLong {
            place,
            file_name,
            bytes,
            limit,
        });
    }
    Ok(caption.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_never_leaves_the_folder() {
        for inside in [
            "a.png",
            "images/a.png",
            "./a.png",
            "a..png",
            "images/.hidden.png",
        ] {
            assert!(stays_inside(inside), "{inside}");
        }
        for outside in [
            "",
            ".",
            "..",
            "/etc/passwd",
            "../a.png",
            "x/../../a.png",
            "x\\..\\a.png",
        ] {
            assert!(!stays_inside(outside), "{outside}");
        }
    }
}
