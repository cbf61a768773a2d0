//! The files themselves: `/{id}/resolve/{revision}/{file}`, and the host of the big ones.

use crate::access::{Access, no_revision, with_repository};
use crate::content::Content;
use crate::repository::{Commit, Entry};
use crate::request::Request;
use crate::response::{Body, Response};
use crate::route::{Target, revision};
use crate::state::State;

/// A signature as a real CDN has one: it must not be seen in a message.
pub const SIGNATURE: &str = "X-Amz-Signature=0123456789abcdef";

/// `GET` or `HEAD` of a file: small ones at once, those in LFS by a redirect to another host.
pub(crate) fn file(request: &Request, state: &State, target: &Target, rest: &[&str]) -> Response {
    let Some((revision, path)) = revision(rest) else {
        return Response::refusal(404, "", "Not Found");
    };
    let path = path.join("/");
    with_repository(request, state, target, Access::Read, |repository, _| {
        let Some(commit) = repository.resolve(&revision) else {
            return no_revision(&revision);
        };
        match commit.files.get(&path) {
            Some(entry) => answer(request, state, commit, entry),
            None => Response::refusal(404, "EntryNotFound", "Entry not found")
                .with("X-Repo-Commit", &commit.oid),
        }
    })
}

fn answer(request: &Request, state: &State, commit: &Commit, entry: &Entry) -> Response {
    let Some(sha256) = &entry.sha256 else {
        let response = part(request, &entry.content);
        return head(response, commit).with("ETag", format!("\"{}\"", entry.oid));
    };
    let place = format!("{}/lfs/{sha256}?{SIGNATURE}", state.cdn());
    head(Response::empty(302), commit)
        .with("Location", place)
        .with("X-Linked-Etag", format!("\"{sha256}\""))
        .with("X-Linked-Size", entry.content.len().to_string())
        .with("ETag", format!("\"{}\"", entry.oid))
}

fn head(response: Response, commit: &Commit) -> Response {
    response
        .with("X-Repo-Commit", &commit.oid)
        .with("Accept-Ranges", "bytes")
}

/// `GET` of a file in LFS at the other host, which takes no token.
pub(crate) fn object(request: &Request, state: &State) -> Response {
    let Some(sha256) = request.path.strip_prefix("/lfs/") else {
        return Response::empty(404);
    };
    let Some(content) = state.objects().get(sha256).cloned() else {
        return Response::empty(404);
    };
    // As S3 refuses a signed address that comes with a second authorization.
    if request.header("authorization").is_some() {
        return Response::refusal(400, "", "Only one auth mechanism allowed");
    }
    let response = part(request, &content).with("Accept-Ranges", "bytes");
    response.with("ETag", format!("\"{sha256}\""))
}

/// The part that `Range` asks for, or all of it.
fn part(request: &Request, content: &Content) -> Response {
    let total = content.len();
    let Some((from, to)) = request.range() else {
        return with_part(200, content, 0, total);
    };
    let end = to.map_or(total, |to| total.min(to.saturating_add(1)));
    if from >= end {
        return Response::empty(416).with("Content-Range", format!("bytes */{total}"));
    }
    let response = with_part(206, content, from, end - from);
    response.with("Content-Range", format!("bytes {from}-{}/{total}", end - 1))
}

fn with_part(status: u16, content: &Content, start: u64, len: u64) -> Response {
    let mut response = Response::empty(status).with("Content-Type", "application/octet-stream");
    response.body = Body::Part {
        content: content.clone(),
        start,
        len,
    };
    response
}
