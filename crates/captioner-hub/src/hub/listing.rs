//! Which commit a revision is, and which files it holds.

use std::collections::BTreeMap;

use reqwest::Url;
use reqwest::header::{HeaderMap, LINK};
use serde::Deserialize;

use crate::{HubError, RepoId, RepoKind};

use super::http::{Http, host, parse};
use super::names::is_hash;
use super::refusal::Subject;

/// More files than any repository has.
const MAX_FILES: usize = 2_000_000;

/// A file of a repository, as its listing names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemoteFile {
    /// The path below the repository.
    pub(crate) path: String,
    /// The size in bytes.
    pub(crate) size: u64,
    /// Git's name of the blob, or of the pointer of a file in LFS.
    pub(crate) blob_id: String,
    /// The SHA-256 of a file in LFS.
    pub(crate) sha256: Option<String>,
    /// What Xet storage calls it; not used here, and kept for Python.
    pub(crate) xet_hash: Option<String>,
}

impl RemoteFile {
    /// The name of its blob in the cache: the SHA-256, or Git's name.
    pub(crate) fn etag(&self) -> &str {
        self.sha256.as_deref().unwrap_or(&self.blob_id)
    }
}

#[derive(Deserialize)]
struct Info {
    sha: Option<String>,
}

#[derive(Deserialize)]
struct Node {
    #[serde(rename = "type")]
    kind: String,
    path: String,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    oid: String,
    lfs: Option<Lfs>,
    #[serde(rename = "xetHash")]
    xet_hash: Option<String>,
}

#[derive(Deserialize)]
struct Lfs {
    oid: String,
    size: Option<u64>,
}

/// The commit that a revision is: 40 digits.
pub(crate) async fn resolve(http: &Http, kind: RepoKind, id: &RepoId) -> Result<String, HubError> {
    if is_hash(id.revision(), 40) {
        return Ok(id.revision().to_owned());
    }
    let url = address(http, kind, id, &["revision", id.revision()])?;
    let place = host(&url);
    let (info, _): (Info, _) = http.json(url, &subject(kind, id)).await?;
    let commit = info.sha.filter(|sha| is_hash(sha, 40));
    commit.ok_or_else(|| HubError::Answer {
        host: place,
        what: "no commit for a repository".to_owned(),
    })
}

/// All files of a commit.
pub(crate) async fn list(
    http: &Http,
    kind: RepoKind,
    id: &RepoId,
    commit: &str,
) -> Result<Vec<RemoteFile>, HubError> {
    let mut next = address(http, kind, id, &["tree", commit])?;
    next.query_pairs_mut().append_pair("recursive", "true");
    let mut next = Some(next);
    let mut files = BTreeMap::new();
    while let Some(url) = next {
        let place = host(&url);
        let (nodes, headers): (Vec<Node>, _) = http.json(url, &subject(kind, id)).await?;
        let before = files.len();
        for node in nodes.into_iter().filter(|node| node.kind == "file") {
            let file = remote_file(node, &place)?;
            files.insert(file.path.clone(), file);
        }
        next = next_page(&headers)?;
        if files.len() > MAX_FILES || (next.is_some() && files.len() == before) {
            let what = "a listing without an end".to_owned();
            return Err(HubError::Answer { host: place, what });
        }
    }
    Ok(files.into_values().collect())
}

fn remote_file(node: Node, place: &str) -> Result<RemoteFile, HubError> {
    let (sha256, size) = match node.lfs {
        Some(lfs) => (Some(lfs.oid), lfs.size.unwrap_or(node.size)),
        None => (None, node.size),
    };
    let file = RemoteFile {
        path: node.path,
        size,
        blob_id: node.oid,
        sha256,
        xet_hash: node.xet_hash,
    };
    // It becomes the name of a file in the cache.
    if is_hash(file.etag(), 40) || is_hash(file.etag(), 64) {
        return Ok(file);
    }
    Err(HubError::Answer {
        host: place.to_owned(),
        what: format!("no hash for {:?}", file.path),
    })
}

/// The address of the next page: `Link: <...>; rel="next"`.
fn next_page(headers: &HeaderMap) -> Result<Option<Url>, HubError> {
    let link = headers.get(LINK).and_then(|link| link.to_str().ok());
    let parts = link.into_iter().flat_map(|link| link.split(','));
    let mut links = parts.filter_map(|part| part.split_once(';'));
    let next = links.find(|(_, rel)| rel.replace(' ', "").contains("rel=\"next\""));
    let place = next.map(|(place, _)| place.trim().trim_matches(['<', '>']));
    place.map(parse).transpose()
}

fn address(http: &Http, kind: RepoKind, id: &RepoId, rest: &[&str]) -> Result<Url, HubError> {
    let head = ["api", kind.plural(), id.owner(), id.name()];
    // A revision with slashes is one part: `Url` encodes them.
    http.url(&[&head, rest].concat())
}

fn subject(kind: RepoKind, id: &RepoId) -> Subject<'_> {
    Subject {
        kind,
        id,
        file: None,
    }
}
