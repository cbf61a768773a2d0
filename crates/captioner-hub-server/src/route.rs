//! From a request to what answers it.

use crate::repository::RepoKind;
use crate::request::{Request, Side};
use crate::response::Response;
use crate::state::State;
use crate::{api, resolve, upload};

/// The answer to a request.
pub(crate) fn handle(request: &mut Request, state: &State) -> Response {
    if let Some(response) = upload::route(request, state) {
        return response;
    }
    if request.side == Side::Cdn {
        return resolve::object(request, state);
    }
    let segments = request.segments();
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["api", "whoami-v2"] => api::who_am_i(request, state),
        ["api", "models", owner, name, rest @ ..] => api::repository(
            request,
            state,
            &Target::new(RepoKind::Model, owner, name),
            rest,
        ),
        ["api", "datasets", owner, name, rest @ ..] => api::repository(
            request,
            state,
            &Target::new(RepoKind::Dataset, owner, name),
            rest,
        ),
        ["datasets", owner, name, "resolve", rest @ ..] => resolve::file(
            request,
            state,
            &Target::new(RepoKind::Dataset, owner, name),
            rest,
        ),
        [owner, name, "resolve", rest @ ..] => resolve::file(
            request,
            state,
            &Target::new(RepoKind::Model, owner, name),
            rest,
        ),
        _ => Response::refusal(
            404,
            "",
            "Sorry, we can't find the page you are looking for.",
        ),
    }
}

/// The repository that a request names.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) kind: RepoKind,
    pub(crate) id: String,
}

impl Target {
    pub(crate) fn new(kind: RepoKind, owner: &str, name: &str) -> Self {
        Self {
            kind,
            id: format!("{owner}/{name}"),
        }
    }

    /// The key in [`State::repositories`].
    pub(crate) fn key(&self) -> (RepoKind, String) {
        (self.kind, self.id.clone())
    }
}

/// A revision and what follows it: `refs/convert/parquet` may come in one part or in three.
pub(crate) fn revision<'a>(parts: &'a [&'a str]) -> Option<(String, &'a [&'a str])> {
    match parts {
        ["refs", group, name, rest @ ..] => Some((format!("refs/{group}/{name}"), rest)),
        [revision, rest @ ..] => Some(((*revision).to_owned(), rest)),
        [] => None,
    }
}
