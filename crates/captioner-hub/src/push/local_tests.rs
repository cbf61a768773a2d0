use super::*;

#[test]
fn hashes_are_those_of_git_and_of_sha256sum() {
    let file = LocalFile::read(&PushFile::bytes("a", "hello\n")).unwrap();
    // `printf 'hello\n' | git hash-object --stdin` and `sha256sum`.
    assert_eq!(file.git_oid, "ce013625030ba8dba906f756967f9e9ca394464a");
    assert_eq!(
        file.sha256,
        "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
    );
    assert_eq!((file.size, file.sample.as_slice()), (6, &b"hello\n"[..]));
    let empty = LocalFile::read(&PushFile::bytes("a", "")).unwrap();
    assert_eq!(empty.git_oid, "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
}

#[test]
fn the_sample_is_the_first_512_bytes() {
    let bytes: Vec<u8> = (0..600_000u32).map(|i| i as u8).collect();
    let file = LocalFile::read(&PushFile::bytes("a", bytes.clone())).unwrap();
    assert_eq!(file.sample, bytes[..512]);
}

#[test]
fn paths_that_no_repository_can_hold_are_named() {
    let bad = [
        "",
        "/etc/passwd",
        "../a",
        "a/../b",
        "./a",
        "a//b",
        "a/",
        "a\\b",
        "a\0",
        "a\nb",
        ".git/x",
        "a/.GIT/hooks",
        ".cache/huggingface/x",
    ];
    for path in bad {
        let error = check_paths([path].into_iter()).unwrap_err();
        assert!(
            matches!(&error, PushError::Path { path: p, .. } if p == path),
            "{path:?}"
        );
    }
    for good in ["a", "a/b c/ü.txt", ".gitattributes", "..a", "a.git/b"] {
        assert_eq!(check_paths([good].into_iter()), Ok(()), "{good}");
    }
}

#[test]
fn two_files_of_one_path_collide_and_so_do_a_file_and_its_folder() {
    for [a, b] in [["a", "a"], ["a", "a/b"], ["x/y/z", "x"]] {
        let error = check_paths([a, b].into_iter()).unwrap_err();
        assert!(matches!(error, PushError::Collision { .. }), "{a} {b}");
    }
    assert_eq!(check_paths(["a", "ab", "ab.c"].into_iter()), Ok(()));
}

#[test]
fn a_file_that_changes_after_it_was_hashed_is_noticed() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a");
    std::fs::write(&path, "one").unwrap();
    let file = LocalFile::read(&PushFile::file("a", &path)).unwrap();
    assert_eq!(file.content().unwrap(), b"one");
    assert_eq!(file.unchanged(), Ok(()));
    std::fs::write(&path, "another").unwrap();
    let changed = PushError::Changed { path: "a".into() };
    assert_eq!(file.content(), Err(changed.clone()));
    assert_eq!(file.unchanged(), Err(changed));
}

#[test]
fn a_missing_file_and_a_folder_are_named() {
    let root = tempfile::tempdir().unwrap();
    for path in [root.path().join("none"), root.path().to_owned()] {
        let error = read_all(&[PushFile::file("a", &path)]).unwrap_err();
        assert!(matches!(error, PushError::Unreadable { path: p, .. } if p == path));
    }
}

#[test]
fn a_folder_gives_its_files_and_not_its_repository_or_scratch() {
    let root = tempfile::tempdir().unwrap();
    let kept = ["README.md", "b/c.txt", ".gitattributes", "b/.cache/x"];
    let left = [
        ".git/HEAD",
        "b/.git/HEAD",
        ".cache/huggingface/x",
        ".a.captioner-1-2",
    ];
    for path in kept.iter().chain(&left) {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "x").unwrap();
    }
    let files = folder_files(root.path()).unwrap();
    let paths: Vec<_> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(
        paths,
        [".gitattributes", "README.md", "b/.cache/x", "b/c.txt"]
    );
}

#[cfg(unix)]
#[test]
fn links_to_files_are_read_and_links_to_folders_refused() {
    let root = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("blob"), "x").unwrap();
    let link = root.path().join("a");
    std::os::unix::fs::symlink(outside.path().join("blob"), &link).unwrap();
    assert_eq!(
        folder_files(root.path()).unwrap(),
        [PushFile::file("a", &link)]
    );
    let link = root.path().join("b");
    std::os::unix::fs::symlink(outside.path(), &link).unwrap();
    assert_eq!(
        folder_files(root.path()),
        Err(PushError::FolderLink { path: link })
    );
}
