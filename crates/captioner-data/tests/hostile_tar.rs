//! Tar files that were made to mislead, and what is left of good ones.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::PathBuf;

use captioner_data::{
    BadRows, CaptionDataset, DataError, OpenOptions, SampleProblem, TarDataset, TarError,
};
use tar::{EntryType, Header};
use tempfile::TempDir;

/// A tar file, block by block.
#[derive(Default)]
struct Blocks(Vec<u8>);

impl Blocks {
    /// A good sample of this key.
    fn sample(self, key: &str) -> Self {
        let jpg = header(&format!("{key}.jpg"), EntryType::Regular, 5);
        let txt = header(&format!("{key}.txt"), EntryType::Regular, 5);
        self.header(&jpg).data(b"bytes").header(&txt).data(b"a cat")
    }

    fn header(mut self, header: &Header) -> Self {
        self.0.extend_from_slice(header.as_bytes());
        self
    }

    fn data(mut self, data: &[u8]) -> Self {
        self.0.extend_from_slice(data);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    /// A PAX header with these records.
    fn pax(self, kind: EntryType, records: &[u8]) -> Self {
        self.header(&header("pax", kind, records.len() as u64))
            .data(records)
    }

    fn file(&self) -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.tar");
        fs::write(&path, &self.0).unwrap();
        (folder, path)
    }

    /// The file with the mark of its end.
    fn ended(mut self) -> Self {
        self.0.extend_from_slice(&[0; 1024]);
        self
    }

    fn open(&self) -> Result<TarDataset, DataError> {
        let (_folder, path) = self.file();
        TarDataset::open(&[path], &OpenOptions::default())
    }

    /// Opens the file where no index can be kept: writing one takes longer than reading.
    fn open_alone(&self) -> Result<TarDataset, DataError> {
        let (folder, path) = self.file();
        fs::create_dir(folder.path().join("s.tar.captioner-index")).unwrap();
        TarDataset::open(&[path], &OpenOptions::default())
    }

    fn skipped(&self) -> Vec<String> {
        let (_folder, path) = self.file();
        let options = OpenOptions::default().with_bad_rows(BadRows::Skip);
        let set = TarDataset::open(&[path], &options).unwrap();
        for row in 0..set.len() {
            set.picture(row).unwrap();
            assert_eq!(*set.captions(row).unwrap(), ["a cat"]);
        }
        set.skipped().iter().map(|row| row.reason.clone()).collect()
    }

    /// What is wrong with the file, the shard's path taken out.
    fn reason(&self) -> String {
        let error = self.open().unwrap_err();
        assert!(matches!(error, DataError::Tar(_)), "{error}");
        let message = error.to_string();
        message.split_once("s.tar`").unwrap().1.to_owned()
    }
}

fn header(name: &str, kind: EntryType, size: u64) -> Header {
    let mut header = Header::new_ustar();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(0o644);
    header.set_cksum();
    header
}

/// A header whose size field holds these bytes.
fn sized(field: [u8; 12]) -> Header {
    let mut header = header("2.jpg", EntryType::Regular, 0);
    header.as_old_mut().size = field;
    header.set_cksum();
    header
}

fn good() -> Blocks {
    Blocks::default().sample("1")
}

#[test]
fn names_that_lead_outside_are_refused() {
    for name in [
        "../2.jpg",
        "/2.jpg",
        "a/../../2.jpg",
        "a\\..\\2.jpg",
        "C:\\2.jpg",
        "\\\\host\\2.jpg",
    ] {
        let txt = name.replace("jpg", "txt");
        let blocks = good()
            .header(&header(name, EntryType::Regular, 5))
            .data(b"bytes")
            .header(&header(&txt, EntryType::Regular, 5))
            .data(b"a dog")
            .sample("3")
            .ended();
        let DataError::Tar(TarError::Sample { problem, .. }) = blocks.open().unwrap_err() else {
            panic!("{name}");
        };
        assert_eq!(
            problem,
            SampleProblem::PathOutside {
                name: name.to_owned()
            }
        );
        assert_eq!(blocks.skipped().len(), 1, "{name}");
    }
    // By a long name as well, which is what would count when unpacking.
    let path = b"22 path=../../2.jpg\x00\x00\n";
    let blocks = good()
        .pax(EntryType::XHeader, path)
        .header(&header("2.jpg", EntryType::Regular, 1))
        .data(b"x");
    assert!(
        blocks
            .open()
            .unwrap_err()
            .to_string()
            .contains("leads outside")
    );
    let long = good()
        .header(&header("long", EntryType::GNULongName, 12))
        .data(b"../../2.jpg\0");
    let long = long
        .header(&header("2.jpg", EntryType::Regular, 1))
        .data(b"x");
    assert!(
        long.open()
            .unwrap_err()
            .to_string()
            .contains("`../../2.jpg` has a name that is absolute")
    );
}

