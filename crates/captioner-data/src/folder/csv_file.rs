//! Reading `metadata.csv`: a header, then one row a picture.

use std::io::BufRead;
use std::path::Path;

use csv::{ErrorKind, Reader, ReaderBuilder, StringRecord};

use super::entry::{CAPTION_COLUMN_NAMES, CAPTION_COLUMNS, Entry, FILE_COLUMN};
use super::metadata::Metadata;
use crate::{DataError, FeatureType, Place};

/// Where the two columns are.
struct Columns {
    file_name: usize,
    caption: usize,
    caption_name: &'static str,
}

/// Reads all rows. Blank lines are skipped.
pub(super) fn read(file: impl BufRead, folder: &Path, path: &Path) -> Result<Metadata, DataError> {
    let mut reader = ReaderBuilder::new().from_reader(file);
    let columns = find_columns(&mut reader, path)?;
    let mut entries = Vec::new();
    let mut record = StringRecord::new();
    loop {
        let place = |line| Place {
            path: path.to_owned(),
            row: entries.len() + 1,
            line,
        };
        let next = reader.read_record(&mut record);
        if !next.map_err(|error| named_error(error, place))? {
            break;
        }
        let place = place(record.position().map_or(0, csv::Position::line));
        // Every record has as many fields as the header: the reader saw to that.
        let field = |index| record.get(index).unwrap_or_default();
        let captions = [field(columns.caption)];
        entries.push(Entry::new(
            folder,
            &place,
            field(columns.file_name),
            &captions,
        )?);
    }
    Ok(Metadata {
        path: path.to_owned(),
        caption_column: columns.caption_name.to_owned(),
        caption_kind: FeatureType::Text,
        entries,
    })
}

fn find_columns(reader: &mut Reader<impl BufRead>, path: &Path) -> Result<Columns, DataError> {
    let header = |line| Place {
        path: path.to_owned(),
        row: 0,
        line,
    };
    let headers = reader
        .headers()
        .map_err(|error| named_error(error, header))?;
    if headers.is_empty() {
        return Err(DataError::EmptyDataset {
            path: path.to_owned(),
        });
    }
    let position = |name: &str| headers.iter().position(|header| header.trim() == name);
    let missing = |column| DataError::MissingHeader {
        path: path.to_owned(),
        column,
    };
    let file_name = position(FILE_COLUMN).ok_or_else(|| missing("`file_name`"))?;
    let caption = CAPTION_COLUMNS
        .iter()
        .find_map(|&name| Some((name, position(name)?)));
    let (caption_name, caption) = caption.ok_or_else(|| missing(CAPTION_COLUMN_NAMES))?;
    Ok(Columns {
        file_name,
        caption,
        caption_name,
    })
}

fn named_error(error: csv::Error, place: impl Fn(u64) -> Place) -> DataError {
    let place = place(error.position().map_or(0, csv::Position::line));
    match error.into_kind() {
        ErrorKind::Io(source) => DataError::Io {
            path: place.path,
            source,
        },
        ErrorKind::Utf8 { .. } => DataError::NotUtf8 { place },
        ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => {
            let reason = format!("{len} field(s) where the header has {expected_len}");
            DataError::InvalidCsv { place, reason }
        }
        kind => DataError::InvalidCsv {
            place,
            reason: format!("{kind:?}"),
        },
    }
}
