//! Files to a repository of the Hub, in one commit.
//!
//! The order keeps a failed push without consequences: every local file is read, hashed and
//! checked; the token is there and may write; only then is a missing repository made. Large files
//! are stored before the one request that makes the commit, so that a repository shows all of a
//! push or nothing of it, and a second push sends only what is missing.
//!
//! The commit is always made upon a named parent. When the answer to it is lost, the branch is
//! read: if the commit is there, the push is done; if the head is still the parent, the request is
//! sent again, which can't make a second commit, as the Hub refuses a parent that is not the head.
//! When somebody else pushed meanwhile, the push is planned once more upon the new head, unless
//! both wrote the same file otherwise ([`PushError::Conflict`]).

mod commit;
mod error;
mod land;
mod large;
mod lfs;
mod local;
mod parts;
mod plan;
mod repository;
mod run;
mod send;
mod wire;
mod xet;

pub use error::PushError;
pub use local::{PushFile, PushSource, folder_files};

use crate::{Hub, HubError, RepoId, RepoKind};

/// Files for a repository, and what their commit says.
///
/// ```
/// use captioner_hub::{Hub, HubSettings, Push, PushFile, RepoId};
///
/// let files = vec![
///     PushFile::bytes("config.json", "{}"),
///     PushFile::bytes("model.safetensors", vec![0; 1000]),
/// ];
/// let mut push = Push::new(RepoId::parse("tester/creatures")?, files, "Add the model");
/// push.private = Some(true);
/// assert_eq!(push.check()?[1].size, 1000);
///
/// # let server = captioner_hub_server::HubServer::start(0).unwrap();
/// # server.state().add_user("hf_test", "tester", true);
/// # let mut settings = HubSettings::from_lookup(|_| None)?;
/// # settings.endpoint = server.state().endpoint().to_owned();
/// # settings.token = captioner_hub::Token::new("hf_test");
/// # settings.progress_bars = false;
/// # #[cfg(any())]
/// let settings = HubSettings::from_env()?;
/// let hub = Hub::new(settings)?;
/// let pushed = hub.push(&push)?;
/// assert!(pushed.created_repo && pushed.changed);
/// assert!(!hub.push(&push)?.changed);
/// # Ok::<(), captioner_hub::HubError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Push {
    /// The repository; its revision is the branch, `main` if there is none.
    pub repo: RepoId,
    /// Whether it holds a model or a data set.
    pub kind: RepoKind,
    /// Whether only its owner may read it. With `Some(true)`, nothing goes to a public repository;
    /// with `None`, the owner's default holds for a new one.
    pub private: Option<bool>,
    /// The files. Those of the repository at other paths stay.
    pub files: Vec<PushFile>,
    /// Paths that the commit removes. What the repository does not hold is passed over.
    pub delete: Vec<String>,
    /// The commit's title, one line.
    pub message: String,
    /// More about the commit.
    pub description: String,
    /// Whether large files may go to the Xet storage where the Hub has one; without it, they go by
    /// git's large file storage. [`Push::new`] says yes, unless `HF_HUB_DISABLE_XET` is set.
    pub xet: bool,
}

/// A file of a push, as [`Push::check`] found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedFile {
    /// Path in the repository.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of its content, in hexadecimal.
    pub sha256: String,
}

/// What a push did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// The branch's head after the push.
    pub commit: String,
    /// The page of that commit.
    pub url: String,
    /// Whether the repository was made.
    pub created_repo: bool,
    /// Whether there was anything to commit: if not, the repository held all files already, and
    /// `commit` was there before.
    pub changed: bool,
    /// Paths that the commit wrote.
    pub written: Vec<String>,
    /// Paths that the repository's `.gitignore` leaves out.
    pub ignored: Vec<String>,
}

impl Push {
    /// A push of files to a model's repository.
    pub fn new(repo: RepoId, files: Vec<PushFile>, message: impl Into<String>) -> Self {
        Self {
            repo,
            kind: RepoKind::Model,
            private: None,
            files,
            delete: Vec::new(),
            message: message.into(),
            description: String::new(),
            xet: !is_set("HF_HUB_DISABLE_XET"),
        }
    }

    /// Reads and checks all files, without any request: what a push would send.
    ///
    /// # Errors
    /// The first path or file that can't be pushed.
    pub fn check(&self) -> Result<Vec<CheckedFile>, PushError> {
        let files = run::read(self)?.into_iter();
        let checked = files.map(|file| CheckedFile {
            path: file.path,
            size: file.size,
            sha256: file.sha256,
        });
        Ok(checked.collect())
    }
}

/// Whether a variable is set as `_is_true` of `huggingface_hub/constants.py` has it.
fn is_set(name: &str) -> bool {
    let value = std::env::var(name).unwrap_or_default().to_uppercase();
    ["1", "ON", "YES", "TRUE"].contains(&value.as_str())
}

impl Hub {
    /// Pushes files in one commit; makes the repository if there is none.
    ///
    /// # Errors
    /// When a local file can't be pushed, there is no token that may write, the Hub refuses, or
    /// the network fails for longer than requests are tried again. Except for
    /// [`PushError::Unknown`], nothing was committed then; large files that were stored are not
    /// sent again by the next push.
    pub fn push(&self, push: &Push) -> Result<Pushed, HubError> {
        self.background
            .wait(run::run(self.http.clone(), push.clone()))
    }

    /// What of a push can be known before its files are there: the token may write, and the
    /// repository, if it is there, is as private as the push is to be. Nothing is made.
    ///
    /// # Errors
    /// When the push would be refused.
    pub fn check_push(&self, push: &Push) -> Result<(), HubError> {
        self.background
            .wait(run::check(self.http.clone(), push.clone()))
    }
}
