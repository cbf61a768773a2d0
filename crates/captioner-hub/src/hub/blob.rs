//! One file of a repository, to its blob in the cache.
//!
//! The bytes are appended to `blobs/{etag}.incomplete` under the lock that Python takes too. A try
//! that breaks off is gone on with by `Range` from the length that is there, also by the next
//! program; the name is the file's hash, so what is there is of the same file. Length and hash are
//! checked before the file takes its name.

use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::time::Duration;

use captioner_files::FileError;
use reqwest::header::{CONTENT_RANGE, ETAG, HeaderMap};
use reqwest::{Response, StatusCode, Url};

use crate::{HubError, RepoId, RepoKind};

use super::cache::{Place, create_parent, open_lock};
use super::http::{Answer, Ask, Failure, Http, failed, host};
use super::listing::RemoteFile;
use super::names::is_hash;
use super::refusal::Subject;
use super::scratch::{Scratch, write_error};

/// A repository at a commit, whose files are fetched.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) http: Http,
    pub(crate) kind: RepoKind,
    pub(crate) id: RepoId,
    pub(crate) commit: String,
    pub(crate) place: Place,
}

/// Sees to it that a file is in the cache and in the snapshot.
pub(crate) async fn fetch(source: &Source, file: &RemoteFile) -> Result<(), HubError> {
    let place = &source.place;
    let blob = place.blob(file.etag());
    create_parent(&blob)?;
    let _lock = lock(source, file).await?;
    if !is_whole(&blob, file) {
        download(source, file, &blob).await?;
    }
    place.link(&source.commit, file)
}

fn is_whole(blob: &Path, file: &RemoteFile) -> bool {
    fs::metadata(blob).is_ok_and(|found| found.is_file() && found.len() == file.size)
}

