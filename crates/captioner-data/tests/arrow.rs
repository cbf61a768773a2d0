//! Reading Arrow files and `save_to_disk` folders, and what can be wrong with them.
#![cfg(feature = "parquet")]

mod columnar;

use std::fs;
use std::path::Path;

use captioner_data::{
    ArrowDataset, ArrowError, CaptionDataset, DataError, OpenOptions, saved_splits,
};
use columnar::{changed, check_set, expected, fixtures};

fn open(path: impl AsRef<Path>) -> ArrowDataset {
    ArrowDataset::open(path, &OpenOptions::default()).unwrap()
}

/// The message of what can't be opened.
fn refusal(path: &Path) -> String {
    let opened = ArrowDataset::open(path, &OpenOptions::default());
    opened.unwrap_err().to_string()
}

#[test]
fn what_python_writes_is_read_the_same() {
    let sets = expected("arrow/");
    assert!(sets.len() > 10, "{}", sets.len());
    for (name, rows) in sets {
        check_set(&open(fixtures().join(name)), &rows);
    }
}

#[test]
fn the_splits_of_a_dataset_dict_are_found() {
    let folder = fixtures().join("arrow/dict");
    let splits = saved_splits(&folder).unwrap().unwrap();
    let expected = ["train", "test"].map(|name| (name.to_owned(), folder.join(name)));
    assert_eq!(splits, expected);
    assert_eq!(open(&splits[1].1).len(), 4);
    assert!(refusal(&folder).contains("holds the splits `train`, `test`: name one of them"));
    assert_eq!(saved_splits(&fixtures().join("arrow/saved")).unwrap(), None);
}

#[test]
fn a_row_is_described_by_its_file() {
    let set = open(fixtures().join("arrow/saved"));
    let file = fixtures().join("arrow/saved/data-00001-of-00002.arrow");
    assert_eq!(set.row_number(4).unwrap(), 1);
    assert_eq!(
        set.describe_row(4).unwrap(),
        format!("`p4.png` of `{}` row 1", file.display())
    );
    assert!(matches!(
        set.captions(7),
        Err(DataError::RowOutOfRange { .. })
    ));
}

#[test]
fn what_is_no_set_is_named() {
    let arrow = fixtures().join("arrow");
    assert!(refusal(&arrow).contains("has no state.json"));
    assert!(refusal(&arrow.join("zstd.arrow")).contains("its record batches are compressed"));
    assert!(refusal(&arrow.join("nowhere.arrow")).contains("can't read"));
    let file = arrow.join("stream.arrow");
    let cases: [(&[u8], &str); 4] = [
        (
            b"version https://git-lfs.github.com/spec/v1\noid",
            "is a git-lfs pointer",
        ),
        (b"hello, this is text", "is not an Arrow file"),
        (b"", "is not an Arrow file"),
        (b"abc", "is cut off"),
    ];
    for (bytes, expected) in cases {
        let (_folder, file) = changed(&file, |content| *content = bytes.to_vec());
        assert!(refusal(&file).contains(expected), "{}", refusal(&file));
    }
    let (_folder, cut) = changed(&file, |content| content.truncate(content.len() - 100));
    assert!(refusal(&cut).contains("is cut off"), "{}", refusal(&cut));
    let options = OpenOptions::default().with_caption_column("prompt");
    let message = ArrowDataset::open(&file, &options).unwrap_err().to_string();
    assert!(
        message.contains(
            "its columns: `id` (Int64), `image` (a struct of bytes and path), `text` (string)"
        ),
        "{message}"
    );
}

#[test]
fn a_saved_folder_leads_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    for name in ["../data.arrow", "/etc/passwd", "a\\\\b", "..", ""] {
        write(
            "state.json",
            &format!(r#"{{"_data_files": [{{"filename": "{name}"}}]}}"#),
        );
        assert!(
            refusal(folder.path()).contains("is no plain name"),
            "{}",
            refusal(folder.path())
        );
    }
    write("state.json", "[]");
    assert!(refusal(folder.path()).contains("it has no `_data_files`"));
    write(
        "state.json",
        r#"{"_data_files": [], "_indices_data_files": [{"filename": "i.arrow"}]}"#,
    );
    assert!(refusal(folder.path()).contains("its rows are picked by an indices file"));
    write("state.json", r#"{"_data_files": []}"#);
    assert!(refusal(folder.path()).contains("has no row"));
    write("dataset_dict.json", r#"{"splits": ["../train"]}"#);
    let error = saved_splits(folder.path()).unwrap_err();
    assert!(
        matches!(error, DataError::Arrow(ArrowError::State { .. })),
        "{error}"
    );
}

/// How many bytes further the next change is.
const STEP: usize = 5;

/// Some fixtures, changed at every fifth byte in turn, and cut: an error or other values.
#[test]
fn no_damage_is_worse_than_an_error() {
    let panics = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    for name in [
        "saved_lists/data-00000-of-00001",
        "dictionary",
        "views",
        "file",
    ] {
        let bytes = fs::read(fixtures().join(format!("arrow/{name}.arrow"))).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("changed.arrow");
        let check = |changed: &[u8]| {
            fs::write(&path, changed).unwrap();
            let Ok(set) = ArrowDataset::open(&path, &OpenOptions::default()) else {
                return;
            };
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
