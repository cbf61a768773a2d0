//! Reading a file at an offset, from several threads at once.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// How many files of a set stay open; the files of a larger set are opened for each read.
pub(crate) const MAX_OPEN_FILES: usize = 256;

/// A file of which pieces are read, by any thread: no position is shared.
#[derive(Debug)]
pub(crate) struct FileAt {
    path: PathBuf,
    len: u64,
    /// None: the file is opened for each read, as a set of many files must do.
    open: Option<File>,
    read: AtomicU64,
}

impl FileAt {
    /// Opens a file; `keep_open` says whether it stays open.
    pub(crate) fn open(path: &Path, keep_open: bool) -> io::Result<Self> {
        let file = File::open(path)?;
        let about = file.metadata()?;
        if !about.is_file() {
            let kind = io::ErrorKind::InvalidInput;
            return Err(io::Error::new(kind, "not a regular file"));
        }
        Ok(Self {
            path: path.to_owned(),
            len: about.len(),
            open: keep_open.then_some(file),
            read: AtomicU64::new(0),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The file's length when it was opened.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// How many bytes were read so far.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// `len` bytes from `offset` on.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] if they aren't all there: nothing is allocated then.
    pub(crate) fn read(&self, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let end = offset.checked_add(len as u64);
        if end.is_none_or(|end| end > self.len) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut bytes = vec![0; len];
        match &self.open {
            Some(file) => read_exact_at(file, &mut bytes, offset)?,
            None => read_exact_at(&File::open(&self.path)?, &mut bytes, offset)?,
        }
        self.read.fetch_add(len as u64, Ordering::Relaxed);
        Ok(bytes)
    }

    /// As many bytes from `offset` on as there are, up to `len`.
    pub(crate) fn read_up_to(&self, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let there = self.len.saturating_sub(offset).min(len as u64);
        self.read(offset, there as usize)
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut bytes: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, bytes, offset)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                bytes = &mut bytes[read..];
                offset += read as u64;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_read_within_the_file_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, b"0123456789").unwrap();
        for keep_open in [true, false] {
            let file = FileAt::open(&path, keep_open).unwrap();
            assert_eq!(file.read(2, 3).unwrap(), b"234");
            assert_eq!(file.read_up_to(8, 100).unwrap(), b"89");
            assert_eq!(
                file.read_up_to(u64::MAX, 100).unwrap_err().kind(),
                io::ErrorKind::UnexpectedEof
            );
            for (offset, len) in [(8, 3), (11, 0), (u64::MAX, 1), (0, usize::MAX)] {
                let kind = file.read(offset, len).unwrap_err().kind();
                assert_eq!(kind, io::ErrorKind::UnexpectedEof);
            }
            assert_eq!(file.bytes_read(), 5);
        }
        assert!(FileAt::open(folder.path(), true).is_err());
    }
}
