//! The file that holds what memory does not.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A file for this process alone, which is gone when the process is: it has no name any more once it
/// is open, where the system allows that (Unix), and is removed when dropped elsewhere.
#[derive(Debug)]
pub(super) struct ScratchFile {
    /// Taken when dropped: some systems remove no open file.
    file: Option<File>,
    /// Where it still has a name.
    path: Option<PathBuf>,
}

impl ScratchFile {
    /// An empty file in `folder`, which is made where there is none.
    pub(super) fn create(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let (file, path) = open_new(folder)?;
        let removed = cfg!(unix) && fs::remove_file(&path).is_ok();
        Ok(Self {
            file: Some(file),
            path: (!removed).then_some(path),
        })
    }

    #[cfg(test)]
    pub(super) fn of(file: File) -> Self {
        Self {
            file: Some(file),
            path: None,
        }
    }

    pub(super) fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        write_all_at(self.file()?, bytes, offset)
    }

    pub(super) fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        read_exact_at(self.file()?, bytes, offset)
    }

    /// Gives back what lies behind `length`.
    pub(super) fn truncate(&self, length: u64) -> io::Result<()> {
        self.file()?.set_len(length)
    }

    /// Bytes that a program may still write to the file's disk; none where the system does not say.
    #[cfg(unix)]
    pub(super) fn free_bytes(&self) -> Option<u64> {
        let disk = rustix::fs::fstatvfs(self.file.as_ref()?).ok()?;
        disk.f_bavail.checked_mul(disk.f_frsize)
    }

    #[cfg(not(unix))]
    pub(super) fn free_bytes(&self) -> Option<u64> {
        None
    }

    fn file(&self) -> io::Result<&File> {
        let file = self.file.as_ref();
        file.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }
}

impl Drop for ScratchFile {
    fn drop(&mut self) {
        drop(self.file.take());
        if let Some(path) = &self.path {
            let _ = fs::remove_file(path);
        }
    }
}

/// Opens a file under a name that says what it is and that no other process and no other call has.
fn open_new(folder: &Path) -> io::Result<(File, PathBuf)> {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    loop {
        let call = CALLS.fetch_add(1, Ordering::Relaxed);
        let name = format!("encoder_outputs.{}-{call}.tmp", std::process::id());
        let path = folder.join(name);
        let mut options = OpenOptions::new();
        match options.read(true).write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((file, path)),
            // Left by a killed process of the same number, on a system where it kept its name.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(unix)]
fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

#[cfg(unix)]
fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(not(unix))]
fn write_all_at(mut file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    use std::io::{Seek, SeekFrom, Write};
    file.seek(SeekFrom::Start(offset))?;
    file.write_all(bytes)
}

#[cfg(not(unix))]
fn read_exact_at(mut file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    use std::io::{Read, Seek, SeekFrom};
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn what_is_written_is_read_at_its_place_and_no_name_stays() {
        let folder = tempfile::tempdir().unwrap();
        let within = folder.path().join("run");
        let (one, two) = (
            ScratchFile::create(&within).unwrap(),
            ScratchFile::create(&within).unwrap(),
        );
        one.write_at(b"later", 10).unwrap();
        one.write_at(b"first", 0).unwrap();
        two.write_at(b"other", 0).unwrap();
        let mut bytes = [0; 5];
        one.read_at(&mut bytes, 10).unwrap();
        assert_eq!(&bytes, b"later");
        one.read_at(&mut bytes, 0).unwrap();
        assert_eq!(&bytes, b"first");
        one.truncate(7).unwrap();
        assert!(one.read_at(&mut bytes, 10).is_err());
        if cfg!(unix) {
            // Nothing is left even if the process is killed now.
            assert_eq!(names(&within), 0);
        }
        drop((one, two));
        assert_eq!(names(&within), 0);
    }

    #[test]
    fn a_folder_that_is_a_file_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "x").unwrap();
        assert!(ScratchFile::create(&path).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"x");
    }
}
