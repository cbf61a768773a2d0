//! How a file gets into a commit, and whether it is left out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{bad, body, with_commit};
use crate::access::Access;
use crate::repository::{Commit, is_lfs};
use crate::request::Request;
use crate::response::Response;
use crate::route::Target;
use crate::state::State;

/// The most files of one request.
const BATCH: usize = 256;

/// `POST /api/models/{id}/preupload/{revision}`.
pub(super) fn preupload(
    request: &mut Request,
    state: &State,
    target: &Target,
    revision: &str,
) -> Response {
    let body = match body(request) {
        Ok(body) => body,
        Err(response) => return response,
    };
    with_commit(
        request,
        state,
        target,
        (Access::Write, revision),
        |_, head| match answer(head, &body) {
            Some(answer) => Response::json(200, &answer),
            None => bad("files: Invalid input"),
        },
    )
}

fn answer(head: &Commit, ask: &Value) -> Option<Value> {
    let hosted = head
        .files
        .get(".gitignore")
        .and_then(|entry| entry.content.to_vec().ok());
    let hosted = String::from_utf8_lossy(&hosted.unwrap_or_default()).into_owned();
    let ignore = ask["gitIgnore"].as_str().unwrap_or(&hosted);
    let files = ask["files"]
        .as_array()
        .filter(|files| files.len() <= BATCH)?;
    let files: Option<Vec<Value>> = files.iter().map(|file| entry(head, ignore, file)).collect();
    Some(json!({ "files": files? }))
}

fn entry(head: &Commit, ignore: &str, file: &Value) -> Option<Value> {
    let (path, size) = (file["path"].as_str()?, file["size"].as_u64()?);
    let sample = STANDARD.decode(file["sample"].as_str()?).ok()?;
    if sample.len() as u64 != size.min(512) {
        return None;
    }
    let large = is_lfs(path, size) || sample.contains(&0);
    let mut entry = json!({
        "path": path,
        "uploadMode": if large { "lfs" } else { "regular" },
        "shouldIgnore": ignored(ignore, path),
    });
    if let Some(there) = head.files.get(path) {
        entry["oid"] = json!(there.etag());
    }
    Some(entry)
}

/// Whether a `.gitignore` leaves a path out: names, `*.ending` and `folder/`.
fn ignored(ignore: &str, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders);
    ignore.lines().map(str::trim).any(|line| match line {
        "" => false,
        line => match (line.strip_prefix('*'), line.strip_suffix('/')) {
            (Some(ending), _) => name.ends_with(ending),
            (_, Some(folder)) => folders.split('/').any(|part| part == folder),
            _ => name == line || path == line,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::ignored;

    #[test]
    fn names_endings_and_folders_are_ignored() {
        let ignore = "# notes\nsecret.txt\n*.log\nruns/\n";
        for path in [
            "secret.txt",
            "a/secret.txt",
            "a/b.log",
            "runs/x",
            "a/runs/x",
        ] {
            assert!(ignored(ignore, path), "{path}");
        }
        for path in ["a.txt", "log", "runs", "secret.txt.bak"] {
            assert!(!ignored(ignore, path), "{path}");
        }
    }
}
