//! Opening folders with rows that can't be used, under the policy that skips them.

use std::fs;
use std::sync::Arc;

use captioner_data::{
    BadRows, CaptionDataset, DataError, FeatureType, OpenOptions, PictureFolder, SkippedRow,
    train_test_split,
};
use tempfile::TempDir;

/// A folder with the pictures `a.png` and `b.png`, and this metadata file.
fn folder(metadata: &str, text: impl AsRef<[u8]>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.png", "b.png", metadata] {
        fs::write(folder.path().join(name), text.as_ref()).unwrap();
    }
    folder
}

fn open(folder: &TempDir) -> Result<PictureFolder, DataError> {
    let options = OpenOptions::default().with_bad_rows(BadRows::Skip);
    PictureFolder::open_with(folder.path(), &options)
}

fn names(set: &PictureFolder) -> Vec<String> {
    (0..set.len())
        .map(|row| set.row_name(row).unwrap())
        .collect()
}

/// The skipped rows as printed, with the folder's own path taken out.
fn skipped(folder: &TempDir, set: &dyn CaptionDataset) -> Vec<String> {
    let path = folder.path().display().to_string();
    let print = |row: &SkippedRow| row.to_string().replace(&path, "DIR").replace('\\', "/");
    set.skipped().iter().map(print).collect()
}

/// The error's message with the folder's own path taken out.
fn message(folder: &TempDir) -> String {
    let path = folder.path().display().to_string();
    let message = open(folder).unwrap_err().to_string();
    message.replace(&path, "DIR").replace('\\', "/")
}

#[test]
fn bad_rows_of_json_lines_are_left_out_and_listed() {
    let folder = folder(
        "metadata.jsonl",
        concat!(
            r#"{"file_name": "lost.png", "captions": "a cat"}"#,
            "\n",
            r#"{"file_name": "a.png", "text": "a cat"}"#,
            "\n\n",
            r#"{"file_name": "../a.png", "text": "a cat"}"#,
            "\n",
            r#"{"file_name": "a.png", "text": " "}"#,
            "\n",
            r#"{"file_name": "a.png", "text": []}"#,
            "\n",
            r#"{"file_name": "a.png"}"#,
            "\n",
            r#"{"file_name": "a.png", "text": 7}"#,
            "\n",
            r#"{"file_name": "b.png", "text": "a dog"}"#,
            "\n",
            r#"{"file_name": "b.png", "te"#,
        ),
    );
    let set = open(&folder).unwrap();
    assert_eq!(names(&set), ["a.png", "b.png"]);
    assert_eq!(*set.captions(1).unwrap(), ["a dog"]);
    let empty = "the caption of `a.png` is empty: write one or remove the row";
    assert_eq!(
        skipped(&folder, &set),
        [
            "`lost.png` of `DIR/metadata.jsonl` row 1: there is no picture `lost.png` in the \
             folder: add it or remove the row",
            "`../a.png` of `DIR/metadata.jsonl` row 3 (line 4): `../a.png` is not a path inside \
             the folder: give it relative to the folder, without `..`",
            &format!("`a.png` of `DIR/metadata.jsonl` row 4 (line 5): {empty}"),
            &format!("`a.png` of `DIR/metadata.jsonl` row 5 (line 6): {empty}"),
            "`DIR/metadata.jsonl` row 6 (line 7): the column `text` (or `caption`, `captions`) is \
             missing: add it",
            "`DIR/metadata.jsonl` row 7 (line 8): `text` is a number: write a string or a list of \
             strings",
            "`DIR/metadata.jsonl` row 9 (line 10): not a JSON object (EOF while parsing a string, \
             column 26): write one object a line, such as {\"file_name\": \"a.png\", \"text\": \
             \"a cat\"}",
        ]
    );
    // The column is that of the first good row, and rows keep their numbers in the file.
    let text = &set.features()[1];
    assert_eq!((text.name.as_str(), text.kind), ("text", FeatureType::Text));
    assert_eq!(
        (set.row_number(0).unwrap(), set.row_number(1).unwrap()),
        (2, 8)
    );
    let described = set.describe_row(1).unwrap();
    assert!(described.ends_with("row 8 (line 9)"), "{described}");
}

#[test]
fn bad_rows_of_csv_are_left_out_and_listed() {
    let folder = folder(
        "metadata.csv",
        b"file_name,text\na.png,a cat\na.png,a dog, asleep\nlost.png,x\n\na.png,caf\xe9\na.png,\nb.png,a dog\n",
    );
    let set = open(&folder).unwrap();
    assert_eq!(names(&set), ["a.png", "b.png"]);
    assert_eq!(
        skipped(&folder, &set),
        [
            "`DIR/metadata.csv` row 2 (line 3): 3 field(s) where the header has 2: fix the row's \
             commas and quotes",
            "`lost.png` of `DIR/metadata.csv` row 3 (line 4): there is no picture `lost.png` in \
             the folder: add it or remove the row",
            "`DIR/metadata.csv` row 4 (line 6): not UTF-8 text: save the file as UTF-8",
            "`a.png` of `DIR/metadata.csv` row 5 (line 7): the caption of `a.png` is empty: write \
             one or remove the row",
        ]
    );
    assert_eq!(set.row_number(1).unwrap(), 6);
}

