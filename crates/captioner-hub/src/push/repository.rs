//! Who pushes, and the repository that is pushed to.

use serde::Deserialize;
use serde_json::{Value, json};

use super::PushError;
use super::wire::{Answered, Wire};
use crate::HubError;

/// What is read of `whoami-v2`.
#[derive(Deserialize)]
struct Caller {
    #[serde(default)]
    name: String,
    #[serde(default)]
    auth: Value,
}

/// What is read of a repository.
#[derive(Deserialize)]
struct Info {
    #[serde(default)]
    private: bool,
    #[serde(default)]
    sha: Option<String>,
}

/// An error if the token is known not to write.
///
/// A hub without `whoami-v2` and one that answers it too seldom (the Hub limits it strictly) say
/// nothing: the repository's own answer will.
pub(super) async fn may_write(wire: &Wire<'_>) -> Result<(), HubError> {
    let url = format!("{}/api/whoami-v2", wire.endpoint());
    let reply = match wire.ask(&url).await? {
        Answered::Refused(404 | 429, _) => return Ok(()),
        answered => answered.ok()?,
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

/// Makes the repository if there is none; whether it was made.
///
/// A push that is to be private is refused where everyone can read.
pub(super) async fn ensure(wire: &Wire<'_>) -> Result<bool, HubError> {
    let there = info(wire, "").await?;
    let created = there.is_none() && create(wire).await?;
    let there = match there {
        Some(info) => info,
        // Also after a 409: another process made it, perhaps as a public one.
        None => info(wire, "").await?.unwrap_or(Info {
            private: true,
            sha: None,
        }),
    };
    if wire.push.private == Some(true) && !there.private {
        let repo = wire.push.repo.to_string();
        return Err(PushError::Public { repo }.into());
    }
    Ok(created)
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
        Answered::Refused(401 | 404, _) => Ok(None),
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
        let error = match wire.post_once(&url, "application/json", &body).await {
            Answered::Ok(_) => return Ok(true),
            Answered::Refused(409, error) if error.to_string().contains(IN_PROGRESS) => error,
            // After a lost answer, it was this push that made it.
            Answered::Refused(409, _) => return Ok(tries.waited()),
            Answered::Refused(_, error) => return Err(error),
            Answered::Open(error) => error,
        };
        tries.wait(error).await?;
    }
}

/// As in `create_repo` of `huggingface_hub/hf_api.py`: the Hub makes a user's repositories one
/// after another.
const IN_PROGRESS: &str = "another conflicting operation is in progress";
