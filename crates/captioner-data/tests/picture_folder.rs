//! Reading folders of pictures: what works, and each thing that can be wrong.

use std::fs;
use std::path::PathBuf;

use captioner_data::{CaptionDataset, DataError, FeatureType, Picture, PictureFolder};
use tempfile::TempDir;

/// A folder with pictures (their bytes are their names) and files.
fn folder(pictures: &[&str], files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let pictures = pictures.iter().map(|&name| (name, name.as_bytes()));
    for (name, bytes) in pictures.chain(files.iter().copied()) {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

fn jsonl(text: &str) -> TempDir {
    folder(
        &["a.png", "images/b.jpg"],
        &[("metadata.jsonl", text.as_bytes())],
    )
}

fn csv(text: &str) -> TempDir {
    folder(
        &["a.png", "images/b.jpg"],
        &[("metadata.csv", text.as_bytes())],
    )
}

fn open(folder: &TempDir) -> PictureFolder {
    PictureFolder::open(folder.path()).unwrap()
}

fn error(folder: &TempDir) -> DataError {
    PictureFolder::open(folder.path()).unwrap_err()
}

/// The error's message with the folder's own path taken out.
fn message(folder: &TempDir) -> String {
    error(folder)
        .to_string()
        .replace(&folder.path().display().to_string(), "DIR")
        .replace('\\', "/")
}

fn check_both_rows(set: &PictureFolder) {
    assert_eq!(set.len(), 2);
    let picture = |row| set.picture(row).unwrap();
    assert_eq!(picture(0), Picture::Encoded(b"a.png".to_vec()));
    assert_eq!(set.row_name(0).unwrap(), "a.png");
    assert_eq!(*set.captions(0).unwrap(), ["a cat"]);
    assert_eq!(picture(1), Picture::Encoded(b"images/b.jpg".to_vec()));
    assert_eq!(set.row_name(1).unwrap(), "images/b.jpg");
    assert_eq!(*set.captions(1).unwrap(), ["a dog, asleep"]);
}

#[test]
fn jsonl_rows_are_read_in_order() {
    let folder = jsonl(concat!(
        r#"{"file_name": "a.png", "text": "a cat", "extra": [1]}"#,
        "\n",
        r#"{"file_name": "images/b.jpg", "text": "a dog, asleep"}"#,
    ));
    let set = open(&folder);
    check_both_rows(&set);
    assert_eq!(set.name(), folder.path().display().to_string());
    assert_eq!(
        (set.features()[1].name.as_str(), set.features()[1].kind),
        ("text", FeatureType::Text)
    );
}

#[test]
fn csv_rows_are_read_in_order() {
    let set = csv("id,file_name,text\n1,a.png,a cat\n2,images/b.jpg,\"a dog, asleep\"\n");
    check_both_rows(&open(&set));
}

#[test]
fn windows_text_files_are_read() {
    let rows = "\u{feff}{\"file_name\": \"a.png\", \"text\": \" a cat \"}\r\n\r\n  \r\n\
                {\"file_name\": \"images/b.jpg\", \"text\": \"a dog, asleep\"}\r\n";
    check_both_rows(&open(&jsonl(rows)));
    let rows =
        "\u{feff}file_name,text\r\n\r\na.png,a cat\r\n\r\nimages/b.jpg,\"a dog, asleep\"\r\n";
    check_both_rows(&open(&csv(rows)));
}

#[test]
fn other_caption_columns_are_accepted() {
    for column in ["caption", "captions", "text"] {
        let set = open(&jsonl(&format!(
            r#"{{"file_name": "a.png", "{column}": "a cat"}}"#
        )));
        assert_eq!(*set.captions(0).unwrap(), ["a cat"]);
        assert_eq!(set.features()[1].name, column);
        let set = open(&csv(&format!("{column}, file_name\na cat,a.png\n")));
        assert_eq!(*set.captions(0).unwrap(), ["a cat"]);
        assert_eq!(set.features()[1].name, column);
    }
}

#[test]
fn a_list_gives_several_captions() {
    let folder = jsonl(r#"{"file_name": "a.png", "captions": ["a cat", "an animal"]}"#);
    let set = open(&folder);
    assert_eq!(*set.captions(0).unwrap(), ["a cat", "an animal"]);
    assert_eq!(set.features()[1].kind, FeatureType::TextList);
}

#[test]
fn messages_place_a_row_by_number_and_line() {
    let set = csv("file_name,text\n\na.png,a cat\n");
    let described = open(&set).describe_row(0).unwrap();
    assert!(described.starts_with("`a.png` of `"), "{described}");
    assert!(
        described.ends_with("metadata.csv` row 1 (line 3)"),
        "{described}"
    );
}

#[test]
fn a_missing_picture_is_a_named_error() {
    let expected = "there is no picture `lost.png` in the folder: add it or remove the row";
    let rows = concat!(
        r#"{"file_name": "a.png", "text": "a cat"}"#,
        "\n\n",
        r#"{"file_name": "lost.png", "text": "a dog"}"#
    );
    assert_eq!(
        message(&jsonl(rows)),
        format!("`DIR/metadata.jsonl` row 2 (line 3): {expected}")
    );
    let rows = "file_name,text\na.png,a cat\nlost.png,a dog\n";
    assert_eq!(
        message(&csv(rows)),
        format!("`DIR/metadata.csv` row 2 (line 3): {expected}")
    );
}

#[test]
fn a_folder_in_place_of_a_picture_is_a_named_error() {
    let folder = jsonl(r#"{"file_name": "images", "text": "a cat"}"#);
    assert!(matches!(error(&folder), DataError::PictureMissing { .. }));
}

#[test]
fn a_picture_lost_after_opening_is_a_named_error() {
    let folder = jsonl(r#"{"file_name": "a.png", "text": "a cat"}"#);
    let set = open(&folder);
    fs::remove_file(folder.path().join("a.png")).unwrap();
    let error = set.picture(0).unwrap_err();
    assert!(matches!(error, DataError::PictureUnreadable { .. }));
    assert!(
        error.to_string().contains("a.png") && error.to_string().contains("row 1"),
        "{error}"
    );
}

#[test]
fn a_picture_far_too_large_is_a_named_error() {
    let folder = jsonl(r#"{"file_name": "a.png", "text": "a cat"}"#);
    // A sparse file: it takes no space on the disk.
    fs::File::create(folder.path().join("a.png"))
        .unwrap()
        .set_len(1 << 31)
        .unwrap();
    let error = open(&folder).picture(0).unwrap_err();
    assert!(
        matches!(
            error,
            DataError::PictureTooLarge {
                bytes: 2_147_483_648,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_path_out_of_the_folder_is_a_named_error() {
    for name in ["../a.png", "/etc/hostname", "images/../../a.png", "", "."] {
        let folder = jsonl(&format!(r#"{{"file_name": "{name}", "text": "a cat"}}"#));
        assert!(
            matches!(error(&folder), DataError::PathOutside { .. }),
            "{name}"
        );
    }
}

#[test]
fn an_empty_caption_is_a_named_error() {
    let expected = "the caption of `a.png` is empty: write one or remove the row";
    for value in [r#""""#, r#"" \t ""#, "[]", r#"["a cat", ""]"#] {
        let folder = jsonl(&format!(r#"{{"file_name": "a.png", "text": {value}}}"#));
        assert_eq!(
            message(&folder),
            format!("`DIR/metadata.jsonl` row 1: {expected}"),
            "{value}"
        );
    }
    let folder = csv("file_name,text\na.png,\n");
    assert_eq!(
        message(&folder),
        format!("`DIR/metadata.csv` row 1 (line 2): {expected}")
    );
}

#[test]
fn an_endless_caption_is_a_named_error() {
    let text = "x".repeat(100_001);
    let folder = jsonl(&format!(r#"{{"file_name": "a.png", "text": "{text}"}}"#));
    assert!(matches!(
        error(&folder),
        DataError::CaptionTooLong { bytes: 100_001, .. }
    ));
}

#[test]
fn an_endless_line_is_a_named_error() {
    let folder = jsonl(&"x".repeat(5 << 20));
    assert!(matches!(error(&folder), DataError::LineTooLong { .. }));
}

#[test]
fn an_endless_metadata_file_is_a_named_error() {
    for name in ["metadata.jsonl", "metadata.csv"] {
        let folder = folder(&[], &[]);
        fs::File::create(folder.path().join(name))
            .unwrap()
            .set_len((1 << 30) + 1)
            .unwrap();
        assert!(matches!(error(&folder), DataError::MetadataTooLarge { .. }));
    }
}

#[test]
fn invalid_json_is_a_named_error_with_its_line() {
    let first = r#"{"file_name": "a.png", "text": "a cat"}"#;
    let broken = [
        r#"{"file_name": "a.png""#,
        "a.png, a dog",
        r#"["a.png", "a dog"]"#,
        "{} {}",
        "1",
    ];
    for broken in broken {
        let folder = jsonl(&format!("{first}\n\n{broken}\n"));
        let DataError::InvalidJson { place, .. } = error(&folder) else {
            panic!("{broken}: {}", message(&folder));
        };
        assert_eq!((place.row, place.line), (2, 3));
    }
}

#[test]
fn deeply_nested_json_is_a_named_error() {
    let folder = jsonl(&format!(r#"{{"file_name": {}"#, "[".repeat(100_000)));
    assert!(matches!(error(&folder), DataError::InvalidJson { .. }));
}

#[test]
fn a_missing_column_is_a_named_error() {
    let name = "the column `file_name` is missing: add it";
    let text = "the column `text` (or `caption`, `captions`) is missing: add it";
    let folder = jsonl(r#"{"text": "a cat"}"#);
    assert_eq!(
        message(&folder),
        format!("`DIR/metadata.jsonl` row 1: {name}")
    );
    let folder = jsonl(r#"{"file_name": "a.png"}"#);
    assert_eq!(
        message(&folder),
        format!("`DIR/metadata.jsonl` row 1: {text}")
    );
    for (header, column) in [
        ("text", "`file_name`"),
        ("file_name", "`text` (or `caption`, `captions`)"),
    ] {
        let expected = format!("`DIR/metadata.csv`: the header has no column {column}: add it");
        assert_eq!(message(&csv(&format!("{header}\nx\n"))), expected);
    }
}

#[test]
fn a_value_of_the_wrong_type_is_a_named_error() {
    let folder = jsonl(r#"{"file_name": 7, "text": "a cat"}"#);
    let expected = "`DIR/metadata.jsonl` row 1: `file_name` is a number: write a string";
    assert_eq!(message(&folder), expected);
    for value in ["null", "7", "true", r#"{"en": "a cat"}"#, r#"["a cat", 7]"#] {
        let folder = jsonl(&format!(r#"{{"file_name": "a.png", "text": {value}}}"#));
        assert!(
            matches!(error(&folder), DataError::WrongType { .. }),
            "{value}"
        );
    }
}

#[test]
fn a_csv_row_of_another_width_is_a_named_error() {
    let folder = csv("file_name,text\na.png,a cat\na.png,a dog, asleep\n");
    let expected = "`DIR/metadata.csv` row 2 (line 3): 3 field(s) where the header has 2: \
                    fix the row's commas and quotes";
    assert_eq!(message(&folder), expected);
}

#[test]
fn bytes_that_are_not_utf8_are_a_named_error() {
    let bytes = b"{\"file_name\": \"a.png\", \"text\": \"caf\xe9\"}";
    let set = folder(&["a.png"], &[("metadata.jsonl", bytes)]);
    assert!(matches!(error(&set), DataError::NotUtf8 { .. }));
    let set = folder(
        &["a.png"],
        &[("metadata.csv", b"file_name,text\na.png,caf\xe9\n")],
    );
    assert!(message(&set).starts_with("`DIR/metadata.csv` row 1 (line 2): not UTF-8"));
    let set = folder(
        &["a.png"],
        &[("metadata.csv", b"file_name,t\xe9xt\na.png,x\n")],
    );
    assert!(matches!(error(&set), DataError::NotUtf8 { .. }));
}

#[test]
fn an_empty_set_is_a_named_error() {
    for set in [jsonl(""), jsonl("\n \n"), csv(""), csv("file_name,text\n")] {
        assert!(
            matches!(error(&set), DataError::EmptyDataset { .. }),
            "{}",
            error(&set)
        );
    }
}

#[test]
fn a_folder_without_metadata_is_a_named_error() {
    let set = folder(&["a.png"], &[]);
    let expected = "`DIR` has neither metadata.jsonl nor metadata.csv: \
                    add one with the columns `file_name` and `text`";
    assert_eq!(message(&set), expected);
}

#[test]
fn two_metadata_files_are_a_named_error() {
    let set = folder(
        &["a.png"],
        &[("metadata.jsonl", b"{}"), ("metadata.csv", b"x")],
    );
    assert_eq!(
        message(&set),
        "`DIR` has both metadata.jsonl and metadata.csv: remove one of them"
    );
}

#[test]
fn a_metadata_folder_is_a_named_error() {
    let set = folder(&[], &[]);
    fs::create_dir(set.path().join("metadata.jsonl")).unwrap();
    assert!(
        matches!(error(&set), DataError::Io { .. }),
        "{}",
        error(&set)
    );
}

#[test]
fn a_missing_folder_is_a_named_error() {
    let error = PictureFolder::open("/nowhere/at/all").unwrap_err();
    assert!(matches!(error, DataError::FolderMissing { .. }), "{error}");
}

#[test]
fn a_row_past_the_end_is_a_named_error() {
    let folder = jsonl(r#"{"file_name": "a.png", "text": "a cat"}"#);
    let set = open(&folder);
    assert!(matches!(
        set.picture(1),
        Err(DataError::RowOutOfRange {
            index: 1,
            len: 1,
            ..
        })
    ));
    assert!(matches!(
        set.captions(1),
        Err(DataError::RowOutOfRange { .. })
    ));
}

#[test]
#[ignore = "reads the emoji set: give its parent folder in CAPTIONER_DATA"]
fn a_real_set_is_read_whole() {
    let data = PathBuf::from(std::env::var_os("CAPTIONER_DATA").expect("CAPTIONER_DATA is set"));
    let set = PictureFolder::open(data.join("emoji-captions")).unwrap();
    assert_eq!(set.len(), 833);
    for index in 0..set.len() {
        let picture = set.picture(index).unwrap();
        assert!(matches!(picture, Picture::Encoded(bytes) if bytes.starts_with(b"\x89PNG")));
    }
}
