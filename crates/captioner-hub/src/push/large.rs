//! Large files into the storage, before the commit names them.

use std::collections::BTreeSet;

use super::lfs::{Batch, MEDIA_TYPE, Transfer, batch_body, transfers};
use super::local::LocalFile;
use super::parts::transfer;
use super::plan::BATCH;
use super::wire::Wire;
use super::xet;
use crate::HubError;

/// Stores files; what the storage holds already is not sent.
///
/// The Hub chooses how in its answer to the LFS batch: chunks to the Xet storage, or by requests
/// of git's large file storage, as self-hosted hubs do.
pub(super) async fn store(wire: &Wire<'_>, files: &[&LocalFile]) -> Result<(), HubError> {
    let mut seen = BTreeSet::new();
    let files: Vec<_> = files
        .iter()
        .copied()
        .filter(|file| seen.insert(&file.sha256))
        .collect();
    let url = wire.git("info/lfs/objects/batch");
    if files.is_empty() {
        return Ok(());
    }
    let bytes = files.iter().map(|file| file.size).sum();
    wire.progress().start_push(files.len(), bytes);
    let stored = store_in_batches(wire, &url, &files).await;
    wire.progress().finish();
    stored
}

async fn store_in_batches(
    wire: &Wire<'_>,
    url: &str,
    files: &[&LocalFile],
) -> Result<(), HubError> {
    for files in files.chunks(BATCH) {
        let body = batch_body(files, wire.branch(), wire.xet());
        let reply = wire.post(url, MEDIA_TYPE, body.to_string().into()).await?;
        match transfers(files, reply.parsed("the LFS batch")?)? {
            Batch::Xet => xet::store(wire, files).await?,
            Batch::Requests(transfers) => {
                for (file, way) in files.iter().zip(&transfers) {
                    if *way == Transfer::Stored {
                        wire.progress().advance(&file.path, file.size);
                    }
                    transfer(wire, file, way).await?;
                }
            }
        }
    }
    Ok(())
}
