//! What has come of a file so far: its bytes on disk, and their hash.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;

use captioner_files::FileError;

use crate::HubError;

use super::blob::Source;
use super::listing::RemoteFile;
use super::verify::Hash;

/// What has come of a file.
pub(super) struct Scratch {
    pub(super) file: File,
    pub(super) path: PathBuf,
    pub(super) len: u64,
    pub(super) hash: Hash,
}

impl Scratch {
    /// What an earlier try left, read once for its hash; more than the whole file is nothing.
    pub(super) fn open(source: &Source, file: &RemoteFile) -> Result<Self, HubError> {
        let path = source.place.scratch(file.etag());
        let mut options = File::options();
        let opened = options.read(true).append(true).create(true).open(&path);
        let mut scratch = Self {
            file: opened.map_err(FileError::io("write", &path))?,
            path,
            len: 0,
            hash: Hash::new(file.etag(), file.size),
        };
        let found = scratch.hash.update_from(&mut scratch.file);
        scratch.len = found.map_err(FileError::io("read", &scratch.path))?;
        if scratch.len > file.size {
            scratch.restart(source, file)?;
        }
        Ok(scratch)
    }

    pub(super) fn append(&mut self, piece: &[u8]) -> io::Result<()> {
        self.file.write_all(piece)?;
        self.hash.update(piece);
        self.len += piece.len() as u64;
        Ok(())
    }

    pub(super) fn restart(&mut self, source: &Source, file: &RemoteFile) -> Result<(), HubError> {
        self.file
            .set_len(0)
            .map_err(FileError::io("write", &self.path))?;
        source.http.progress.lose(&file.path, self.len);
        self.len = 0;
        self.hash = Hash::new(file.etag(), file.size);
        Ok(())
    }
}

/// The error of a write, or of a disk without space.
pub(super) fn write_error(source: &Source, file: &RemoteFile, error: io::Error) -> HubError {
    let path = source.place.scratch(file.etag());
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => HubError::DiskFull {
            file: file.path.clone(),
            size: file.size,
            folder: source.http.settings.cache.clone(),
        },
        _ => FileError::io("write", path)(error).into(),
    }
}
