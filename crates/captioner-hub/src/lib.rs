//! Where models and data sets come from, and the card that goes with them.
//!
//! [`find_model`] and [`find_dataset`] give the folder of what a user named. With the feature
//! `hub`, which is off by default because it brings a hundred and more crates, that may be a
//! repository of the Hugging Face Hub: `Hub` fetches it to the cache that Python shares.
//!
//! ```
//! use captioner_hub::{CardDataset, CardMetric, ModelCard, RepoId};
//!
//! let id = RepoId::parse("microsoft/git-base@main")?;
//! assert_eq!((id.owner(), id.name(), id.revision()), ("microsoft", "git-base", "main"));
//!
//! let card = ModelCard {
//!     name: "git-creatures".into(),
//!     dataset: CardDataset::named("creatures"),
//!     metrics: CardMetric::from_scores([("generated_wer", 0.05)]),
//!     ..ModelCard::default()
//! };
//! assert!(card.to_markdown().contains("| wer of generated captions | 0.0500 |"));
//! # Ok::<(), captioner_hub::HubError>(())
//! ```

mod card;
mod error;
#[cfg(feature = "hub")]
mod hub;
mod publisher;
#[cfg(feature = "hub")]
mod push;
mod repo_id;
mod source;

pub use card::{CardDataset, CardLogRow, CardMetric, ModelCard, Origin, hub_id_of};
pub use error::HubError;
#[cfg(feature = "hub")]
pub use hub::{
    Account, DatasetFiles, DownloadProgress, Hub, HubSettings, NoProgress, PictureFetcher,
    Snapshot, TerminalProgress, Token, UrlLimits, fetch_picture,
};
pub use publisher::{Publisher, Upload, open_publisher, pushed_repository};
#[cfg(feature = "hub")]
pub use push::{CheckedFile, Push, PushError, PushFile, PushSource, Pushed, folder_files};
pub use repo_id::{RepoId, RepoKind};
pub use source::{find_dataset, find_model};
