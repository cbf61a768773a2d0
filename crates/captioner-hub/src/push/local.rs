//! The files of a push as they lie here: their paths checked, their content hashed in one pass.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::PushError;

/// The first bytes of a file by which the Hub decides between git and large file storage.
const SAMPLE: usize = 512;

/// A file of a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushFile {
    /// Its path in the repository: relative, with `/`.
    pub path: String,
    /// Its content.
    pub source: PushSource,
}

impl PushFile {
    /// A local file under a path of the repository.
    pub fn file(path: impl Into<String>, file: impl Into<PathBuf>) -> Self {
        let source = PushSource::File(file.into());
        Self {
            path: path.into(),
            source,
        }
    }

    /// Bytes under a path of the repository.
    pub fn bytes(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        let source = PushSource::Bytes(bytes.into());
        Self {
            path: path.into(),
            source,
        }
    }
}

/// Where the content of a pushed file comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PushSource {
    /// A local file, read twice: once to hash it, once to send it.
    File(PathBuf),
    /// Bytes in memory.
    Bytes(Vec<u8>),
}

impl PushSource {
    /// A reader from the start, the length in bytes, and the time of the last change.
    pub(crate) fn open(&self) -> io::Result<(Box<dyn Read + Send + '_>, u64, Option<SystemTime>)> {
        match self {
            Self::Bytes(bytes) => Ok((Box::new(bytes.as_slice()), bytes.len() as u64, None)),
            Self::File(path) => {
                // Asked before it is opened: a pipe would wait for a writer.
                if !std::fs::metadata(path)?.is_file() {
                    return Err(io::Error::other("it is no file"));
                }
                let file = File::open(path)?;
                let data = file.metadata()?;
                Ok((Box::new(file), data.len(), data.modified().ok()))
            }
        }
    }
}

/// A file whose content has been read once.
#[derive(Clone, Debug)]
pub(crate) struct LocalFile {
    /// Path in the repository.
    pub(crate) path: String,
    pub(crate) source: PushSource,
    /// Bytes.
    pub(crate) size: u64,
    /// The first 512 bytes.
    pub(crate) sample: Vec<u8>,
    /// Of the content, in hexadecimal: the object id in large file storage.
    pub(crate) sha256: String,
    /// The git blob's object id, in hexadecimal.
    pub(crate) git_oid: String,
    modified: Option<SystemTime>,
}

impl LocalFile {
    /// Reads and hashes a file.
    pub(crate) fn read(file: &PushFile) -> Result<Self, PushError> {
        Self::hash(file).map_err(|reason| PushError::Unreadable {
            path: match &file.source {
                PushSource::File(path) => path.clone(),
                PushSource::Bytes(_) => PathBuf::from(&file.path),
            },
            reason: reason.to_string(),
        })
    }

    fn hash(file: &PushFile) -> io::Result<Self> {
        let (mut reader, size, modified) = file.source.open()?;
        let (mut sha256, mut git) = (Sha256::new(), Sha1::new());
        git.update(format!("blob {size}\0"));
        let (mut sample, mut seen) = (Vec::new(), 0u64);
        let mut buffer = vec![0; 1 << 18];
        loop {
            let read = reader.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            let bytes = &buffer[..read];
            sha256.update(bytes);
            git.update(bytes);
            sample.extend_from_slice(&bytes[..bytes.len().min(SAMPLE - sample.len())]);
            seen += read as u64;
        }
        if seen != size {
            return Err(io::Error::other("it is being written to"));
        }
        drop(reader);
        Ok(Self {
            path: file.path.clone(),
            source: file.source.clone(),
            size,
            sample,
            sha256: hex(&sha256.finalize()),
            git_oid: hex(&git.finalize()),
            modified,
        })
    }

    /// The content, if it is still what was hashed.
    pub(crate) fn content(&self) -> Result<Vec<u8>, PushError> {
        let changed = || PushError::Changed {
            path: self.path.clone(),
        };
        let (mut reader, _, _) = self.source.open().map_err(|_| changed())?;
        let mut content = Vec::new();
        reader.read_to_end(&mut content).map_err(|_| changed())?;
        if hex(&Sha256::digest(&content)) == self.sha256 {
            Ok(content)
        } else {
            Err(changed())
        }
    }

