//! Telling what is given in place of a plain tar file.

use std::fs::File;
use std::path::Path;

use super::error::TarError;
use super::member::read_exact_at;

/// The programs that unpack, the ends of their files' names, and the bytes those begin with.
const COMPRESSED: [(&str, &[&str], &[u8]); 5] = [
    ("gzip", &[".gz", ".tgz"], b"\x1f\x8b"),
    ("zstd", &[".zst", ".tzst"], b"\x28\xb5\x2f\xfd"),
    ("xz", &[".xz", ".txz"], b"\xfd7zXZ\0"),
    ("bzip2", &[".bz2", ".tbz2", ".tbz"], b"BZh"),
    ("lz4", &[".lz4"], b"\x04\x22\x4d\x18"),
];

/// Refuses a file whose name says that it is compressed.
pub(super) fn check_name(path: &Path) -> Result<(), TarError> {
    let name = path.to_string_lossy().to_ascii_lowercase();
    let is_named = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    match COMPRESSED.iter().find(|(_, ends, _)| is_named(ends)) {
        Some((by, ..)) => Err(compressed(path, by)),
        None => Ok(()),
    }
}

/// Refuses a file whose first bytes are those of something else.
pub(super) fn check_content(path: &Path, file: &File, bytes: u64) -> Result<(), TarError> {
    let mut head = vec![0; bytes.min(64) as usize];
    read_exact_at(file, &mut head, 0).map_err(|source| TarError::Io {
        path: path.to_owned(),
        source,
    })?;
    if captioner_files::is_lfs_pointer(&head) {
        return Err(TarError::LfsPointer {
            path: path.to_owned(),
        });
    }
    if let Some((by, ..)) = COMPRESSED
        .iter()
        .find(|(.., magic)| head.starts_with(magic))
    {
        return Err(compressed(path, by));
    }
    let reason = match head {
        _ if head.is_empty() => "it is empty",
        _ if head.starts_with(b"PK\x03\x04") => "it is a zip archive",
        _ if head.starts_with(b"PAR1") => "it is a Parquet file",
        _ => return Ok(()),
    };
    Err(TarError::NotATar {
        path: path.to_owned(),
        reason: reason.to_owned(),
    })
}

fn compressed(path: &Path, by: &'static str) -> TarError {
    TarError::Compressed {
        path: path.to_owned(),
        by,
    }
}
