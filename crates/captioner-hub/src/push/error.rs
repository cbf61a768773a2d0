//! Why a push was not made.

use std::path::PathBuf;

use thiserror::Error;

/// Why files can't be pushed. What the Hub or the network refuses is a
/// [`HubError`](crate::HubError) of its own.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PushError {
    /// A push without files.
    #[error("there is nothing to push to '{repo}': name at least one file")]
    Nothing {
        /// The repository.
        repo: String,
    },
    /// A path that no repository can hold.
    #[error(
        "'{path}' can't be a file's path in a repository ({reason}): use a relative path with '/'"
    )]
    Path {
        /// The path, as it was given.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Two files for one path, or a file where another needs a folder.
    #[error("'{path}' is pushed twice, as '{other}' too: give each file a path of its own")]
    Collision {
        /// The path.
        path: String,
        /// The path that it collides with.
        other: String,
    },
    /// A commit without a message.
    #[error("the commit to '{repo}' has no message: give it one line that says what is pushed")]
    Message {
        /// The repository.
        repo: String,
    },
    /// A local file that can't be read.
    #[error("'{path}' can't be read ({reason}): check that it is a file and that you may read it")]
    Unreadable {
        /// The local file.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// A link to a folder inside a folder that is pushed.
    #[error("'{path}' is a link to a folder, which is not followed: push that folder itself")]
    FolderLink {
        /// The link.
        path: PathBuf,
    },
    /// A local file was written to while it was pushed.
    #[error("'{path}' changed while it was pushed, and nothing was committed: push again")]
    Changed {
        /// The path in the repository.
        path: String,
    },
    /// No token is set or saved.
    #[error(
        "pushing to '{repo}' needs a token: make one with the right to write at \
         {endpoint}/settings/tokens, then set HF_TOKEN or run `hf auth login`"
    )]
    NoToken {
        /// The repository.
        repo: String,
        /// The Hub.
        endpoint: String,
    },
    /// No request may be sent.
    #[error("'{repo}' can't be pushed to while HF_HUB_OFFLINE is set: unset it")]
    Offline {
        /// The repository.
        repo: String,
    },
    /// The token is known and may only read.
    #[error(
        "the token of '{user}' may only read: make one with the right to write at \
         {endpoint}/settings/tokens, then set HF_TOKEN or run `hf auth login`"
    )]
    ReadOnlyToken {
        /// The token's user.
        user: String,
        /// The Hub.
        endpoint: String,
    },
    /// A private push to a repository that everyone can read.
    #[error(
        "'{repo}' is public, and this push is to be private: make the repository private in its \
         settings, or push without asking for privacy"
    )]
    Public {
        /// The repository.
        repo: String,
    },
    /// The Hub takes none of the files.
    #[error(
        "the .gitignore of '{repo}' leaves out every file of this push: change it or the paths"
    )]
    Ignored {
        /// The repository.
        repo: String,
    },
    /// The large file storage refuses a file.
    #[error("the Hub does not take '{path}' ({code}: {message}): {help}")]
    Refused {
        /// The path in the repository.
        path: String,
        /// The code in the answer, as HTTP's.
        code: u64,
        /// The Hub's words.
        message: String,
        /// What helps.
        help: &'static str,
    },
    /// The Hub does not do what it was asked to.
    #[error("the Hub refuses the push to '{repo}' ({status}: {message}): nothing was committed")]
    Rejected {
        /// The repository.
        repo: String,
        /// HTTP's status.
        status: u16,
        /// The Hub's words.
        message: String,
    },
    /// An answer that the protocol does not have.
    #[error(
        "the Hub's answer to {request} makes no sense ({reason}): check the endpoint, or try again later"
    )]
    Answer {
        /// What was asked.
        request: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The Xet storage failed.
    #[error(
        "the upload to the Xet storage of '{repo}' failed ({reason}): push again, or set HF_HUB_DISABLE_XET=1"
    )]
    Xet {
        /// The repository.
        repo: String,
        /// What went wrong, without addresses.
        reason: String,
    },
    /// Somebody else pushed the same file meanwhile.
    #[error(
        "'{path}' of '{repo}' was changed by another push meanwhile, and nothing was committed: \
         look at it, then push again to replace it"
    )]
    Conflict {
        /// The repository.
        repo: String,
        /// The path that both wrote.
        path: String,
    },
    /// Others push to the branch all the time.
    #[error("other pushes to '{repo}' came first twice, and nothing was committed: push again")]
    Busy {
        /// The repository.
        repo: String,
    },
    /// It is not known whether the commit was made.
    #[error(
        "the answer to the commit to '{repo}' was lost, and the Hub can't be asked whether it was \
         made ({reason}): push again, which makes no second commit of the same files"
    )]
    Unknown {
        /// The repository.
        repo: String,
        /// Why it can't be asked.
        reason: String,
    },
}
