//! Shards that Python's `tarfile` wrote, in each of its forms, against what `datasets` reads from
//! them (`tools/reference/datasets_webdataset.py`).

use std::fs;
use std::path::Path;

use captioner_data::{CaptionDataset, OpenOptions, Picture, TarDataset};
use serde_json::{Value, json};

#[test]
fn shards_are_read_as_datasets_reads_them() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/webdataset");
    // Opening keeps an index beside a shard.
    let folder = tempfile::tempdir().unwrap();
    let shards = ["plain.tar", "gnu.tar", "pax.tar", "lists.tar"];
    let paths = shards.map(|shard| {
        let path = folder.path().join(shard);
        fs::copy(fixtures.join(shard), &path).unwrap();
        path
    });
    let expected = fs::read_to_string(fixtures.join("expected.jsonl")).unwrap();
    let expected: Vec<Value> = expected
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for opening in ["by the headers", "by the index"] {
        let mut read = Vec::new();
        for (shard, path) in shards.iter().zip(&paths) {
            let set =
                TarDataset::open(std::slice::from_ref(path), &OpenOptions::default()).unwrap();
            for row in 0..set.len() {
                let Picture::Encoded(picture) = set.picture(row).unwrap() else {
                    panic!("not a file");
                };
                read.push(json!({
                    "shard": shard,
                    "row": row,
                    "name": set.row_name(row).unwrap(),
                    "captions": set.captions(row).unwrap(),
                    "crc32": crc32fast::hash(&picture),
                }));
            }
        }
        assert_eq!(read, expected, "{opening}");
    }
    assert_eq!(expected.len(), 14);
}
