//! From what a user calls a model to the folder that holds it.

use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a model's folder can't be given.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum HubError {
    /// A repository of the Hugging Face Hub, and no folder of that name.
    #[error(
        "'{id}' is no folder here, and repositories can't be fetched from the Hub yet: \
         download it and name its folder"
    )]
    NotYet {
        /// The repository.
        id: String,
    },
    /// Neither a folder nor the name of a repository.
    #[error("there is no folder '{path}': name one that holds config.json and model.safetensors")]
    Missing {
        /// What was asked for.
        path: String,
    },
    /// A file.
    #[error("'{path}' is a file: name the folder that holds config.json and model.safetensors")]
    File {
        /// What was asked for.
        path: String,
    },
}

/// The folder of the model that `spec` names.
///
/// # Errors
/// When there is no such folder; a name of the form `owner/name` is taken for a repository, which
/// can't be fetched yet.
pub fn find_model(spec: &str) -> Result<PathBuf, HubError> {
    let path = Path::new(spec);
    let name = spec.to_owned();
    if path.is_dir() {
        Ok(path.to_owned())
    } else if path.exists() {
        Err(HubError::File { path: name })
    } else if is_repository(spec) {
        Err(HubError::NotYet { id: name })
    } else {
        Err(HubError::Missing { path: name })
    }
}

/// Whether `spec` has the form `owner/name` with the characters that the Hub allows.
fn is_repository(spec: &str) -> bool {
    let allowed = |part: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        part.starts_with(|c: char| c.is_ascii_alphanumeric()) && part.chars().all(plain)
    };
    spec.split_once('/')
        .is_some_and(|(owner, name)| allowed(owner) && allowed(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_go_before_repositories_of_the_same_name() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().to_str().unwrap();
        assert_eq!(find_model(path).unwrap(), root.path());
    }

    #[test]
    fn repositories_missing_folders_and_files_are_told_apart() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("model");
        std::fs::write(&file, "").unwrap();
        let file = file.to_str().unwrap();
        assert!(matches!(find_model(file), Err(HubError::File { .. })));
        for missing in ["nothing", "./a/b", "../up", "a/b/c", "/root/x", "a b/c"] {
            let error = find_model(missing).unwrap_err();
            assert!(matches!(error, HubError::Missing { .. }), "{missing}");
        }
        let id = find_model("microsoft/git-base").unwrap_err();
        assert!(id.to_string().contains("microsoft/git-base"));
    }
}
