//! What lies below a folder, listed once.

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, DirEntry, FileType};
use std::hash::{BuildHasher, RandomState};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::DataError;
use crate::picture_extensions::is_picture;

/// The files below a folder. One listing of each folder takes the place of a look at each file:
/// a million pictures are a million hashes here, and no call to the system.
///
/// What `datasets` ignores isn't there: names that begin with a dot (`._a.png`, `.DS_Store`) and
/// folders that begin with two underscores (`__MACOSX`). Links to folders are not followed.
#[derive(Debug)]
pub(crate) struct Tree {
    root: PathBuf,
    hashing: RandomState,
    /// Hashes of the paths of plain files; a link is not among them.
    files: HashSet<u64>,
    /// Paths of the files that are no pictures, sorted.
    others: Vec<String>,
    /// The folders that hold pictures.
    picture_folders: BTreeSet<String>,
    /// Where a file may really be: the folder itself, and the blobs of a snapshot.
    real_roots: Vec<PathBuf>,
}

/// Whether a file is where a row says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    Present,
    Missing,
    /// A link on the way leads out of the folder.
    Outside,
}

impl Tree {
    /// Lists a folder.
    ///
    /// # Errors
    /// [`DataError::FolderMissing`], [`DataError::NotAFolder`], or [`DataError::Io`].
    pub(crate) fn list(root: &Path) -> Result<Self, DataError> {
        check_is_folder(root)?;
        let mut tree = Self {
            root: root.to_owned(),
            hashing: RandomState::new(),
            files: HashSet::new(),
            others: Vec::new(),
            picture_folders: BTreeSet::new(),
            real_roots: real_roots(root),
        };
        walk(root, |path, file_type| tree.add(path, file_type))?;
        tree.others.sort_unstable();
        Ok(tree)
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The files that are no pictures, as sorted paths relative to the folder, `/` between.
    pub(crate) fn others(&self) -> &[String] {
        &self.others
    }

    /// The folders that hold pictures, relative to the folder.
    pub(crate) fn picture_folders(&self) -> &BTreeSet<String> {
        &self.picture_folders
    }

    /// Looks for a file by its path relative to the folder, of the form that
    /// [`inside`](crate::folder::inside) gives.
    pub(crate) fn find(&self, path: &str) -> Presence {
        if self.files.contains(&self.hashing.hash_one(path)) {
            return Presence::Present;
        }
        // A link, a hidden file, or a name in another case or normal form.
        match self.root.join(path).canonicalize() {
            Ok(real) if !real.is_file() => Presence::Missing,
            Ok(real) if self.real_roots.iter().any(|root| real.starts_with(root)) => {
                Presence::Present
            }
            Ok(_) => Presence::Outside,
            Err(_) => Presence::Missing,
        }
    }

    fn add(&mut self, path: &str, file_type: FileType) {
        if file_type.is_file() {
            self.files.insert(self.hashing.hash_one(path));
        }
        if is_picture(path) {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            if !self.picture_folders.contains(folder) {
                self.picture_folders.insert(folder.to_owned());
            }
        } else {
            self.others.push(path.to_owned());
        }
    }
}

pub(crate) fn check_is_folder(folder: &Path) -> Result<(), DataError> {
    let path = folder.to_owned();
    match fs::metadata(folder) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(DataError::NotAFolder { path }),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(DataError::FolderMissing { path }),
        Err(source) => Err(DataError::Io { path, source }),
    }
}

/// Gives every file below `root` (and every link to one) by its path relative to it.
pub(crate) fn walk(root: &Path, mut give: impl FnMut(&str, FileType)) -> Result<(), DataError> {
    let mut folders = vec![String::new()];
    let mut path = String::new();
    while let Some(folder) = folders.pop() {
        let at = root.join(&folder);
        let entries = match fs::read_dir(&at) {
            Ok(entries) => entries,
            Err(error) if !folder.is_empty() && error.kind() == ErrorKind::PermissionDenied => {
                continue;
            }
            Err(source) => return Err(DataError::Io { path: at, source }),
        };
        for entry in entries {
            let entry = entry.map_err(|source| DataError::Io {
                path: at.clone(),
                source,
            })?;
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else {
                continue;
            };
            path.clear();
            path.push_str(&folder);
            if !folder.is_empty() {
                path.push('/');
            }
            path.push_str(name);
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && name.starts_with("__") => {}
                Ok(kind) if kind.is_dir() && !is_metadata_name(name) => folders.push(path.clone()),
                Ok(kind) if leads_to_file(&entry, kind) => give(&path, kind),
                _ => {}
            }
        }
    }
    Ok(())
}

/// A folder of this name is not entered but opened as a file, so that the error names it.
fn is_metadata_name(name: &str) -> bool {
    matches!(name, "metadata.jsonl" | "metadata.csv" | "metadata.parquet")
}

fn leads_to_file(entry: &DirEntry, kind: FileType) -> bool {
    !kind.is_symlink() || fs::metadata(entry.path()).is_ok_and(|found| found.is_file())
}

/// The real folder. The files of a snapshot in the Hub's cache are links into `blobs` beside
/// `snapshots`: these lead out of the snapshot, and are as they should be.
fn real_roots(root: &Path) -> Vec<PathBuf> {
    let Ok(real) = root.canonicalize() else {
        return Vec::new();
    };
    let repository = real
        .ancestors()
        .skip(1)
        .find(|folder| folder.file_name().is_some_and(|name| name == "snapshots"))
        .and_then(Path::parent);
    let blobs = repository.map(|folder| folder.join("blobs"));
    let blobs = blobs.filter(|blobs| blobs.is_dir());
    std::iter::once(real).chain(blobs).collect()
}
