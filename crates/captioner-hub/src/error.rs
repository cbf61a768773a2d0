//! Why a model or a data set can't be given.

use std::path::PathBuf;

use captioner_files::FileError;
use thiserror::Error;

use crate::repo_id::RepoKind;

/// Why a model, a data set or a file of the Hub can't be given.
///
/// Each message is one line. None holds a token, a signed address or the body of an answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HubError {
    /// A repository of the Hub is asked for, and downloads are not compiled in.
    #[error(
        "there is no folder '{id}' here, and this program was built without downloads from the \
         Hub: run `{command}`"
    )]
    NeedsFeature {
        /// What was asked for.
        id: String,
        /// The command that builds downloads in.
        command: String,
    },
    /// A push is asked for, and pushes are not compiled in.
    #[error(
        "this program was built without pushes to the Hub: run `{command}`, or write what would be \
         pushed to a folder (--dry-run)"
    )]
    PushNeedsFeature {
        /// The command that builds pushes in.
        command: String,
    },
    /// What is no name of a repository to push to.
    #[error(
        "'{name}' can't be the repository to push to: {problem}; name one with hub_model_id, as \
         owner/name or as a name below your own"
    )]
    PushName {
        /// What was given, or the name of the output folder.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Neither a folder nor the name of a repository.
    #[error("there is no folder '{path}': name a folder, or a repository of the Hub as owner/name")]
    Missing {
        /// What was asked for.
        path: String,
    },
    /// A file where a model's folder is asked for.
    #[error("'{path}' is a file: name the folder that holds config.json and model.safetensors")]
    File {
        /// What was asked for.
        path: String,
    },
    /// Not the name of a repository.
    #[error("'{text}' is no repository of the Hub: {problem}")]
    Id {
        /// What was given.
        text: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// An environment variable that has no meaning.
    #[error("{name}={value:?} can't be used: {problem}")]
    Setting {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Nothing may be fetched, and the cache does not hold what is asked for.
    #[error(
        "'{id}' is not in {cache} and nothing may be fetched (HF_HUB_OFFLINE): fetch it once \
         without that variable",
        cache = .cache.display()
    )]
    Offline {
        /// The repository.
        id: String,
        /// The cache.
        cache: PathBuf,
    },
    /// Nothing may or can be fetched, and the snapshot in the cache lacks files.
    #[error(
        "the snapshot {folder} of '{id}' is not complete: it lacks {lacks}; fetch it once while \
         the Hub can be reached",
        folder = .folder.display()
    )]
    Incomplete {
        /// The repository.
        id: String,
        /// The snapshot.
        folder: PathBuf,
        /// What is missing, by name.
        lacks: String,
    },
    /// The data set that was taken down.
    #[error(
        "'{id}' was taken down from the Hub; sets of its kind are {instead}{login}",
        login = login_hint(.known)
    )]
    Retired {
        /// The data set.
        id: String,
        /// What can be used instead.
        instead: String,
        /// Whether a token was sent.
        known: bool,
    },
    /// 401 without a token, or 404: the repository is not there, or private.
    #[error(
        "the Hub has no {kind} '{id}', or it is private, and there is no folder of that name \
         here: check the name{login}{help}",
        login = login_hint(.known)
    )]
    NotFound {
        /// Model or data set.
        kind: RepoKind,
        /// The repository.
        id: String,
        /// Whether a token was sent.
        known: bool,
        /// What can be used instead, or nothing.
        help: String,
    },
    /// The Hub does not know the token.
    #[error(
        "the Hub refuses the token for '{id}': log in anew with `hf auth login`, or set HF_TOKEN{help}"
    )]
    TokenRefused {
        /// What was asked for.
        id: String,
        /// What can be used instead, or nothing.
        help: String,
    },
    /// Something that needs a token, and there is none.
    #[error("this needs a token of the Hub: log in with `hf auth login`, or set HF_TOKEN")]
    NotLoggedIn,
    /// Files are given only to those who asked for access.
    #[error(
        "'{id}' is gated: ask for access at {page}{login}{help}",
        login = login_hint(.known)
    )]
    Gated {
        /// The repository.
        id: String,
        /// Its page.
        page: String,
        /// Whether a token was sent.
        known: bool,
        /// What can be used instead, or nothing.
        help: String,
    },
    /// 403.
    #[error("the Hub forbids '{id}' to this token: use one with the right to it{login}{help}",
        login = login_hint(.known))]
    Forbidden {
        /// The repository.
        id: String,
        /// Whether a token was sent.
        known: bool,
        /// What can be used instead, or nothing.
        help: String,
    },
    /// No such branch, tag or commit.
    #[error("'{id}' has no revision '{revision}': name a branch, a tag or a commit after the @")]
    Revision {
        /// The repository.
        id: String,
        /// The revision.
        revision: String,
    },
    /// No such file.
    #[error("'{id}' has no file {file:?}: check the name")]
    Entry {
        /// The repository.
        id: String,
        /// The file.
        file: String,
    },
    /// The server asks for a longer wait than is allowed.
    #[error(
        "{host} asks to wait {seconds} s before the next request: try again then, or log in with `hf auth login` for a higher limit"
    )]
    RateLimited {
        /// The server.
        host: String,
        /// How long.
        seconds: u64,
    },
    /// The server answers with an error.
    #[error("{host} answered with status {status}: try again later")]
    Status {
        /// The server.
        host: String,
        /// 500, 503, ...
        status: u16,
    },
    /// The server does not answer.
    #[error(
        "{host} did not answer for {seconds} s: check the connection, or set {variable} to more \
         seconds"
    )]
    Timeout {
        /// The server.
        host: String,
        /// How long it was waited.
        seconds: u64,
        /// The variable that sets how long.
        variable: &'static str,
    },
    /// The server can't be reached, or breaks the connection off.
    #[error(
        "no connection to {host}: {reason}; check the network, or set HF_HUB_OFFLINE=1 to use what the cache holds"
    )]
    Connect {
        /// The server.
        host: String,
        /// What the operating system or TLS says.
        reason: String,
    },
    /// The connection broke off again and again.
    #[error(
        "{file:?} broke off at {got} of {size} bytes, again and again: try again, it goes on from there"
    )]
    Cut {
        /// The file.
        file: String,
        /// How many bytes there are.
        got: u64,
        /// How many there should be.
        size: u64,
    },
    /// An answer that the protocol does not have.
    #[error("{host} gave {what}: check HF_ENDPOINT")]
    Answer {
        /// The server.
        host: String,
        /// What is wrong.
        what: String,
    },
    /// Redirects that lead nowhere, or from https to http.
    #[error("{host} redirects {problem}")]
    Redirect {
        /// The server.
        host: String,
        /// How.
        problem: &'static str,
    },
    /// A file name that would lead out of the cache.
    #[error("'{id}' has a file named {name:?}, which {problem}: it is not fetched")]
    Name {
        /// The repository.
        id: String,
        /// The file's name.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Another length than the listing says.
    #[error("{file:?} should have {expected} bytes and the server gives {found}: try again later")]
    Size {
        /// The file.
        file: String,
        /// What the listing says.
        expected: u64,
        /// What comes.
        found: u64,
    },
    /// Other bytes than the listing says.
    #[error("{file:?} has another hash than the listing says: it was removed, try again")]
    Hash {
        /// The file.
        file: String,
    },
    /// No space for a file.
    #[error("there is no space for {file:?} ({size} bytes) in {folder}: free some, or set HF_HUB_CACHE to a folder on another disk",
        folder = .folder.display())]
    DiskFull {
        /// The file.
        file: String,
        /// Its size in bytes.
        size: u64,
        /// Where it was to go.
        folder: PathBuf,
    },
    /// A model repository without weights that can be read.
    #[error(
        "'{id}' holds no weights (model.safetensors or pytorch_model.bin): it is no model of transformers"
    )]
    NoWeights {
        /// The repository.
        id: String,
    },
    /// A data set in several configurations.
    #[error("'{id}' has the configurations {found}: choose one as {id}:NAME")]
    Configuration {
        /// The data set.
        id: String,
        /// Their names.
        found: String,
    },
    /// A data set in no form that is read here.
    #[error(
        "'{id}' holds no parquet files, tar files or pictures with metadata: convert it with Python's `datasets` first"
    )]
    NoData {
        /// The data set.
        id: String,
    },
    /// An address that is not fetched.
    #[error("the address {address:?} is not fetched: {problem}")]
    Address {
        /// The address without its query.
        address: String,
        /// Why not.
        problem: &'static str,
    },
    /// A picture larger than allowed.
    #[error("the picture from {host} is larger than the limit of {limit} bytes: raise the limit")]
    TooLarge {
        /// The server.
        host: String,
        /// The limit.
        limit: u64,
    },
    /// A push that is not made.
    #[cfg(feature = "hub")]
    #[error(transparent)]
    Push(#[from] crate::PushError),
    /// The operating system said no.
    #[error(transparent)]
    Files(#[from] FileError),
}

/// How to log in, for whoever has not.
fn login_hint(known: &bool) -> &'static str {
    if *known {
        ""
    } else {
        "; log in with `hf auth login`, or set HF_TOKEN"
    }
}
