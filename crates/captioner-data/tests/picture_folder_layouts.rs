//! Folders of pictures in the layouts that `imagefolder` of `datasets` reads, and near misses.

use std::fs;
use std::path::Path;

use captioner_data::{
    BadRows, CaptionDataset, DataError, FeatureType, OpenOptions, Picture, PictureFolder,
    open_dataset, open_splits,
};
use tempfile::TempDir;

/// A folder with these files. A picture's bytes are its name unless it has others.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, if text.is_empty() { name } else { text }).unwrap();
    }
    folder
}

fn row(file_name: &str, text: &str) -> String {
    format!("{{\"file_name\": \"{file_name}\", \"text\": \"{text}\"}}\n")
}

fn message(folder: &TempDir, error: &DataError) -> String {
    let path = folder.path().display().to_string();
    error.to_string().replace(&path, "DIR")
}

fn refused(folder: &TempDir, options: &OpenOptions) -> String {
    message(folder, &open_dataset(folder.path(), options).err().unwrap())
}

/// Name, captions and picture of each row.
fn rows(set: &dyn CaptionDataset) -> Vec<(String, Vec<String>, String)> {
    let row = |row| {
        let Picture::Encoded(bytes) = set.picture(row).unwrap() else {
            panic!("a file's bytes")
        };
        let captions = set.captions(row).unwrap().into_owned();
        let bytes = String::from_utf8(bytes).unwrap();
        (set.row_name(row).unwrap(), captions, bytes)
    };
    (0..set.len()).map(row).collect()
}

fn one(name: &str, caption: &str) -> (String, Vec<String>, String) {
    (name.to_owned(), vec![caption.to_owned()], name.to_owned())
}

#[test]
fn a_metadata_file_in_each_folder_is_relative_to_it() {
    let set = folder(&[
        ("a.png", ""),
        ("x/b.png", ""),
        ("x/y/c.png", ""),
        ("metadata.jsonl", &row("a.png", "an a")),
        (
            "x/metadata.jsonl",
            &(row("b.png", "a b") + &row("y/c.png", "a c")),
        ),
    ]);
    let set = PictureFolder::open(set.path()).unwrap();
    assert_eq!(
        rows(&set),
        [
            one("a.png", "an a"),
            one("x/b.png", "a b"),
            one("x/y/c.png", "a c")
        ]
    );
    assert_eq!(set.row_number(2).unwrap(), 2, "of its own file");
    let described = set.describe_row(2).unwrap();
    assert!(described.contains("x/metadata.jsonl` row 2"), "{described}");
}

#[test]
fn folders_named_after_splits_are_splits() {
    let set = folder(&[
        ("data/train/a.png", ""),
        ("data/train/metadata.jsonl", &row("a.png", "an a")),
        ("data/my-val_1/b.png", ""),
        ("data/my-val_1/metadata.jsonl", &row("b.png", "a b")),
        ("data/evaluation/c.png", ""),
        ("data/evaluation/metadata.jsonl", &row("c.png", "a c")),
        // As in `datasets`, what is in no split then is left out.
        ("metadata.jsonl", &row("data/train/a.png", "nobody's")),
    ]);
    let options = OpenOptions::default();
    let splits = open_splits(set.path(), &options).unwrap();
    assert_eq!(splits.names(), ["train", "validation", "test"]);
    let test = splits.get("test").unwrap();
    assert_eq!(rows(test.as_ref()), [one("data/evaluation/c.png", "a c")]);
    assert!(test.name().ends_with("[test]"), "{}", test.name());

    let asked = open_dataset(set.path(), &options.clone().with_split("validation")).unwrap();
    assert_eq!(rows(asked.as_ref()), [one("data/my-val_1/b.png", "a b")]);
    assert_eq!(
        refused(&set, &options),
        "`DIR` has the splits `train`, `validation`, `test`: name one of them"
    );
    assert_eq!(
        refused(&set, &options.with_split("dev")),
        "`DIR` has no split `dev`: name one of `train`, `validation`, `test`"
    );
}

