//! Reading `metadata.jsonl`: one JSON object a line.

use std::borrow::Cow;
use std::io::{BufRead, Read};
use std::path::Path;

use serde_json::{Map, Value};

use super::columns::Columns;
use super::json_row::{self, Field, Row};
use super::rows::{Rows, Values};
use crate::{DataError, FeatureType, Place};

/// The longest line: a picture with dozens of the longest captions.
pub(super) const MAX_LINE_BYTES: usize = 4 << 20;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// Reads all rows. Blank lines are skipped.
pub(super) fn read(mut lines: impl BufRead, rows: &mut Rows<'_>) -> Result<(), DataError> {
    let mut bytes = Vec::new();
    for line in 1.. {
        match read_line(&mut lines, &mut bytes, rows.path())? {
            Line::End => break,
            Line::TooLong => {
                let place = rows.next_place(line);
                let limit = MAX_LINE_BYTES;
                rows.add(line, Err(DataError::LineTooLong { place, limit }))?;
            }
            Line::Read => match line_text(&bytes, line) {
                Some("") => {}
                Some(text) => read_row(rows, line, text)?,
                None => {
                    let place = rows.next_place(line);
                    rows.add(line, Err(DataError::NotUtf8 { place }))?;
                }
            },
        }
    }
    Ok(())
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

/// A line as text, without a byte order mark and without the white space around it; none if it
/// isn't UTF-8.
fn line_text(bytes: &[u8], line: u64) -> Option<&str> {
    let bytes = match bytes.strip_prefix(BOM) {
        Some(rest) if line == 1 => rest,
        _ => bytes,
    };
    Some(std::str::from_utf8(bytes).ok()?.trim())
}

fn read_row(rows: &mut Rows<'_>, line: u64, text: &str) -> Result<(), DataError> {
    let row = json_row::parse(text, &rows.columns);
    let place = || rows.next_place(line);
    let Ok(row) = row else {
        let error = invalid(text, place());
        return rows.add(line, Err(error));
    };
    let row = checked(&row, &rows.columns, text, &place);
    // The borrow of `rows` by `place` ends here.
    match row {
        Ok(row) => rows.add(line, Ok(row)),
        Err(error) => rows.add(line, Err(error)),
    }
}

/// The error for a line that is no JSON object, as the parser of plain values says it.
fn invalid(text: &str, place: Place) -> DataError {
    let error = serde_json::from_str::<Map<String, Value>>(text).err();
    let reason = error.map_or_else(|| "not readable".to_owned(), |error| reason(&error));
    DataError::InvalidJson { place, reason }
}

/// The parser's reason without its "at line 1", which would mislead: it saw one line only.
fn reason(error: &serde_json::Error) -> String {
    let reason = error.to_string();
    let reason = reason.split(" at line ").next().unwrap_or_default();
    format!("{reason}, column {}", error.column())
}

fn checked<'a>(
    row: &'a Row<'_>,
    columns: &Columns,
    text: &str,
    place: &dyn Fn() -> Place,
) -> Result<Values<'a>, DataError> {
    let missing = |file| {
        let object: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
        columns.missing(place(), file, object.keys().map(String::as_str))
    };
    let files = row
        .files
        .iter()
        .map(|(name, field)| (&**name, (&**name, field)));
    let several = |columns| DataError::SeveralPictureColumns {
        place: place(),
        columns,
    };
    let file = columns.choose_file(files.collect(), several)?;
    let (name, file) = file.ok_or_else(|| missing(true))?;
    let file_name = file_name(name, file, place)?;
    let (rank, caption) = row.caption.as_ref().ok_or_else(|| missing(false))?;
    let (captions, kind) = captions(columns.caption(*rank), caption, place)?;
    Ok(Values {
        file_name,
        captions,
        rank: *rank,
        kind,
    })
}

fn file_name<'a>(
    column: &str,
    field: &'a Field<'_>,
    place: &dyn Fn() -> Place,
) -> Result<&'a str, DataError> {
    match field {
        Field::Text(name) => Ok(name),
        // `file_names`: a row has one picture here.
        Field::List(names) if column.ends_with('s') => match &names[..] {
            [name] => Ok(name),
            _ => Err(DataError::SeveralPictures {
                place: place(),
                column: column.to_owned(),
                pictures: names.len(),
            }),
        },
        _ => Err(wrong_type(place(), column, field, "a string")),
    }
}

fn captions<'a>(
    column: &str,
    field: &'a Field<'_>,
    place: &dyn Fn() -> Place,
) -> Result<(&'a [Cow<'a, str>], FeatureType), DataError> {
    match field {
        Field::Text(caption) => Ok((std::slice::from_ref(caption), FeatureType::Text)),
        Field::List(captions) => Ok((captions, FeatureType::TextList)),
        _ => {
            let expected = "a string or a list of strings";
            Err(wrong_type(place(), column, field, expected))
        }
    }
}

fn wrong_type(place: Place, column: &str, field: &Field<'_>, expected: &'static str) -> DataError {
    let found = match field {
        Field::Text(_) => "a string",
        Field::List(_) => "a list of strings",
        Field::Other(found) => found,
    };
    DataError::WrongType {
        place,
        column: column.to_owned(),
        found,
        expected,
    }
}