#[test]
fn links_devices_and_sparse_files_are_refused() {
    for (kind, name) in [
        (EntryType::Symlink, "a symbolic link"),
        (EntryType::Link, "a hard link"),
        (EntryType::Char, "a device"),
        (EntryType::Block, "a device"),
        (EntryType::Fifo, "a named pipe"),
        (EntryType::GNUSparse, "a sparse file"),
        (EntryType::new(b'Z'), "of a type that is not known"),
    ] {
        let mut link = header("2.jpg", kind, 0);
        link.as_old_mut().linkname[..11].copy_from_slice(b"/etc/passwd");
        link.set_cksum();
        let txt = header("2.txt", EntryType::Regular, 5);
        let blocks = good()
            .header(&link)
            .header(&txt)
            .data(b"a dog")
            .sample("3")
            .ended();
        let error = blocks.open().unwrap_err().to_string();
        let expected = format!("row 2: the member `2.jpg` is {name}: put the file itself");
        assert!(error.contains(&expected), "{error}");
        assert_eq!(
            blocks.skipped(),
            [format!(
                "the member `2.jpg` is {name}: put the file itself into the shard"
            )]
        );

        let unnamed = good()
            .header(&header("latest", kind, 0))
            .sample("3")
            .ended();
        assert!(
            unnamed
                .open()
                .unwrap_err()
                .to_string()
                .contains(&format!("`latest` is {name}"))
        );
        assert_eq!(unnamed.skipped().len(), 1);
    }
    let sparse = b"22 GNU.sparse.major=1\n";
    let blocks = good()
        .pax(EntryType::XHeader, sparse)
        .header(&header("2.jpg", EntryType::Regular, 1))
        .data(b"x");
    assert!(
        blocks
            .open()
            .unwrap_err()
            .to_string()
            .contains("is a sparse file")
    );
    // The map of an old sparse file may go on in blocks of its own: they are none of the members.
    let mut old = header("2.jpg", EntryType::GNUSparse, 5);
    let mut bytes = *old.as_bytes();
    bytes[482] = 1;
    *old.as_mut_bytes() = bytes;
    old.set_cksum();
    let mut first = [0; 512];
    first[504] = 1;
    let blocks = good()
        .header(&old)
        .data(&first)
        .data(&[0; 512])
        .data(b"bytes")
        .sample("3")
        .ended();
    assert_eq!(blocks.skipped().len(), 1);
}

#[test]
fn a_size_on_what_is_no_file_is_refused() {
    // Some readers skip so many bytes, and some read the hidden sample behind the header.
    for kind in [
        EntryType::Symlink,
        EntryType::Link,
        EntryType::Char,
        EntryType::Directory,
    ] {
        let reason = good()
            .header(&header("2.jpg", kind, 2048))
            .sample("3")
            .ended()
            .reason();
        assert_eq!(
            reason,
            ": the header at byte 2048 gives a size to what is no file: fetch or write the file again"
        );
    }
}

#[test]
fn sizes_that_readers_may_take_differently_are_refused() {
    let pax = |records: &[u8]| {
        let hidden = Blocks::default().sample("hidden").0;
        let blocks = good().pax(EntryType::XHeader, records);
        blocks
            .header(&header("2.bin", EntryType::Regular, hidden.len() as u64))
            .data(&hidden)
            .sample("3")
            .ended()
    };
    let message = "has another size than its PAX header says";
    assert!(pax(b"9 size=0\n").reason().contains(message));
    assert!(pax(b"12 size=512\n").reason().contains(message));
    let same = pax(b"13 size=2048\n").skipped();
    assert_eq!(
        same.len(),
        1,
        "a sample of one field, and nothing hidden: {same:?}"
    );
    // A size for the header between, and one for all that follow.
    let between = good()
        .pax(EntryType::XHeader, b"12 size=512\n")
        .header(&header("long", EntryType::GNULongName, 6))
        .data(b"2.jpg\0")
        .header(&header("x", EntryType::Regular, 0));
    assert!(between.reason().contains(message));
    let global = good()
        .pax(EntryType::XGlobalHeader, b"9 size=0\n")
        .sample("2")
        .ended();
    assert!(
        global
            .reason()
            .contains("sets a name or a size for all members")
    );
    let comment = good()
        .pax(EntryType::XGlobalHeader, b"15 comment=abc\n")
        .sample("2")
        .ended();
    assert_eq!(comment.open().unwrap().len(), 2);
    for records in [
        &b"9 size=\n"[..],
        b"11 size=-1\n",
        b"no record",
        b"99 path=x\n",
        b"6 size\n",
    ] {
        assert!(pax(records).reason().contains("malformed PAX records"));
    }
}