/// Waits for the lock of a blob. A file system without locks is no reason to stop: the bytes are
/// checked in any case.
async fn lock(source: &Source, file: &RemoteFile) -> Result<File, HubError> {
    let lock = open_lock(&source.place.lock(file.etag()))?;
    let mut waits = 0_u32;
    while let Err(TryLockError::WouldBlock) = lock.try_lock() {
        waits += 1;
        if waits == 10 {
            let line = format!("waiting for another program that fetches {:?}", file.path);
            source.http.progress.note(&line);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(lock)
}

async fn download(source: &Source, file: &RemoteFile, blob: &Path) -> Result<(), HubError> {
    let mut scratch = Scratch::open(source, file)?;
    // A scratch file may hold what another program wrote: once, all is fetched anew.
    for last in [false, true] {
        fill(source, file, &mut scratch).await?;
        scratch
            .file
            .sync_all()
            .map_err(|error| write_error(source, file, error))?;
        if scratch.hash.clone().digits() == file.etag() {
            fs::rename(&scratch.path, blob).map_err(FileError::io("write", blob))?;
            return Ok(());
        }
        scratch.restart(source, file)?;
        if !last {
            let line = format!("{:?} has another hash than it should: once more", file.path);
            source.http.progress.note(&line);
        }
    }
    fs::remove_file(&scratch.path).map_err(FileError::io("remove", &scratch.path))?;
    Err(HubError::Hash {
        file: file.path.clone(),
    })
}

/// Asks until all bytes are there. Tries count from the last byte of progress.
async fn fill(source: &Source, file: &RemoteFile, scratch: &mut Scratch) -> Result<(), HubError> {
    let mut ask = source.http.ask(address(source, file)?);
    ask.timeout = source.http.settings.download_timeout;
    ask.variable = "HF_HUB_DOWNLOAD_TIMEOUT";
    let subject = Subject {
        kind: source.kind,
        id: &source.id,
        file: Some(&file.path),
    };
    let mut tries = 0;
    while scratch.len < file.size {
        ask.from = scratch.len;
        let answer = source.http.send(&ask, &subject).await?;
        check_headers(source, file, &answer.hub)?;
        let before = scratch.len;
        if let Err(error) = take(source, file, scratch, answer, &ask).await {
            tries = if scratch.len > before { 1 } else { tries + 1 };
            source.http.pause(error, tries).await?;
        }
    }
    Ok(())
}

/// Appends the body of an answer.
async fn take(
    source: &Source,
    file: &RemoteFile,
    scratch: &mut Scratch,
    answer: Answer,
    ask: &Ask,
) -> Result<(), Failure> {
    let mut response = answer.response;
    let url = response.url().clone();
    let fatal = |error| Failure {
        error,
        again: false,
        asked: None,
    };
    match starts_at(&response, file, ask.from) {
        Start::Asked => {}
        Start::First => scratch.restart(source, file).map_err(fatal)?,
        Start::Elsewhere => return Err(Failure::passing(wrong_range(&url))),
    }
    let left = file.size - scratch.len;
    if let Some(found) = response.content_length().filter(|found| *found != left) {
        return Err(Failure::passing(wrong_size(file, found + scratch.len)));
    }
    while let Some(piece) = response.chunk().await.map_err(|error| {
        let error = failed(&error, &url, ask);
        Failure::passing(cut(error, file, scratch.len))
    })? {
        let len = scratch.len + piece.len() as u64;
        if len > file.size {
            return Err(fatal(wrong_size(file, len)));
        }
        scratch
            .append(&piece)
            .map_err(|error| fatal(write_error(source, file, error)))?;
        source.http.progress.advance(&file.path, piece.len() as u64);
    }
    if scratch.len < file.size {
        let error = HubError::Cut {
            file: file.path.clone(),
            got: scratch.len,
            size: file.size,
        };
        return Err(Failure::passing(error));
    }
    Ok(())
}

enum Start {
    /// At the byte that was asked for.
    Asked,
    /// At the first: the server does not look at `Range`.
    First,
    /// At another one.
    Elsewhere,
}

fn starts_at(response: &Response, file: &RemoteFile, from: u64) -> Start {
    if response.status() != StatusCode::PARTIAL_CONTENT {
        return if from == 0 {
            Start::Asked
        } else {
            Start::First
        };
    }
    let range = response.headers().get(CONTENT_RANGE);
    let range = range.and_then(|range| range.to_str().ok()?.strip_prefix("bytes "));
    let numbers = range.and_then(|range| {
        let (part, total) = range.split_once('/')?;
        let start = part.split_once('-')?.0;
        Some((start.parse::<u64>().ok()?, total.parse::<u64>().ok()?))
    });
    if numbers == Some((from, file.size)) {
        Start::Asked
    } else {
        Start::Elsewhere
    }
}

/// What the Hub says of the file must be what the listing says.
fn check_headers(source: &Source, file: &RemoteFile, hub: &HeaderMap) -> Result<(), HubError> {
    let text = |name: &str| hub.get(name)?.to_str().ok();
    let size = text("x-linked-size").and_then(|size| size.parse().ok());
    if let Some(found) = size.filter(|size| *size != file.size) {
        return Err(wrong_size(file, found));
    }
    let etag = text("x-linked-etag").or_else(|| text(ETAG.as_str()));
    let etag = etag.map(|etag| etag.trim_start_matches("W/").trim_matches('"'));
    let hash = etag.filter(|etag| is_hash(etag, 40) || is_hash(etag, 64));
    let commit = text("x-repo-commit");
    let other_hash = hash.is_some_and(|hash| hash != file.etag());
    if other_hash || commit.is_some_and(|commit| commit != source.commit) {
        return Err(HubError::Answer {
            host: source.http.settings.endpoint.clone(),
            what: format!("another {:?} than its listing names", file.path),
        });
    }
    Ok(())
}

fn address(source: &Source, file: &RemoteFile) -> Result<Url, HubError> {
    let mut parts = match source.kind {
        RepoKind::Model => vec![],
        RepoKind::Dataset => vec!["datasets"],
    };
    parts.extend([
        source.id.owner(),
        source.id.name(),
        "resolve",
        &source.commit,
    ]);
    parts.extend(file.path.split('/'));
    source.http.url(&parts)
}

fn wrong_size(file: &RemoteFile, found: u64) -> HubError {
    HubError::Size {
        file: file.path.clone(),
        expected: file.size,
        found,
    }
}

fn wrong_range(url: &Url) -> HubError {
    HubError::Answer {
        host: host(url),
        what: "another part of a file than was asked for".to_owned(),
    }
}

/// A timeout stays one; all else that ends a body is a cut.
fn cut(error: HubError, file: &RemoteFile, got: u64) -> HubError {
    match error {
        HubError::Timeout { .. } => error,
        _ => HubError::Cut {
            file: file.path.clone(),
            got,
            size: file.size,
        },
    }
}
