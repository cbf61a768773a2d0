//! Reading Parquet files: what Python's `datasets` and pyarrow write, and what can be wrong.
#![cfg(feature = "parquet")]

mod columnar;

use std::fs;
use std::path::{Path, PathBuf};

use captioner_data::{
    BadRows, CaptionDataset, DataError, FeatureType, OpenOptions, ParquetDataset,
};
use columnar::{changed, check_set, expected, fixtures};

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

/// The message of a file that can't be opened, without the path of its folder.
fn refusal(file: &Path) -> String {
    let error = ParquetDataset::open(&[file.to_owned()], &OpenOptions::default()).unwrap_err();
    let folder = format!("{}/", file.parent().unwrap().display());
    error.to_string().replace(&folder, "")
}

#[test]
fn what_python_writes_is_read_the_same() {
    let sets = expected("parquet/");
    assert!(sets.len() > 20, "{}", sets.len());
    for (name, rows) in sets {
        check_set(&open(&name), &rows);
    }
}

#[test]
fn a_row_is_described_by_its_file() {
    let set = open("parquet/datasets");
    assert_eq!(set.len(), 7);
    assert_eq!(set.row_number(3).unwrap(), 1);
    let described = set.describe_row(3).unwrap();
    let file = fixtures().join("parquet/datasets/train-00001-of-00003.parquet");
    assert_eq!(described, format!("`p3.png` of `{}` row 1", file.display()));
    assert_eq!(set.blocks(), [0..3, 3..5, 5..7]);
    assert_eq!(set.features()[1].kind, FeatureType::Text);
    assert_eq!(
        open("parquet/datasets_lists").features()[1].kind,
        FeatureType::TextList
    );
    assert!(matches!(
        set.picture(7),
        Err(DataError::RowOutOfRange { .. })
    ));
}

#[test]
fn a_missing_caption_is_an_error_of_its_row() {
    let set = open("parquet/nulls");
    let message = set.captions(1).unwrap_err().to_string();
    assert!(message.ends_with(
        "data.parquet` row 2: the caption of `row-1` is empty: write one or remove the row"
    ));
    assert_eq!(set.caption_count(1).unwrap(), 1);
}

#[test]
fn empty_captions_among_several_are_left_out_where_bad_rows_are_skipped() {
    let files = shards(&fixtures().join("parquet/null_lists"));
    let options = OpenOptions::default().with_bad_rows(BadRows::Skip);
    let set = ParquetDataset::open(&files, &options).unwrap();
    assert_eq!(*set.captions(2).unwrap(), ["x"]);
    assert!(set.captions(0).is_err() && set.captions(1).is_err());
}

#[test]
fn a_caption_column_can_be_named() {
    let files = shards(&fixtures().join("parquet/bare_binary"));
    let options = OpenOptions::default().with_caption_column("prompt");
    let message = ParquetDataset::open(&files, &options)
        .unwrap_err()
        .to_string();
    assert!(message.contains("has no column `prompt` for the captions; its columns: `id` (INT64), `image` (binary), `caption` (string), `score` (DOUBLE)"), "{message}");
    let options = OpenOptions::default().with_caption_column("score");
    let message = ParquetDataset::open(&files, &options)
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("the caption column `score` is DOUBLE"),
        "{message}"
    );
}

#[test]
fn files_that_are_no_shard_are_named() {
    let refused = fixtures().join("refused");
    assert_eq!(
        refusal(&refused.join("brotli.parquet")),
        "`brotli.parquet`: the column `image.bytes` is compressed with BROTLI, which is not supported: \
         write it with snappy, zstd, lz4 (LZ4_RAW), gzip or not compressed"
    );
    assert!(refusal(&refused.join("no_rows.parquet")).contains("has no row"));
    assert!(
        refusal(&refused.join("other_columns.parquet"))
            .contains("the caption column `text` is INT64")
    );
    let incremental = refused.join("delta_byte_array.parquet");
    let set = ParquetDataset::open(&[incremental], &OpenOptions::default()).unwrap();
    assert!(set.captions(1).unwrap_err().to_string().ends_with(
        "delta_byte_array.parquet` row 2: the column `text` can't be read in row group 0: the encoding 7 of its \
         values is not supported: write it as PLAIN or with a dictionary"
    ));
    let good = fixtures().join("parquet/large/data.parquet");
    let cases: [(&[u8], &str); 5] = [
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n",
            "is a git-lfs pointer",
        ),
        (b"hello", "is not a Parquet file"),
        (b"", "is not a Parquet file"),
        (b"PAR1 and a download that broke off", "is cut off"),
        (b"PAR1............PARE", "is encrypted"),
    ];
    for (bytes, expected) in cases {
        let (_folder, file) = changed(&good, |content| *content = bytes.to_vec());
        assert!(refusal(&file).contains(expected), "{}", refusal(&file));
    }
    let (_folder, long) = changed(&good, |content| {
        let at = content.len() - 8;
        content[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    });
    assert!(refusal(&long).contains("the footer has 4294967295 bytes"));
    let none = ParquetDataset::open(&[], &OpenOptions::default()).unwrap_err();
    assert!(none.to_string().contains("there is no Parquet file"));
    assert!(refusal(&fixtures()).contains("can't read"));
    assert!(refusal(&fixtures().join("nowhere.parquet")).contains("can't read"));
}

#[test]
fn files_of_different_columns_are_named() {
    let mut files = shards(&fixtures().join("parquet/datasets"));
    files.push(fixtures().join("parquet/datasets_lists/train-00000-of-00002.parquet"));
    let message = ParquetDataset::open(&files, &OpenOptions::default())
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("the column `text` is list of strings, and in"),
        "{message}"
    );
    files[3] = fixtures().join("parquet/bare_binary/data.parquet");
    let message = ParquetDataset::open(&files, &OpenOptions::default())
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("the column `image` is binary, and in"),
        "{message}"
    );
}

#[test]
fn an_empty_file_among_others_has_no_rows() {
    let files = [
        fixtures().join("refused/no_rows.parquet"),
        fixtures().join("parquet/large/data.parquet"),
    ];
    let set = ParquetDataset::open(&files, &OpenOptions::default()).unwrap();
    let blocks = set.blocks();
    assert_eq!((set.len(), blocks.len(), &blocks[0]), (7, 1, &(0..7)));
}

/// How many bytes further the next change is.
const STEP: usize = 5;

/// Some fixtures, changed at every fifth byte in turn, and cut: an error or other values, never
/// a panic out of the library, and never more memory than a page may take.
#[test]
fn no_damage_is_worse_than_an_error() {
    let panics = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    for name in [
        "datasets_lists/train-00000-of-00002",
        "v2_snappy/data",
        "codec_gzip/data",
        "delta_length/data",
        "dictionary/data",
        "no_index_lists/train-00000-of-00001",
    ] {
        let file = fixtures().join(format!("parquet/{name}.parquet"));
        let bytes = fs::read(&file).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("changed.parquet");
        let check = |changed: &[u8]| {
            fs::write(&path, changed).unwrap();
            let opened = ParquetDataset::open(std::slice::from_ref(&path), &OpenOptions::default());
            let Ok(set) = opened else { return };
            for row in 0..set.len().min(8) {
                let _ = (set.captions(row), set.picture(row), set.row_name(row));
            }
        };
        for at in (0..bytes.len()).step_by(STEP) {
            let mut changed = bytes.clone();
            changed[at] ^= [0xff, 0x01, 0x80][at % 3];
            check(&changed);
        }
        for cut in (0..bytes.len()).step_by(97) {
            check(&bytes[..cut]);
        }
    }
    std::panic::set_hook(panics);
}
