//! Picture folders whose metadata is a Parquet file.
#![cfg(feature = "parquet")]

use std::fs::{self, File};
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{
    ArrayRef, DictionaryArray, Int64Array, LargeStringArray, RecordBatch, StringArray,
    StringViewArray, types::Int32Type,
};
use captioner_data::{BadRows, CaptionDataset, DataError, FeatureType, OpenOptions, PictureFolder};
use parquet::arrow::ArrowWriter;
use tempfile::TempDir;

/// A folder with `a.png`, `b.png` and these columns.
fn folder(columns: &[(&str, ArrayRef)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.png", "b.png"] {
        fs::write(folder.path().join(name), name).unwrap();
    }
    let batch = RecordBatch::try_from_iter(columns.iter().cloned()).unwrap();
    let file = File::create(folder.path().join("metadata.parquet")).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    folder
}

fn names() -> ArrayRef {
    Arc::new(StringArray::from(vec!["a.png", "b.png"]))
}

fn open(folder: &TempDir) -> Result<PictureFolder, DataError> {
    PictureFolder::open(folder.path())
}

#[test]
fn strings_of_every_type_are_read() {
    let texts = vec!["a cat", "a dog"];
    let dictionary: DictionaryArray<Int32Type> = texts.iter().copied().collect();
    let columns: [ArrayRef; 4] = [
        Arc::new(StringArray::from(texts.clone())),
        Arc::new(LargeStringArray::from(texts.clone())),
        Arc::new(StringViewArray::from(texts.clone())),
        Arc::new(dictionary),
    ];
    for captions in columns {
        let id: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
        let set = folder(&[
            ("id", id),
            ("caption", captions.clone()),
            ("file_name", names()),
        ]);
        let set = open(&set).unwrap();
        assert_eq!(
            *set.captions(1).unwrap(),
            ["a dog"],
            "{}",
            captions.data_type()
        );
        assert_eq!(set.row_name(1).unwrap(), "b.png");
        assert_eq!(set.features()[1].name, "caption");
    }
}

#[test]
fn lists_are_several_captions_and_nulls_are_bad_rows() {
    let mut lists = ListBuilder::new(StringBuilder::new());
    lists.append_value([Some("a cat"), Some("a pet")]);
    lists.append_null();
    let set = folder(&[("file_name", names()), ("text", Arc::new(lists.finish()))]);
    let error = open(&set).unwrap_err();
    let found = matches!(&error, DataError::WrongType { found: "null", .. });
    assert!(found && error.to_string().contains("row 2"), "{error}");
    let skip = OpenOptions::default().with_bad_rows(BadRows::Skip);
    let set = PictureFolder::open_with(set.path(), &skip).unwrap();
    assert_eq!((set.len(), set.skipped().len()), (1, 1));
    assert_eq!(*set.captions(0).unwrap(), ["a cat", "a pet"]);
    assert_eq!(set.features()[1].kind, FeatureType::TextList);
}

#[test]
fn columns_of_another_name_or_type_are_named() {
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
    let set = folder(&[("file_name", names()), ("prompt", numbers.clone())]);
    let error = open(&set).unwrap_err();
    assert!(matches!(error, DataError::MissingHeader { .. }), "{error}");
    assert!(error.to_string().contains("there are `prompt`"), "{error}");
    let set = folder(&[("file_name", names()), ("text", numbers)]);
    let error = open(&set).unwrap_err();
    assert!(matches!(error, DataError::WrongType { .. }), "{error}");
}

#[test]
fn damaged_files_are_named_errors() {
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["a cat", "a dog"]));
    let set = folder(&[("file_name", names()), ("text", texts)]);
    let path = set.path().join("metadata.parquet");
    let whole = fs::read(&path).unwrap();
    for length in [0, 4, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        let error = open(&set).unwrap_err();
        assert!(matches!(error, DataError::InvalidParquet { .. }), "{error}");
    }
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0xff;
        fs::write(&path, &damaged).unwrap();
        // Whatever is found is rows or an error, and no panic comes out.
        drop(open(&set));
    }
}
