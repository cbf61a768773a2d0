//! The cache that Python shares: `models--owner--name/{blobs,refs,snapshots,trees}` and `.locks`,
//! as `huggingface_hub`'s `file_download.py` lays it out.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use captioner_files::{FileError, create_folder, write_file};

use crate::{HubError, RepoId, RepoKind};

use super::listing::RemoteFile;
use super::names::is_hash;

/// Where a repository's files are in the cache.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    root: PathBuf,
    locks: PathBuf,
}

impl Place {
    pub(crate) fn new(cache: &Path, kind: RepoKind, id: &RepoId) -> Self {
        let name = format!("{}--{}--{}", kind.plural(), id.owner(), id.name());
        Self {
            root: cache.join(&name),
            locks: cache.join(".locks").join(name),
        }
    }

    pub(crate) fn blob(&self, etag: &str) -> PathBuf {
        self.root.join("blobs").join(etag)
    }

    /// What has come of a blob so far.
    pub(crate) fn scratch(&self, etag: &str) -> PathBuf {
        self.root.join("blobs").join(format!("{etag}.incomplete"))
    }

    pub(crate) fn lock(&self, etag: &str) -> PathBuf {
        self.locks.join(format!("{etag}.lock"))
    }

    pub(crate) fn tree(&self, commit: &str) -> PathBuf {
        self.root.join("trees").join(format!("{commit}.json"))
    }

    pub(crate) fn snapshot(&self, commit: &str) -> PathBuf {
        self.root.join("snapshots").join(commit)
    }

    fn reference(&self, revision: &str) -> PathBuf {
        below(self.root.join("refs"), revision)
    }

    /// The commit that the cache knows a revision as.
    pub(crate) fn commit(&self, revision: &str) -> Option<String> {
        if is_hash(revision, 40) {
            return Some(revision.to_owned());
        }
        let text = fs::read_to_string(self.reference(revision)).ok()?;
        let commit = text.trim();
        is_hash(commit, 40).then(|| commit.to_owned())
    }

    /// Remembers the commit of a revision, for when the Hub can't be asked.
    pub(crate) fn set_commit(&self, revision: &str, commit: &str) -> Result<(), HubError> {
        if self.commit(revision).as_deref() == Some(commit) {
            return Ok(());
        }
        let path = self.reference(revision);
        create_parent(&path)?;
        Ok(write_file(path, commit.as_bytes())?)
    }

    /// Whether a snapshot has a file, whole.
    pub(crate) fn has(&self, commit: &str, file: &RemoteFile) -> bool {
        let path = below(self.snapshot(commit), &file.path);
        fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() == file.size)
    }

    /// Lets a snapshot's file lead to its blob: a relative link, or a copy where there are none.
    pub(crate) fn link(&self, commit: &str, file: &RemoteFile) -> Result<(), HubError> {
        if self.has(commit, file) {
            return Ok(());
        }
        let path = below(self.snapshot(commit), &file.path);
        create_parent(&path)?;
        let up = "../".repeat(file.path.split('/').count() + 1);
        let target = PathBuf::from(format!("{up}blobs/{}", file.etag()));
        let scratch = path.with_file_name(format!(".{}.{}", file.etag(), std::process::id()));
        let _ = fs::remove_file(&scratch);
        let made = symlink(&target, &scratch)
            .or_else(|_| fs::copy(self.blob(file.etag()), &scratch).map(|_| ()))
            .and_then(|()| fs::rename(&scratch, &path));
        Ok(made.map_err(FileError::io("write", &path))?)
    }

    /// The files of a snapshot whose listing was not kept, with their sizes.
    pub(crate) fn found(&self, commit: &str) -> Vec<RemoteFile> {
        let mut files = Vec::new();
        collect(&self.snapshot(commit), "", &mut files);
        files
    }
}

/// `names` below a folder; they hold `/` on every system.
fn below(folder: PathBuf, names: &str) -> PathBuf {
    names.split('/').fold(folder, |path, name| path.join(name))
}

pub(crate) fn create_parent(path: &Path) -> Result<(), HubError> {
    match path.parent() {
        Some(folder) => Ok(create_folder(folder)?),
        None => Ok(()),
    }
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<RemoteFile>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let path = format!("{prefix}{}", name.to_string_lossy());
        match fs::metadata(entry.path()) {
            Ok(found) if found.is_dir() => collect(&entry.path(), &format!("{path}/"), files),
            Ok(found) if found.is_file() => files.push(RemoteFile {
                path,
                size: found.len(),
                blob_id: String::new(),
                sha256: None,
                xet_hash: None,
            }),
            _ => {}
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
}

/// Opens the file whose lock keeps a blob to one program; Python locks the same file.
pub(crate) fn open_lock(path: &Path) -> Result<File, HubError> {
    create_parent(path)?;
    let mut options = File::options();
    let opened = options.write(true).create(true).truncate(false).open(path);
    Ok(opened.map_err(FileError::io("lock", path))?)
}

#[cfg(unix)]
fn symlink(target: &Path, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

#[cfg(windows)]
fn symlink(target: &Path, path: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_file(target, path)
}

#[cfg(not(any(unix, windows)))]
fn symlink(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
