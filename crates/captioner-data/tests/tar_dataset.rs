//! Opening and reading tar shards.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use captioner_data::{
    BadRows, CaptionDataset, DataError, FeatureType, OpenOptions, Picture, TarDataset, TarError,
};
use tar::{Builder, EntryType, Header};
use tempfile::TempDir;

type Member<'a> = (&'a str, &'a [u8]);

/// Writes a shard with these members.
fn write(path: &Path, members: &[Member<'_>]) {
    let mut tar = Builder::new(File::create(path).unwrap());
    for (name, bytes) in members {
        let mut header = Header::new_gnu();
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, name, *bytes).unwrap();
    }
    tar.finish().unwrap();
}

/// A folder with the shard `s.tar`, and its path.
fn shard(members: &[Member<'_>]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.tar");
    write(&path, members);
    (folder, path)
}

fn open(path: &Path) -> Result<TarDataset, DataError> {
    TarDataset::open(&[path.to_owned()], &OpenOptions::default())
}

fn open_skipping(path: &Path) -> TarDataset {
    let options = OpenOptions::default().with_bad_rows(BadRows::Skip);
    TarDataset::open(&[path.to_owned()], &options).unwrap()
}

fn message(path: &Path) -> String {
    let folder = path.parent().unwrap().display().to_string();
    let message = open(path).unwrap_err().to_string();
    message.replace(&folder, "DIR").replace('\\', "/")
}

fn index_of(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.captioner-index", path.display()))
}

fn bytes(picture: Picture) -> Vec<u8> {
    match picture {
        Picture::Encoded(bytes) => bytes,
        Picture::Rgb8 { .. } => panic!("not a file"),
    }
}

#[test]
fn samples_are_read_across_shards() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["a.tar", "b.tar", "c.tar"].map(|name| folder.path().join(name));
    write(
        &paths[0],
        &[
            ("x/1.jpg", b"one"),
            ("x/1.txt", b" a cat\n"),
            ("x/1.cls", b"7"),
            ("._x.jpg", b"?"),
            ("README", b"?"),
            ("x/2.json", br#"{"captions": ["a dog", "a pet"]}"#),
            ("x/2.image.png", b"two"),
            ("x/2.mask.png", b"???"),
        ],
    );
    write(&paths[1], &[]);
    write(
        &paths[2],
        &[("3.webp", b"three"), ("3.txt", "ein Müller".as_bytes())],
    );
    for round in ["first", "by the index"] {
        let set = TarDataset::open(&paths, &OpenOptions::default()).unwrap();
        assert_eq!(set.len(), 3, "{round}");
        assert_eq!(set.name(), format!("{} and 2 more", paths[0].display()));
        let rows = |read: &dyn Fn(usize) -> String| (0..3).map(read).collect::<Vec<_>>();
        assert_eq!(rows(&|row| set.row_name(row).unwrap()), ["x/1", "x/2", "3"]);
        assert_eq!(*set.captions(0).unwrap(), ["a cat"]);
        assert_eq!(*set.captions(1).unwrap(), ["a dog", "a pet"]);
        assert_eq!(*set.captions(2).unwrap(), ["ein Müller"]);
        assert_eq!(
            rows(&|row| set.caption_count(row).unwrap().to_string()),
            ["1", "2", "1"]
        );
        for (row, expected) in ["one", "two", "three"].into_iter().enumerate() {
            assert_eq!(bytes(set.picture(row).unwrap()), expected.as_bytes());
        }
        assert_eq!(set.blocks(), [0..2, 2..3]);
        assert_eq!(set.row_number(2).unwrap(), 1);
        let place = format!("`3` of `{}` row 1", paths[2].display());
        assert_eq!(set.describe_row(2).unwrap(), place);
        assert_eq!(set.features()[1].to_owned().name, "txt");
        let error = set.captions(3).unwrap_err();
        assert!(matches!(error, DataError::RowOutOfRange { .. }));
    }
}

#[test]
fn a_caption_column_can_be_asked_for() {
    let (_folder, path) = shard(&[
        ("1.jpg", b"?"),
        ("1.txt", b"short"),
        (
            "1.json",
            br#"{"caption": "long", "tags": ["x", "y"], "width": 3}"#,
        ),
    ]);
    let open = |column: &str| {
        let options = OpenOptions::default().with_caption_column(column);
        TarDataset::open(std::slice::from_ref(&path), &options)
    };
    assert_eq!(*open("caption").unwrap().captions(0).unwrap(), ["long"]);
    assert_eq!(*open("txt").unwrap().captions(0).unwrap(), ["short"]);
    let tags = open("tags").unwrap();
    assert_eq!(*tags.captions(0).unwrap(), ["x", "y"]);
    let feature = &tags.features()[1];
    assert_eq!(
        (feature.name.as_str(), feature.kind),
        ("tags", FeatureType::TextList)
    );
    let error = open("prompt").unwrap_err().to_string();
    for part in [
        "`1` of",
        "row 1: `json` has no column `prompt`",
        "`caption`",
        "`tags`",
        "`width`",
    ] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn bad_samples_stop_or_are_left_out() {
    let (folder, path) = shard(&[
        ("1.jpg", b"one"),
        ("1.txt", b"a cat"),
        ("2.jpg", b"two"),
        ("3.txt", b"a dog"),
        ("4.jpg", b"four"),
        ("4.png", b"four"),
        ("4.txt", b"a dog"),
        ("5.jpg", b""),
        ("5.txt", b"a bird"),
        ("6.jpg", b"six"),
        ("6.txt", b"a cow"),
        ("6.jpg", b"6"),
        ("7.jpg", b"seven"),
        ("7.txt", b""),
        ("8.jpg", b"eight"),
        ("8.txt", b"a hen"),
    ]);
    let missing = "there is no caption `txt` (or `text`, `caption`, `transcript`, `json`) among its \
                   fields `jpg`: add one (the members of a sample must follow each other, as with \
                   `tar --sort=name`), choose another column, or remove the sample";
    assert_eq!(
        message(&path),
        format!("`2` of `DIR/s.tar` row 2: {missing}")
    );
    for round in ["first", "by the index"] {
        let set = open_skipping(&path);
        assert_eq!(set.len(), 2, "{round}");
        assert_eq!(set.row_name(1).unwrap(), "8");
        assert_eq!(set.row_number(1).unwrap(), 8);
        assert_eq!(bytes(set.picture(1).unwrap()), b"eight");
        let dir = folder.path().display().to_string();
        let skipped = set.skipped().iter();
        let skipped: Vec<_> = skipped
            .map(|row| row.to_string().replace(&dir, "DIR"))
            .collect();
        let expected = [
            missing,
            "there is no picture among its fields `txt`: ",
            "it is unclear which of the fields `jpg`, `png`, `txt` is the picture",
            "`jpg` is empty",
            "the member `6.jpg` is there twice",
            "`txt` is empty",
        ];
        assert_eq!(skipped.len(), expected.len());
        for (row, (skipped, expected)) in skipped.iter().zip(expected).enumerate() {
            let number = row + 2;
            let start = format!("`{number}` of `DIR/s.tar` row {number}: {expected}");
            assert!(skipped.starts_with(&start), "{skipped}");
        }
    }
    let (_folder, path) = shard(&[("1.jpg", b"one"), ("2.jpg", b"two")]);
    let options = OpenOptions::default().with_bad_rows(BadRows::Skip);
    let error = TarDataset::open(&[path], &options).unwrap_err();
    assert!(
        matches!(error, DataError::NoGoodRows { rows: 2, .. }),
        "{error}"
    );
}

#[test]
fn what_the_bytes_say_is_found_when_a_row_is_read() {
    let (_folder, path) = shard(&[
        ("1.jpg", b"one"),
        ("1.txt", b"a cat"),
        ("2.jpg", b"two"),
        ("2.txt", b"caf\xe9"),
        ("3.jpg", b"three"),
        ("3.txt", b" \n"),
        ("4.jpg", b"four"),
        ("4.json", b"{\"text\": 4}"),
    ]);
    let set = open(&path).unwrap();
    for (row, expected) in [
        (1, "`txt` is not UTF-8"),
        (2, "`txt` is empty"),
        (3, "`text` in `json` is a number"),
    ] {
        let error = set.captions(row).unwrap_err().to_string();
        let place = set.describe_row(row).unwrap();
        assert!(
            error.starts_with(&format!("{place}: {expected}")),
            "{error}"
        );
    }
    assert_eq!(bytes(set.picture(1).unwrap()), b"two");
}

#[test]
fn the_index_is_kept_beside_the_shard_and_made_anew_when_it_is_stale() {
    let (folder, path) = shard(&[("1.jpg", b"one"), ("1.txt", b"a cat")]);
    open(&path).unwrap();
    let index = index_of(&path);
    let good = fs::read(&index).unwrap();
    assert!(good.len() < 100, "{}", good.len());

    // Damaged, cut, or of another shard: it is made anew.
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x40;
        fs::write(&index, &bad).unwrap();
        assert_eq!(
            *open(&path).unwrap().captions(0).unwrap(),
            ["a cat"],
            "{at}"
        );
        fs::write(&index, &good[..at]).unwrap();
        assert_eq!(
            *open(&path).unwrap().captions(0).unwrap(),
            ["a cat"],
            "{at}"
        );
        if at >= 8 {
            assert_eq!(fs::read(&index).unwrap(), good, "{at}");
        }
    }
    write(
        &path,
        &[
            ("1.jpg", b"one"),
            ("1.txt", b"a dog"),
            ("2.jpg", b"two"),
            ("2.txt", b"x"),
        ],
    );
    assert_eq!(open(&path).unwrap().len(), 2);

    // A file of this name that is no index is the user's own.
    fs::write(&index, "my notes").unwrap();
    assert_eq!(open(&path).unwrap().len(), 2);
    assert_eq!(fs::read(&index).unwrap(), b"my notes");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn the_index_is_read_instead_of_the_headers() {
    let large = [7; 5000];
    let (_folder, path) = shard(&[
        ("1.jpg", &large),
        ("1.txt", b"a cat"),
        ("2.jpg", b"two"),
        ("2.txt", b"x"),
    ]);
    assert_eq!(open(&path).unwrap().len(), 2);
    // A header far behind the beginning is damaged; size and time stay.
    let time = fs::metadata(&path).unwrap().modified().unwrap();
    let mut damaged = fs::read(&path).unwrap();
    damaged[512 + 5120] ^= 1;
    fs::write(&path, &damaged).unwrap();
    let set_time = |time| {
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(time)
    };
    set_time(time).unwrap();
    let set = open(&path).unwrap();
    assert_eq!(*set.captions(0).unwrap(), ["a cat"]);

    let header_is_read = || {
        let error = open(&path).unwrap_err();
        assert!(
            matches!(error, DataError::Tar(TarError::Header { offset: 5632, .. })),
            "{error}"
        );
    };
    set_time(time + std::time::Duration::from_nanos(1000)).unwrap();
    header_is_read();
    set_time(time).unwrap();
    fs::remove_file(index_of(&path)).unwrap();
    header_is_read();
}

#[cfg(unix)]
#[test]
fn a_folder_that_takes_no_index_is_no_error() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, path) = shard(&[("1.jpg", b"one"), ("1.txt", b"a cat")]);
    // Where root writes all the same, a folder in the index's place does as well.
    fs::create_dir(index_of(&path)).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o500)).unwrap();
    for _ in 0..2 {
        assert_eq!(open(&path).unwrap().len(), 1);
    }
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    assert!(index_of(&path).is_dir());
}

