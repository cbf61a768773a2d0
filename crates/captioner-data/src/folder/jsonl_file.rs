//! Reading `metadata.jsonl`: one JSON object a line.

use std::io::{BufRead, Read};
use std::path::Path;

use serde_json::{Map, Value};

use super::entry::{CAPTION_COLUMN_NAMES, CAPTION_COLUMNS, Entry, FILE_COLUMN};
use super::metadata::Metadata;
use crate::{DataError, FeatureType, Place};

/// The longest line: a picture with dozens of the longest captions.
pub(super) const MAX_LINE_BYTES: usize = 4 << 20;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// Reads all rows. Blank lines are skipped.
pub(super) fn read(
    mut lines: impl BufRead,
    folder: &Path,
    path: &Path,
) -> Result<Metadata, DataError> {
    let mut metadata = Metadata {
        path: path.to_owned(),
        caption_column: CAPTION_COLUMNS[0].to_owned(),
        caption_kind: FeatureType::Text,
        entries: Vec::new(),
    };
    let mut bytes = Vec::new();
    for line in 1.. {
        let place = Place {
            path: path.to_owned(),
            row: metadata.entries.len() + 1,
            line,
        };
        if !read_line(&mut lines, &mut bytes, &place)? {
            break;
        }
        let text = line_text(&bytes, &place)?;
        if !text.is_empty() {
            add_row(&mut metadata, folder, &place, text)?;
        }
    }
    Ok(metadata)
}

/// Reads the next line into `bytes`; false at the end of the file.
fn read_line(
    lines: &mut impl BufRead,
    bytes: &mut Vec<u8>,
    place: &Place,
) -> Result<bool, DataError> {
    bytes.clear();
    let limit = MAX_LINE_BYTES;
    let mut limited = lines.by_ref().take(limit as u64 + 1);
    let read = limited.read_until(b'\n', bytes);
    let read = read.map_err(|source| DataError::Io {
        path: place.path.clone(),
        source,
    })?;
    if read > limit {
        return Err(DataError::LineTooLong {
            place: place.clone(),
            limit,
        });
    }
    Ok(read > 0)
}

/// A line as text, without a byte order mark and without the white space around it.
fn line_text<'a>(bytes: &'a [u8], place: &Place) -> Result<&'a str, DataError> {
    let is_first = place.line == 1;
    let bytes = if is_first {
        bytes.strip_prefix(BOM).unwrap_or(bytes)
    } else {
        bytes
    };
    let text = std::str::from_utf8(bytes);
    Ok(text
        .map_err(|_| DataError::NotUtf8 {
            place: place.clone(),
        })?
        .trim())
}

fn add_row(
    metadata: &mut Metadata,
    folder: &Path,
    place: &Place,
    text: &str,
) -> Result<(), DataError> {
    let object: Map<String, Value> =
        serde_json::from_str(text).map_err(|error| DataError::InvalidJson {
            place: place.clone(),
            reason: reason(&error),
        })?;
    let file_name = file_name(&object, place)?;
    let (column, value) = caption_value(&object, place)?;
    let captions = captions(column, value, place)?;
    if metadata.entries.is_empty() {
        metadata.caption_column = column.to_owned();
    }
    if value.is_array() {
        metadata.caption_kind = FeatureType::TextList;
    }
    metadata
        .entries
        .push(Entry::new(folder, place, file_name, &captions)?);
    Ok(())
}

/// The parser's reason without its "at line 1", which would mislead: it saw one line only.
fn reason(error: &serde_json::Error) -> String {
    let reason = error.to_string();
    let reason = reason.split(" at line ").next().unwrap_or_default();
    format!("{reason}, column {}", error.column())
}

fn file_name<'a>(object: &'a Map<String, Value>, place: &Place) -> Result<&'a str, DataError> {
    let missing = || DataError::MissingColumn {
        place: place.clone(),
        column: "`file_name`",
    };
    let value = object.get(FILE_COLUMN).ok_or_else(missing)?;
    value
        .as_str()
        .ok_or_else(|| wrong_type(place, FILE_COLUMN, value, "a string"))
}

fn caption_value<'a>(
    object: &'a Map<String, Value>,
    place: &Place,
) -> Result<(&'static str, &'a Value), DataError> {
    let found = CAPTION_COLUMNS
        .iter()
        .find_map(|&name| Some((name, object.get(name)?)));
    found.ok_or_else(|| DataError::MissingColumn {
        place: place.clone(),
        column: CAPTION_COLUMN_NAMES,
    })
}

fn captions<'a>(column: &str, value: &'a Value, place: &Place) -> Result<Vec<&'a str>, DataError> {
    let error = |value| wrong_type(place, column, value, "a string or a list of strings");
    match value {
        Value::String(caption) => Ok(vec![caption]),
        Value::Array(list) => list
            .iter()
            .map(|one| one.as_str().ok_or_else(|| error(value)))
            .collect(),
        _ => Err(error(value)),
    }
}

fn wrong_type(place: &Place, column: &str, value: &Value, expected: &'static str) -> DataError {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list with something other than strings",
        Value::Object(_) => "an object",
    };
    DataError::WrongType {
        place: place.clone(),
        column: column.to_owned(),
        found,
        expected,
    }
}
