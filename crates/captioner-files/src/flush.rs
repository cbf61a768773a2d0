//! Making what was written last through a power cut.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;

use crate::FileError;

/// Flushes every file below a folder, and every folder, to the disk. Links are not followed.
pub(crate) fn flush_tree(folder: &Path) -> Result<(), FileError> {
    let listed = FileError::io("list", folder);
    let entries: io::Result<Vec<_>> = fs::read_dir(folder).and_then(Iterator::collect);
    for entry in entries.map_err(listed)? {
        let path = entry.path();
        let kind = entry.file_type().map_err(FileError::io("read", &path))?;
        if kind.is_dir() {
            flush_tree(&path)?;
        } else if kind.is_file() {
            flush_file(&path)?;
        }
    }
    flush_folder(folder)
}

fn flush_file(path: &Path) -> Result<(), FileError> {
    let flushed = open_to_flush(path).and_then(|file| file.sync_all());
    flushed.map_err(FileError::io("flush", path))
}

#[cfg(unix)]
fn open_to_flush(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Windows flushes only files that are open for writing.
#[cfg(not(unix))]
fn open_to_flush(path: &Path) -> io::Result<File> {
    File::options().write(true).open(path)
}

/// Flushes the names in a folder. Some file systems can't, and a folder that may be written but
/// not listed can't be opened; neither is a reason to call a whole file unwritten.
#[cfg(unix)]
pub(crate) fn flush_folder(folder: &Path) -> Result<(), FileError> {
    let flushed = File::open(folder).and_then(|folder| folder.sync_all());
    match flushed.map_err(|error| (error.kind(), error)) {
        Ok(())
        | Err((
            ErrorKind::InvalidInput | ErrorKind::Unsupported | ErrorKind::PermissionDenied,
            _,
        )) => Ok(()),
        Err((_, error)) => Err(FileError::io("flush", folder)(error)),
    }
}

/// Windows flushes no folders.
#[cfg(not(unix))]
pub(crate) fn flush_folder(_folder: &Path) -> Result<(), FileError> {
    Ok(())
}
