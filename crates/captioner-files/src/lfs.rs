//! Git LFS pointers: what a repository holds in place of a large file until it is pulled.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::FileError;

/// How a pointer begins, by the specification of Git LFS (`docs/spec.md`).
const START: &[u8] = b"version https://git-lfs.github.com/spec/v1";

/// Whether a file that begins with these bytes is a Git LFS pointer.
///
/// ```
/// let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
/// assert!(captioner_files::is_lfs_pointer(pointer));
/// ```
pub fn is_lfs_pointer(first_bytes: &[u8]) -> bool {
    first_bytes.starts_with(START)
}

/// Passes where the file is no Git LFS pointer.
///
/// # Errors
/// [`FileError::LfsPointer`] where it is one, [`FileError::Io`] when it can't be read.
pub fn refuse_lfs_pointer(path: impl AsRef<Path>) -> Result<(), FileError> {
    let path = path.as_ref();
    let mut first = Vec::with_capacity(START.len());
    let file = File::open(path).map_err(FileError::io("read", path))?;
    let read = file.take(START.len() as u64).read_to_end(&mut first);
    read.map_err(FileError::io("read", path))?;
    match is_lfs_pointer(&first) {
        true => Err(FileError::lfs_pointer(path)),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_told_from_what_it_stands_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
        std::fs::write(&path, pointer).unwrap();
        let message = refuse_lfs_pointer(&path).unwrap_err().to_string();
        assert!(message.contains("model.safetensors") && message.contains("git lfs pull"));
        for other in [&b""[..], b"version 1", &pointer[1..]] {
            std::fs::write(&path, other).unwrap();
            refuse_lfs_pointer(&path).unwrap();
        }
        let missing = refuse_lfs_pointer(folder.path().join("nothing"));
        assert!(matches!(missing, Err(FileError::Io { .. })));
    }
}
