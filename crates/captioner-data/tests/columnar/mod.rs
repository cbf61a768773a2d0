//! The fixtures of columnar sets, and what Python reads from them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use captioner_data::{CaptionDataset, DataError, Picture};
use serde_json::Value;

/// Written by tools/reference/datasets_parquet.py.
pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/columnar")
}

/// What Python reads from the sets whose name begins so: their rows.
pub(crate) fn expected(kind: &str) -> BTreeMap<String, Vec<Value>> {
    let text = fs::read_to_string(fixtures().join("expected.json")).unwrap();
    let mut all: BTreeMap<String, Vec<Value>> = serde_json::from_str(&text).unwrap();
    all.retain(|name, _| name.starts_with(kind));
    all
}

fn crc32(picture: Picture) -> u64 {
    let Picture::Encoded(bytes) = picture else {
        panic!("decoded already")
    };
    u64::from(crc32fast::hash(&bytes))
}

/// Compares a set with what Python read: forwards, backwards and forwards again, so that rows
/// come from pages just read and from kept ones.
pub(crate) fn check_set(set: &dyn CaptionDataset, rows: &[Value]) {
    assert_eq!(set.len(), rows.len(), "{}", set.name());
    for row in (0..set.len())
        .chain((0..set.len()).rev())
        .chain(0..set.len())
    {
        check_row(set, row, &rows[row]);
    }
    let blocks = set.blocks();
    assert_eq!(
        (blocks[0].start, blocks[blocks.len() - 1].end),
        (0, set.len())
    );
    assert!(blocks.windows(2).all(|pair| pair[0].end == pair[1].start));
}

/// A caption or a picture that Python has as null is an error here.
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

/// A copy of a file in a folder of its own, changed.
pub(crate) fn changed(
    file: &Path,
    change: impl FnOnce(&mut Vec<u8>),
) -> (tempfile::TempDir, PathBuf) {
    let mut bytes = fs::read(file).unwrap();
    change(&mut bytes);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file.file_name().unwrap());
    fs::write(&path, bytes).unwrap();
    (folder, path)
}
