//! What is below `/api/`: who one is, what a repository is, and what it holds.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::access::{Access, no_revision, owns, with_repository};
use crate::repository::{Commit, Entry, RepoKind, Repository};
use crate::request::{Request, encode, form};
use crate::response::Response;
use crate::route::{Target, revision};
use crate::state::State;

const DATE: &str = "2026-01-01T00:00:00.000Z";

/// `GET /api/whoami-v2`
pub(crate) fn who_am_i(request: &Request, state: &State) -> Response {
    let Ok(Some(user)) = state.user(request) else {
        return Response::refusal(401, "", "Invalid username or password.");
    };
    let role = if user.write { "write" } else { "read" };
    let access = json!({ "displayName": "tests", "role": role, "createdAt": DATE });
    let body = json!({
        "type": "user",
        "id": "0",
        "name": user.name,
        "fullname": user.name,
        "email": format!("{}@example.org", user.name),
        "orgs": [],
        "auth": { "type": "access_token", "accessToken": access },
    });
    Response::json(200, &body)
}

/// What is below `/api/models/{id}` or `/api/datasets/{id}`.
pub(crate) fn repository(
    request: &mut Request,
    state: &State,
    target: &Target,
    rest: &[&str],
) -> Response {
    // Before the repositories are locked: a client may be slow with its body.
    let Ok(body) = request.read_body() else {
        return Response::refusal(400, "", "The body broke off");
    };
    let access = if rest.first() == Some(&"auth-check") {
        Access::Read
    } else {
        Access::See
    };
    let request = &*request;
    with_repository(
        request,
        state,
        target,
        access,
        |repository, user| match rest {
            [] => info(request, state, target, repository, "main"),
            ["auth-check"] => Response::json(200, &json!({ "ok": true })),
            ["refs"] => refs(repository),
            ["parquet", wanted @ ..] if target.kind == RepoKind::Dataset => {
                parquet(state, target, repository, wanted)
            }
            ["revision", rest @ ..] => at(rest, |revision, _| {
                info(request, state, target, repository, revision)
            }),
            ["commits", rest @ ..] => at(rest, |revision, _| commits(repository, revision)),
            ["tree", rest @ ..] => at(rest, |revision, folder| {
                tree(
                    request,
                    state,
                    target,
                    repository,
                    revision,
                    &folder.join("/"),
                )
            }),
            ["paths-info", rest @ ..] => at(rest, |revision, _| paths(repository, revision, &body)),
            ["settings"] if user.is_some_and(|user| owns(user, &target.id)) => {
                Response::json(200, &json!({}))
            }
            _ => Response::refusal(404, "", "Not Found"),
        },
    )
}

/// Does `act` with the revision at the head of a path.
fn at(rest: &[&str], act: impl FnOnce(&str, &[&str]) -> Response) -> Response {
    match revision(rest) {
        Some((revision, rest)) => act(&revision, rest),
        None => Response::refusal(404, "", "Not Found"),
    }
}

fn info(
    request: &Request,
    state: &State,
    target: &Target,
    repository: &Repository,
    revision: &str,
) -> Response {
    let Some(commit) = repository.resolve(revision) else {
        return no_revision(revision);
    };
    let blobs = request
        .parameter("blobs")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let siblings = commit
        .files
        .iter()
        .map(|(path, entry)| sibling(path, entry, blobs));
    let (owner, _) = target.id.split_once('/').unwrap_or_default();
    let gated = if repository.gated {
        json!("auto")
    } else {
        json!(false)
    };
    let mut body = json!({
        "_id": "0",
        "id": target.id,
        "author": owner,
        "sha": commit.oid,
        "private": repository.private,
        "gated": gated,
        "disabled": false,
        "lastModified": DATE,
        "createdAt": DATE,
        "tags": [],
        "downloads": 0,
        "likes": 0,
        "siblings": siblings.collect::<Vec<_>>(),
    });
    if target.kind == RepoKind::Model {
        body["modelId"] = json!(target.id);
    }
    let link = format!(
        "<{}/api/{}/{}>",
        state.endpoint(),
        target.kind.plural(),
        target.id
    );
    Response::json(200, &body)
        .with("X-Repo-Commit", &commit.oid)
        .with("X-Repo", link)
}

fn sibling(path: &str, entry: &Entry, blobs: bool) -> Value {
    let mut sibling = json!({ "rfilename": path });
    if blobs {
        sibling["size"] = json!(entry.content.len());
        sibling["blobId"] = json!(entry.oid);
        if let Some(sha256) = &entry.sha256 {
            let size = entry.content.len();
            sibling["lfs"] = json!({ "sha256": sha256, "size": size, "pointerSize": 134 });
        }
    }
    sibling
}

fn refs(repository: &Repository) -> Response {
    let mut groups: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for (name, oid) in &repository.refs {
        let (group, short, full) = match name.strip_prefix("refs/convert/") {
            Some(short) => ("converts", short, name.clone()),
            None => ("branches", name.as_str(), format!("refs/heads/{name}")),
        };
        let entry = json!({ "name": short, "ref": full, "targetCommit": oid });
        groups.entry(group).or_default().push(entry);
    }
    let group = |name| groups.get(name).cloned().unwrap_or_default();
    let body = json!({ "branches": group("branches"), "converts": group("converts"), "tags": [] });
    Response::json(200, &body)
}

fn commits(repository: &Repository, revision: &str) -> Response {
    let history = repository.history(revision);
    if history.is_empty() {
        return no_revision(revision);
    }
    let entry = |commit: &&Commit| {
        json!({
            "id": commit.oid,
            "title": commit.title,
            "message": commit.description,
            "authors": [{ "user": "tests" }],
            "date": DATE,
        })
    };
    let entries: Vec<Value> = history.iter().map(entry).collect();
    Response::json(200, &Value::Array(entries)).with("X-Total-Count", history.len().to_string())
}

