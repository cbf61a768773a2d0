//! The order of a push.

use std::collections::BTreeSet;

use super::commit::Header;
use super::land::{Commit, Landed, land};
use super::large::store;
use super::local::{LocalFile, check_paths, read_all};
use super::plan::{BATCH, Mode, Planned, collision, planned, preupload_body};
use super::repository::{ensure, head, may_be_private, may_write};
use super::wire::Wire;
use super::{Push, PushError, Pushed};
use crate::HubError;
use crate::hub::http::Http;

/// What of a push can be checked here: its message, its paths, its files.
pub(super) fn read(push: &Push) -> Result<Vec<LocalFile>, PushError> {
    let repo = push.repo.id();
    if push.files.is_empty() && push.delete.is_empty() {
        return Err(PushError::Nothing { repo });
    }
    let message = push.message.trim();
    if message.is_empty() || message.contains('\n') {
        return Err(PushError::Message { repo });
    }
    let paths = push.files.iter().map(|file| file.path.as_str());
    check_paths(paths.chain(push.delete.iter().map(String::as_str)))?;
    read_all(&push.files)
}

/// What can be known before there are files.
pub(super) async fn check(http: Http, push: Push) -> Result<(), HubError> {
    let wire = Wire::new(http, &push)?;
    may_write(&wire).await?;
    may_be_private(&wire).await
}

/// The whole push.
pub(super) async fn run(http: Http, push: Push) -> Result<Pushed, HubError> {
    let files = read(&push)?;
    let wire = Wire::new(http, &push)?;
    may_write(&wire).await?;
    let created_repo = ensure(&wire).await?;
    let mut run = Run {
        wire,
        files,
        stored: BTreeSet::new(),
    };
    let (parent, plan, delete) = run.look().await?;
    let landed = run.send(&parent, &plan, &delete).await?;
    let (plan, sent) = match landed {
        Sent::Made(sent) => (plan, sent),
        Sent::Moved => run.again(&plan).await?,
    };
    Ok(run.pushed(created_repo, &plan, sent))
}

/// A push under way.
struct Run<'a> {
    wire: Wire<'a>,
    files: Vec<LocalFile>,
    /// Object ids of large files that were stored.
    stored: BTreeSet<String>,
}

enum Sent {
    /// The head, and whether this push made it.
    Made((Commit, bool)),
    /// Somebody else pushed first.
    Moved,
}

impl Run<'_> {
    /// The head, and what has to be done upon it.
    async fn look(&self) -> Result<(String, Vec<Planned>, Vec<String>), HubError> {
        let parent = head(&self.wire).await?;
        let plan = self.plan().await?;
        let delete = self.wire.held(&parent, &self.wire.push.delete).await?;
        let delete = delete.into_iter().map(|entry| entry.path).collect();
        Ok((parent, plan, delete))
    }

    async fn plan(&self) -> Result<Vec<Planned>, HubError> {
        let url = self.wire.at_branch("preupload");
        let mut plan = Vec::new();
        for files in self.files.chunks(BATCH) {
            let answer = self.wire.post_json(&url, preupload_body(files)).await?;
            plan.extend(planned(files, answer)?);
        }
        Ok(plan)
    }

    /// Stores what is large, then makes the commit.
    async fn send(
        &mut self,
        parent: &str,
        plan: &[Planned],
        delete: &[String],
    ) -> Result<Sent, HubError> {
        if !self.something(plan, delete)? {
            return Ok(Sent::Made((self.wire.commit(parent), false)));
        }
        let large = self.files.iter().zip(plan);
        let large = large.filter(|(file, planned)| {
            planned.mode == Mode::Large && !self.stored.contains(&file.sha256)
        });
        let large: Vec<_> = large.map(|(file, _)| file).collect();
        store(&self.wire, &large).await?;
        let stored: Vec<_> = large.iter().map(|file| file.sha256.clone()).collect();
        self.stored.extend(stored);
        let header = Header {
            summary: self.wire.push.message.trim(),
            description: &self.wire.push.description,
            parent,
        };
        match land(&self.wire, header, &self.files, plan, delete).await? {
            Landed::Made(commit) => Ok(Sent::Made((commit, true))),
            Landed::Moved => Ok(Sent::Moved),
        }
    }

    /// Plans once more, upon the head that another push made.
    async fn again(
        &mut self,
        before: &[Planned],
    ) -> Result<(Vec<Planned>, (Commit, bool)), HubError> {
        let repo = self.wire.push.repo.id();
        let (parent, plan, delete) = self.look().await?;
        if let Some(file) = collision(&self.files, before, &plan) {
            let path = file.path.clone();
            return Err(PushError::Conflict { repo, path }.into());
        }
        match self.send(&parent, &plan, &delete).await? {
            Sent::Made(sent) => Ok((plan, sent)),
            Sent::Moved => Err(PushError::Busy { repo }.into()),
        }
    }

    /// Whether the plan has anything for a commit.
    fn something(&self, plan: &[Planned], delete: &[String]) -> Result<bool, PushError> {
        let ignored = plan.iter().filter(|planned| planned.mode == Mode::Ignored);
        if !plan.is_empty() && ignored.count() == plan.len() && delete.is_empty() {
            let repo = self.wire.push.repo.id();
            return Err(PushError::Ignored { repo });
        }
        let sent = |planned: &Planned| matches!(planned.mode, Mode::Regular | Mode::Large);
        Ok(!delete.is_empty() || plan.iter().any(sent))
    }

    fn pushed(&self, created_repo: bool, plan: &[Planned], sent: (Commit, bool)) -> Pushed {
        let paths = |wanted: &[Mode]| {
            let files = self.files.iter().zip(plan);
            let files = files.filter(|(_, planned)| wanted.contains(&planned.mode));
            files.map(|(file, _)| file.path.clone()).collect()
        };
        let (commit, changed) = sent;
        Pushed {
            commit: commit.id,
            url: commit.url,
            created_repo,
            changed,
            written: paths(&[Mode::Regular, Mode::Large]),
            ignored: paths(&[Mode::Ignored]),
        }
    }
}