#[test]
fn a_line_without_end_is_left_out_whole() {
    let good = r#"{"file_name": "a.png", "text": "a cat"}"#;
    for length in [4 << 20, (4 << 20) + 1, 9 << 20] {
        let folder = folder(
            "metadata.jsonl",
            format!("{}\n{good}\n", "x".repeat(length)),
        );
        let set = open(&folder).unwrap();
        assert_eq!((set.len(), set.skipped().len()), (1, 1), "{length}");
        assert_eq!(set.row_number(0).unwrap(), 2);
    }
}

#[test]
fn of_several_captions_the_bad_ones_are_left_out() {
    let long = "x".repeat(100_001);
    let row = |captions: &str| format!(r#"{{"file_name": "a.png", "text": {captions}}}"#);
    let folder_of = |captions: &str| folder("metadata.jsonl", row(captions));
    let some = folder_of(&format!(r#"["a cat", "", "{long}", " a pet "]"#));
    let set = open(&some).unwrap();
    assert_eq!(*set.captions(0).unwrap(), ["a cat", "a pet"]);
    assert!(set.skipped().is_empty(), "the row is there");
    let stopped = PictureFolder::open(some.path()).unwrap_err();
    assert!(matches!(stopped, DataError::EmptyCaption { .. }));

    let good = row(r#""a dog""#);
    let none = folder("metadata.jsonl", format!("{}\n{good}", row(r#"[" ", ""]"#)));
    let set = open(&none).unwrap();
    assert_eq!((set.len(), set.skipped().len()), (1, 1));
    assert!(set.skipped()[0].reason.contains("is empty"));
}

#[test]
fn a_folder_of_bad_rows_only_is_an_error_that_names_the_first() {
    let lines = "{\"file_name\": \"c.png\", \"text\": \"x\"}\n{\"file_name\": \"d.png\", \"text\": \"x\"}\n";
    assert_eq!(
        message(&folder("metadata.jsonl", lines)),
        "none of the 2 row(s) of `DIR/metadata.jsonl` can be used; the first: \
         `DIR/metadata.jsonl` row 1: there is no picture `c.png` in the folder: add it or remove \
         the row"
    );
    let no_json = message(&folder("metadata.jsonl", "a.png, a cat\nb.png, a dog\n"));
    let expected = "none of the 2 row(s) of `DIR/metadata.jsonl` can be used; the first: \
                    `DIR/metadata.jsonl` row 1: not a JSON object";
    assert!(no_json.starts_with(expected), "{no_json}");
    let no_column = message(&folder("metadata.jsonl", "{\"file_name\": \"a.png\"}\n"));
    assert!(no_column.contains("the column `text`"), "{no_column}");
}

#[test]
fn what_is_wrong_with_the_whole_file_is_still_an_error() {
    let header = folder("metadata.csv", "file,text\na.png,a cat\n");
    assert!(matches!(
        open(&header).unwrap_err(),
        DataError::MissingHeader { .. }
    ));
    let header = folder("metadata.csv", b"file_name,t\xe9xt\na.png,a cat\n");
    assert!(matches!(
        open(&header).unwrap_err(),
        DataError::NotUtf8 { .. }
    ));
    for empty in ["", "\n \n"] {
        assert!(matches!(
            open(&folder("metadata.jsonl", empty)).unwrap_err(),
            DataError::EmptyDataset { .. }
        ));
    }
    let missing = PictureFolder::open_with("/nowhere", &OpenOptions::default()).unwrap_err();
    assert!(matches!(missing, DataError::FolderMissing { .. }));
}

#[test]
fn the_parts_of_a_split_know_what_was_left_out() {
    let row = |name| format!("{{\"file_name\": \"{name}\", \"text\": \"x\"}}\n");
    let lines = [row("lost.png"), row("a.png"), row("b.png")].concat();
    let folder = folder("metadata.jsonl", lines);
    let set = Arc::new(open(&folder).unwrap());
    let split = train_test_split(set.clone(), 0.5, 0).unwrap();
    assert_eq!(split.train.skipped(), set.skipped());
    assert_eq!(set.skipped().len(), 1);
    let numbers = [
        split.train.row_number(0).unwrap(),
        split.test.row_number(0).unwrap(),
    ];
    assert_eq!(numbers.iter().sum::<usize>(), 5, "rows 2 and 3 of the file");
}