#[test]
fn names_that_readers_may_take_differently_are_refused() {
    let member = header("2.jpg", EntryType::Regular, 1);
    let long = |blocks: Blocks, name: &[u8]| {
        blocks
            .header(&header("long", EntryType::GNULongName, name.len() as u64))
            .data(name)
    };
    let both = long(
        good().pax(EntryType::XHeader, b"14 path=2.jpg\n"),
        b"3.jpg\0",
    );
    assert!(
        both.header(&member)
            .data(b"x")
            .reason()
            .contains("one long name for GNU tar and another for PAX")
    );
    let twice = long(long(good(), b"2.jpg\0"), b"3.jpg\0");
    assert!(
        twice
            .header(&member)
            .data(b"x")
            .reason()
            .contains("described before")
    );
    let nothing = long(good(), b"2.jpg\0").ended();
    assert!(
        nothing
            .reason()
            .contains("the header at byte 2048 describes a member that is not there")
    );
    let endless = good().header(&header("long", EntryType::GNULongName, 1 << 40));
    assert!(endless.reason().contains("more than 1 MiB"));
}

#[test]
fn sizes_beyond_the_file_are_named_with_the_place() {
    let base_256 = |size: u64| {
        let mut field = [0; 12];
        field[0] = 0x80;
        field[4..].copy_from_slice(&size.to_be_bytes());
        sized(field)
    };
    let eight_gib = header("2.jpg", EntryType::Regular, 8 << 30);
    for (header, end) in [
        (sized(*b"77777777777\0"), 2560 + (8 << 30) - 1),
        (base_256(8 << 30), 2560 + (8 << 30)),
        (base_256(i64::MAX as u64), 2560 + i64::MAX as u64),
        (eight_gib, 2560 + (8 << 30)),
    ] {
        let reason = good().header(&header).data(b"bytes").ended().reason();
        let expected = format!(
            " is cut off: its member `2.jpg` at byte 2048 ends at byte {end}, and the file at byte 4096: \
             fetch it again"
        );
        assert_eq!(reason, expected);
    }
    let mut negative = [0xff; 12];
    let above = base_256(u64::MAX);
    let mut more_bytes = above.as_old().size;
    more_bytes[3] = 1;
    negative[11] = 0;
    for header in [sized(negative), above, sized(more_bytes)] {
        let reason = good().header(&header).ended().reason();
        assert!(
            reason.contains("a size that is negative or above all bounds"),
            "{reason}"
        );
    }
    let reason = good().header(&sized(*b"12x45678901\0")).ended().reason();
    assert!(reason.contains("a size that is no number"), "{reason}");
}

#[test]
fn a_picture_of_8_gib_is_left_out_without_being_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.tar");
    let mut file = File::create(&path).unwrap();
    file.write_all(
        &good()
            .header(&header("2.jpg", EntryType::Regular, 8 << 30))
            .0,
    )
    .unwrap();
    file.seek(SeekFrom::Current(8 << 30)).unwrap();
    let txt = header("2.txt", EntryType::Regular, 5);
    file.write_all(
        &Blocks::default()
            .header(&txt)
            .data(b"a dog")
            .sample("3")
            .ended()
            .0,
    )
    .unwrap();
    let options = OpenOptions::default().with_bad_rows(BadRows::Skip);
    for _ in 0..2 {
        let set = TarDataset::open(std::slice::from_ref(&path), &options).unwrap();
        assert_eq!((set.len(), set.skipped().len()), (2, 1));
        assert!(
            set.skipped()[0]
                .reason
                .contains("above the limit of 536870912")
        );
        assert_eq!(set.row_name(1).unwrap(), "3");
        assert_eq!(*set.captions(1).unwrap(), ["a cat"]);
    }
}

