//! All that the server knows: repositories, users, faults, and what it was asked.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::content::Content;
use crate::faults::Fault;
use crate::repository::{Entry, RepoKind, Repository};
use crate::request::{Request, Side};

/// A user, as a token names one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The name, also the owner of repositories.
    pub name: String,
    /// Whether the token may write.
    pub write: bool,
}

/// A request as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// Which server was asked.
    pub side: Side,
    /// `GET`, `HEAD`, ...
    pub method: String,
    /// The path as it was sent.
    pub path: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
}

impl Logged {
    /// A header's value; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Repositories by kind and name.
pub type Repositories = BTreeMap<(RepoKind, String), Repository>;

/// All that the server knows, shared with the test.
#[derive(Debug, Default)]
pub struct State {
    repositories: Mutex<Repositories>,
    renamed: Mutex<BTreeMap<(RepoKind, String), String>>,
    objects: Mutex<BTreeMap<String, Content>>,
    users: Mutex<BTreeMap<String, User>>,
    faults: Mutex<Vec<Fault>>,
    log: Mutex<Vec<Logged>>,
    page: Mutex<Option<usize>>,
    endpoint: String,
    cdn: String,
    #[allow(dead_code, reason = "uploads are to come")]
    pub(crate) upload: crate::upload::UploadState,
}

impl State {
    pub(crate) fn new(endpoint: String, cdn: String) -> Self {
        Self {
            endpoint,
            cdn,
            ..Self::default()
        }
    }

    /// Where the Hub itself listens: `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Where big files come from and go to: `http://localhost:PORT`, another host and port.
    pub fn cdn(&self) -> &str {
        &self.cdn
    }

    /// The repositories.
    pub fn repositories(&self) -> MutexGuard<'_, Repositories> {
        lock(&self.repositories)
    }

    /// The files in LFS by SHA-256: those of every repository, and those that were uploaded.
    pub fn objects(&self) -> MutexGuard<'_, BTreeMap<String, Content>> {
        lock(&self.objects)
    }

    /// Adds a user with a token.
    pub fn add_user(&self, token: &str, name: &str, write: bool) {
        let name = name.to_owned();
        lock(&self.users).insert(token.to_owned(), User { name, write });
    }

    /// The user of a request's token: none without a token, an error for a token that is not known.
    pub(crate) fn user(&self, request: &Request) -> Result<Option<User>, UnknownToken> {
        match request.token() {
            None => Ok(None),
            Some(token) => lock(&self.users)
                .get(token)
                .cloned()
                .map(Some)
                .ok_or(UnknownToken),
        }
    }

    /// Makes a repository with these files, or adds a commit with them to a branch of it.
    ///
    /// # Errors
    /// When a file on disk can't be read.
    pub fn add_files(
        &self,
        kind: RepoKind,
        id: &str,
        branch: &str,
        files: impl IntoIterator<Item = (String, Content)>,
    ) -> io::Result<String> {
        let mut entries = Vec::new();
        for (path, content) in files {
            let entry = Entry::new(&path, content)?;
            if let Some(sha256) = &entry.sha256 {
                self.objects().insert(sha256.clone(), entry.content.clone());
            }
            entries.push((path, entry));
        }
        let mut repositories = self.repositories();
        let key = (kind, id.to_owned());
        let repository = repositories.entry(key).or_default();
        Ok(repository.commit(branch, "add files", "", |files| files.extend(entries)))
    }

    /// Lets a former name of a repository lead to its name of today.
    pub fn rename(&self, kind: RepoKind, former: &str, now: &str) {
        lock(&self.renamed).insert((kind, former.to_owned()), now.to_owned());
    }

    pub(crate) fn renamed(&self, kind: RepoKind, id: &str) -> Option<String> {
        lock(&self.renamed).get(&(kind, id.to_owned())).cloned()
    }

    /// How many files a page of a listing holds; 1000 if not set.
    pub fn set_page(&self, files: usize) {
        *lock(&self.page) = Some(files);
    }

    pub(crate) fn page(&self) -> usize {
        lock(&self.page).unwrap_or(1000).max(1)
    }

    /// Lets requests go wrong; the first fault that fits is taken.
    pub fn add_fault(&self, fault: Fault) {
        lock(&self.faults).push(fault);
    }

    /// From now on nothing goes wrong.
    pub fn clear_faults(&self) {
        lock(&self.faults).clear();
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Vec<Fault>> {
        lock(&self.faults)
    }

    /// What was asked so far.
    pub fn log(&self) -> Vec<Logged> {
        lock(&self.log).clone()
    }

    /// Forgets what was asked so far.
    pub fn clear_log(&self) {
        lock(&self.log).clear();
    }

    pub(crate) fn note(&self, request: &Request) {
        lock(&self.log).push(Logged {
            side: request.side,
            method: request.method.clone(),
            path: request.path.clone(),
            headers: request.headers.clone(),
        });
    }
}

/// A token that belongs to nobody.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UnknownToken;

/// A test that panicked while it held a lock must not hide the next failure.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
