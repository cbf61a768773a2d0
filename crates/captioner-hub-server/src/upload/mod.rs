//! The half of the protocol that writes: repositories made, LFS objects, commits.

mod commit;
mod create;
mod ndjson;
mod preupload;
mod storage;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

pub use storage::Transfer;

use crate::access::{Access, no_revision, with_repository};
use crate::repository::{Commit, RepoKind, Repository};
use crate::request::{Request, Side};
use crate::response::Response;
use crate::route::{Target, revision};
use crate::state::State;

/// What uploads need to remember.
#[derive(Debug, Default)]
pub(crate) struct UploadState {
    settings: Mutex<UploadSettings>,
    parts: Mutex<BTreeMap<(String, u64), Vec<u8>>>,
}

/// How uploads are answered.
#[derive(Clone, Debug, Default)]
pub struct UploadSettings {
    /// How large files are sent.
    pub transfer: Transfer,
    /// How many more requests to make a repository are answered with "in progress".
    pub busy_creations: usize,
    /// Objects that a batch answers with an error, by SHA-256: code and message.
    pub refused: BTreeMap<String, (u64, String)>,
    /// Whether an object's answer asks for a `verify` request.
    pub verify: bool,
}

impl State {
    /// How uploads are answered, to be changed.
    pub fn uploads(&self) -> MutexGuard<'_, UploadSettings> {
        lock(&self.upload.settings)
    }
}

/// A test that panicked while it held a lock must not hide the next failure.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The answer to a request that writes; none if it is not one of these.
///
/// It sees every request first, also those to the CDN ([`Side`]).
pub(crate) fn route(request: &mut Request, state: &State) -> Option<Response> {
    let segments = request.segments();
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    match (request.method.as_str(), parts.as_slice()) {
        ("PUT", ["lfs-object", oid]) => Some(storage::put(request, state, oid)),
        ("PUT", ["lfs-part", oid, number]) => Some(storage::put_part(request, state, oid, number)),
        _ if request.side == Side::Cdn => None,
        ("POST", ["lfs-complete"]) => Some(storage::complete(request, state)),
        ("POST", ["lfs-verify"]) => Some(storage::verify(request, state)),
        ("POST", ["api", "repos", "create"]) => Some(create::create(request, state)),
        ("POST", ["api", "validate-yaml"]) => Some(create::valid(request)),
        ("POST", ["datasets", owner, name, "info", "lfs", "objects", "batch"]) => Some(
            storage::batch(request, state, &git(RepoKind::Dataset, owner, name)?),
        ),
        ("POST", [owner, name, "info", "lfs", "objects", "batch"]) => Some(storage::batch(
            request,
            state,
            &git(RepoKind::Model, owner, name)?,
        )),
        (_, ["api", "models", owner, name, rest @ ..]) => of_repository(
            request,
            state,
            &Target::new(RepoKind::Model, owner, name),
            rest,
        ),
        (_, ["api", "datasets", owner, name, rest @ ..]) => of_repository(
            request,
            state,
            &Target::new(RepoKind::Dataset, owner, name),
            rest,
        ),
        _ => None,
    }
}

/// A repository whose name is followed by `.git`.
fn git(kind: RepoKind, owner: &str, name: &str) -> Option<Target> {
    Some(Target::new(kind, owner, name.strip_suffix(".git")?))
}

fn of_repository(
    request: &mut Request,
    state: &State,
    target: &Target,
    rest: &[&str],
) -> Option<Response> {
    let (action, rest) = rest.split_first()?;
    let act = match (request.method.as_str(), *action) {
        ("POST", "preupload") => preupload::preupload,
        ("POST", "commit") => commit::commit,
        ("GET", "xet-write-token") => storage::xet_token,
        _ => return None,
    };
    let (revision, _) = revision(rest)?;
    Some(act(request, state, target, &revision))
}

/// Does something with a commit of a repository.
fn with_commit(
    request: &Request,
    state: &State,
    target: &Target,
    (access, revision): (Access, &str),
    act: impl FnOnce(&Repository, &Commit) -> Response,
) -> Response {
    with_repository(
        request,
        state,
        target,
        access,
        |repository, _| match repository.resolve(revision) {
            Some(commit) => act(repository, commit),
            None => no_revision(revision),
        },
    )
}

/// The body as JSON.
fn body(request: &mut Request) -> Result<Value, Response> {
    let body = request
        .read_body()
        .map_err(|error| bad(&error.to_string()))?;
    serde_json::from_slice(&body).map_err(|error| bad(&error.to_string()))
}

fn bad(message: &str) -> Response {
    Response::refusal(400, "", message)
}
