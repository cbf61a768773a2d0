//! The requests that carry a large file: one, or one a part.
//!
//! Their addresses are signed and mostly on another host: they go without the token, and never
//! into an error.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::ops::Range;

use serde_json::{Value, json};

use super::PushError;
use super::lfs::{MEDIA_TYPE, Transfer};
use super::local::{LocalFile, PushSource};
use super::send::Put;
use super::wire::Wire;
use crate::HubError;

/// Stores one file as the batch asks for.
pub(super) async fn transfer(
    wire: &Wire<'_>,
    file: &LocalFile,
    transfer: &Transfer,
) -> Result<(), HubError> {
    let verify = match transfer {
        Transfer::Stored => return Ok(()),
        Transfer::Basic {
            href,
            header,
            verify,
        } => {
            let put = Put {
                url: href,
                header,
                file,
                range: 0..file.size,
            };
            wire.put(&put).await?;
            verify
        }
        Transfer::Multipart {
            chunk,
            parts,
            complete,
            verify,
        } => {
            multipart(wire, file, *chunk, parts, complete).await?;
            verify
        }
    };
    // What was stored would be named by the hash of other content.
    file.unchanged()?;
    match verify {
        Some(href) => verify_stored(wire, file, href).await,
        None => Ok(()),
    }
}

async fn multipart(
    wire: &Wire<'_>,
    file: &LocalFile,
    chunk: u64,
    urls: &[String],
    complete: &str,
) -> Result<(), HubError> {
    let mut parts = Vec::new();
    for (index, url) in (0u64..).zip(urls) {
        let start = index * chunk;
        let put = Put {
            url,
            header: &[],
            file,
            range: start..(start + chunk).min(file.size),
        };
        let etag = wire.put(&put).await?.filter(|etag| !etag.is_empty());
        let number = index + 1;
        let reason = format!("part {number} of '{}' has no ETag", file.path);
        let request = "the upload of a part";
        let etag = etag.ok_or(PushError::Answer { request, reason })?;
        parts.push(json!({ "partNumber": number, "etag": etag }));
    }
    let body = json!({ "oid": file.sha256, "parts": parts });
    signed(wire, complete, &body).await
}

/// Asks the Hub whether the object arrived with its size.
async fn verify_stored(wire: &Wire<'_>, file: &LocalFile, href: &str) -> Result<(), HubError> {
    signed(
        wire,
        href,
        &json!({ "oid": file.sha256, "size": file.size }),
    )
    .await
}

/// A request to an address of the batch's answer: with the token on the Hub itself, without it
/// elsewhere.
async fn signed(wire: &Wire<'_>, url: &str, body: &Value) -> Result<(), HubError> {
    let body = body.to_string();
    wire.post_signed(url, MEDIA_TYPE, body.into()).await
}

/// A reader of a part of a file.
pub(super) fn reader(source: &PushSource, range: Range<u64>) -> io::Result<Box<dyn Read + Send>> {
    let length = range.end - range.start;
    match source {
        PushSource::Bytes(bytes) => {
            let range = range.start as usize..range.end as usize;
            let part = bytes.get(range).ok_or(io::ErrorKind::UnexpectedEof)?;
            Ok(Box::new(Cursor::new(part.to_vec())))
        }
        PushSource::File(path) => {
            let mut file = File::open(path)?;
            file.seek(SeekFrom::Start(range.start))?;
            Ok(Box::new(file.take(length)))
        }
    }
}
