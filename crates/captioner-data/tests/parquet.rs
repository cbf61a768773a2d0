//! Reading Parquet files: what Python's `datasets` and pyarrow write, and what can be wrong.
#![cfg(feature = "parquet")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use captioner_data::{CaptionDataset, DataError, OpenOptions, ParquetDataset, Picture};
use serde_json::Value;

/// Written by tools/reference/datasets_parquet.py.
fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/columnar")
}

fn expected() -> BTreeMap<String, Vec<Value>> {
    let text = fs::read_to_string(fixtures().join("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn shards(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| {
        file.extension()
            .is_some_and(|extension| extension == "parquet")
    });
    files.sort();
    files
}

fn open(folder: &str) -> ParquetDataset {
    let files = shards(&fixtures().join(folder));
    ParquetDataset::open(&files, &OpenOptions::default()).unwrap()
}

fn crc32(picture: Picture) -> u64 {
    let Picture::Encoded(bytes) = picture else {
        panic!("decoded already")
    };
    u64::from(crc32fast::hash(&bytes))
}

/// Compares a row with what Python read. A caption that Python has as null is an error here.
fn check_row(set: &dyn CaptionDataset, row: usize, expected: &Value) {
    let context = format!("{} row {row}", set.name());
    assert_eq!(
        set.row_name(row).unwrap(),
        expected["name"].as_str().unwrap(),
        "{context}"
    );
    match expected["crc32"].as_u64() {
        Some(crc) => assert_eq!(crc32(set.picture(row).unwrap()), crc, "{context}"),
        None => assert!(
            set.picture(row)
                .unwrap_err()
                .to_string()
                .contains("there is no picture")
        ),
    }
    let texts = expected["captions"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let texts: Option<Vec<_>> = texts.iter().map(Value::as_str).collect();
    match texts.filter(|texts| !texts.is_empty()) {
        Some(texts) => {
            assert_eq!(*set.captions(row).unwrap(), texts, "{context}");
            assert_eq!(set.caption_count(row).unwrap(), texts.len(), "{context}");
        }
        None => {
            let error = set.captions(row).unwrap_err();
            assert!(
                matches!(error, DataError::EmptyCaption { .. }),
                "{context}: {error}"
            );
        }
    }
}

#[test]
fn what_python_writes_is_read_the_same() {
    let mut sets = 0;
    for (name, rows) in expected() {
        let Some(_) = name.strip_prefix("parquet/") else {
            continue;
        };
        let set = open(&name);
        assert_eq!(set.len(), rows.len(), "{name}");
        // Forwards, backwards and forwards again: from pages just read, and from kept ones.
        for row in (0..set.len())
            .chain((0..set.len()).rev())
            .chain(0..set.len())
        {
            check_row(&set, row, &rows[row]);
        }
        sets += 1;
    }
    assert!(sets > 20, "{sets}");
}