#[test]
fn names_of_pictures_make_no_split() {
    let lines = row("train_1.png", "a") + &row("a test.png", "b");
    let set = folder(&[
        ("train_1.png", ""),
        ("a test.png", ""),
        ("metadata.jsonl", &lines),
    ]);
    let splits = open_splits(set.path(), &OpenOptions::default()).unwrap();
    assert_eq!(splits.names(), ["train"]);
    assert_eq!(splits.get("train").unwrap().len(), 2);
}

#[test]
fn a_backslash_separates() {
    let set = folder(&[
        ("pics/a.png", ""),
        ("metadata.jsonl", &row("pics\\\\a.png", "an a")),
    ]);
    assert_eq!(
        rows(&PictureFolder::open(set.path()).unwrap()),
        [one("pics/a.png", "an a")]
    );
}

#[test]
fn other_columns_that_name_pictures() {
    for column in [
        "image_file_name",
        "x_file_name",
        "file_names",
        "x_file_names",
    ] {
        let name = if column.ends_with('s') {
            "[\"a.png\"]"
        } else {
            "\"a.png\""
        };
        let line = format!("{{\"{column}\": {name}, \"text\": \"an a\"}}");
        let set = folder(&[("a.png", ""), ("metadata.jsonl", &line)]);
        let set = PictureFolder::open(set.path()).unwrap();
        assert_eq!(rows(&set), [one("a.png", "an a")], "{column}");
    }
    let both = r#"{"mask_file_name": "b.png", "file_name": "a.png", "text": "an a"}"#;
    let set = folder(&[("a.png", ""), ("metadata.jsonl", both)]);
    assert_eq!(
        rows(&PictureFolder::open(set.path()).unwrap()),
        [one("a.png", "an a")]
    );
}

#[test]
fn several_pictures_a_row_are_a_named_error() {
    let line = r#"{"left_file_name": "a.png", "right_file_name": "a.png", "text": "x"}"#;
    let set = folder(&[("a.png", ""), ("metadata.jsonl", line)]);
    let options = OpenOptions::default();
    let expected = "the columns `left_file_name`, `right_file_name` all name pictures: call the \
                    one to caption `file_name`";
    assert_eq!(
        refused(&set, &options),
        format!("`DIR/metadata.jsonl` row 1: {expected}")
    );
    let set = folder(&[
        ("a.png", ""),
        ("metadata.csv", "left_file_name,right_file_name,text\n"),
    ]);
    assert_eq!(
        refused(&set, &options),
        format!("`DIR/metadata.csv`: {expected}")
    );
    let line = r#"{"file_names": ["a.png", "a.png"], "text": "x"}"#;
    let set = folder(&[("a.png", ""), ("metadata.jsonl", line)]);
    assert!(refused(&set, &options).ends_with("names 2 pictures: name one in each row"));
}

#[test]
fn a_caption_column_can_be_named() {
    let options = OpenOptions::default().with_caption_column("prompt");
    let line = r#"{"file_name": "a.png", "text": "no", "prompt": ["an a", "a letter"]}"#;
    let jsonl = folder(&[("a.png", ""), ("metadata.jsonl", line)]);
    let set = PictureFolder::open_with(jsonl.path(), &options).unwrap();
    assert_eq!(*set.captions(0).unwrap(), ["an a", "a letter"]);
    let caption = &set.features()[1];
    assert_eq!(
        (caption.name.as_str(), caption.kind),
        ("prompt", FeatureType::TextList)
    );
    let csv = folder(&[
        ("a.png", ""),
        ("metadata.csv", "prompt,text,file_name\nan a,no,a.png\n"),
    ]);
    let set = PictureFolder::open_with(csv.path(), &options).unwrap();
    assert_eq!(*set.captions(0).unwrap(), ["an a"]);

    let line = r#"{"file_name": "a.png", "prompt": "x"}"#;
    let without = folder(&[("a.png", ""), ("metadata.jsonl", line)]);
    let there = "add it, or give another column's name (--caption-column for captions); there are \
                 `prompt`";
    assert_eq!(
        refused(&without, &OpenOptions::default()),
        format!(
            "`DIR/metadata.jsonl` row 1: the column `text` (or `caption`, `captions`) is missing: \
             {there}"
        )
    );
    let other = options.clone().with_caption_column("story");
    assert!(refused(&without, &other).contains("the column `story` is missing"));
    assert!(refused(&csv, &other).contains("no column `story`: add it, or give"));
}

