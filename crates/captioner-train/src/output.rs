//! The output folder and its checkpoints.

use std::fs;
use std::path::{Path, PathBuf};

use captioner_files::{clean_folder, remove_folder, replace_folder, write_json};
use captioner_model::{Pretrained, Processor, has_adapter, save_adapter};

use crate::arguments::TrainingArguments;
use crate::error::TrainError;
use crate::state::TrainerState;

/// The file by which a run knows its own output folder.
const MARKER: &str = "training_args.json";

/// File of a checkpoint that says where the run stood.
pub const STATE_FILE: &str = "trainer_state.json";

/// Folder of a checkpoint that holds the adapter alone, beside the merged model.
pub(crate) const ADAPTER: &str = "adapter";

/// A run's output folder.
pub struct OutputFolder {
    path: PathBuf,
}

impl OutputFolder {
    /// Checks that `path` may be written to: absent, empty, or written by an earlier run, whose
    /// checkpoints only `overwrite` allows. Changes nothing.
    ///
    /// # Errors
    /// When it is a file, or holds what no run wrote, or an earlier run's checkpoints, or can't be
    /// looked at.
    pub fn check(path: impl AsRef<Path>, overwrite: bool) -> Result<Self, TrainError> {
        let path = path.as_ref();
        let own = path.to_owned();
        let output = |source| TrainError::Output {
            path: path.to_owned(),
            source,
        };
        if !path.try_exists().map_err(output)? {
            return Ok(Self { path: own });
        }
        let empty = path.is_dir() && fs::read_dir(path).map_err(output)?.next().is_none();
        if !empty && !path.join(MARKER).is_file() {
            return Err(TrainError::ForeignOutput { path: own });
        }
        let folder = Self { path: own };
        let finished = ["model", ADAPTER]
            .iter()
            .any(|name| path.join(name).exists());
        if !overwrite && (finished || !folder.steps()?.is_empty()) {
            return Err(TrainError::EarlierRun { path: folder.path });
        }
        Ok(folder)
    }

    /// Makes the folder, and removes what killed runs left half-written in it. Nothing else is
    /// removed: the checkpoints of an earlier run stay until this one has saved its own.
    ///
    /// # Errors
    /// When files can't be written.
    pub fn claim(&self, arguments: &TrainingArguments) -> Result<(), TrainError> {
        fs::create_dir_all(&self.path).map_err(|source| self.failed(source))?;
        clean_folder(&self.path)?;
        write_json(self.path.join(MARKER), arguments)?;
        Ok(())
    }

    /// Removes checkpoints of these steps.
    pub(crate) fn remove_all(&self, steps: &[usize]) -> Result<(), TrainError> {
        steps.iter().try_for_each(|&step| self.remove(step))
    }

    /// Writes the checkpoint of the state's step, whole or not at all.
    pub(crate) fn save<M: Pretrained>(
        &self,
        model: &M,
        processor: &Processor,
        arguments: &TrainingArguments,
        state: &TrainerState,
    ) -> Result<PathBuf, TrainError> {
        let path = self.checkpoint(state.global_step);
        replace_folder(&path, |scratch| {
            // The folder is exchanged as a whole: each part need not be.
            model.save_pretrained(scratch)?;
            processor.save_pretrained(scratch)?;
            if has_adapter(model) {
                save_adapter(model, scratch.join(ADAPTER), None)?;
            }
            write_json(scratch.join(STATE_FILE), state)?;
            write_json(scratch.join(MARKER), arguments)?;
            Ok::<_, TrainError>(())
        })?;
        Ok(path)
    }

    /// The checkpoint folder of a step.
    pub(crate) fn checkpoint(&self, step: usize) -> PathBuf {
        self.path.join(format!("checkpoint-{step}"))
    }

    /// Removes the oldest checkpoints beyond `limit`, the newest and the best one never.
    pub(crate) fn keep(&self, limit: usize, best: Option<&Path>) -> Result<(), TrainError> {
        let mut steps = self.steps()?;
        steps.sort_unstable();
        let mut surplus = steps.len().saturating_sub(limit);
        steps.pop();
        for step in steps {
            let is_best = best == Some(self.checkpoint(step).as_path());
            if surplus > 0 && !is_best {
                self.remove(step)?;
                surplus -= 1;
            }
        }
        Ok(())
    }