    /// An error if size or time of change are no longer those of the file that was hashed.
    pub(crate) fn unchanged(&self) -> Result<(), PushError> {
        match self.source.open() {
            Ok((_, size, modified)) if size == self.size && modified == self.modified => Ok(()),
            _ => Err(PushError::Changed {
                path: self.path.clone(),
            }),
        }
    }
}

/// Checks the paths of a push, then reads every file.
pub(crate) fn read_all(files: &[PushFile]) -> Result<Vec<LocalFile>, PushError> {
    check_paths(files.iter().map(|file| file.path.as_str()))?;
    files.iter().map(LocalFile::read).collect()
}

/// Each path can be held by a repository, and no two are in each other's way.
pub(crate) fn check_paths<'a>(paths: impl Iterator<Item = &'a str>) -> Result<(), PushError> {
    let mut seen = BTreeSet::new();
    for path in paths {
        check_path(path)?;
        if !seen.insert(path) {
            return Err(collision(path, path));
        }
    }
    for path in &seen {
        let mut parents = path.match_indices('/').map(|(end, _)| &path[..end]);
        if let Some(parent) = parents.find(|parent| seen.contains(parent)) {
            return Err(collision(path, parent));
        }
    }
    Ok(())
}

fn collision(path: &str, other: &str) -> PushError {
    PushError::Collision {
        path: path.to_owned(),
        other: other.to_owned(),
    }
}

/// The rules of `_validate_path_in_repo` in `huggingface_hub/_commit_api.py`, and git's.
fn check_path(path: &str) -> Result<(), PushError> {
    let bad = |reason| {
        Err(PushError::Path {
            path: path.to_owned(),
            reason,
        })
    };
    if path.is_empty() {
        return bad("it is empty");
    }
    if path.contains('\\') {
        return bad("it has a backslash");
    }
    if path.chars().any(char::is_control) {
        return bad("it has a control character");
    }
    if path.starts_with('/') {
        return bad("it is absolute");
    }
    for part in path.split('/') {
        match part {
            "" => return bad("it has an empty part"),
            "." | ".." => return bad("it has a part '.' or '..'"),
            part if part.eq_ignore_ascii_case(".git") => return bad("it has a part '.git'"),
            part if part.len() > 255 => return bad("it has a part of more than 255 bytes"),
            _ => {}
        }
    }
    if path.starts_with(".cache/huggingface/") {
        return bad("it is in the download cache");
    }
    Ok(())
}

/// The files below a folder, by path in the order of their names: what `upload_folder` of
/// `huggingface_hub` takes. `.git`, `.cache/huggingface` and what a killed write of this library
/// left behind (`.NAME.captioner-…`) are left out. A link to a file is read as that file.
///
/// # Errors
/// When the folder can't be listed, a name is not UTF-8, or there is a link to a folder.
pub fn folder_files(folder: impl AsRef<Path>) -> Result<Vec<PushFile>, PushError> {
    let mut files = Vec::new();
    list(folder.as_ref(), "", &mut files)?;
    files.sort_by(|a: &PushFile, b| a.path.cmp(&b.path));
    Ok(files)
}

fn list(folder: &Path, prefix: &str, files: &mut Vec<PushFile>) -> Result<(), PushError> {
    let unreadable = |path: &Path, reason: io::Error| PushError::Unreadable {
        path: path.to_owned(),
        reason: reason.to_string(),
    };
    for entry in std::fs::read_dir(folder).map_err(|error| unreadable(folder, error))? {
        let entry = entry.map_err(|error| unreadable(folder, error))?;
        let file = entry.path();
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            let reason = "its name is not UTF-8";
            return Err(unreadable(&file, io::Error::other(reason)));
        };
        let path = format!("{prefix}{name}");
        if left_out(&path, name) {
            continue;
        }
        let link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
        let data = std::fs::metadata(&file).map_err(|error| unreadable(&file, error))?;
        match (data.is_dir(), link) {
            (true, true) => return Err(PushError::FolderLink { path: file }),
            (true, false) => list(&file, &format!("{path}/"), files)?,
            _ => files.push(PushFile::file(path, file)),
        }
    }
    Ok(())
}

fn left_out(path: &str, name: &str) -> bool {
    let scratch = name.starts_with('.') && name.contains(".captioner-");
    scratch || name == ".git" || path == ".cache/huggingface"
}

/// Bytes in hexadecimal, small letters.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
#[path = "local_tests.rs"]
mod tests;