#[test]
fn other_separators_are_named() {
    for (separator, named) in [(";", "`;`"), ("\t", "a tab"), ("|", "`|`")] {
        let text = format!("file_name{separator}text\na.png{separator}x, y\n");
        let set = folder(&[("a.png", ""), ("metadata.csv", &text)]);
        for options in [
            OpenOptions::default(),
            OpenOptions::default().with_bad_rows(BadRows::Skip),
        ] {
            assert_eq!(
                refused(&set, &options),
                format!(
                    "`DIR/metadata.csv`: the columns are separated by {named}: separate them by commas"
                )
            );
        }
    }
}

#[test]
fn an_unclosed_quote_costs_one_row() {
    for (text, reason) in [
        (
            "file_name,text\na.png,\"x\na.png,y\na.png,\"z\"\n",
            "so a quote is not closed or not doubled",
        ),
        (
            "file_name,text\na.png,\"x\na.png,y\na.png,z\n",
            "a quote that is never closed",
        ),
    ] {
        let set = folder(&[("a.png", ""), ("metadata.csv", text)]);
        let stopped = refused(&set, &OpenOptions::default());
        assert!(
            stopped.starts_with("`DIR/metadata.csv` row 1 (line 2): "),
            "{stopped}"
        );
        assert!(stopped.contains(reason), "{stopped}");
        let skip = OpenOptions::default().with_bad_rows(BadRows::Skip);
        let set = open_dataset(set.path(), &skip).unwrap();
        assert_eq!(rows(set.as_ref()), [one("a.png", "y"), one("a.png", "z")]);
        assert_eq!((set.skipped().len(), set.row_number(0).unwrap()), (1, 2));
    }
}

#[test]
fn near_misses_are_named() {
    for name in [
        "metadata.json1",
        "metadata.json",
        "metadata.jsonl.txt",
        "meta.csv",
        "Metadata.csv",
    ] {
        let set = folder(&[("a.png", ""), (name, &row("a.png", "x"))]);
        let message = refused(&set, &OpenOptions::default());
        assert!(
            message.contains(&format!("; is `{name}` meant so? rename it")),
            "{message}"
        );
    }
}

#[test]
fn folders_of_labels_are_told_from_captions() {
    let set = folder(&[("cat/a.png", ""), ("dog/b.png", "")]);
    let message = refused(&set, &OpenOptions::default());
    assert!(
        message.starts_with("`DIR` has pictures in folders that look like labels (`cat`, `dog`)"),
        "{message}"
    );
}

#[test]
fn two_kinds_of_metadata_are_named_wherever_they_are() {
    let set = folder(&[("metadata.jsonl", "{}"), ("x/metadata.csv", "x")]);
    assert_eq!(
        refused(&set, &OpenOptions::default()),
        "`DIR` has both metadata.jsonl and x/metadata.csv: remove one of them"
    );
}

#[test]
fn what_datasets_ignores_is_not_there() {
    let set = folder(&[
        ("a.png", ""),
        ("metadata.jsonl", &row("a.png", "an a")),
        ("._metadata.csv", "x"),
        (".DS_Store", "x"),
        ("Thumbs.db", "x"),
        ("unlisted.png", ""),
        (".cache/metadata.csv", "x"),
        ("__MACOSX/metadata.csv", "x"),
        ("__MACOSX/._a.png", "x"),
    ]);
    assert_eq!(
        rows(&PictureFolder::open(set.path()).unwrap()),
        [one("a.png", "an a")]
    );
}

#[test]
fn git_lfs_pointers_are_named() {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
    for name in ["metadata.jsonl", "metadata.csv", "metadata.parquet"] {
        let set = folder(&[("a.png", ""), (name, pointer)]);
        let skip = OpenOptions::default().with_bad_rows(BadRows::Skip);
        let message = refused(&set, &skip);
        let expected = format!(
            "`DIR/{name}` is a Git LFS pointer, not the file itself: run `git lfs pull` in its repository"
        );
        assert_eq!(message, expected);
    }
    let set = folder(&[("a.png", pointer), ("metadata.jsonl", &row("a.png", "x"))]);
    let opened = PictureFolder::open(set.path()).unwrap();
    let error = opened.picture(0).unwrap_err();
    assert!(matches!(error, DataError::LfsPointer { .. }), "{error}");
}

