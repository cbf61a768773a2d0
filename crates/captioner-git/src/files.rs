//! Reading and writing the files of a checkpoint folder.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::config::ConfigError;

/// Why a file of a checkpoint can't be read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FileError {
    /// The operating system said no.
    #[error("can't {action} {path}: {source}", path = .path.display())]
    Io {
        /// What was tried: `read`, `write`, ...
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Not the JSON that was expected.
    #[error("{path} is not what it should be: {source}", path = .path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Where and what.
        source: serde_json::Error,
    },
    /// A configuration that no model can be built from.
    #[error("{path}: {source}", path = .path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// The value.
        source: ConfigError,
    },
}

impl FileError {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}

/// Reads a JSON file.
///
/// # Errors
/// When it can't be read or does not fit `T`; the message names the file and the place in it.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, FileError> {
    let bytes = fs::read(path).map_err(FileError::io("read", path))?;
    serde_json::from_slice(&bytes).map_err(|source| FileError::Json {
        path: path.to_owned(),
        source,
    })
}

/// Writes a JSON file, indented, with a newline at its end.
///
/// # Errors
/// When it can't be written.
pub fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), FileError> {
    let json = |source| FileError::Json {
        path: path.to_owned(),
        source,
    };
    let mut text = serde_json::to_string_pretty(value).map_err(json)?;
    text.push('\n');
    fs::write(path, text).map_err(FileError::io("write", path))
}

/// Fills a folder whole or not at all.
///
/// `fill` writes into a scratch folder beside `target`; then everything is flushed to disk and the
/// scratch folder takes the target's name. A folder of that name is replaced; it stays as it was
/// until the new one is complete, and whatever fails leaves it there.
///
/// # Errors
/// Whatever `fill` returns, or a [`FileError`] when files can't be flushed or renamed.
pub fn write_folder<E: From<FileError>>(
    target: &Path,
    fill: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    let parent = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent).map_err(FileError::io("create", parent))?;
    let scratch = tempfile::Builder::new()
        .prefix(".captioner-")
        .tempdir_in(parent)
        .map_err(FileError::io("create a scratch folder in", parent))?;
    let fresh = scratch.path().join("new");
    fs::create_dir(&fresh).map_err(FileError::io("create", &fresh))?;
    fill(&fresh)?;
    flush(&fresh)?;
    swap(&fresh, target, &scratch.path().join("old"))?;
    sync(parent)?;
    Ok(())
}

/// Puts `fresh` in `target`'s place; a former `target` ends at `old`, or back where it was.
fn swap(fresh: &Path, target: &Path, old: &Path) -> Result<(), FileError> {
    let replaced = target.exists();
    if replaced {
        fs::rename(target, old).map_err(FileError::io("move aside", target))?;
    }
    fs::rename(fresh, target).map_err(|error| {
        if replaced {
            let _ = fs::rename(old, target);
        }
        FileError::io("move the finished folder to", target)(error)
    })
}

/// Flushes every file of a folder, and the folder, to disk.
fn flush(folder: &Path) -> Result<(), FileError> {
    let entries = fs::read_dir(folder).map_err(FileError::io("list", folder))?;
    for entry in entries {
        let path = entry.map_err(FileError::io("list", folder))?.path();
        if path.is_dir() {
            flush(&path)?;
        } else {
            sync(&path)?;
        }
    }
    sync(folder)
}

#[cfg(unix)]
fn sync(path: &Path) -> Result<(), FileError> {
    let file = File::open(path).map_err(FileError::io("open", path))?;
    file.sync_all().map_err(FileError::io("flush", path))
}

/// Windows flushes only files that are open for writing, and no folders.
#[cfg(not(unix))]
fn sync(path: &Path) -> Result<(), FileError> {
    if path.is_dir() {
        return Ok(());
    }
    let file = File::options().write(true).open(path);
    let file = file.map_err(FileError::io("open", path))?;
    file.sync_all().map_err(FileError::io("flush", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_failed_write_leaves_the_former_folder_and_no_scratch() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("model");
        write_folder(&target, |dir| write_json(&dir.join("a.json"), &1)).unwrap();
        let failed = write_folder(&target, |dir| {
            write_json(&dir.join("a.json"), &2)?;
            let path = dir.join("missing").join("b.json");
            write_json(&path, &3)
        });
        assert!(failed.is_err());
        assert_eq!(read_json::<i32>(&target.join("a.json")).unwrap(), 1);
        assert_eq!(names(root.path()), ["model"]);
    }

    #[test]
    fn a_rewrite_leaves_nothing_of_the_former_folder() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("deep").join("model");
        write_folder(&target, |dir| write_json(&dir.join("a.json"), &1)).unwrap();
        write_folder(&target, |dir| write_json(&dir.join("b.json"), &2)).unwrap();
        assert_eq!(names(&target), ["b.json"]);
    }

    #[test]
    fn broken_json_names_the_file_and_the_place() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("config.json");
        fs::write(&path, "{\"vocab_size\": }").unwrap();
        let message = GitConfigFile::read(&path);
        assert!(message.contains("config.json") && message.contains("line 1"));
    }

    struct GitConfigFile;
    impl GitConfigFile {
        fn read(path: &Path) -> String {
            read_json::<crate::GitConfig>(path).unwrap_err().to_string()
        }
    }
}
