//! Reading `metadata.parquet`: a table with a row a picture.

use std::borrow::Cow;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::columns::Positions;
use super::rows::{Rows, Values};
use crate::{DataError, FeatureType, Place};

/// The largest row group's columns, unpacked: the captions of millions of pictures.
const MAX_GROUP_BYTES: i64 = 1 << 30;

/// Rows that are unpacked at once.
const BATCH_ROWS: usize = 8192;

/// Reads all rows. A row's line is its number.
pub(super) fn read(file: File, rows: &mut Rows<'_>) -> Result<(), DataError> {
    let path = rows.path().to_owned();
    // Of a damaged file the reader may panic (apache/arrow-rs#10107).
    let read = catch_unwind(AssertUnwindSafe(|| read_file(file, rows)));
    read.unwrap_or_else(|_| {
        Err(DataError::InvalidParquet {
            path,
            reason: "the reader gave up on it".to_owned(),
        })
    })
}

fn read_file(file: File, rows: &mut Rows<'_>) -> Result<(), DataError> {
    let path = rows.path().to_owned();
    let invalid = |error: &dyn std::fmt::Display| DataError::InvalidParquet {
        path: path.clone(),
        reason: error.to_string(),
    };
    let builder =
        ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| invalid(&error))?;
    let names: Vec<_> = builder
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    let positions = find_columns(&names, rows)?;
    let wanted = [positions.file, positions.caption];
    let mask = ProjectionMask::roots(builder.parquet_schema(), wanted);
    for group in builder.metadata().row_groups() {
        let columns = group.columns().iter().enumerate();
        let kept = columns.filter(|(leaf, _)| mask.leaf_included(*leaf));
        let bytes = kept
            .map(|(_, column)| column.uncompressed_size())
            .fold(0, i64::saturating_add);
        if !(0..=MAX_GROUP_BYTES).contains(&bytes) {
            let reason = format!("a row group of {bytes} bytes, more than {MAX_GROUP_BYTES}");
            return Err(invalid(&reason));
        }
    }
    let reader = builder
        .with_projection(mask)
        .with_batch_size(BATCH_ROWS)
        .build();
    let mut line = 0;
    for batch in reader.map_err(|error| invalid(&error))? {
        let batch = batch.map_err(|error| invalid(&error))?;
        read_batch(
            &batch,
            (&names[positions.file], &names[positions.caption]),
            positions.rank,
            &mut line,
            rows,
        )?;
    }
    Ok(())
}

fn find_columns(names: &[String], rows: &Rows<'_>) -> Result<Positions, DataError> {
    let path = || rows.path().to_owned();
    let missing = |column, there| DataError::MissingHeader {
        path: path(),
        column,
        there,
    };
    let several = |columns| DataError::SeveralPictureHeaders {
        path: path(),
        columns,
    };
    rows.columns
        .in_header(names.iter().map(String::as_str), missing, several)
}

fn read_batch(
    batch: &RecordBatch,
    (file_column, caption_column): (&str, &str),
    rank: usize,
    line: &mut u64,
    rows: &mut Rows<'_>,
) -> Result<(), DataError> {
    let column = |name| batch.column_by_name(name).cloned();
    let (Some(files), Some(captions)) = (column(file_column), column(caption_column)) else {
        return Ok(());
    };
    let is_list = matches!(
        captions.data_type(),
        DataType::List(_) | DataType::LargeList(_)
    );
    let kind = if is_list {
        FeatureType::TextList
    } else {
        FeatureType::Text
    };
    for row in 0..batch.num_rows() {
        *line += 1;
        let place = || rows.next_place(*line);
        let files = texts(&files, row, file_column, &place);
        let read = files.and_then(|files| {
            let captions = texts(&captions, row, caption_column, &place)?;
            match files.len() {
                1 => Ok((files, captions)),
                pictures => Err(DataError::SeveralPictures {
                    place: place(),
                    column: file_column.to_owned(),
                    pictures,
                }),
            }
        });
        match read {
            Ok((files, captions)) => {
                let file_name = files.first().map_or("", |name| name);
                let captions = &captions[..];
                rows.add(
                    *line,
                    Ok(Values {
                        file_name,
                        captions,
                        rank,
                        kind,
                    }),
                )?;
            }
            Err(error) => rows.add(*line, Err(error))?,
        }
    }
    Ok(())
}

/// The strings of a row: one, or those of a list.
fn texts(
    array: &ArrayRef,
    row: usize,
    column: &str,
    place: &dyn Fn() -> Place,
) -> Result<Vec<Cow<'static, str>>, DataError> {
    let wrong = |found| DataError::WrongType {
        place: place(),
        column: column.to_owned(),
        found,
        expected: "a string or a list of strings",
    };
    if array.is_null(row) {
        return Err(wrong("null"));
    }
    let list = match array.data_type() {
        DataType::List(_) => array.as_list::<i32>().value(row),
        DataType::LargeList(_) => array.as_list::<i64>().value(row),
        _ => array.slice(row, 1),
    };
    (0..list.len())
        .map(|at| {
            text(&list, at)
                .map(Cow::Owned)
                .ok_or_else(|| wrong("not a string"))
        })
        .collect()
}

/// A string of any of Arrow's types for them; none if it is of another type, or null.
fn text(array: &ArrayRef, row: usize) -> Option<String> {
    if array.is_null(row) {
        return None;
    }
    let text = match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().value(row),
        DataType::LargeUtf8 => array.as_string::<i64>().value(row),
        DataType::Utf8View => array.as_string_view().value(row),
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            let key = *dictionary.normalized_keys().get(row)?;
            return text(dictionary.values(), key);
        }
        _ => return None,
    };
    Some(text.to_owned())
}