#[test]
fn a_shard_that_changes_while_it_is_open_is_named() {
    let (_folder, path) = shard(&[("1.jpg", b"one"), ("1.txt", b"a cat")]);
    let set = open(&path).unwrap();
    write(
        &path,
        &[
            ("1.jpg", b"a longer one"),
            ("1.txt", b"a dog"),
            ("2.txt", b"a dog"),
        ],
    );
    for error in [
        set.captions(0).unwrap_err(),
        set.picture(0).unwrap_err(),
        set.row_name(0).unwrap_err(),
    ] {
        assert!(
            matches!(error, DataError::Tar(TarError::Changed { .. })),
            "{error}"
        );
    }
    assert!(set.describe_row(0).unwrap().ends_with("s.tar` row 1"));
}

#[test]
fn long_names_of_both_kinds_are_read() {
    let key = format!("{}/{}", "folder".repeat(30), "k".repeat(90));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.tar");
    let mut tar = Builder::new(File::create(&path).unwrap());
    for (field, data) in [("jpg", "one"), ("txt", "a cat")] {
        // `append_data` writes `@LongLink` for a name of this length.
        let mut header = Header::new_gnu();
        header.set_size(data.len() as u64);
        tar.append_data(&mut header, format!("{key}.{field}"), data.as_bytes())
            .unwrap();
    }
    for (field, data) in [("jpg", "two"), ("txt", "a dog")] {
        let name = format!("pax/{key}.{field}");
        let comment = b"a line\n12 path=b.jpg\n";
        tar.append_pax_extensions([("comment", &comment[..]), ("path", name.as_bytes())])
            .unwrap();
        let mut header = Header::new_ustar();
        header.set_size(data.len() as u64);
        header.set_path("short").unwrap();
        header.set_cksum();
        tar.append(&header, data.as_bytes()).unwrap();
    }
    tar.finish().unwrap();
    for _ in 0..2 {
        let set = open(&path).unwrap();
        assert_eq!(set.len(), 2);
        assert_eq!(set.row_name(0).unwrap(), key);
        assert_eq!(set.row_name(1).unwrap(), format!("pax/{key}"));
        assert_eq!(*set.captions(1).unwrap(), ["a dog"]);
        assert_eq!(bytes(set.picture(1).unwrap()), b"two");
    }
}