#[test]
fn a_shard_cut_anywhere_is_named_or_ends_between_members() {
    let whole = good().sample("2").0;
    for length in (1..600).chain((600..whole.len()).step_by(13)) {
        let cut = Blocks(whole[..length].to_vec());
        match cut.open_alone() {
            // What is left of it is whole: all members, and the filling behind their bytes.
            Ok(set) => {
                let members = set.len() * 2;
                let ends: Vec<_> = (0..4).map(|member| member * 1024 + 517).collect();
                assert!(
                    (ends[members - 1]..=members * 1024).contains(&length),
                    "{length}"
                );
            }
            Err(DataError::Tar(TarError::Cut {
                bytes, end, offset, ..
            })) => {
                assert!(
                    bytes == length as u64 && end > bytes && offset < bytes,
                    "{length}"
                );
            }
            // Between the members of a sample.
            Err(DataError::Tar(TarError::Sample { problem, .. })) => {
                assert!(
                    matches!(problem, SampleProblem::NoCaption { .. }),
                    "{problem}"
                );
                assert!((517..=1024).contains(&(length % 2048)), "{length}");
            }
            Err(error) => panic!("{length}: {error}"),
        }
    }
}

#[test]
fn damage_anywhere_is_an_error_or_another_set_and_never_a_panic() {
    let whole = good().sample("2").ended().0;
    for at in (0..512).chain((512..whole.len()).step_by(7)) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        let Ok(set) = Blocks(bytes).open_alone() else {
            continue;
        };
        assert_eq!(set.len(), 2, "{at}: the members' bytes only");
    }
}

#[test]
fn a_gigabyte_of_zeros_is_an_empty_set() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.tar");
    File::create(&path).unwrap().set_len(1 << 30).unwrap();
    let error = TarDataset::open(&[path], &OpenOptions::default()).unwrap_err();
    assert!(matches!(error, DataError::EmptyDataset { .. }), "{error}");
}

#[test]
fn an_archive_behind_the_end_of_another_is_named() {
    let mut joined = good().ended();
    joined.0.extend_from_slice(&[0; 8192]);
    let end = joined.0.len();
    let joined = joined.sample("2").ended();
    let reason = joined.reason();
    let expected = format!(" ends at byte 2048, and another archive begins at byte {end}, ");
    assert!(reason.starts_with(&expected), "{reason}");
}

#[test]
fn keys_with_dots_are_named() {
    let mut blocks = Blocks::default();
    for n in 0..1001 {
        let name = format!("v1.{n:05}.jpg");
        blocks = blocks
            .header(&header(&name, EntryType::Regular, 1))
            .data(b"x");
    }
    let error = blocks.open().unwrap_err().to_string();
    assert!(
        error.contains("more than 1000 kinds of field, such as `01000.jpg`"),
        "{error}"
    );
}

#[test]
fn what_is_no_plain_tar_is_named() {
    let open = |name: &str, bytes: &[u8]| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let error = TarDataset::open(&[path], &OpenOptions::default()).unwrap_err();
        assert!(matches!(error, DataError::Tar(_)), "{error}");
        error.to_string()
    };
    let tar = good().ended().0;
    for (name, by) in [
        ("a.tar.gz", "gzip"),
        ("a.TGZ", "gzip"),
        ("a.tar.zst", "zstd"),
        ("a.tar.xz", "xz"),
        ("a.tar.bz2", "bzip2"),
    ] {
        let message = open(name, &tar);
        assert!(
            message.contains(&format!("is compressed with {by}")),
            "{message}"
        );
    }
    for (bytes, expected) in [
        (&b"\x1f\x8b\x08\0"[..], "is compressed with gzip"),
        (b"\x28\xb5\x2f\xfd\0", "is compressed with zstd"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0",
            "is a git-lfs pointer",
        ),
        (b"", "is not a tar file (it is empty)"),
        (b"PK\x03\x04", "it is a zip archive"),
        (&[b'x'; 600], "is not a tar file (has no valid checksum)"),
    ] {
        let message = open("a.tar", bytes);
        assert!(message.contains(expected), "{message}");
    }
}
