//! Commits, made whole or not at all.

use std::collections::BTreeMap;

use serde_json::json;

use super::create::page;
use super::ndjson::{Operation, Sent, parse};
use super::{Transfer, bad};
use crate::access::{Access, no_revision, with_repository};
use crate::content::Content;
use crate::repository::{Entry, Repository};
use crate::request::Request;
use crate::response::Response;
use crate::route::Target;
use crate::state::State;

/// `POST /api/models/{id}/commit/{revision}`, with `?create_pr=1` as a pull request.
pub(super) fn commit(
    request: &mut Request,
    state: &State,
    target: &Target,
    revision: &str,
) -> Response {
    // A body cut off is an error here, before anything is changed.
    let body = request.read_body().map_err(|error| error.to_string());
    let sent = match body.and_then(|body| parse(&body)) {
        Ok(sent) => sent,
        Err(message) => return bad(&message),
    };
    let pull = request.parameter("create_pr") == Some("1");
    let page = page(state, target);
    with_repository(request, state, target, Access::Write, |repository, _| {
        let made = match make(repository, state, revision, &sent, pull) {
            Ok(made) => made,
            Err(response) => return response,
        };
        let mut answer = json!({
            "success": true,
            "commitOid": made.oid,
            "commitUrl": format!("{page}/commit/{}", made.oid),
            "hookOutput": "",
        });
        if let Some(number) = made.pull {
            answer["pullRequestUrl"] = json!(format!("{page}/discussions/{number}"));
        }
        Response::json(200, &answer)
    })
}

struct Made {
    oid: String,
    pull: Option<usize>,
}

fn make(
    repository: &mut Repository,
    state: &State,
    revision: &str,
    sent: &Sent,
    pull: bool,
) -> Result<Made, Response> {
    let head = repository
        .resolve(revision)
        .ok_or_else(|| no_revision(revision))?;
    let head_oid = head.oid.clone();
    if sent
        .parent
        .as_ref()
        .is_some_and(|parent| *parent != head_oid)
    {
        let text = "A commit has happened since. Please refresh and try again.";
        return Err(Response::refusal(412, "", text));
    }
    let mut files = head.files.clone();
    for operation in &sent.operations {
        apply(&mut files, state, operation)?;
    }
    let branches = repository.refs.keys();
    let number = branches.filter(|name| name.starts_with("refs/pr/")).count() + 1;
    let reference = format!("refs/pr/{number}");
    let branch = if pull { &reference } else { revision };
    if pull {
        repository.refs.insert(reference.clone(), head_oid);
    }
    let oid = repository.commit(branch, &sent.summary, &sent.description, |all| *all = files);
    Ok(Made {
        oid,
        pull: pull.then_some(number),
    })
}

fn apply(
    files: &mut BTreeMap<String, Entry>,
    state: &State,
    operation: &Operation,
) -> Result<(), Response> {
    match operation {
        Operation::File { path, content } => {
            check(files, path)?;
            let entry = Entry::regular(Content::from(content.clone()));
            files.insert(
                path.clone(),
                entry.map_err(|error| bad(&error.to_string()))?,
            );
        }
        Operation::Large { path, oid, size } => {
            check(files, path)?;
            files.insert(path.clone(), large(state, path, oid, *size)?);
        }
        Operation::DeleteFile(path) => {
            if files.remove(path).is_none() {
                let text = format!("A file with this name doesn't exist: {path}");
                return Err(Response::refusal(404, "EntryNotFound", &text));
            }
        }
        Operation::DeleteFolder(path) => {
            let folder = format!("{}/", path.trim_end_matches('/'));
            files.retain(|file, _| !file.starts_with(&folder));
        }
    }
    Ok(())
}

fn large(state: &State, path: &str, oid: &str, size: Option<u64>) -> Result<Entry, Response> {
    if let Some(content) = state.objects().get(oid).cloned() {
        return match size.is_none_or(|size| size == content.len()) {
            true => Entry::lfs(content).map_err(|error| bad(&error.to_string())),
            false => Err(bad(&format!("LFS pointer with another size: {path}"))),
        };
    }
    match (&state.uploads().transfer, size) {
        // The bytes lie in the Xet storage, which is asked by nobody here.
        (Transfer::Xet { .. }, Some(len)) => Ok(Entry {
            content: Content::Drawn { seed: 0, len },
            oid: oid[..oid.len().min(40)].to_owned(),
            sha256: Some(oid.to_owned()),
        }),
        _ => Err(bad(&format!(
            "LFS pointer pointed to a file that does not exist: {path}"
        ))),
    }
}

/// A file can't lie where a folder is, and the other way round.
fn check(files: &BTreeMap<String, Entry>, path: &str) -> Result<(), Response> {
    let folder = format!("{path}/");
    let below = files.keys().any(|file| file.starts_with(&folder));
    let above = path
        .match_indices('/')
        .any(|(end, _)| files.contains_key(&path[..end]));
    let bad_part = |part| matches!(part, "" | "." | ".." | ".git");
    match path.split('/').any(bad_part) || below || above {
        true => Err(bad(&format!("Invalid path: {path}"))),
        false => Ok(()),
    }
}
