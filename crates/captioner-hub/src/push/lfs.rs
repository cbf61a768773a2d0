//! The batch request of large file storage, and what its answer asks for.
//!
//! <https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md>, with the Hub's `multipart`
//! transfer as `huggingface_hub/lfs.py` speaks it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::PushError;
use super::local::LocalFile;

/// Media type of requests and answers.
pub(crate) const MEDIA_TYPE: &str = "application/vnd.git-lfs+json";

/// Where one file goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Transfer {
    /// The storage holds the content already.
    Stored,
    /// One `PUT`.
    Basic {
        href: String,
        /// Headers that go with it.
        header: Vec<(String, String)>,
        verify: Option<String>,
    },
    /// One `PUT` a part, then the list of parts to `complete`.
    Multipart {
        /// Bytes of each part but the last.
        chunk: u64,
        /// The address of each part, in order.
        parts: Vec<String>,
        complete: String,
        verify: Option<String>,
    },
}

/// The answer to a batch: each file's transfer, or all of them by Xet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Batch {
    /// Chunks to the Xet storage.
    Xet,
    /// By the requests of the answer, in the order of the files.
    Requests(Vec<Transfer>),
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    transfer: Option<String>,
    objects: Vec<Object>,
}

#[derive(Deserialize)]
struct Object {
    oid: String,
    #[serde(default)]
    error: Option<Refusal>,
    #[serde(default)]
    actions: Option<Actions>,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    code: u64,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct Actions {
    #[serde(default)]
    upload: Option<Action>,
    #[serde(default)]
    verify: Option<Action>,
}

#[derive(Deserialize)]
struct Action {
    href: String,
    #[serde(default)]
    header: Option<BTreeMap<String, Value>>,
}

/// The body of a batch request. Each content is asked for once, however many paths it has.
pub(crate) fn batch_body(files: &[&LocalFile], revision: &str, xet: bool) -> Value {
    let objects: Vec<_> = files
        .iter()
        .map(|file| json!({ "oid": file.sha256, "size": file.size }))
        .collect();
    let mut transfers = vec!["basic", "multipart"];
    transfers.extend(xet.then_some("xet"));
    json!({
        "operation": "upload",
        "transfers": transfers,
        "objects": objects,
        "hash_algo": "sha256",
        "ref": { "name": revision },
    })
}

/// What the answer to [`batch_body`] asks for.
pub(crate) fn transfers(files: &[&LocalFile], answer: Value) -> Result<Batch, PushError> {
    let answer: Answer =
        serde_json::from_value(answer).map_err(|error| malformed(error.to_string()))?;
    let xet = answer.transfer.as_deref() == Some("xet");
    let mut transfers = Vec::new();
    for file in files {
        let object = answer
            .objects
            .iter()
            .find(|object| object.oid == file.sha256);
        let object = match object {
            Some(object) => object,
            None if xet => continue,
            None => return Err(malformed(format!("it leaves out '{}'", file.path))),
        };
        if let Some(error) = &object.error {
            return Err(refused(file, error));
        }
        if !xet {
            transfers.push(transfer(file, object.actions.as_ref())?);
        }
    }
    Ok(if xet {
        Batch::Xet
    } else {
        Batch::Requests(transfers)
    })
}

fn transfer(file: &LocalFile, actions: Option<&Actions>) -> Result<Transfer, PushError> {
    let Some(actions) = actions else {
        return Ok(Transfer::Stored);
    };
    let Some(upload) = &actions.upload else {
        return Ok(Transfer::Stored);
    };
    let verify = actions.verify.as_ref().map(|action| action.href.clone());
    let header = upload.header.clone().unwrap_or_default();
    match header.get("chunk_size") {
        Some(chunk) => multipart(file, upload, &header, chunk, verify),
        None => Ok(Transfer::Basic {
            href: upload.href.clone(),
            header: header.iter().filter_map(text).collect(),
            verify,
        }),
    }
}

/// Parts are the headers whose names are numbers, by their value: "2" comes before "10".
fn multipart(
    file: &LocalFile,
    upload: &Action,
    header: &BTreeMap<String, Value>,
    chunk: &Value,
    verify: Option<String>,
) -> Result<Transfer, PushError> {
    let chunk = chunk.as_u64().or_else(|| chunk.as_str()?.parse().ok());
    let chunk = chunk.filter(|&chunk| chunk > 0);
    let chunk = chunk.ok_or_else(|| malformed(format!("the chunk size of '{}'", file.path)))?;
    let numbered = |(name, value): (&String, &Value)| {
        let digits = name.bytes().all(|byte| byte.is_ascii_digit());
        let number: Option<u64> = digits.then(|| name.parse().ok()).flatten();
        number.zip(value.as_str().map(str::to_owned))
    };
    let parts: BTreeMap<u64, String> = header.iter().filter_map(numbered).collect();
    let expected = file.size.div_ceil(chunk);
    if parts.len() as u64 != expected {
        let reason = format!(
            "{} parts for '{}' instead of {expected}",
            parts.len(),
            file.path
        );
        return Err(malformed(reason));
    }
    Ok(Transfer::Multipart {
        chunk,
        parts: parts.into_values().collect(),
        complete: upload.href.clone(),
        verify,
    })
}

fn text((name, value): (&String, &Value)) -> Option<(String, String)> {
    Some((name.clone(), value.as_str()?.to_owned()))
}

fn refused(file: &LocalFile, refusal: &Refusal) -> PushError {
    let help = match refusal.code {
        413 | 507 => "split it, or free space in the account",
        401 | 403 => "check the token's rights",
        _ => "push again, or push without it",
    };
    PushError::Refused {
        path: file.path.clone(),
        code: refusal.code,
        message: refusal.message.clone(),
        help,
    }
}

fn malformed(reason: String) -> PushError {
    PushError::Answer {
        request: "the LFS batch",
        reason,
    }
}

#[cfg(test)]
#[path = "lfs_tests.rs"]
mod tests;