fn tree(
    request: &Request,
    state: &State,
    target: &Target,
    repository: &Repository,
    revision: &str,
    folder: &str,
) -> Response {
    let Some(commit) = repository.resolve(revision) else {
        return no_revision(revision);
    };
    let flag = |name| {
        request
            .parameter(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
    };
    let entries = listing(commit, folder, flag("recursive"));
    if entries.is_empty() && !folder.is_empty() {
        let text = format!("{folder} does not exist on \"{revision}\"");
        return Response::refusal(404, "EntryNotFound", &text);
    }
    let start = request
        .parameter("cursor")
        .and_then(|cursor| cursor.parse().ok())
        .unwrap_or(0);
    let limit = request
        .parameter("limit")
        .and_then(|limit| limit.parse().ok());
    let end = start + limit.unwrap_or(state.page()).min(state.page());
    let page: Vec<Value> = entries
        .iter()
        .skip(start)
        .take(end - start)
        .cloned()
        .collect();
    let response = Response::json(200, &Value::Array(page)).with("X-Repo-Commit", &commit.oid);
    if end >= entries.len() {
        return response;
    }
    let place = format!(
        "{}/api/{}/{}/tree/",
        state.endpoint(),
        target.kind.plural(),
        target.id
    );
    let revision = encode(revision).replace('/', "%2F");
    let folder = if folder.is_empty() {
        String::new()
    } else {
        format!("/{}", encode(folder))
    };
    let query = format!(
        "recursive={}&expand={}&cursor={end}",
        flag("recursive"),
        flag("expand")
    );
    response.with(
        "Link",
        format!("<{place}{revision}{folder}?{query}>; rel=\"next\""),
    )
}

/// Files and folders below `folder`, as the Hub lists them: folders first.
fn listing(commit: &Commit, folder: &str, recursive: bool) -> Vec<Value> {
    let prefix = if folder.is_empty() {
        String::new()
    } else {
        format!("{folder}/")
    };
    let mut folders = BTreeSet::new();
    let mut files = Vec::new();
    for (path, entry) in &commit.files {
        let Some(inner) = path.strip_prefix(&prefix) else {
            continue;
        };
        for (at, _) in inner
            .match_indices('/')
            .take(if recursive { usize::MAX } else { 1 })
        {
            folders.insert(format!("{prefix}{}", &inner[..at]));
        }
        if recursive || !inner.contains('/') {
            files.push(file(path, entry));
        }
    }
    let folders = folders.iter().map(|path| folder_entry(path));
    folders.chain(files).collect()
}

fn folder_entry(path: &str) -> Value {
    json!({ "type": "directory", "oid": "0".repeat(40), "size": 0, "path": path })
}

fn file(path: &str, entry: &Entry) -> Value {
    let size = entry.content.len();
    let mut file = json!({ "type": "file", "oid": entry.oid, "size": size, "path": path });
    if let Some(sha256) = &entry.sha256 {
        file["lfs"] = json!({ "oid": sha256, "size": size, "pointerSize": 134 });
    }
    file
}

/// `POST paths-info`: JSON from some clients, a form from others.
fn paths(repository: &Repository, revision: &str, body: &[u8]) -> Response {
    let Some(commit) = repository.resolve(revision) else {
        return no_revision(revision);
    };
    let text = String::from_utf8_lossy(body);
    let wanted: Vec<String> = match serde_json::from_str::<Value>(&text) {
        Ok(value) => {
            let paths = value["paths"].as_array().cloned().unwrap_or_default();
            paths
                .iter()
                .filter_map(|path| path.as_str().map(str::to_owned))
                .collect()
        }
        Err(_) => {
            let fields = form(&text).into_iter();
            fields
                .filter(|(name, _)| name == "paths")
                .map(|(_, path)| path)
                .collect()
        }
    };
    let found = wanted.iter().filter_map(|path| {
        let path = path.trim_matches('/');
        let inside = format!("{path}/");
        let is_folder = || commit.files.keys().any(|file| file.starts_with(&inside));
        match commit.files.get(path) {
            Some(entry) => Some(file(path, entry)),
            None => is_folder().then(|| folder_entry(path)),
        }
    });
    Response::json(200, &Value::Array(found.collect()))
}

/// `GET /api/datasets/{id}/parquet`: configuration, split, addresses of the converted files.
fn parquet(state: &State, target: &Target, repository: &Repository, wanted: &[&str]) -> Response {
    const BRANCH: &str = "refs/convert/parquet";
    let Some(commit) = repository.resolve(BRANCH) else {
        return no_revision(BRANCH);
    };
    let mut sets: BTreeMap<String, BTreeMap<String, Vec<String>>> = BTreeMap::new();
    for path in commit
        .files
        .keys()
        .filter(|path| path.ends_with(".parquet"))
    {
        if let [config, split, _] = path.split('/').collect::<Vec<_>>()[..] {
            let files = sets
                .entry(config.into())
                .or_default()
                .entry(split.into())
                .or_default();
            let number = files.len();
            let place = format!("{}/api/datasets/{}/parquet", state.endpoint(), target.id);
            files.push(format!("{place}/{config}/{split}/{number}.parquet"));
        }
    }
    let mut value = json!(sets);
    for &name in wanted {
        value = value[name].take();
    }
    match value {
        Value::Null => Response::refusal(404, "EntryNotFound", "Not Found"),
        value => Response::json(200, &value),
    }
}
