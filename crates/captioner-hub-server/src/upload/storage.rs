//! Git's large file storage, with the Hub's `multipart` transfer.

use serde_json::{Map, Value, json};

use super::{UploadSettings, bad, body, lock};
use crate::access::{Access, with_repository};
use crate::content::Content;
use crate::request::Request;
use crate::resolve::SIGNATURE;
use crate::response::Response;
use crate::route::Target;
use crate::state::State;

/// How the batch answer lets objects be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Transfer {
    /// One `PUT`.
    #[default]
    Basic,
    /// Objects larger than a part in parts of so many bytes, others by one `PUT`.
    Multipart {
        /// Bytes of a part.
        chunk: u64,
    },
    /// To a Xet storage.
    Xet {
        /// Its address.
        cas_url: String,
    },
}

/// `POST /{id}.git/info/lfs/objects/batch`.
pub(super) fn batch(request: &mut Request, state: &State, target: &Target) -> Response {
    let body = match body(request) {
        Ok(body) => body,
        Err(response) => return response,
    };
    let media = "application/vnd.git-lfs+json";
    if request.header("accept") != Some(media) {
        return Response::refusal(406, "", "Not acceptable");
    }
    with_repository(request, state, target, Access::Write, |_, _| {
        match answer(state, &body) {
            Some(answer) => Response::json(200, &answer),
            None => bad("objects: Invalid input"),
        }
    })
}

fn answer(state: &State, ask: &Value) -> Option<Value> {
    if ask["operation"] != "upload" || ask["hash_algo"] != "sha256" {
        return None;
    }
    let uploads = state.uploads().clone();
    let offered = ask["transfers"].as_array()?;
    let chosen = match &uploads.transfer {
        Transfer::Multipart { .. } => "multipart",
        Transfer::Xet { .. } if offered.iter().any(|name| name == "xet") => "xet",
        _ => "basic",
    };
    let objects = ask["objects"].as_array()?.iter();
    let objects = objects.map(|object| entry(state, &uploads, chosen, object));
    let objects: Option<Vec<Value>> = objects.collect();
    Some(json!({ "transfer": chosen, "objects": objects? }))
}

fn entry(state: &State, uploads: &UploadSettings, chosen: &str, ask: &Value) -> Option<Value> {
    let (oid, size) = (ask["oid"].as_str()?, ask["size"].as_u64()?);
    let mut entry = json!({ "oid": oid, "size": size, "authenticated": true });
    if let Some((code, message)) = uploads.refused.get(oid) {
        entry["error"] = json!({ "code": code, "message": message });
    } else if chosen != "xet" && !state.objects().contains_key(oid) {
        entry["actions"] = json!({ "upload": upload(state, &uploads.transfer, oid, size) });
        if uploads.verify {
            let href = format!("{}/lfs-verify", state.endpoint());
            entry["actions"]["verify"] = json!({ "href": href });
        }
    }
    Some(entry)
}

fn upload(state: &State, transfer: &Transfer, oid: &str, size: u64) -> Value {
    let cdn = state.cdn();
    match transfer {
        Transfer::Multipart { chunk } if size > *chunk => {
            let mut header = Map::new();
            header.insert("chunk_size".into(), json!(chunk.to_string()));
            let count = size.div_ceil(*chunk);
            let digits = count.to_string().len();
            for part in 1..=count {
                let url = format!("{cdn}/lfs-part/{oid}/{part}?{SIGNATURE}");
                header.insert(format!("{part:0digits$}"), json!(url));
            }
            json!({ "href": format!("{}/lfs-complete", state.endpoint()), "header": header })
        }
        _ => json!({ "href": format!("{cdn}/lfs-object/{oid}?{SIGNATURE}") }),
    }
}

/// `PUT` of a whole object.
pub(super) fn put(request: &mut Request, state: &State, oid: &str) -> Response {
    if let Some(response) = unsigned(request) {
        return response;
    }
    match request.read_body() {
        Ok(content) => keep(state, oid, content),
        Err(error) => bad(&error.to_string()),
    }
}

