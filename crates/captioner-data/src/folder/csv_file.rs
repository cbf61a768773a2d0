//! Reading `metadata.csv`: a header, then one row a picture.

use std::io::Read;
use std::path::Path;

use csv::{ErrorKind, Position, Reader, ReaderBuilder, StringRecord};

use super::entry::{CAPTION_COLUMN_NAMES, CAPTION_COLUMNS, FILE_COLUMN};
use super::metadata::Metadata;
use super::rows::Rows;
use crate::{DataError, FeatureType, Place};

/// Where the two columns are.
struct Columns {
    file_name: usize,
    caption: usize,
    caption_name: &'static str,
}

/// Reads all rows. Blank lines are skipped.
pub(super) fn read(mut file: impl Read, mut rows: Rows) -> Result<Metadata, DataError> {
    let path = rows.path().to_owned();
    let mut bytes = Vec::new();
    let read = file.read_to_end(&mut bytes);
    read.map_err(|source| DataError::Io {
        path: path.clone(),
        source,
    })?;
    let mut reader = ReaderBuilder::new().from_reader(bytes.as_slice());
    let mut places = Places::new(&path, &bytes);
    let columns = find_columns(&mut reader, &mut places)?;
    read_rows(&mut reader, &mut places, &columns, &mut rows)?;
    rows.finish(columns.caption_name, FeatureType::Text)
}

fn find_columns(reader: &mut Reader<&[u8]>, places: &mut Places<'_>) -> Result<Columns, DataError> {
    let headers = reader
        .headers()
        .map_err(|error| named_error(error, 0, places))?;
    let path = || places.path.to_owned();
    if headers.is_empty() {
        return Err(DataError::EmptyDataset { path: path() });
    }
    let position = |name: &str| headers.iter().position(|header| header.trim() == name);
    let missing = |column| DataError::MissingHeader {
        path: path(),
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

fn read_rows(
    reader: &mut Reader<&[u8]>,
    places: &mut Places<'_>,
    columns: &Columns,
    rows: &mut Rows,
) -> Result<(), DataError> {
    let mut record = StringRecord::new();
    loop {
        let number = rows.next_row();
        let entry = match reader.read_record(&mut record) {
            Ok(false) => return Ok(()),
            Ok(true) => {
                // Every record has as many fields as the header: the reader saw to that.
                let field = |index| record.get(index).unwrap_or_default();
                let place = places.place(number, record.position());
                rows.check(&place, field(columns.file_name), &[field(columns.caption)])
            }
            // The reader goes on behind the record that it couldn't read.
            Err(error) => Err(named_error(error, number, places)),
        };
        rows.add(entry)?;
    }
}

/// Finds the line of each record. The reader's own line number is that of the
/// blank lines before a record, if there are any.
struct Places<'a> {
    path: &'a Path,
    bytes: &'a [u8],
    counted: usize,
    line: u64,
}

impl<'a> Places<'a> {
    fn new(path: &'a Path, bytes: &'a [u8]) -> Self {
        Self {
            path,
            bytes,
            counted: 0,
            line: 1,
        }
    }

    /// The place of the record at a position. Positions must not go back.
    fn place(&mut self, row: usize, at: Option<&Position>) -> Place {
        let at = at.map_or(0, |at| at.byte() as usize);
        while let Some(&byte) = self.bytes.get(self.counted) {
            if self.counted >= at && !matches!(byte, b'\r' | b'\n') {
                break;
            }
            self.line += u64::from(byte == b'\n');
            self.counted += 1;
        }
        Place {
            path: self.path.to_owned(),
            row,
            line: self.line,
        }
    }
}

fn named_error(error: csv::Error, row: usize, places: &mut Places<'_>) -> DataError {
    let place = places.place(row, error.position());
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
