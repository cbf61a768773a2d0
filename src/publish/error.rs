//! Why a run can't be published.

use std::path::PathBuf;

use captioner_files::FileError;
use captioner_hub::HubError;
use captioner_model::ModelError;
use thiserror::Error;

/// Why a run can't be published.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The model or its processor.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A file of the folder.
    #[error(transparent)]
    File(#[from] FileError),
    /// A folder that was not written for a repository.
    #[error("{path} holds files of another kind: move them away, or choose another folder", path = .path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
    },
    /// The push failed; what was to be pushed is there.
    #[error(
        "{folder} was not pushed to '{repo}': {source}; it stays there, and `{command}` tries again",
        folder = .folder.display()
    )]
    Push {
        /// The folder that was to be pushed.
        folder: PathBuf,
        /// The repository.
        repo: String,
        /// Why not.
        source: Box<HubError>,
        /// The command that pushes it.
        command: String,
    },
}
