//! A checkpoint's files as they are pushed: kept while the run goes on and removes old checkpoints.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use captioner_files::{FileError, replace_folder, write_json};
use captioner_train::{RUN_FILES, TrainingArguments};

use super::portable;
use super::publication::{ARGUMENTS_FILE, adapter_config};

/// Where the whole checkpoint goes in the repository, as transformers has it.
const LAST_CHECKPOINT: &str = "last-checkpoint";

/// Folder in the output folder, there while a checkpoint is pushed.
const FOLDER: &str = "hub_push";

/// Folder in it for what is pushed otherwise than it is in the checkpoint.
const OWN: &str = "published";

/// What of a checkpoint is pushed.
pub(super) struct Staged {
    pub(super) folder: PathBuf,
    /// The files, by their paths in the repository.
    pub(super) files: BTreeMap<String, PathBuf>,
}

impl Staged {
    /// Hard links of the checkpoint's files, or copies where there are none. The model's are pushed
    /// to the top of the repository, and `whole` pushes all to `last-checkpoint` beside.
    pub(super) fn of(
        checkpoint: &Path,
        arguments: &TrainingArguments,
        base_model: Option<&str>,
        whole: bool,
    ) -> Result<Self, FileError> {
        let folder = arguments.output_dir.join(FOLDER);
        let names = names(checkpoint)?;
        replace_folder(&folder, |scratch| {
            for name in &names {
                link(&checkpoint.join(name), &scratch.join(name))?;
            }
            // What names folders of the user is written anew.
            let own = scratch.join(OWN);
            fs::create_dir(&own).map_err(FileError::io("create", &own))?;
            write_json(own.join(ARGUMENTS_FILE), &portable::arguments(arguments))?;
            if let Some((name, config)) = adapter_config(checkpoint, base_model)? {
                write_json(own.join(name), &config)?;
            }
            Ok::<_, FileError>(())
        })?;
        let files = paths(&folder, &names, whole);
        Ok(Self { folder, files })
    }
}

/// The files in the staged folder, by their paths in the repository.
fn paths(folder: &Path, names: &[String], whole: bool) -> BTreeMap<String, PathBuf> {
    let mut files = BTreeMap::new();
    for name in names {
        let (own, linked) = (folder.join(OWN).join(name), folder.join(name));
        if whole {
            files.insert(format!("{LAST_CHECKPOINT}/{name}"), linked.clone());
        }
        if !RUN_FILES.contains(&name.as_str()) {
            let file = if own.is_file() { own } else { linked };
            files.insert(name.clone(), file);
        }
    }
    files
}

fn names(checkpoint: &Path) -> Result<Vec<String>, FileError> {
    let read = || FileError::io("read", checkpoint);
    let mut names = Vec::new();
    for entry in fs::read_dir(checkpoint).map_err(read())? {
        let entry = entry.map_err(read())?;
        if entry.path().is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    Ok(names)
}

fn link(from: &Path, to: &Path) -> Result<(), FileError> {
    if fs::hard_link(from, to).is_err() {
        fs::copy(from, to).map_err(FileError::io("copy", from))?;
    }
    Ok(())
}
