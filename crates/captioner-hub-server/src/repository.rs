//! Repositories: branches, commits and their files.

use std::collections::BTreeMap;
use std::io;

use sha1::{Digest, Sha1};

use crate::content::{Content, hex};

/// What a repository holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RepoKind {
    /// A model.
    Model,
    /// A data set.
    Dataset,
}

impl RepoKind {
    /// The name below `/api/`: `models` or `datasets`.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Model => "models",
            Self::Dataset => "datasets",
        }
    }
}

/// One file of a commit.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its bytes.
    pub content: Content,
    /// Git's name of the blob; for a file in LFS, that of its pointer.
    pub oid: String,
    /// The SHA-256 of a file in LFS.
    pub sha256: Option<String>,
}

impl Entry {
    /// A file, in LFS if the Hub would keep it there.
    ///
    /// # Errors
    /// When a file on disk can't be read.
    pub fn new(path: &str, content: Content) -> io::Result<Self> {
        if is_lfs(path, content.len()) {
            Self::lfs(content)
        } else {
            Self::regular(content)
        }
    }

    /// A file that Git itself keeps.
    ///
    /// # Errors
    /// When a file on disk can't be read.
    pub fn regular(content: Content) -> io::Result<Self> {
        let oid = content.git_oid()?;
        Ok(Self {
            content,
            oid,
            sha256: None,
        })
    }

    /// A file in LFS.
    ///
    /// # Errors
    /// When a file on disk can't be read.
    pub fn lfs(content: Content) -> io::Result<Self> {
        let sha256 = content.sha256()?;
        let pointer = format!(
            "version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {}\n",
            content.len()
        );
        Ok(Self {
            content,
            oid: Content::from(pointer.as_str()).git_oid()?,
            sha256: Some(sha256),
        })
    }

    /// What the server gives as ETag: the SHA-256 of a file in LFS, or Git's name of the blob.
    pub fn etag(&self) -> &str {
        self.sha256.as_deref().unwrap_or(&self.oid)
    }
}

/// Whether the Hub's `.gitattributes` and its limit of 10 MB put a file into LFS.
pub fn is_lfs(path: &str, len: u64) -> bool {
    const ENDINGS: [&str; 16] = [
        "safetensors",
        "bin",
        "pt",
        "pth",
        "parquet",
        "arrow",
        "h5",
        "onnx",
        "npz",
        "png",
        "jpg",
        "jpeg",
        "webp",
        "tar",
        "gz",
        "zip",
    ];
    let ending = path
        .rsplit_once('.')
        .map(|(_, ending)| ending.to_ascii_lowercase());
    len > 10_000_000 || ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()) && len > 0)
}

/// A state of a repository.
#[derive(Clone, Debug)]
pub struct Commit {
    /// 40 hexadecimal digits.
    pub oid: String,
    /// The commit before it.
    pub parent: Option<String>,
    /// Its first line.
    pub title: String,
    /// The rest of its message.
    pub description: String,
    /// All files, by path.
    pub files: BTreeMap<String, Entry>,
}

/// A repository with all its commits.
#[derive(Clone, Debug)]
pub struct Repository {
    /// Whether only its owner may see it.
    pub private: bool,
    /// Whether its files are given to nobody but [`allowed`](Self::allowed) users.
    pub gated: bool,
    /// The users that may read a gated repository.
    pub allowed: Vec<String>,
    /// Branches and other refs (`main`, `refs/convert/parquet`) with their newest commit.
    pub refs: BTreeMap<String, String>,
    /// All commits by name.
    pub commits: BTreeMap<String, Commit>,
}

impl Repository {
    /// A repository with an empty first commit on `main`, as the Hub makes it.
    pub fn new() -> Self {
        let mut made = Self {
            private: false,
            gated: false,
            allowed: Vec::new(),
            refs: BTreeMap::new(),
            commits: BTreeMap::new(),
        };
        made.commit("main", "initial commit", "", |_| ());
        made
    }

    /// Adds a commit to a branch, made if missing, and gives its name.
    pub fn commit(
        &mut self,
        branch: &str,
        title: &str,
        description: &str,
        change: impl FnOnce(&mut BTreeMap<String, Entry>),
    ) -> String {
        let parent = self.refs.get(branch).cloned();
        let before = parent.as_ref().and_then(|oid| self.commits.get(oid));
        let mut files = before
            .map(|commit| commit.files.clone())
            .unwrap_or_default();
        change(&mut files);
        let oid = self.name(branch, title, &files);
        let commit = Commit {
            oid: oid.clone(),
            parent,
            title: title.to_owned(),
            description: description.to_owned(),
            files,
        };
        self.commits.insert(oid.clone(), commit);
        self.refs.insert(branch.to_owned(), oid.clone());
        oid
    }

    /// The commit that a branch, another ref or a commit's name means.
    pub fn resolve(&self, revision: &str) -> Option<&Commit> {
        let oid = self.refs.get(revision).map_or(revision, String::as_str);
        self.commits.get(oid)
    }

    /// The commits of a branch, newest first.
    pub fn history(&self, revision: &str) -> Vec<&Commit> {
        let mut next = self.resolve(revision);
        std::iter::from_fn(|| {
            let commit = next?;
            next = commit.parent.as_ref().and_then(|oid| self.commits.get(oid));
            Some(commit)
        })
        .collect()
    }

    /// A name that no other commit here has.
    fn name(&self, branch: &str, title: &str, files: &BTreeMap<String, Entry>) -> String {
        let mut hasher = Sha1::new();
        hasher.update(format!("{} {branch} {title}\n", self.commits.len()));
        for (path, entry) in files {
            hasher.update(format!("{path} {}\n", entry.oid));
        }
        hex(&hasher.finalize())
    }
}

impl Default for Repository {
    fn default() -> Self {
        Self::new()
    }
}
