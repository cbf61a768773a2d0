//! One writer at a time for a folder.

use std::fs::{File, TryLockError};
use std::path::Path;

use crate::FileError;

/// The file that is locked. It stays in the folder; the lock on it ends with its process.
const LOCK_FILE: &str = ".captioner.lock";

/// Keeps a folder to one process, and one holder within it, until it is dropped or the process
/// ends, however it ends.
///
/// Where a file system has no locks nothing is held, and two writers are not noticed.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Locks a folder that is there.
    ///
    /// ```
    /// use captioner_files::{FileError, FolderLock};
    /// # let root = tempfile::tempdir().unwrap();
    /// # let folder = root.path();
    ///
    /// let lock = FolderLock::acquire(folder)?;
    /// assert!(matches!(FolderLock::acquire(folder), Err(FileError::Locked { .. })));
    /// drop(lock);
    /// assert!(FolderLock::acquire(folder).is_ok());
    /// # Ok::<(), FileError>(())
    /// ```
    ///
    /// # Errors
    /// [`FileError::Locked`] while another holds it; [`FileError::Io`] when nothing can be written
    /// there.
    pub fn acquire(folder: impl AsRef<Path>) -> Result<Self, FileError> {
        let folder = folder.as_ref();
        let path = folder.join(LOCK_FILE);
        let options = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path);
        let file = options.map_err(FileError::io("lock", folder))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(FileError::Locked {
                path: folder.to_owned(),
            }),
            // There are no locks, or none that this machine may take.
            Err(TryLockError::Error(_)) => Ok(Self { _file: file }),
        }
    }

    /// Whether a file of this name is the lock and nobody's work.
    pub fn is_lock_file(name: &Path) -> bool {
        name == Path::new(LOCK_FILE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("run");
        let message = FolderLock::acquire(&folder).unwrap_err().to_string();
        assert!(message.contains("run"), "{message}");
        assert!(!folder.exists());
    }

    #[test]
    fn a_lock_ends_with_its_process() {
        let root = tempfile::tempdir().unwrap();
        let held = FolderLock::acquire(root.path()).unwrap();
        let message = FolderLock::acquire(root.path()).unwrap_err().to_string();
        assert!(message.contains("another"), "{message}");
        drop(held);
        // The file that stays is no lock.
        assert!(root.path().join(LOCK_FILE).exists());
        FolderLock::acquire(root.path()).unwrap();
    }
}
