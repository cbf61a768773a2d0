//! What a folder's files were when it was written: their sizes and checksums.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{FileError, read_json, write_json};

/// File of a folder that lists the others with their sizes and checksums.
pub const MANIFEST_FILE: &str = "manifest.json";

/// How much of a file is read at a time.
const CHUNK: usize = 1 << 20;

#[derive(Debug, Default, Serialize, Deserialize)]
struct Manifest {
    files: BTreeMap<String, Entry>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    bytes: u64,
    /// CRC-32 as in zip and PNG (ISO 3309), 8 hexadecimal digits.
    crc32: String,
}

/// Lists the files of `folder`, those of its folders included, with their sizes and checksums in
/// its [`MANIFEST_FILE`]. Within [`replace_folder`](crate::replace_folder) it is the last file to
/// be written.
///
/// ```
/// use captioner_files::{check_manifest, replace_folder, write_json, write_manifest};
/// # let root = tempfile::tempdir().unwrap();
/// # let root = root.path();
///
/// let checkpoint = root.join("checkpoint-10");
/// replace_folder(&checkpoint, |folder| {
///     write_json(folder.join("config.json"), &1)?;
///     write_manifest(folder)
/// })?;
/// check_manifest(&checkpoint)?;
/// std::fs::write(checkpoint.join("config.json"), "2\n").unwrap();
/// assert!(check_manifest(&checkpoint).is_err());
/// # Ok::<(), captioner_files::FileError>(())
/// ```
///
/// # Errors
/// When a file can't be read or the manifest can't be written.
pub fn write_manifest(folder: impl AsRef<Path>) -> Result<(), FileError> {
    let folder = folder.as_ref();
    let mut manifest = Manifest::default();
    list(folder, "", &mut manifest.files)?;
    manifest.files.remove(MANIFEST_FILE);
    write_json(folder.join(MANIFEST_FILE), &manifest)
}

/// Checks that a folder has a manifest, and that every file in it has the size and checksum that
/// it lists. Files that it does not list are not looked at.
///
/// # Errors
/// [`FileError::Damaged`] names the first file that is missing, cut, longer or changed; another
/// error when the manifest is missing, or something can't be read.
pub fn check_manifest(folder: impl AsRef<Path>) -> Result<(), FileError> {
    let folder = folder.as_ref();
    let manifest: Manifest = read_json(folder.join(MANIFEST_FILE))?;
    for (name, listed) in manifest.files {
        check(folder.join(name), &listed)?;
    }
    Ok(())
}

fn check(path: PathBuf, listed: &Entry) -> Result<(), FileError> {
    let damaged = |problem| FileError::Damaged {
        path: path.clone(),
        problem,
    };
    let found = match fs::metadata(&path) {
        Ok(data) if data.is_file() => data.len(),
        _ => return Err(damaged("it is missing".to_owned())),
    };
    if found != listed.bytes {
        return Err(damaged(format!(
            "it has {found} bytes and had {}",
            listed.bytes
        )));
    }
    let crc32 = checksum(&path)?;
    match crc32 == listed.crc32 {
        true => Ok(()),
        false => Err(damaged(format!(
            "its checksum is {crc32} and was {}",
            listed.crc32
        ))),
    }
}

/// Enters all files below `folder`; names of those in folders have `/` between.
fn list(folder: &Path, above: &str, into: &mut BTreeMap<String, Entry>) -> Result<(), FileError> {
    let entries = fs::read_dir(folder).map_err(FileError::io("list", folder))?;
    for entry in entries {
        let entry = entry.map_err(FileError::io("list", folder))?;
        let path = entry.path();
        let name = format!("{above}{}", entry.file_name().to_string_lossy());
        let data = fs::metadata(&path).map_err(FileError::io("read", &path))?;
        if data.is_dir() {
            list(&path, &format!("{name}/"), into)?;
        } else {
            let (bytes, crc32) = (data.len(), checksum(&path)?);
            into.insert(name, Entry { bytes, crc32 });
        }
    }
    Ok(())
}

fn checksum(path: &Path) -> Result<String, FileError> {
    let read = || FileError::io("read", path);
    let mut file = File::open(path).map_err(read())?;
    let mut chunk = vec![0; CHUNK];
    let mut hasher = crc32fast::Hasher::new();
    loop {
        match file.read(&mut chunk).map_err(read())? {
            0 => return Ok(format!("{:08x}", hasher.finalize())),
            bytes => hasher.update(&chunk[..bytes]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("a.bin"), b"123456789").unwrap();
        fs::create_dir(root.path().join("sub")).unwrap();
        fs::write(root.path().join("sub/b.bin"), vec![7; 3 * CHUNK / 2]).unwrap();
        write_manifest(root.path()).unwrap();
        root
    }

    #[test]
    fn files_are_listed_with_their_crc_32() {
        let root = folder();
        let manifest: Manifest = read_json(root.path().join(MANIFEST_FILE)).unwrap();
        let names: Vec<_> = manifest.files.keys().collect();
        assert_eq!(names, ["a.bin", "sub/b.bin"]);
        // The check value of CRC-32: python -c "import zlib; print(hex(zlib.crc32(b'123456789')))"
        let check = Entry {
            bytes: 9,
            crc32: "cbf43926".into(),
        };
        assert_eq!(manifest.files["a.bin"], check);
        check_manifest(root.path()).unwrap();
        // Written again, the manifest does not list itself.
        write_manifest(root.path()).unwrap();
        check_manifest(root.path()).unwrap();
    }

    #[test]
    fn whatever_happens_to_a_file_is_found_and_named() {
        type Damage = fn(&Path);
        let damages: [(Damage, &str); 5] = [
            (|path| fs::remove_file(path).unwrap(), "missing"),
            (|path| fs::write(path, b"12345678").unwrap(), "8 bytes"),
            (|path| fs::write(path, b"1234567890").unwrap(), "10 bytes"),
            (|path| fs::write(path, b"123456788").unwrap(), "checksum"),
            (
                |path| {
                    fs::remove_file(path).unwrap();
                    fs::create_dir(path).unwrap();
                },
                "missing",
            ),
        ];
        for (damage, told) in damages {
            let root = folder();
            damage(&root.path().join("a.bin"));
            let message = check_manifest(root.path()).unwrap_err().to_string();
            assert!(message.contains("a.bin"), "{message}");
            assert!(message.contains(told), "{message}");
        }
    }

    #[test]
    fn a_folder_without_a_manifest_is_not_whole() {
        let root = folder();
        fs::write(root.path().join("notes.txt"), "mine").unwrap();
        check_manifest(root.path()).unwrap();
        fs::remove_file(root.path().join(MANIFEST_FILE)).unwrap();
        let message = check_manifest(root.path()).unwrap_err().to_string();
        assert!(message.contains(MANIFEST_FILE), "{message}");
    }
}
