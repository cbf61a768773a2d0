//! Where the Hub is, where its files go, and who asks.

use std::path::PathBuf;
use std::time::Duration;

use crate::{HubError, Token};

use super::environment::Environment;

/// Where the Hub is, where its files go, and who asks.
///
/// ```
/// use captioner_hub::HubSettings;
///
/// let settings = HubSettings::from_lookup(|name| match name {
///     "HF_HOME" => Some("/data/hf".into()),
///     "HF_HUB_OFFLINE" => Some("1".into()),
///     _ => None,
/// })?;
/// assert_eq!(settings.cache, std::path::Path::new("/data/hf/hub"));
/// assert_eq!(settings.endpoint, "https://huggingface.co");
/// assert!(settings.offline && settings.token.is_none());
/// # Ok::<(), captioner_hub::HubError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HubSettings {
    /// The Hub's address, without a slash at its end.
    pub endpoint: String,
    /// The folder of snapshots, shared with Python.
    pub cache: PathBuf,
    /// The file that `hf auth login` writes the token to.
    pub token_path: PathBuf,
    /// Who asks.
    pub token: Option<Token>,
    /// Nothing is fetched.
    pub offline: bool,
    /// No data set is fetched.
    pub datasets_offline: bool,
    /// How long a server may be silent within a download.
    pub download_timeout: Duration,
    /// How long the Hub may take to say what a repository holds.
    pub etag_timeout: Duration,
    /// Whether bars are drawn where there is a terminal.
    pub progress_bars: bool,
    /// How often a request is tried again without a byte of progress.
    pub retries: u32,
    /// The wait before the first try again; each later one is twice as long.
    pub retry_wait: Duration,
    /// The longest wait that a server may ask for.
    pub max_wait: Duration,
}

impl HubSettings {
    /// The settings of the environment, as `huggingface_hub`'s `constants.py` reads them:
    /// `HF_ENDPOINT`, `HF_HOME`, `XDG_CACHE_HOME`, `HF_HUB_CACHE`, `HUGGINGFACE_HUB_CACHE`,
    /// `HF_TOKEN`, `HUGGING_FACE_HUB_TOKEN`, `HF_TOKEN_PATH` and its file,
    /// `HF_HUB_DISABLE_IMPLICIT_TOKEN`, `HF_HUB_OFFLINE`, `TRANSFORMERS_OFFLINE`,
    /// `HF_DATASETS_OFFLINE`, `HF_HUB_DOWNLOAD_TIMEOUT`, `HF_HUB_ETAG_TIMEOUT` and
    /// `HF_HUB_DISABLE_PROGRESS_BARS`.
    ///
    /// hf-hub 1.0.0 reads some of these itself and its successor none: all are read here and given
    /// to it.
    ///
    /// # Errors
    /// [`HubError::Setting`] for a timeout that is no number or an endpoint that is no address.
    pub fn from_env() -> Result<Self, HubError> {
        Self::from_lookup(|name| std::env::var_os(name)?.into_string().ok())
    }

    /// As [`from_env`](Self::from_env), from anything that knows variables by name.
    ///
    /// # Errors
    /// As [`from_env`](Self::from_env).
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, HubError> {
        let environment = Environment::new(&lookup);
        let offline = environment.offline();
        let token_path = environment.token_path();
        Ok(Self {
            endpoint: environment.endpoint()?,
            cache: environment.cache(),
            token: environment.token(&token_path),
            token_path,
            offline,
            datasets_offline: environment.datasets_offline(offline),
            download_timeout: environment.seconds("HF_HUB_DOWNLOAD_TIMEOUT")?,
            etag_timeout: environment.seconds("HF_HUB_ETAG_TIMEOUT")?,
            progress_bars: !environment.is_true("HF_HUB_DISABLE_PROGRESS_BARS"),
            retries: 5,
            retry_wait: Duration::from_secs(1),
            // The Hub's windows are five minutes long.
            max_wait: Duration::from_secs(310),
        })
    }
}
