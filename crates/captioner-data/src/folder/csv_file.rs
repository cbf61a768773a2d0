//! Reading `metadata.csv`: a header, then one row a picture.

use std::borrow::Cow;
use std::io::Read;
use std::path::Path;

use super::columns::Positions;
use super::csv_records::{QuoteError, Record, Records, text};
use super::rows::{Rows, Values};
use crate::{DataError, FeatureType, Place};

const BOM: &[u8] = b"\xef\xbb\xbf";

/// What separates columns in files that are called CSV and have no commas.
const OTHER_SEPARATORS: [(char, &str); 3] = [(';', "`;`"), ('\t', "a tab"), ('|', "`|`")];

/// Reads all rows. Blank lines are skipped.
pub(super) fn read(mut file: impl Read, rows: &mut Rows<'_>) -> Result<(), DataError> {
    let mut bytes = Vec::new();
    let read = file.read_to_end(&mut bytes);
    read.map_err(|source| DataError::Io {
        path: rows.path().to_owned(),
        source,
    })?;
    let bytes = bytes.strip_prefix(BOM).unwrap_or(&bytes);
    let mut records = Records::new(bytes);
    let Some(header) = records.next() else {
        return Ok(());
    };
    let header = header_names(header, rows.path())?;
    let positions = find_columns(&header, rows)?;
    for record in records {
        let row = read_row(&record, header.len(), positions, rows);
        match row {
            Ok((file_name, caption)) => rows.add(
                record.line,
                Ok(values(&file_name, &caption, positions.rank)),
            )?,
            Err(error) => rows.add(record.line, Err(error))?,
        }
    }
    Ok(())
}

fn values<'a>(file_name: &'a str, caption: &'a Cow<'a, str>, rank: usize) -> Values<'a> {
    Values {
        file_name,
        captions: std::slice::from_ref(caption),
        rank,
        kind: FeatureType::Text,
    }
}

fn header_names(header: Record<'_>, path: &Path) -> Result<Vec<String>, DataError> {
    let place = Place {
        path: path.to_owned(),
        row: 0,
        line: header.line,
    };
    let fields = header
        .fields
        .map_err(|error| quote_error(error, place.clone()))?;
    let name = |field| Some(text(field)?.trim().to_owned());
    let names: Option<Vec<_>> = fields.into_iter().map(name).collect();
    names.ok_or(DataError::NotUtf8 { place })
}

fn find_columns(header: &[String], rows: &Rows<'_>) -> Result<Positions, DataError> {
    let path = || rows.path().to_owned();
    let missing = |column, there| match other_separator(header, rows) {
        Some(separator) => DataError::WrongSeparator {
            path: path(),
            separator,
        },
        None => DataError::MissingHeader {
            path: path(),
            column,
            there,
        },
    };
    let several = |columns| DataError::SeveralPictureHeaders {
        path: path(),
        columns,
    };
    let names = header.iter().map(String::as_str);
    rows.columns.in_header(names, missing, several)
}

/// What separates the columns, if cutting the header there finds both that are needed.
fn other_separator(header: &[String], rows: &Rows<'_>) -> Option<&'static str> {
    let line = header.join(",");
    let finds = |separator: char| {
        let names = line
            .split(separator)
            .map(|name| name.trim().trim_matches('"'));
        let none = |_, _| DataError::EmptyDataset {
            path: rows.path().to_owned(),
        };
        let found = rows
            .columns
            .in_header(names.clone(), none, |_| none(String::new(), Vec::new()));
        names.count() > 1 && found.is_ok()
    };
    let mut all = OTHER_SEPARATORS.into_iter();
    Some(all.find(|&(separator, _)| finds(separator))?.1)
}

/// A row's path and caption.
fn read_row<'a>(
    record: &Record<'a>,
    expected: usize,
    positions: Positions,
    rows: &Rows<'_>,
) -> Result<(Cow<'a, str>, Cow<'a, str>), DataError> {
    let place = || rows.next_place(record.line);
    let fields = record
        .fields
        .as_ref()
        .map_err(|&error| quote_error(error, place()))?;
    if fields.len() != expected {
        let reason = format!("{} field(s) where the header has {expected}", fields.len());
        let place = place();
        return Err(DataError::InvalidCsv { place, reason });
    }
    let field = |at: usize| {
        let text = text(fields.get(at).copied().unwrap_or_default());
        text.ok_or_else(|| DataError::NotUtf8 { place: place() })
    };
    Ok((field(positions.file)?, field(positions.caption)?))
}

fn quote_error(error: QuoteError, place: Place) -> DataError {
    let reason = match error {
        QuoteError::Unclosed => "a field begins with a quote that is never closed",
        QuoteError::NotDoubled => {
            "text follows the quote that closes a field, so a quote is not closed or not doubled"
        }
    };
    DataError::InvalidCsv {
        place,
        reason: reason.to_owned(),
    }
}
