//! From what a user calls a model or a data set to the folder that holds it.

use std::path::{Path, PathBuf};

use crate::{HubError, RepoId};

/// The folder of the model that `spec` names: a folder, or a repository of the Hub as
/// `owner/name` or `owner/name@revision`, which is fetched to the usual cache (feature `hub`).
///
/// # Errors
/// When there is neither; without the feature `hub`, [`HubError::NeedsFeature`] for a repository.
pub fn find_model(spec: &str) -> Result<PathBuf, HubError> {
    let path = Path::new(spec);
    if path.is_dir() {
        Ok(path.to_owned())
    } else if path.exists() {
        let path = spec.to_owned();
        Err(HubError::File { path })
    } else {
        fetch::model(&repository(spec)?)
    }
}

/// The folder or file of the data set that `spec` names: one that is here, or a repository of the
/// Hub as `owner/name`, `owner/name@revision`, and `:configuration` behind it where there are
/// several; its data files are fetched to the usual cache (feature `hub`).
///
/// # Errors
/// When there is neither; without the feature `hub`, [`HubError::NeedsFeature`] for a repository.
pub fn find_dataset(spec: &str) -> Result<PathBuf, HubError> {
    let path = Path::new(spec);
    if path.exists() {
        return Ok(path.to_owned());
    }
    let (id, configuration) = match spec.split_once(':') {
        Some((id, configuration)) => (id, Some(configuration)),
        None => (spec, None),
    };
    let id = repository(id).map_err(|error| match error {
        // As it was typed: `C:\pictures` has a colon too.
        HubError::Missing { .. } => HubError::Missing {
            path: spec.to_owned(),
        },
        other => other,
    })?;
    fetch::dataset(&id, configuration)
}

/// What is no folder is the name of a repository, or a folder that is missing.
fn repository(spec: &str) -> Result<RepoId, HubError> {
    RepoId::parse(spec).map_err(|error| match spec.contains('@') {
        true => error,
        false => HubError::Missing {
            path: spec.to_owned(),
        },
    })
}

#[cfg(feature = "hub")]
mod fetch {
    use std::path::PathBuf;

    use crate::{Hub, HubError, HubSettings, RepoId};

    pub(super) fn model(id: &RepoId) -> Result<PathBuf, HubError> {
        Hub::new(HubSettings::from_env()?)?.model(id)
    }

    pub(super) fn dataset(id: &RepoId, configuration: Option<&str>) -> Result<PathBuf, HubError> {
        let files = Hub::new(HubSettings::from_env()?)?.dataset(id, configuration)?;
        Ok(files.folder)
    }
}

#[cfg(not(feature = "hub"))]
pub(crate) use fetch::command_with_hub;

#[cfg(not(feature = "hub"))]
mod fetch {
    use std::path::{Path, PathBuf};

    use crate::{HubError, RepoId};

    pub(super) fn model(id: &RepoId) -> Result<PathBuf, HubError> {
        Err(needs_feature(id))
    }

    pub(super) fn dataset(id: &RepoId, _: Option<&str>) -> Result<PathBuf, HubError> {
        Err(needs_feature(id))
    }

    fn needs_feature(id: &RepoId) -> HubError {
        HubError::NeedsFeature {
            id: id.to_string(),
            command: command_with_hub(),
        }
    }

    /// The command that this program was started with, with the feature `hub`.
    pub(crate) fn command_with_hub() -> String {
        let program = std::env::current_exe().unwrap_or_default();
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        command(&program, &arguments)
    }

    /// The command that was given, with downloads built in.
    pub(super) fn command(program: &Path, arguments: &[String]) -> String {
        let name = program.file_stem().unwrap_or_default().to_string_lossy();
        let folder = program
            .parent()
            .and_then(Path::file_name)
            .unwrap_or_default();
        let target = if folder == "examples" {
            "--example"
        } else {
            "--bin"
        };
        let mut command = format!("cargo run --release --features hub {target} {name} --");
        // A token on the command line does not go into a message.
        if arguments
            .iter()
            .any(|text| text.contains("token") || text.contains("hf_"))
        {
            return command + " ...";
        }
        for argument in arguments {
            command += " ";
            command += &quoted(argument);
        }
        command
    }

    /// An argument as a shell takes it.
    fn quoted(argument: &str) -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:@,+".contains(c);
        if !argument.is_empty() && argument.chars().all(plain) {
            argument.to_owned()
        } else {
            format!("'{}'", argument.replace('\'', r"'\''"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_go_before_repositories_of_the_same_name() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().to_str().unwrap();
        assert_eq!(find_model(path).unwrap(), root.path());
        assert_eq!(find_dataset(path).unwrap(), root.path());
    }

    #[test]
    fn missing_folders_and_files_are_told_apart() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("model");
        std::fs::write(&file, "").unwrap();
        let file = file.to_str().unwrap();
        assert!(matches!(find_model(file), Err(HubError::File { .. })));
        for missing in [
            "nothing", "./a/b", "../up", "a/b/c", "/root/x", "a b/c", r"C:\x",
        ] {
            let error = find_model(missing).unwrap_err();
            assert!(matches!(error, HubError::Missing { .. }), "{missing}");
            let error = find_dataset(missing).unwrap_err();
            assert!(
                matches!(&error, HubError::Missing { path } if path == missing),
                "{error}"
            );
        }
    }

    #[test]
    fn a_revision_that_git_refuses_is_no_missing_folder() {
        let error = find_model("a/b@x..y").unwrap_err();
        assert!(matches!(error, HubError::Id { .. }), "{error}");
    }

    #[cfg(not(feature = "hub"))]
    #[test]
    fn a_repository_gives_the_command_that_fetches_it() {
        let program = Path::new("/w/target/release/examples/finetune_pokemon");
        let arguments = ["--dataset", "user/set", "--prompt", "a cat's"].map(str::to_owned);
        let command = fetch::command(program, &arguments);
        let expected = "cargo run --release --features hub --example finetune_pokemon -- \
                        --dataset user/set --prompt 'a cat'\\''s'";
        assert_eq!(command, expected);
        let hidden = ["--hub-token".to_owned(), "hf_secret".to_owned()];
        assert!(!fetch::command(program, &hidden).contains("secret"));
        let message = find_model("microsoft/git-base@v1").unwrap_err().to_string();
        assert!(message.contains("microsoft/git-base@v1"), "{message}");
        assert!(message.contains("--features hub"), "{message}");
    }
}
