//! Checking the captions of one row.

use std::borrow::Cow;

use crate::{BadRows, DataError, Place};

/// The longest caption: far above any sentence, and still cheap to hold.
pub(crate) const MAX_CAPTION_BYTES: usize = 100_000;

/// Trims a row's captions: there is at least one, none is empty or too long.
///
/// Where bad rows are skipped, the bad captions among several are left out, and the
/// row stays as long as it has a good one.
pub(crate) fn check_captions<'a>(
    captions: &'a [Cow<'_, str>],
    place: &dyn Fn() -> Place,
    file_name: &str,
    bad_rows: BadRows,
) -> Result<Vec<&'a str>, DataError> {
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
    Err(first_error.unwrap_or_else(|| empty(place, file_name)))
}

fn check_caption<'a>(
    caption: &'a str,
    place: &dyn Fn() -> Place,
    file_name: &str,
) -> Result<&'a str, DataError> {
    let caption = caption.trim();
    if caption.is_empty() {
        return Err(empty(place, file_name));
    }
    let (bytes, limit) = (caption.len(), MAX_CAPTION_BYTES);
    if bytes > limit {
        return Err(DataError::CaptionTooLong {
            place: place(),
            file_name: file_name.to_owned(),
            bytes,
            limit,
        });
    }
    Ok(caption)
}

fn empty(place: &dyn Fn() -> Place, file_name: &str) -> DataError {
    DataError::EmptyCaption {
        place: place(),
        file_name: file_name.to_owned(),
    }
}
