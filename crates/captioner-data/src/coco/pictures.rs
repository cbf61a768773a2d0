//! Finding the pictures of a COCO file in the folders that COCO's layout has.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Where COCO's folders may lie, from the file: `annotations/captions_val2017.json` has its
/// pictures in `../val2017`.
const BASES: [&str; 4] = ["", "images/", "../", "../images/"];

/// COCO's folders, and none.
const FOLDERS: [&str; 7] = [
    "",
    "train2014/",
    "val2014/",
    "train2017/",
    "val2017/",
    "test2014/",
    "test2017/",
];

/// The folders of pictures beside a file, listed when they are first looked into.
pub(super) struct Pictures {
    base: PathBuf,
    /// Folders to look into, in order.
    prefixes: Vec<String>,
    /// The real folder above the file's: nothing is read outside of it.
    real_root: Option<PathBuf>,
    listed: HashMap<String, HashSet<Box<str>>>,
}

impl Pictures {
    /// The folders beside the file at `path`. Those that the file's name speaks of come first.
    pub(super) fn beside(path: &Path) -> Self {
        let base = path.parent().map(Path::to_owned).unwrap_or_default();
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        let mut prefixes: Vec<_> = BASES
            .iter()
            .flat_map(|base| FOLDERS.iter().map(move |folder| format!("{base}{folder}")))
            .filter(|prefix| base.join(prefix).is_dir())
            .collect();
        let is_named = |prefix: &String| {
            let folder = prefix.trim_end_matches('/').rsplit('/').next();
            folder.is_some_and(|folder| folder.len() > 2 && name.contains(folder))
        };
        prefixes.sort_by_key(|prefix| !is_named(prefix));
        let real_root = base.join("..").canonicalize().ok();
        Self {
            base,
            prefixes,
            real_root,
            listed: HashMap::new(),
        }
    }

    /// The path of a picture from the file's folder; none if it is in no folder.
    ///
    /// `file_name` never leads out of a folder: see [`inside`](crate::folder::inside).
    pub(super) fn find(&mut self, file_name: &str) -> Option<String> {
        let (folder, name) = file_name
            .rsplit_once('/')
            .map_or(("", file_name), |(folder, name)| (folder, name));
        (0..self.prefixes.len()).find_map(|at| {
            let mut path = self.prefixes.get(at)?.clone();
            path.push_str(folder);
            if !folder.is_empty() {
                path.push('/');
            }
            if !self.names(&path).contains(name) {
                return None;
            }
            path.push_str(name);
            Some(path)
        })
    }

    fn names(&mut self, folder: &str) -> &HashSet<Box<str>> {
        if !self.listed.contains_key(folder) {
            let names = self.list(&self.base.join(folder));
            self.listed.insert(folder.to_owned(), names);
        }
        &self.listed[folder]
    }

    /// The names of a folder's files. A link that leads out is none.
    fn list(&self, folder: &Path) -> HashSet<Box<str>> {
        let here = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        if !self.is_inside(here) {
            return HashSet::new();
        }
        let entries = fs::read_dir(here).into_iter().flatten().flatten();
        entries
            .filter(|entry| match entry.file_type() {
                Ok(kind) if kind.is_symlink() => self.is_inside(&entry.path()),
                Ok(kind) => kind.is_file(),
                Err(_) => false,
            })
            .filter_map(|entry| Some(entry.file_name().to_str()?.into()))
            .collect()
    }

    fn is_inside(&self, path: &Path) -> bool {
        match (path.canonicalize(), &self.real_root) {
            (Ok(real), Some(root)) => real.starts_with(root),
            _ => false,
        }
    }
}
