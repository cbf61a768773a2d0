//! Why a file or folder can't be read or written.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Why a file or folder can't be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The operating system said no.
    #[error("can't {action} {path}: {source}{help}", path = .path.display(), help = help(.source))]
    Io {
        /// What was tried: `read`, `write`, ...
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Not the JSON that was expected.
    #[error(
        "{path} does not hold the JSON that was expected: {source}; \
         correct it, or write it anew",
        path = .path.display()
    )]
    Json {
        /// The file.
        path: PathBuf,
        /// Where and what.
        source: serde_json::Error,
    },
    /// A repository's pointer to a file that was not fetched.
    #[error(
        "{path} is a Git LFS pointer, not the file itself: fetch it with `git lfs pull`, or download it \
         again",
        path = .path.display()
    )]
    LfsPointer {
        /// The pointer.
        path: PathBuf,
    },
    /// A value that JSON has no form for, such as a map whose keys are not text.
    #[error("the value for {path} can't be written as JSON: {source}", path = .path.display())]
    Serialize {
        /// The file.
        path: PathBuf,
        /// What JSON can't hold.
        source: serde_json::Error,
    },
    /// The path ends in no name of a file or folder, such as `..`.
    #[error("{path:?} ends in no name; give the path of a file or folder")]
    NoName {
        /// The path.
        path: PathBuf,
    },
    /// A file was to be written where a folder is.
    #[error("{path} is a folder; give the path of a file", path = .path.display())]
    IsFolder {
        /// The folder.
        path: PathBuf,
    },
    /// A file was to be written where something else is.
    #[error("{path} is a device, pipe or socket; give the path of a file", path = .path.display())]
    NotRegularFile {
        /// The path.
        path: PathBuf,
    },
    /// A folder was to be made or replaced where a file is.
    #[error("{path} is not a folder; give another path, or move the file away", path = .path.display())]
    NotFolder {
        /// The file.
        path: PathBuf,
    },
    /// The folder that the file would lie in is not there.
    #[error("can't write {path}: there is no folder {folder}; create it first",
        path = .path.display(), folder = .folder.display())]
    MissingFolder {
        /// The file.
        path: PathBuf,
        /// Its folder.
        folder: PathBuf,
    },
    /// The file may not be written.
    #[error("{path} is read-only; make it writable, or give another path", path = .path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// A file is not what it was when it was written.
    #[error("{path} is damaged: {problem}; use another copy of its folder", path = .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How it differs.
        problem: String,
    },
    /// Another process, or another part of this one, writes to the folder.
    #[error("another run is writing to {path}: wait for its end, or choose another folder",
        path = .path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// Symbolic links that lead to each other.
    #[error("{path} is a symbolic link that leads through more than {limit} others; remove it",
        path = .path.display())]
    TooManyLinks {
        /// The first link.
        path: PathBuf,
        /// How many links are followed.
        limit: usize,
    },
}

impl FileError {
    /// The error that a Git LFS pointer stands where the file belongs.
    pub fn lfs_pointer(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().to_owned();
        Self::LfsPointer { path }
    }

    /// What makes an operating system's error one of `action` (such as `"write"`) on `path`.
    ///
    /// ```
    /// use captioner_files::FileError;
    ///
    /// let read = std::fs::read("missing.txt").map_err(FileError::io("read", "missing.txt"));
    /// assert!(read.unwrap_err().to_string().starts_with("can't read missing.txt: "));
    /// ```
    pub fn io(action: &'static str, path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            action,
            path: path.as_ref().to_owned(),
            source,
        }
    }
}

fn help(source: &io::Error) -> &'static str {
    match source.kind() {
        ErrorKind::NotFound => "; check the path",
        ErrorKind::PermissionDenied => "; check the permissions of it and its folder",
        ErrorKind::ReadOnlyFilesystem => "; choose a folder on another file system",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "; free some space",
        _ => "",
    }
}
