//! Who may do what.

use crate::repository::Repository;
use crate::request::{Request, encode};
use crate::response::Response;
use crate::route::Target;
use crate::state::{State, User};

/// What a request wants to do with a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// See what it holds.
    See,
    /// Read its files.
    Read,
    #[allow(dead_code, reason = "uploads are to come")]
    /// Change it.
    Write,
}

/// Does `act` with a repository, or refuses as the Hub does.
pub(crate) fn with_repository(
    request: &Request,
    state: &State,
    target: &Target,
    access: Access,
    act: impl FnOnce(&mut Repository, Option<&User>) -> Response,
) -> Response {
    let Ok(user) = state.user(request) else {
        return Response::refusal(401, "", "Invalid credentials in Authorization header");
    };
    if let Some(now) = state.renamed(target.kind, &target.id) {
        return renamed(request, target, &now);
    }
    let mut repositories = state.repositories();
    let repository = repositories.get_mut(&target.key());
    let visible = |repository: &&mut Repository| {
        !repository.private || user.as_ref().is_some_and(|user| owns(user, &target.id))
    };
    let Some(repository) = repository.filter(visible) else {
        return missing(user.is_some());
    };
    match refused(repository, user.as_ref(), target, access) {
        Some(response) => response,
        None => act(repository, user.as_ref()),
    }
}

fn refused(
    repository: &Repository,
    user: Option<&User>,
    target: &Target,
    access: Access,
) -> Option<Response> {
    let owner = user.is_some_and(|user| owns(user, &target.id));
    match access {
        Access::See => None,
        Access::Read => {
            let allowed = user.is_some_and(|user| repository.allowed.contains(&user.name));
            (repository.gated && !owner && !allowed).then(|| gated(target, user.is_some()))
        }
        Access::Write => {
            let writes = owner && user.is_some_and(|user| user.write);
            let text = "Forbidden: you don't have the rights to write to this repository";
            (!writes).then(|| Response::refusal(if user.is_some() { 403 } else { 401 }, "", text))
        }
    }
}

/// Whether a repository is the user's own.
pub(crate) fn owns(user: &User, id: &str) -> bool {
    id.split_once('/')
        .is_some_and(|(owner, _)| owner == user.name)
}

/// Without a token nobody is told whether a repository is missing or private.
fn missing(known: bool) -> Response {
    if known {
        Response::refusal(404, "RepoNotFound", "Repository not found")
    } else {
        Response::refusal(401, "", "Invalid username or password.")
    }
}

fn gated(target: &Target, known: bool) -> Response {
    let id = &target.id;
    if known {
        let text =
            format!("Access to model {id} is restricted and you are not in the authorized list.");
        Response::refusal(403, "GatedRepo", &text)
    } else {
        let text = format!("Access to model {id} is restricted. Please log in.");
        Response::refusal(401, "GatedRepo", &text)
    }
}

/// A relative redirect to the same place below the new name.
fn renamed(request: &Request, target: &Target, now: &str) -> Response {
    let former = format!("/{}", encode(&target.id));
    let path = request
        .path
        .replacen(&former, &format!("/{}", encode(now)), 1);
    let query: Vec<String> = request
        .query
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    let query = if query.is_empty() {
        String::new()
    } else {
        format!("?{}", query.join("&"))
    };
    Response::empty(307).with("Location", format!("{path}{query}"))
}

/// No such branch, tag or commit.
pub(crate) fn no_revision(revision: &str) -> Response {
    Response::refusal(
        404,
        "RevisionNotFound",
        &format!("Invalid rev id: {revision}"),
    )
}
