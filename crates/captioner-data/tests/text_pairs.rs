//! Folders of pictures with texts beside them.

use std::fs;

use captioner_data::{
    BadRows, CaptionDataset, DataError, OpenOptions, Picture, TextPairError, TextPairFolder,
    open_dataset, open_splits,
};
use tempfile::TempDir;

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

fn skip() -> OpenOptions {
    OpenOptions::default().with_bad_rows(BadRows::Skip)
}

#[test]
fn each_picture_has_the_lines_of_its_text() {
    let set = folder(&[
        ("x/b.JPG", b"b"),
        ("x/b.txt", b"a b\r\n\r\n  a letter \n"),
        ("a.png", b"a"),
        ("a.txt", b"\xef\xbb\xbfan a\n"),
        ("c.d.webp", b"c"),
        ("c.d.caption", b"a c"),
        ("e.png", b"e"),
        ("e.txt", b"the text"),
        ("e.caption", b"no"),
        ("README.txt", b"about the set"),
        ("._a.png", b"x"),
        (".DS_Store", b"x"),
    ]);
    let opened = open_dataset(set.path(), &OpenOptions::default()).unwrap();
    let names: Vec<_> = (0..4).map(|row| opened.row_name(row).unwrap()).collect();
    assert_eq!(
        (opened.len(), &names[..]),
        (
            4,
            &["a.png", "c.d.webp", "e.png", "x/b.JPG"].map(str::to_owned)[..]
        )
    );
    let captions = |row| opened.captions(row).unwrap().into_owned();
    assert_eq!(captions(0), ["an a"]);
    assert_eq!(captions(1), ["a c"]);
    assert_eq!(captions(2), ["the text"]);
    assert_eq!(captions(3), ["a b", "a letter"]);
    assert_eq!(opened.picture(3).unwrap(), Picture::Encoded(b"b".to_vec()));
    assert!(matches!(
        opened.captions(4),
        Err(DataError::RowOutOfRange { .. })
    ));
}

#[test]
fn folders_named_after_splits_are_splits() {
    let set = folder(&[
        ("train/a.png", b"a"),
        ("train/a.txt", b"an a"),
        ("test/b.png", b"b"),
        ("test/b.txt", b"a b"),
    ]);
    let splits = open_splits(set.path(), &OpenOptions::default()).unwrap();
    assert_eq!(splits.names(), ["train", "test"]);
    assert_eq!(*splits.get("test").unwrap().captions(0).unwrap(), ["a b"]);
    let error = TextPairFolder::open(set.path(), &OpenOptions::default()).unwrap_err();
    assert!(matches!(error, DataError::SplitNeeded { .. }), "{error}");
}

#[test]
fn what_has_no_partner_is_a_bad_row() {
    let lone_picture = folder(&[("a.png", b"a"), ("a.txt", b"an a"), ("b.png", b"b")]);
    let error = TextPairFolder::open(lone_picture.path(), &OpenOptions::default()).unwrap_err();
    assert!(
        matches!(error, DataError::TextPairs(TextPairError::NoText { .. })),
        "{error}"
    );
    let lone_text = folder(&[("0.txt", b"x"), ("a.png", b"a"), ("a.txt", b"an a")]);
    let error = TextPairFolder::open(lone_text.path(), &OpenOptions::default()).unwrap_err();
    assert!(
        matches!(error, DataError::TextPairs(TextPairError::NoPicture { .. })),
        "{error}"
    );
    let set = TextPairFolder::open(lone_text.path(), &skip()).unwrap();
    assert_eq!((set.len(), set.skipped().len()), (1, 1));
    assert_eq!((set.skipped()[0].row, set.row_number(0).unwrap()), (1, 2));
    assert!(set.skipped()[0].to_string().contains("0.txt"));
}

#[test]
fn texts_that_are_no_captions_are_named_when_they_are_read() {
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n";
    let long = vec![b'x'; 100_001];
    let huge = vec![b'x'; (1 << 20) + 1];
    let set = folder(&[
        ("a.png", b"a"),
        ("a.txt", b" \n\n"),
        ("b.png", b"b"),
        ("b.txt", b"caf\xe9"),
        ("c.png", b"c"),
        ("c.txt", pointer),
        ("d.png", b"d"),
        ("d.txt", &long),
        ("e.png", b"e"),
        ("e.txt", &huge),
    ]);
    let set = TextPairFolder::open(set.path(), &OpenOptions::default()).unwrap();
    let error = |row| set.captions(row).unwrap_err();
    assert!(
        matches!(error(0), DataError::EmptyCaption { .. }),
        "{}",
        error(0)
    );
    assert!(matches!(
        error(1),
        DataError::TextPairs(TextPairError::NotUtf8 { .. })
    ));
    assert!(matches!(error(2), DataError::LfsPointer { .. }));
    assert!(matches!(error(3), DataError::CaptionTooLong { .. }));
    assert!(matches!(
        error(4),
        DataError::TextPairs(TextPairError::TextTooLarge { .. })
    ));
    assert!(error(1).to_string().contains("b.txt"));
}
