//! The Hub: snapshots of its repositories in the cache that Python shares.
//!
//! # What hf-hub does, and what is done here
//!
//! [hf-hub](https://docs.rs/hf-hub/1.0.0) 1.0.0 is the base of what writes to the Hub:
//! [`Hub::client`] gives its client, built from [`HubSettings`](crate::HubSettings). It is used only where there is a
//! token: without one, its builder takes whichever the environment holds.
//!
//! What reads is this crate's own, on the same `reqwest`, because version 1.0.0
//! - takes the body of a refusal for the file, if the `HEAD` before it went well;
//! - begins a file anew with each try, and checks neither length nor hash;
//! - calls a snapshot complete that holds only some files;
//! - joins names from the server to the cache's path unchecked;
//! - knows no `HF_HUB_OFFLINE`, no timeout of a `HEAD`, and drops the `RateLimit` header;
//! - sends the token to any host that a `Link` header of a listing names;
//! - shows signed addresses and whole answers in its errors.

mod blob;
mod cache;
mod complete;
mod configurations;
mod dataset;
mod environment;
pub(crate) mod http;
mod listing;
pub(crate) mod login;
mod model;
mod names;
mod patterns;
mod picture;
mod progress;
mod public_address;
pub(crate) mod refusal;
mod runtime;
mod scratch;
mod settings;
mod snapshot;
mod token;
mod trees;
mod verify;
pub(crate) mod wait;

use std::path::PathBuf;
use std::sync::Arc;

use crate::{HubError, RepoId, RepoKind};

use self::cache::Place;
use self::complete::lacking;
use self::http::{Http, client_builder};
use self::patterns::fits;
use self::runtime::Background;
use self::snapshot::{Choice, incomplete};

pub use self::dataset::DatasetFiles;
use self::listing::RemoteFile;
pub use self::login::Account;
pub use self::picture::{PictureFetcher, UrlLimits, fetch_picture};
pub use self::progress::{DownloadProgress, NoProgress, TerminalProgress};
pub use self::settings::HubSettings;
pub use self::snapshot::Snapshot;
pub use self::token::Token;

/// The Hub, for callers that wait. It may be used within a tokio runtime as well.
///
/// ```no_run
/// use captioner_hub::{Hub, HubSettings, RepoId, RepoKind};
///
/// let hub = Hub::new(HubSettings::from_env()?)?;
/// let id = RepoId::parse("microsoft/git-base")?;
/// let folder = hub.model(&id)?;
/// let card = hub.snapshot(RepoKind::Model, &id, &["README.md"])?;
/// # Ok::<(), captioner_hub::HubError>(())
/// ```
#[derive(Debug)]
pub struct Hub {
    pub(crate) http: Http,
    pub(crate) background: Background,
}

impl Hub {
    /// With bars on a terminal, where the settings allow them.
    ///
    /// # Errors
    /// When no client or thread can be made.
    pub fn new(settings: HubSettings) -> Result<Self, HubError> {
        let progress = TerminalProgress::new(settings.progress_bars);
        Self::with_progress(settings, Arc::new(progress))
    }

