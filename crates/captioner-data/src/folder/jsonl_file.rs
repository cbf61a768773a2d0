//! Reading `metadata.jsonl`: one JSON object a line.

use std::io::{BufRead, Read};
use std::path::Path;

use serde_json::{Map, Value};

use super::entry::{CAPTION_COLUMN_NAMES, CAPTION_COLUMNS, Entry, FILE_COLUMN};
use super::metadata::Metadata;
use super::rows::Rows;
use crate::{DataError, FeatureType, Place};

/// The longest line: a picture with dozens of the longest captions.
pub(super) const MAX_LINE_BYTES: usize = 4 << 20;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// Reads all rows. Blank lines are skipped.
pub(super) fn read(mut lines: impl BufRead, mut rows: Rows) -> Result<Metadata, DataError> {
    let mut columns = Columns {
        caption: None,
        kind: FeatureType::Text,
    };
    let mut bytes = Vec::new();
    for line in 1.. {
        let place = rows.next_place(line);
        let entry = match read_line(&mut lines, &mut bytes, rows.path())? {
            Line::End => break,
            Line::TooLong => Err(DataError::LineTooLong {
                place,
                limit: MAX_LINE_BYTES,
            }),
            Line::Read => match line_text(&bytes, &place) {
                Ok("") => continue,
                Ok(text) => read_row(&rows, &mut columns, &place, text),
                Err(error) => Err(error),
            },
        };
        rows.add(entry)?;
    }
    rows.finish(columns.caption.unwrap_or(CAPTION_COLUMNS[0]), columns.kind)
}

/// What the good rows say about the caption column.
struct Columns {
    /// Its name in the first of them.
    caption: Option<&'static str>,
    kind: FeatureType,
}

/// What was found where a line may begin.
enum Line {
    Read,
    TooLong,
    End,
}

/// Reads the next line into `bytes`; of one that is too long its beginning.
fn read_line(
    lines: &mut impl BufRead,
    bytes: &mut Vec<u8>,
    path: &Path,
) -> Result<Line, DataError> {
    let io = |source| DataError::Io {
        path: path.to_owned(),
        source,
    };
    bytes.clear();
    let mut limited = lines.by_ref().take(MAX_LINE_BYTES as u64 + 1);
    let read = limited.read_until(b'\n', bytes).map_err(io)?;
    if read <= MAX_LINE_BYTES {
        return Ok(if read > 0 { Line::Read } else { Line::End });
    }
    if !bytes.ends_with(b"\n") {
        lines.skip_until(b'\n').map_err(io)?;
    }
    Ok(Line::TooLong)
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

fn read_row(
    rows: &Rows,
    columns: &mut Columns,
    place: &Place,
    text: &str,
) -> Result<Entry, DataError> {
    let object: Map<String, Value> =
        serde_json::from_str(text).map_err(|error| DataError::InvalidJson {
            place: place.clone(),
            reason: reason(&error),
        })?;
    let file_name = file_name(&object, place)?;
    let (column, value) = caption_value(&object, place)?;
    let entry = rows.check(place, file_name, &captions(column, value, place)?)?;
    columns.caption.get_or_insert(column);
    if value.is_array() {
        columns.kind = FeatureType::TextList;
    }
    Ok(entry)
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
