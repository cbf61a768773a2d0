use super::*;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

const TARGET: &str = "CAPTIONER_FILES_TEST_FILE";

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn target() -> (TempDir, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("a.txt");
    (root, target)
}

#[test]
fn a_file_is_written_and_replaced() {
    let (root, path) = target();
    for text in ["a longer text", "short"] {
        write_file(&path, text.as_bytes()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    assert_eq!(names(root.path()), ["a.txt"]);
}

#[test]
fn the_writer_can_go_back() {
    let (_root, path) = target();
    write_file_with(&path, |writer| {
        let written = writer
            .write_all(b"00 rest")
            .and_then(|()| writer.seek(SeekFrom::Start(0)))
            .and_then(|_| writer.write_all(b"12"));
        written.map_err(FileError::io("write", &path))
    })
    .unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"12 rest");
}

#[test]
fn a_failed_write_leaves_the_former_file_and_no_scratch() {
    let (root, path) = target();
    write_file(&path, b"former").unwrap();
    let failed = write_file_with(&path, |writer| {
        writer.write_all(b"half").unwrap();
        let gone = std::io::Error::other("gone");
        Err(FileError::io("read", "picture.png")(gone))
    });
    let error = failed.unwrap_err();
    assert!(error.to_string().contains("picture.png"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), b"former");
    assert_eq!(names(root.path()), ["a.txt"]);
}

#[test]
fn a_missing_folder_is_named() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("missing").join("a.txt");
    let error = write_file(&path, b"").unwrap_err();
    assert!(matches!(error, FileError::MissingFolder { .. }), "{error}");
    assert!(error.to_string().contains("create it first"), "{error}");
}

#[test]
fn a_folder_or_no_name_is_a_named_error() {
    let root = tempfile::tempdir().unwrap();
    let error = write_file(root.path(), b"").unwrap_err();
    assert!(matches!(error, FileError::IsFolder { .. }), "{error}");
    for path in ["", "/", ".."] {
        let error = write_file(path, b"").unwrap_err();
        assert!(matches!(error, FileError::NoName { .. }), "{error}");
    }
    assert!(names(root.path()).is_empty());
}

#[test]
fn a_read_only_file_is_a_named_error_and_stays() {
    let (root, path) = target();
    fs::write(&path, "mine").unwrap();
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    let error = write_file(&path, b"other").unwrap_err();
    assert!(matches!(error, FileError::ReadOnly { .. }), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    assert_eq!(names(root.path()), ["a.txt"]);
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode()
    }

    #[test]
    fn a_new_file_is_as_readable_as_any_and_a_replaced_one_as_before() {
        let (root, path) = target();
        let other = root.path().join("b.txt");
        fs::write(&other, "").unwrap();
        write_file(&path, b"1").unwrap();
        assert_eq!(mode(&path), mode(&other));
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        write_file(&path, b"2").unwrap();
        assert_eq!(mode(&path) & 0o777, 0o640);
    }

    #[test]
    fn a_link_stays_and_what_it_leads_to_is_written() {
        let (root, link) = target();
        fs::create_dir(root.path().join("blobs")).unwrap();
        let (middle, real) = (root.path().join("middle"), root.path().join("blobs/real"));
        symlink("middle", &link).unwrap();
        symlink("blobs/real", &middle).unwrap();
        for text in ["1", "2"] {
            write_file(&link, text.as_bytes()).unwrap(); // the first time it leads to nothing
            assert_eq!(fs::read_to_string(&real).unwrap(), text);
        }
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(fs::symlink_metadata(&middle).unwrap().is_symlink());
        assert_eq!(names(root.path()), ["a.txt", "blobs", "middle"]);
        assert_eq!(names(&root.path().join("blobs")), ["real"]);
    }

    #[test]
    fn links_in_a_circle_are_a_named_error() {
        let (root, link) = target();
        symlink("b.txt", &link).unwrap();
        symlink("a.txt", root.path().join("b.txt")).unwrap();
        let error = write_file(&link, b"").unwrap_err();
        assert!(matches!(error, FileError::TooManyLinks { .. }), "{error}");
    }

    #[test]
    fn a_device_is_not_replaced_by_a_file() {
        let error = write_file("/dev/null", b"").unwrap_err();
        assert!(matches!(error, FileError::NotRegularFile { .. }), "{error}");
    }
}

/// The child's part of the test below.
#[test]
#[ignore = "run by the test that kills it"]
fn child() {
    let Some(target) = std::env::var_os(TARGET) else {
        return;
    };
    let _ = write_file_with(&target, |writer| -> Result<(), FileError> {
        writer.write_all(b"half").unwrap();
        std::process::abort();
    });
}

#[test]
fn what_a_killed_process_left_is_removed_by_the_next_write_of_that_file_only() {
    let (root, path) = target();
    write_file(&path, b"former").unwrap();
    let killed = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "file::tests::child"])
        .env(TARGET, &path)
        .current_dir(root.path())
        .output()
        .unwrap();
    assert!(!killed.status.success());
    assert_eq!(fs::read(&path).unwrap(), b"former");
    assert_eq!(names(root.path()).len(), 2);

    let other = root.path().join("a.txt.captioner-1");
    write_file(&other, b"").unwrap();
    assert_eq!(names(root.path()).len(), 3);
    write_file(&path, b"new").unwrap();
    assert_eq!(names(root.path()), ["a.txt", "a.txt.captioner-1"]);
}

#[test]
fn what_a_neighbour_is_writing_is_left_alone() {
    let (root, path) = target();
    write_file_with(&path, |writer| {
        writer.write_all(b"outer").unwrap();
        write_file(&path, b"inner")?;
        assert_eq!(names(root.path()).len(), 2);
        Ok::<(), FileError>(())
    })
    .unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"outer");
    assert_eq!(names(root.path()), ["a.txt"]);
}

#[test]
fn threads_that_write_the_same_file_leave_one_of_theirs_whole() {
    let (root, path) = target();
    std::thread::scope(|scope| {
        for thread in 0..4u8 {
            let path = &path;
            scope.spawn(move || {
                for _ in 0..50 {
                    write_file(path, &[b'0' + thread; 1000]).unwrap();
                    let read = fs::read(path).unwrap();
                    assert!(read.len() == 1000 && read.iter().all(|byte| *byte == read[0]));
                }
            });
        }
    });
    assert_eq!(names(root.path()), ["a.txt"]);
}
