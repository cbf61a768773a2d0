//! A repository at a commit, with all the files that are asked for, or none.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinSet;

use crate::{HubError, RepoId, RepoKind};

use super::blob::{self, Source};
use super::cache::Place;
use super::complete::lacking;
use super::http::Http;
use super::listing::{RemoteFile, list, resolve};
use super::names::check_name;
use super::trees;

/// Files fetched at the same time.
const WORKERS: usize = 4;

/// Which files of a listing are wanted.
pub(crate) type Choice =
    Arc<dyn Fn(&[RemoteFile]) -> Result<Vec<RemoteFile>, HubError> + Send + Sync>;

/// A snapshot in the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Its folder.
    pub folder: PathBuf,
    /// The commit: 40 digits.
    pub commit: String,
    /// The files that were asked for, by path below the folder; all are there.
    pub files: Vec<String>,
}

/// Fetches what is missing, or takes what the cache holds where the Hub can't be asked.
pub(crate) async fn snapshot(
    http: Http,
    kind: RepoKind,
    id: RepoId,
    choice: Choice,
) -> Result<Snapshot, HubError> {
    let place = Place::new(&http.settings.cache, kind, &id);
    let offline = match kind {
        RepoKind::Model => http.settings.offline,
        RepoKind::Dataset => http.settings.datasets_offline,
    };
    if offline {
        return cached(&http, &place, &id, &choice);
    }
    let commit = match resolve(&http, kind, &id).await {
        Ok(commit) => commit,
        Err(error) if is_unreachable(&error) => {
            return match cached(&http, &place, &id, &choice) {
                Ok(found) => {
                    let line = format!("{error}; '{id}' is taken from the cache as it was");
                    http.progress.note(&line);
                    Ok(found)
                }
                Err(_) => Err(error),
            };
        }
        Err(error) => return Err(error),
    };
    let source = Source {
        http,
        kind,
        id,
        commit,
        place,
    };
    online(source, &choice).await
}

fn is_unreachable(error: &HubError) -> bool {
    matches!(
        error,
        HubError::Timeout { .. } | HubError::Connect { .. } | HubError::Status { .. }
    )
}

async fn online(source: Source, choice: &Choice) -> Result<Snapshot, HubError> {
    let tree = source.place.tree(&source.commit);
    let files = match trees::read(&tree) {
        Some(files) => files,
        None => {
            let files = list(&source.http, source.kind, &source.id, &source.commit).await?;
            trees::write(&tree, &files);
            files
        }
    };
    let chosen = choice(&files)?;
    for file in &chosen {
        check_name(&source.id, &file.path)?;
    }
    let mut missing = chosen.clone();
    missing.retain(|file| !source.place.has(&source.commit, file));
    fetch_all(&source, missing).await?;
    let found = checked(&source.place, &source.id, &source.commit, &chosen, false)?;
    // Only now does the revision mean this commit: until then, an older snapshot serves.
    Ok(found)
}

async fn fetch_all(source: &Source, missing: Vec<RemoteFile>) -> Result<(), HubError> {
    if missing.is_empty() {
        return Ok(());
    }
    let bytes = missing.iter().map(|file| file.size).sum();
    let present = missing
        .iter()
        .map(|file| present(&source.place, file))
        .sum();
    let progress = Arc::clone(&source.http.progress);
    progress.start(missing.len(), bytes, present);
    let queue = Arc::new(Mutex::new(VecDeque::from(missing)));
    let mut workers = JoinSet::new();
    for _ in 0..WORKERS {
        let (source, queue) = (source.clone(), Arc::clone(&queue));
        workers.spawn(async move {
            let next = || {
                queue
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .pop_front()
            };
            while let Some(file) = next() {
                blob::fetch(&source, &file).await?;
            }
            Ok::<(), HubError>(())
        });
    }
    let mut outcome = Ok(());
    while let Some(ended) = workers.join_next().await {
        // The first error ends the others; what has come of their files stays for the next time.
        if let Ok(Err(error)) = ended {
            outcome = Err(error);
            break;
        }
    }
    progress.finish();
    outcome
}

fn present(place: &Place, file: &RemoteFile) -> u64 {
    let found = std::fs::metadata(place.scratch(file.etag()));
    found.map_or(0, |found| found.len().min(file.size))
}

/// What the cache holds of a revision, if it is complete.
///
/// Complete is what the kept listing says. A snapshot without one, fetched by an older Python, is
/// complete if it holds what the caller needs: for a model its configuration and all its weights.
fn cached(http: &Http, place: &Place, id: &RepoId, choice: &Choice) -> Result<Snapshot, HubError> {
    let offline = || HubError::Offline {
        id: id.to_string(),
        cache: http.settings.cache.clone(),
    };
    let commit = place.commit(id.revision()).ok_or_else(offline)?;
    if !place.snapshot(&commit).is_dir() {
        return Err(offline());
    }
    let listed = trees::read(&place.tree(&commit));
    let unlisted = listed.is_none();
    let chosen = choice(&listed.unwrap_or_else(|| place.found(&commit)))?;
    for file in &chosen {
        check_name(id, &file.path)?;
    }
    checked(place, id, &commit, &chosen, unlisted)
}

/// A snapshot, if it has all these files; without a listing, also what they name themselves.
fn checked(
    place: &Place,
    id: &RepoId,
    commit: &str,
    chosen: &[RemoteFile],
    unlisted: bool,
) -> Result<Snapshot, HubError> {
    let folder = place.snapshot(commit);
    let absent = chosen.iter().filter(|file| !place.has(commit, file));
    let mut lacks: Vec<String> = absent.map(|file| file.path.clone()).collect();
    let files: Vec<String> = chosen.iter().map(|file| file.path.clone()).collect();
    if unlisted {
        lacks.extend(lacking(&folder, &files));
    }
    if lacks.is_empty() {
        let commit = commit.to_owned();
        return Ok(Snapshot {
            folder,
            commit,
            files,
        });
    }
    Err(incomplete(id, folder, &lacks))
}

/// The error of a snapshot without some files.
pub(crate) fn incomplete(id: &RepoId, folder: PathBuf, lacks: &[String]) -> HubError {
    let named = lacks.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
    let more = lacks.len().saturating_sub(3);
    HubError::Incomplete {
        id: id.to_string(),
        folder,
        lacks: if more > 0 {
            format!("{named} and {more} more")
        } else {
            named
        },
    }
}
