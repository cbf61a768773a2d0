//! The one request that makes the commit, and what to do when its answer is lost.

use serde::Deserialize;

use super::PushError;
use super::commit::{Header, body};
use super::local::LocalFile;
use super::plan::{Mode, Planned, holds};
use super::wire::{Answered, Wire};
use crate::HubError;
use crate::hub::http::Failure;

/// A commit of the branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Commit {
    pub(super) id: String,
    /// Its page.
    pub(super) url: String,
}

/// How a commit ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Landed {
    /// The branch holds it.
    Made(Commit),
    /// The branch has another head than the commit's parent.
    Moved,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    commit_oid: String,
    #[serde(default)]
    commit_url: Option<String>,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
    #[serde(default)]
    title: String,
}

/// Makes the commit, once.
///
/// An answer that leaves open whether the commit was made (the connection broke, a server error, a
/// body cut off) is cleared up by reading the branch, before the request is sent again.
pub(super) async fn land(
    wire: &Wire<'_>,
    header: Header<'_>,
    files: &[LocalFile],
    plan: &[Planned],
    delete: &[String],
) -> Result<Landed, HubError> {
    let body = body(header, files, plan, delete)?;
    let made = Made {
        wire,
        header,
        files,
        plan,
        delete,
    };
    let url = wire.at_branch("commit");
    let mut tries = wire.tries();
    loop {
        let failure = match wire.post_once(&url, "application/x-ndjson", &body).await {
            Answered::Ok(reply) => match reply.parsed::<Answer>("the commit") {
                Ok(answer) => return Ok(Landed::Made(commit(wire, answer))),
                Err(error) => Failure::passing(error),
            },
            Answered::Refused { status: 412, .. } => {
                return Ok(made.look().await?.unwrap_or(Landed::Moved));
            }
            Answered::Refused { error, .. } => return Err(error),
            Answered::Open(failure) => failure,
        };
        if let Some(landed) = made.look().await? {
            return Ok(landed);
        }
        tries.wait(failure).await?;
    }
}

fn commit(wire: &Wire<'_>, answer: Answer) -> Commit {
    let known = wire.commit(&answer.commit_oid);
    Commit {
        url: answer.commit_url.unwrap_or(known.url),
        ..known
    }
}

/// A commit that was sent, and that the branch may hold.
struct Made<'a> {
    wire: &'a Wire<'a>,
    header: Header<'a>,
    files: &'a [LocalFile],
    plan: &'a [Planned],
    delete: &'a [String],
}

impl Made<'_> {
    /// What became of the commit: `None` when the head is still its parent.
    async fn look(&self) -> Result<Option<Landed>, HubError> {
        self.find().await.map_err(|error| {
            let repo = self.wire.push.repo.id();
            let reason = error.to_string();
            PushError::Unknown { repo, reason }.into()
        })
    }

    async fn find(&self) -> Result<Option<Landed>, HubError> {
        let url = self.wire.at_branch("commits");
        let reply = self.wire.get(&url).await?;
        let commits: Vec<Listed> = reply.parsed("the list of commits")?;
        let parent = commits
            .iter()
            .position(|commit| commit.id == self.header.parent);
        let Some(child) = parent.map(|index| index.checked_sub(1)) else {
            return Ok(Some(Landed::Moved));
        };
        let Some(child) = child.map(|index| &commits[index]) else {
            return Ok(None);
        };
        let ours = child.title == self.header.summary && self.holds_all(&child.id).await?;
        Ok(Some(match ours {
            true => Landed::Made(self.wire.commit(&child.id)),
            false => Landed::Moved,
        }))
    }

    /// Whether a commit holds everything that was sent, and nothing that was to go.
    async fn holds_all(&self, commit: &str) -> Result<bool, HubError> {
        let sent = self.files.iter().zip(self.plan);
        let sent = sent.filter(|(_, planned)| matches!(planned.mode, Mode::Regular | Mode::Large));
        let sent: Vec<_> = sent.map(|(file, _)| file).collect();
        let paths: Vec<_> = sent.iter().map(|file| file.path.clone()).collect();
        let held = self.wire.held(commit, &paths).await?;
        let all = sent.iter().all(|file| {
            let mut entries = held.iter().filter(|entry| entry.path == file.path);
            entries.any(|entry| holds(file, entry.object()))
        });
        Ok(all && self.wire.held(commit, self.delete).await?.is_empty())
    }
}
