//! Repositories made.

use serde_json::json;

use super::{bad, body};
use crate::repository::{RepoKind, Repository};
use crate::request::Request;
use crate::response::Response;
use crate::route::Target;
use crate::state::State;

/// `POST /api/repos/create`.
pub(super) fn create(request: &mut Request, state: &State) -> Response {
    let body = match body(request) {
        Ok(body) => body,
        Err(response) => return response,
    };
    let Ok(Some(user)) = state.user(request) else {
        return Response::refusal(401, "", "Invalid username or password.");
    };
    let name = body["name"].as_str().unwrap_or_default();
    let owner = body["organization"].as_str().unwrap_or(&user.name);
    if owner != user.name || !user.write {
        let text = format!("You don't have the rights to create a repository under {owner}");
        return Response::refusal(403, "", &text);
    }
    let kind = match body["type"].as_str().unwrap_or("model") {
        "model" => RepoKind::Model,
        "dataset" => RepoKind::Dataset,
        other => return bad(&format!("Invalid repository type: {other}")),
    };
    let good = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || !name.chars().all(good) {
        return bad(&format!("Invalid repository name: {name}"));
    }
    if busy(state) {
        let text = "Cannot create repo: another conflicting operation is in progress";
        return Response::refusal(409, "", text);
    }
    let private = body["private"] == true || body["visibility"] == "private";
    make(state, &Target::new(kind, owner, name), private)
}

/// Whether this request meets another of the same user, which the Hub does one after another.
fn busy(state: &State) -> bool {
    let mut uploads = state.uploads();
    let busy = uploads.busy_creations > 0;
    uploads.busy_creations = uploads.busy_creations.saturating_sub(1);
    busy
}

fn make(state: &State, target: &Target, private: bool) -> Response {
    let url = page(state, target);
    let mut repositories = state.repositories();
    if repositories.contains_key(&target.key()) {
        let text = format!("You already created this repo: {}", target.id);
        let body = json!({ "error": text, "url": url });
        return Response::json(409, &body).with("X-Error-Message", text);
    }
    let repository = Repository {
        private,
        ..Repository::new()
    };
    repositories.insert(target.key(), repository);
    Response::json(
        201,
        &json!({ "url": url, "name": target.id, "private": private }),
    )
}

/// The page of a repository.
pub(super) fn page(state: &State, target: &Target) -> String {
    let prefix = match target.kind {
        RepoKind::Model => "",
        RepoKind::Dataset => "datasets/",
    };
    format!("{}/{prefix}{}", state.endpoint(), target.id)
}

/// `POST /api/validate-yaml`: every head is well here.
pub(super) fn valid(request: &mut Request) -> Response {
    match body(request) {
        Ok(_) => Response::json(200, &json!({ "errors": [], "warnings": [] })),
        Err(response) => response,
    }
}
