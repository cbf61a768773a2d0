//! Large files to the Hub's Xet storage, as chunks.
//!
//! By a session of `hf-xet`, which hf-hub uses as well; the commit is a request of ours. hf-hub's
//! `create_commit` would send it again after a server error without looking whether it was made.

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde::Deserialize;
use tokio::time::{Instant, timeout};
use xet::error::XetError;
use xet::xet_session::{Sha256Policy, XetSessionBuilder, XetUploadCommit};

use super::PushError;
use super::local::{LocalFile, PushSource};
use super::wire::Wire;
use crate::HubError;

/// Where the storage is, and the token for it alone.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Access {
    access_token: String,
    exp: u64,
    cas_url: String,
}

/// How often progress is looked at.
const TICK: Duration = Duration::from_millis(200);

/// Stores files.
pub(super) async fn store(wire: &Wire<'_>, files: &[&LocalFile]) -> Result<(), HubError> {
    let url = wire.at_branch("xet-write-token");
    let access: Access = wire.get(&url).await?.parsed("the Xet token")?;
    let failed = |reason: String| PushError::Xet {
        repo: wire.push.repo.id(),
        reason,
    };
    let refresh = (url, wire.token_headers()?);
    let stored = send(wire, access, refresh, files).await;
    stored.map_err(failed)?;
    for file in files {
        file.unchanged()?;
    }
    Ok(())
}

async fn send(
    wire: &Wire<'_>,
    access: Access,
    refresh: (String, HeaderMap),
    files: &[&LocalFile],
) -> Result<(), String> {
    let session = XetSessionBuilder::new().build().map_err(plain)?;
    let commit = session.new_upload_commit().map_err(plain)?;
    let commit = commit
        .with_endpoint(access.cas_url)
        .with_token_info(access.access_token, access.exp)
        .with_token_refresh_url(refresh.0, refresh.1);
    let commit = commit.build().await.map_err(plain)?;
    for file in files {
        queue(&commit, file).await.map_err(plain)?;
    }
    let sent = watched(wire, &commit).await;
    if sent.is_err() {
        // What is still on its way would keep the session's threads.
        let _ = session.abort();
    }
    sent
}

async fn queue(commit: &XetUploadCommit, file: &LocalFile) -> Result<(), XetError> {
    let sha256 = Sha256Policy::from_hex(&file.sha256);
    match &file.source {
        PushSource::File(path) => commit.upload_from_path(path.clone(), sha256).await?,
        PushSource::Bytes(bytes) => {
            let name = Some(file.path.clone());
            commit.upload_bytes(bytes.clone(), sha256, name).await?
        }
    };
    Ok(())
}

/// Waits for the storage as long as something moves: hf-xet has no time limit of its own for a
/// server that keeps the connection and stays silent.
async fn watched(wire: &Wire<'_>, commit: &XetUploadCommit) -> Result<(), String> {
    let patience = wire.patience();
    let mut finish = Box::pin(commit.commit());
    let mut last = (0u64, 0u64);
    let mut moved = Instant::now();
    loop {
        if let Ok(done) = timeout(TICK, &mut finish).await {
            return done.map(|_| ()).map_err(plain);
        }
        let report = commit.progress();
        let now = (
            report.total_bytes_completed,
            report.total_transfer_bytes_completed,
        );
        if now != last {
            let more = now.0.saturating_sub(last.0);
            wire.progress().advance("", more);
            (last, moved) = (now, Instant::now());
        }
        if moved.elapsed() > patience {
            return Err(format!("no byte was taken for {} s", patience.as_secs()));
        }
    }
}

/// The kind of an error. Its text may hold signed addresses.
fn plain(error: XetError) -> String {
    let text = match error {
        XetError::Authentication(_) => "the storage refuses the token",
        XetError::Network(_) => "the network failed",
        XetError::RateLimited(_) => "the storage asks for fewer requests",
        XetError::ServerError(_) => "the storage has an error of its own",
        XetError::Timeout(_) => "the storage took too long",
        XetError::NotFound(_) => "the storage misses what was sent",
        XetError::DataIntegrity(_) => "the storage got other bytes than were sent",
        XetError::Io(_) => "a file can't be read",
        XetError::Configuration(_) => "its settings are wrong",
        _ => "hf-xet gave up",
    };
    text.to_owned()
}
