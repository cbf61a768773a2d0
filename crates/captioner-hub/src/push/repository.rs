//! Who pushes, and the repository that is pushed to.

use serde::Deserialize;
use serde_json::{Value, json};

use super::PushError;
use super::wire::{Answered, Wire};
use crate::HubError;
use crate::hub::http::Failure;

/// What is read of `whoami-v2`.
#[derive(Deserialize)]
struct Caller {
    #[serde(default)]
    name: String,
    #[serde(default)]
    auth: Value,
}

/// What is read of a repository.
#[derive(Default, Deserialize)]
struct Info {
    #[serde(default)]
    private: Option<bool>,
    #[serde(default)]
    sha: Option<String>,
}

/// An error if the token is known not to write.
///
/// It is asked once: the Hub limits `whoami-v2` strictly, and other hubs don't have it.
pub(super) async fn may_write(wire: &Wire<'_>) -> Result<(), HubError> {
    let url = format!("{}/api/whoami-v2", wire.endpoint());
    let reply = match wire.ask_once(&url).await {
        Answered::Ok(reply) => reply,
        Answered::Refused { status: 401, .. } => return Err(unknown(wire)),
        Answered::Refused { status: 404, .. } => return Ok(()),
        Answered::Refused { error, .. } => return Err(error),
        // The repository's answer will say.
        Answered::Open(_) => return Ok(()),
    };
    let caller: Caller = reply.parsed("whoami-v2")?;
    if caller.auth["accessToken"]["role"] == "read" {
        return Err(PushError::ReadOnlyToken {
            user: caller.name,
            endpoint: wire.endpoint().to_owned(),
        }
        .into());
    }
    Ok(())
}

fn unknown(wire: &Wire<'_>) -> HubError {
    HubError::TokenRefused {
        id: wire.push.repo.id(),
        help: String::new(),
    }
}

/// Makes the repository if there is none; whether it was made.
///
/// A push that is to be private is refused where everyone can read.
pub(super) async fn ensure(wire: &Wire<'_>) -> Result<bool, HubError> {
    let there = info(wire, "").await?;
    let created = there.is_none() && create(wire).await?;
    let there = match there {
        Some(info) => info,
        // Also after a 409: another process made it, perhaps as a public one.
        None => info(wire, "").await?.unwrap_or_default(),
    };
    refuse_public(wire, &there)?;
    Ok(created)
}

/// An error if the push is to be private and the repository, which is there, isn't.
pub(super) async fn may_be_private(wire: &Wire<'_>) -> Result<(), HubError> {
    let there = info(wire, "").await?;
    refuse_public(wire, &there.unwrap_or_default())
}

fn refuse_public(wire: &Wire<'_>, there: &Info) -> Result<(), HubError> {
    if wire.push.private == Some(true) && there.private == Some(false) {
        let repo = wire.push.repo.id();
        return Err(PushError::Public { repo }.into());
    }
    Ok(())
}

/// The head of the branch that is pushed to.
pub(super) async fn head(wire: &Wire<'_>) -> Result<String, HubError> {
    let reply = wire.get(&wire.at_branch("revision")).await?;
    let info: Info = reply.parsed("the repository")?;
    let reason = "it names no commit".to_owned();
    let request = "the repository";
    Ok(info.sha.ok_or(PushError::Answer { request, reason })?)
}

/// The repository, if this token sees one. A private one of others looks as if it were missing.
async fn info(wire: &Wire<'_>, rest: &str) -> Result<Option<Info>, HubError> {
    match wire.ask(&wire.api(rest)).await? {
        Answered::Refused {
            status: 401 | 404, ..
        } => Ok(None),
        answered => Ok(Some(answered.ok()?.parsed("the repository")?)),
    }
}

/// Asks for the repository; 409 is fine, as somebody made it, perhaps this push in a request whose
/// answer was lost.
async fn create(wire: &Wire<'_>) -> Result<bool, HubError> {
    let url = format!("{}/api/repos/create", wire.endpoint());
    let mut body = json!({
        "name": wire.push.repo.name(),
        "organization": wire.push.repo.owner(),
        "type": wire.kind(),
    });
    if let Some(private) = wire.push.private {
        body["private"] = json!(private);
    }
    let body = body.to_string().into_bytes();
    let mut tries = wire.tries();
    loop {
        let failure = match wire.post_once(&url, "application/json", &body).await {
            Answered::Ok(_) => return Ok(true),
            Answered::Refused { status: 409, error } if is_busy(&error) => Failure::passing(error),
            // After a lost answer, it was this push that made it.
            Answered::Refused { status: 409, .. } => return Ok(tries.waited()),
            Answered::Refused { error, .. } => return Err(error),
            Answered::Open(failure) => failure,
        };
        tries.wait(failure).await?;
    }
}

/// As in `create_repo` of `huggingface_hub/hf_api.py`: the Hub makes a user's repositories one
/// after another.
fn is_busy(error: &HubError) -> bool {
    let busy = "another conflicting operation is in progress";
    matches!(error, HubError::Push(PushError::Rejected { message, .. }) if message.contains(busy))
}