    /// With something else that is told of the progress.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_progress(
        settings: HubSettings,
        progress: Arc<dyn DownloadProgress>,
    ) -> Result<Self, HubError> {
        Ok(Self {
            http: Http::new(Arc::new(settings), progress)?,
            background: Background::start()?,
        })
    }

    /// What it was made with.
    pub fn settings(&self) -> &HubSettings {
        &self.http.settings
    }

    /// The files of a repository that fit one of the patterns of Python's `allow_patterns`, all if
    /// there are none, in the usual cache: `models--owner--name/snapshots/COMMIT`.
    ///
    /// What is in the cache is not fetched again; what broke off is gone on with. Each file's
    /// length and hash are checked before it gets its name, and nothing is given before all are
    /// there. Offline, or where the Hub can't be reached, a snapshot in the cache is given if it
    /// is complete by the listing kept beside it.
    ///
    /// # Errors
    /// When the Hub refuses, can't be reached, or gives something else than its listing says; when
    /// the disk is full. What came of the files is gone on with by the next call.
    pub fn snapshot(
        &self,
        kind: RepoKind,
        id: &RepoId,
        patterns: &[&str],
    ) -> Result<Snapshot, HubError> {
        let patterns: Vec<String> = patterns.iter().map(|&text| text.to_owned()).collect();
        self.choose(kind, id, true, move |files| {
            let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
            let fit = files.iter().filter(|file| fits(&patterns, &file.path));
            Ok(fit.cloned().collect())
        })
    }

    /// The folder of a model's files: description, tokenizer, and its weights in one form.
    ///
    /// # Errors
    /// As [`snapshot`](Self::snapshot); [`HubError::NoWeights`] where there are none, and
    /// [`HubError::Incomplete`] where an index names shards that the repository lacks.
    pub fn model(&self, id: &RepoId) -> Result<PathBuf, HubError> {
        let of = id.clone();
        let found = self.choose(RepoKind::Model, id, true, move |files| {
            model::model_files(&of, files)
        })?;
        let lacks = lacking(&found.folder, &found.files);
        if lacks.is_empty() {
            Ok(found.folder)
        } else {
            Err(incomplete(id, found.folder, &lacks))
        }
    }

    /// The data files of a set, by split: parquet files of the repository, else those that the Hub
    /// converts (`refs/convert/parquet`), else tar files or pictures with their metadata.
    ///
    /// # Errors
    /// As [`snapshot`](Self::snapshot); [`HubError::Configuration`] where there are several and
    /// none is chosen, [`HubError::NoData`] where there is nothing that can be read here.
    pub fn dataset(
        &self,
        id: &RepoId,
        configuration: Option<&str>,
    ) -> Result<DatasetFiles, HubError> {
        dataset::find(self, id, configuration)
    }

    /// Asks the Hub whose token this is, and keeps it where Python looks for it
    /// (`$HF_HOME/token` and `stored_tokens`), readable by nobody else.
    ///
    /// # Errors
    /// [`HubError::TokenRefused`] for a token that the Hub does not know; nothing is kept then.
    pub fn login(&self, token: Token) -> Result<Account, HubError> {
        login::login(self, token)
    }

    /// hf-hub's client with these settings, for requests that need a token.
    ///
    /// # Errors
    /// [`HubError::NotLoggedIn`] without a token.
    pub fn client(&self) -> Result<hf_hub::HFClient, HubError> {
        let settings = self.settings();
        let token = settings.token.as_ref().ok_or(HubError::NotLoggedIn)?;
        let unusable = |reason: String| HubError::Connect {
            host: settings.endpoint.clone(),
            reason,
        };
        let client = client_builder(settings).build();
        let client = client.map_err(|error| unusable(error.without_url().to_string()))?;
        let builder = hf_hub::HFClient::builder()
            .endpoint(&settings.endpoint)
            .token(token.expose())
            .cache_dir(&settings.cache)
            .client(client);
        builder
            .build()
            .map_err(|_| unusable("its client can't be made".to_owned()))
    }

    /// A snapshot of the files that `choice` takes from the listing. `remember` lets the revision
    /// mean its commit from now on; where more files are to come, that is for the last of them.
    pub(crate) fn choose(
        &self,
        kind: RepoKind,
        id: &RepoId,
        remember: bool,
        choice: impl Fn(&[RemoteFile]) -> Result<Vec<RemoteFile>, HubError> + Send + Sync + 'static,
    ) -> Result<Snapshot, HubError> {
        let choice: Choice = Arc::new(choice);
        let (http, wanted) = (self.http.clone(), id.clone());
        let snapshot = snapshot::snapshot(http, kind, wanted, choice);
        let found = self.background.wait(snapshot)?;
        if remember {
            self.remember(kind, id, &found.commit)?;
        }
        Ok(found)
    }

    /// Lets a revision mean a commit, for when the Hub can't be asked.
    pub(crate) fn remember(
        &self,
        kind: RepoKind,
        id: &RepoId,
        commit: &str,
    ) -> Result<(), HubError> {
        Place::new(&self.settings().cache, kind, id).set_commit(id.revision(), commit)
    }
}