    fn remove(&self, step: usize) -> Result<(), TrainError> {
        Ok(remove_folder(self.checkpoint(step))?)
    }

    /// The steps of the checkpoints that runs wrote here.
    pub(crate) fn steps(&self) -> Result<Vec<usize>, TrainError> {
        let entries = fs::read_dir(&self.path).map_err(|source| self.failed(source))?;
        let mut steps = Vec::new();
        for entry in entries {
            let name = entry.map_err(|source| self.failed(source))?.file_name();
            let step = name
                .to_str()
                .and_then(|name| name.strip_prefix("checkpoint-"));
            let step = step.and_then(|step| step.parse::<usize>().ok());
            // A folder of such a name that no run wrote is the user's.
            let is_own = |step: &usize| {
                let path = self.checkpoint(*step);
                path.file_name() == Some(&name) && path.join(STATE_FILE).is_file()
            };
            steps.extend(step.filter(is_own));
        }
        Ok(steps)
    }

    fn failed(&self, source: std::io::Error) -> TrainError {
        TrainError::Output {
            path: self.path.clone(),
            source,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_checkpoints(steps: &[usize]) -> (tempfile::TempDir, OutputFolder) {
        let root = tempfile::tempdir().unwrap();
        let folder = OutputFolder::check(root.path().join("run"), false).unwrap();
        folder.claim(&TrainingArguments::default()).unwrap();
        for &step in steps {
            fs::create_dir(folder.checkpoint(step)).unwrap();
            fs::write(folder.checkpoint(step).join(STATE_FILE), "{}").unwrap();
        }
        (root, folder)
    }

    fn left(folder: &OutputFolder) -> Vec<usize> {
        let mut steps = folder.steps().unwrap();
        steps.sort_unstable();
        steps
    }

    #[test]
    fn the_best_checkpoint_and_the_newest_are_never_removed() {
        let (_root, folder) = with_checkpoints(&[5, 10, 100]);
        let best = folder.checkpoint(5);
        folder.keep(2, Some(&best)).unwrap();
        assert_eq!(left(&folder), [5, 100]);
        folder.keep(1, Some(&best)).unwrap();
        assert_eq!(left(&folder), [5, 100]);
    }

    #[test]
    fn what_an_earlier_run_left_is_refused_and_stays() {
        let (_root, folder) = with_checkpoints(&[5]);
        fs::write(folder.path.join("notes.txt"), "mine").unwrap();
        let refused = OutputFolder::check(&folder.path, false).err().unwrap();
        let message = refused.to_string();
        assert!(message.contains("overwrite_output_dir"), "{message}");
        let again = OutputFolder::check(&folder.path, true).unwrap();
        again.claim(&TrainingArguments::default()).unwrap();
        assert_eq!(left(&again), [5]);
        again.remove_all(&[5]).unwrap();
        assert!(left(&again).is_empty());
        assert!(folder.path.join("notes.txt").exists());
        // A finished model without a checkpoint is an earlier run's too.
        OutputFolder::check(&folder.path, false).unwrap();
        fs::create_dir(folder.path.join("model")).unwrap();
        assert!(OutputFolder::check(&folder.path, false).is_err());
    }

    #[test]
    fn folders_that_only_look_like_checkpoints_are_the_users() {
        let (_root, folder) = with_checkpoints(&[]);
        for name in [
            "checkpoint-7",
            "checkpoint-007",
            "checkpoint-+5",
            "checkpoint-x",
        ] {
            fs::create_dir(folder.path.join(name)).unwrap();
        }
        fs::write(folder.path.join("checkpoint-9"), "mine").unwrap();
        fs::write(folder.path.join("checkpoint-007").join(STATE_FILE), "{}").unwrap();
        assert!(left(&folder).is_empty());
        folder.keep(0, None).unwrap();
        assert!(folder.path.join("checkpoint-7").is_dir());
    }

    #[test]
    fn a_folder_that_no_run_wrote_is_refused_and_left_alone() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("thesis.txt"), "mine").unwrap();
        let refused = OutputFolder::check(root.path(), true);
        assert!(matches!(refused, Err(TrainError::ForeignOutput { .. })));
        let file = root.path().join("thesis.txt");
        assert!(OutputFolder::check(&file, true).is_err());
        assert!(file.exists());
    }
}