#[test]
fn folders_and_hidden_members_are_no_samples() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.tar");
    let mut tar = Builder::new(File::create(&path).unwrap());
    let mut add = |name: &str, kind, data: &str| {
        let mut header = Header::new_gnu();
        header.set_size(data.len() as u64);
        header.set_entry_type(kind);
        tar.append_data(&mut header, name, data.as_bytes()).unwrap();
    };
    add("a.b/", EntryType::Directory, "");
    add("c.d/", EntryType::Regular, "");
    add("./1.jpg", EntryType::Regular, "one");
    add("./._1.jpg", EntryType::Regular, "?");
    add("./1.txt", EntryType::Continuous, "a cat");
    add("__MACOSX/._1.txt", EntryType::Regular, "?");
    tar.finish().unwrap();
    let set = open(&path).unwrap();
    assert_eq!(
        (set.len(), set.row_name(0).unwrap().trim_start_matches("./")),
        (1, "1")
    );
}

#[test]
fn no_shard_and_no_sample_are_named_errors() {
    let error = TarDataset::open(&[], &OpenOptions::default()).unwrap_err();
    assert!(matches!(error, DataError::Tar(TarError::NoShard)));
    let (folder, path) = shard(&[("README", b"no sample")]);
    assert!(matches!(
        open(&path).unwrap_err(),
        DataError::EmptyDataset { .. }
    ));
    let error = open(folder.path()).unwrap_err();
    assert!(matches!(error, DataError::Tar(TarError::NotAFile { .. })));
    let error = open(&folder.path().join("none.tar")).unwrap_err();
    assert!(matches!(error, DataError::Tar(TarError::Io { .. })));
}