#[test]
fn paths_of_any_platform_stay_inside() {
    for name in [
        "..\\\\a.png",
        "C:\\\\a.png",
        "c:/a.png",
        "\\\\\\\\host\\\\a.png",
        "file:///etc/hostname",
        "a.png\\u0000",
    ] {
        let set = folder(&[("a.png", ""), ("metadata.jsonl", &row(name, "x"))]);
        let error = PictureFolder::open(set.path()).unwrap_err();
        assert!(
            matches!(error, DataError::PathOutside { .. }),
            "{name}: {error}"
        );
    }
}

#[cfg(unix)]
#[test]
fn links_out_of_the_folder_are_refused() {
    use std::os::unix::fs::symlink;
    let outside = folder(&[("secret.png", "")]);
    let lines = row("a.png", "x")
        + &row("link.png", "x")
        + &row("pics/secret.png", "x")
        + &row("near.png", "x");
    let set = folder(&[("a.png", ""), ("metadata.jsonl", &lines)]);
    let at = |name: &str| set.path().join(name);
    symlink(outside.path().join("secret.png"), at("link.png")).unwrap();
    symlink(outside.path(), at("pics")).unwrap();
    symlink("a.png", at("near.png")).unwrap();
    let error = PictureFolder::open(set.path()).unwrap_err();
    assert!(matches!(error, DataError::LinkOutside { .. }), "{error}");
    let skip = OpenOptions::default().with_bad_rows(BadRows::Skip);
    let opened = PictureFolder::open_with(set.path(), &skip).unwrap();
    let names: Vec<_> = (0..opened.len())
        .map(|row| opened.row_name(row).unwrap())
        .collect();
    assert_eq!(
        names,
        ["a.png", "near.png"],
        "a link within the folder is fine"
    );
    assert!(
        opened
            .skipped()
            .iter()
            .all(|row| row.reason.contains("a link out of the folder"))
    );
    assert_eq!(opened.skipped().len(), 2);
}

#[cfg(unix)]
#[test]
fn a_snapshot_of_the_hub_is_links_into_its_blobs() {
    use std::os::unix::fs::symlink;
    let cache = folder(&[("blobs/11", "pixels"), ("blobs/22", &row("a.png", "an a"))]);
    let snapshot = cache.path().join("snapshots/abc");
    fs::create_dir_all(&snapshot).unwrap();
    let link =
        |blob: &str, name: &str| symlink(Path::new("../../blobs").join(blob), snapshot.join(name));
    link("11", "a.png").unwrap();
    link("22", "metadata.jsonl").unwrap();
    let set = PictureFolder::open(&snapshot).unwrap();
    assert_eq!(
        set.picture(0).unwrap(),
        Picture::Encoded(b"pixels".to_vec())
    );
}

#[test]
fn an_endless_line_costs_one_row() {
    let long = format!(
        "{{\"file_name\": \"a.png\", \"text\": \"{}\"}}\n",
        "x".repeat(100 << 20)
    );
    let set = folder(&[
        ("a.png", ""),
        ("metadata.jsonl", &(long + &row("a.png", "an a"))),
    ]);
    let skip = OpenOptions::default().with_bad_rows(BadRows::Skip);
    let set = PictureFolder::open_with(set.path(), &skip).unwrap();
    assert_eq!((set.len(), set.skipped().len()), (1, 1));
    assert!(set.skipped()[0].reason.contains("longer than"));
}

#[test]
fn other_encodings_are_named() {
    let utf16: Vec<u8> = "\u{feff}file_name,text\na.png,x\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for name in ["metadata.csv", "metadata.jsonl"] {
        let set = folder(&[("a.png", "")]);
        fs::write(set.path().join(name), &utf16).unwrap();
        let error = PictureFolder::open(set.path()).unwrap_err();
        assert!(matches!(error, DataError::NotUtf8 { .. }), "{error}");
    }
}
