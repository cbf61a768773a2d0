//! What 401, 403 and 404 mean: `X-Error-Code` and the status, as `hf_raise_for_status` reads them.

use reqwest::header::HeaderMap;

use crate::{HubError, HubSettings, RepoId, RepoKind};

/// Captioned sets by their names on the Hub as known in 2026; that they are still there can't be
/// checked without the Hub.
const SETS: &str = "reach-vb/pokemon-blip-captions, svjack/pokemon-blip-captions-en-zh";
/// The set of the first guides, which its owner took down.
const RETIRED: &str = "lambdalabs/pokemon-blip-captions";

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) kind: RepoKind,
    pub(crate) id: &'a RepoId,
    pub(crate) file: Option<&'a str>,
}

/// The error of a refusal; none for a status that is no answer about the repository.
pub(crate) fn refusal(
    status: u16,
    headers: &HeaderMap,
    subject: &Subject<'_>,
    settings: &HubSettings,
) -> Option<HubError> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    let code = text("x-error-code").unwrap_or_default();
    let known = settings.token.is_some();
    let id = subject.id.id();
    let help = help(subject.kind);
    if matches!(status, 401 | 403 | 404) && id == RETIRED && code != "RevisionNotFound" {
        let instead = SETS.to_owned();
        return Some(HubError::Retired { id, instead, known });
    }
    Some(match (status, code) {
        (_, "GatedRepo") => HubError::Gated {
            page: page(subject, settings),
            id,
            known,
            help,
        },
        (404, "RevisionNotFound") => HubError::Revision {
            id,
            revision: subject.id.revision().to_owned(),
        },
        (404, "EntryNotFound") if subject.file.is_some() => HubError::Entry {
            id,
            file: subject.file.unwrap_or_default().to_owned(),
        },
        (401, _) if known && is_bad_token(text("x-error-message")) => {
            HubError::TokenRefused { id, help }
        }
        (401 | 404, _) => HubError::NotFound {
            kind: subject.kind,
            id,
            known,
            help,
        },
        (403, _) => HubError::Forbidden { id, known, help },
        _ => return None,
    })
}

/// The words by which `huggingface_hub` tells a token that nobody has from a repository that nobody
/// sees.
fn is_bad_token(message: Option<&str>) -> bool {
    message.is_some_and(|message| message.starts_with("Invalid credentials"))
}

fn help(kind: RepoKind) -> String {
    match kind {
        RepoKind::Model => String::new(),
        RepoKind::Dataset => format!("; sets that can be used instead are {SETS}"),
    }
}

fn page(subject: &Subject<'_>, settings: &HubSettings) -> String {
    let prefix = match subject.kind {
        RepoKind::Model => "",
        RepoKind::Dataset => "datasets/",
    };
    format!("{}/{prefix}{}", settings.endpoint, subject.id.id())
}