fn keep(state: &State, oid: &str, content: Vec<u8>) -> Response {
    let content = Content::from(content);
    match content.sha256() {
        Ok(sum) if sum == oid => {
            state.objects().insert(sum, content);
            Response::empty(200)
        }
        _ => bad("BadDigest: the content has another hash"),
    }
}

/// As object storage does: a signature, a length, and no other way of authorization.
fn unsigned(request: &Request) -> Option<Response> {
    if request.header("authorization").is_some() {
        return Some(bad(
            "InvalidRequest: only one way of authorization is allowed",
        ));
    }
    if request.header("content-length").is_none() {
        return Some(Response::refusal(411, "", "MissingContentLength"));
    }
    let parameters = request
        .query
        .iter()
        .map(|(name, value)| format!("{name}={value}"));
    let signed = parameters
        .into_iter()
        .any(|parameter| parameter == SIGNATURE);
    (!signed).then(|| Response::refusal(403, "", "SignatureDoesNotMatch"))
}

/// `PUT` of a part.
pub(super) fn put_part(request: &mut Request, state: &State, oid: &str, number: &str) -> Response {
    if let Some(response) = unsigned(request) {
        return response;
    }
    let Ok(number) = number.parse() else {
        return bad("no part");
    };
    match request
        .read_body()
        .and_then(|part| Ok((etag(&part)?, part)))
    {
        Ok((etag, part)) => {
            lock(&state.upload.parts).insert((oid.to_owned(), number), part);
            Response::empty(200).with("ETag", etag)
        }
        Err(error) => bad(&error.to_string()),
    }
}

fn etag(part: &[u8]) -> std::io::Result<String> {
    let sum = Content::from(part.to_vec()).sha256()?;
    Ok(format!("\"{}\"", &sum[..32]))
}

/// `POST` of the list of parts.
pub(super) fn complete(request: &mut Request, state: &State) -> Response {
    let body = match body(request) {
        Ok(body) => body,
        Err(response) => return response,
    };
    let oid = body["oid"].as_str().unwrap_or_default();
    // Asked again after a lost answer.
    if state.objects().contains_key(oid) {
        return Response::json(200, &json!({ "success": true }));
    }
    match join(state, oid, &body["parts"]) {
        Some(content) => keep(state, oid, content),
        None => bad("InvalidPart"),
    }
}

fn join(state: &State, oid: &str, listed: &Value) -> Option<Vec<u8>> {
    let mut parts = lock(&state.upload.parts);
    let mut content = Vec::new();
    for (number, listed) in (1..).zip(listed.as_array()?) {
        let part = parts.get(&(oid.to_owned(), number))?;
        let right = listed["partNumber"] == number && listed["etag"] == etag(part).ok()?;
        content.extend_from_slice(right.then_some(part)?);
    }
    parts.retain(|(part, _), _| part != oid);
    Some(content)
}

/// `POST` of an object's id and size, by somebody with a token.
pub(super) fn verify(request: &mut Request, state: &State) -> Response {
    let body = match body(request) {
        Ok(body) => body,
        Err(response) => return response,
    };
    let Ok(Some(_)) = state.user(request) else {
        return Response::refusal(401, "", "Invalid username or password.");
    };
    let oid = body["oid"].as_str().unwrap_or_default();
    let len = state.objects().get(oid).map(Content::len);
    match len.is_some() && body["size"].as_u64() == len {
        true => Response::json(200, &Value::Null),
        false => Response::refusal(404, "", "the object is not there"),
    }
}

/// `GET /api/models/{id}/xet-write-token/{revision}`.
pub(super) fn xet_token(
    request: &mut Request,
    state: &State,
    target: &Target,
    _revision: &str,
) -> Response {
    let transfer = state.uploads().transfer.clone();
    with_repository(
        request,
        state,
        target,
        Access::Write,
        |_, _| match transfer {
            Transfer::Xet { cas_url } => {
                let exp = 4_102_444_800u64;
                let token = "xet-token-of-the-test";
                Response::json(
                    200,
                    &json!({ "accessToken": token, "exp": exp, "casUrl": cas_url }),
                )
            }
            _ => Response::refusal(404, "", "this repository has no Xet storage"),
        },
    )
}
