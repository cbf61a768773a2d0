//! A row's captions, checked.

use super::ColumnError;
use crate::{BadRows, DataError, Place};

/// The longest caption: far above any sentence.
pub(crate) const MAX_CAPTION_BYTES: usize = 100_000;

/// Checks a row's captions: UTF-8, none blank or too long, at least one. They stay as they
/// are written.
///
/// Where bad rows are skipped, the bad captions among several are left out, and the row
/// stays as long as it has a good one.
///
/// `name` gives the picture's name for messages.
pub(crate) fn checked_captions<'a>(
    captions: impl Iterator<Item = Option<&'a [u8]>>,
    place: &Place,
    name: impl Fn() -> String,
    bad_rows: BadRows,
) -> Result<Vec<String>, DataError> {
    let mut good = Vec::new();
    let mut first_error = None;
    for caption in captions {
        match (checked(caption, place, &name), bad_rows) {
            (Ok(caption), _) => good.push(caption),
            (Err(error), BadRows::Stop) => return Err(error),
            (Err(error), BadRows::Skip) => first_error = first_error.or(Some(error)),
        }
    }
    if good.is_empty() {
        return Err(first_error.unwrap_or_else(|| empty(place, &name)));
    }
    Ok(good)
}

fn checked(
    caption: Option<&[u8]>,
    place: &Place,
    name: &impl Fn() -> String,
) -> Result<String, DataError> {
    let bytes = caption.unwrap_or_default();
    if bytes.len() > MAX_CAPTION_BYTES {
        return Err(DataError::CaptionTooLong {
            place: place.clone(),
            file_name: name(),
            bytes: bytes.len(),
            limit: MAX_CAPTION_BYTES,
        });
    }
    let caption = std::str::from_utf8(bytes).map_err(|_| ColumnError::NotUtf8 {
        place: place.clone(),
        what: "caption",
    })?;
    if caption.trim().is_empty() {
        return Err(empty(place, name));
    }
    Ok(caption.to_owned())
}

fn empty(place: &Place, name: &impl Fn() -> String) -> DataError {
    DataError::EmptyCaption {
        place: place.clone(),
        file_name: name(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(captions: &[Option<&[u8]>], bad_rows: BadRows) -> Result<Vec<String>, String> {
        let place = Place {
            path: "a.parquet".into(),
            row: 3,
            line: 3,
        };
        let checked = checked_captions(
            captions.iter().copied(),
            &place,
            || "x.png".to_owned(),
            bad_rows,
        );
        checked.map_err(|error| error.to_string())
    }

    #[test]
    fn captions_stay_as_they_are_and_bad_ones_are_named() {
        let good = check(&[Some(b" a cat "), Some(b"felis")], BadRows::Stop).unwrap();
        assert_eq!(good, [" a cat ", "felis"]);
        let empty =
            "`a.parquet` row 3: the caption of `x.png` is empty: write one or remove the row";
        let blank: Option<&[u8]> = Some(b"  ");
        for bad in [&[None][..], &[blank], &[], &[Some(b"a"), None]] {
            assert_eq!(check(bad, BadRows::Stop).unwrap_err(), empty);
        }
        assert_eq!(
            check(&[Some(b"caf\xe9")], BadRows::Stop).unwrap_err(),
            "`a.parquet` row 3: the caption is not UTF-8 text: write it again as UTF-8 or remove the row"
        );
        let long = vec![b'a'; 100_001];
        let error = check(&[Some(&long)], BadRows::Stop).unwrap_err();
        assert!(error.contains("a caption of `x.png` has 100001 bytes, more than 100000"));
    }

    #[test]
    fn a_row_keeps_its_good_captions_where_bad_ones_are_skipped() {
        let some = check(&[None, Some(b"a cat"), Some(b"\xff")], BadRows::Skip);
        assert_eq!(some.unwrap(), ["a cat"]);
        assert!(check(&[None, Some(b"")], BadRows::Skip).is_err());
    }
}
