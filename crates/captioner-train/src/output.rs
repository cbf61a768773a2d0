//! The output folder and its checkpoints.

use std::fs;
use std::path::{Path, PathBuf};

use captioner_files::{FolderLock, MANIFEST_FILE, clean_folder, remove_folder, write_json};

use crate::arguments::{ResumeFrom, TrainingArguments};
use crate::checkpoint::STATE_FILE;
use crate::error::TrainError;

/// The file by which a run knows its own output folder.
pub(crate) const MARKER: &str = "training_args.json";

/// What the first file's name begins with while it is written.
const BEGUN: &str = ".training_args.json.captioner-";

/// What a finished run leaves beside its checkpoints.
const RESULTS: [&str; 3] = ["model", "adapter", STATE_FILE];

/// Checks that a run of these settings may write to their `output_dir`: that it is absent, empty, or
/// an earlier run's that `resume_from_checkpoint` or `overwrite_output_dir` speaks of. Changes
/// nothing.
///
/// # Errors
/// When it is a file, holds what no run wrote or an earlier run's results, or can't be looked at.
pub fn check_output_dir(arguments: &TrainingArguments) -> Result<(), TrainError> {
    OutputFolder::check(arguments).map(|_| ())
}

/// A run's output folder.
#[derive(Debug)]
pub(crate) struct OutputFolder {
    path: PathBuf,
    lock: Option<FolderLock>,
}

impl OutputFolder {
    /// See [`check_output_dir`].
    pub(crate) fn check(arguments: &TrainingArguments) -> Result<Self, TrainError> {
        let path = arguments.output_dir.as_path();
        let own = path.to_owned();
        let output = |source| TrainError::Output {
            path: path.to_owned(),
            source,
        };
        let folder = Self {
            path: own.clone(),
            lock: None,
        };
        if !path.try_exists().map_err(output)? {
            return Ok(folder);
        }
        if !path.is_dir() || !(path.join(MARKER).is_file() || is_empty(path).map_err(output)?) {
            return Err(TrainError::ForeignOutput { path: own });
        }
        folder.check_earlier(arguments)?;
        Ok(folder)
    }

    /// What an earlier run left needs a word about it.
    fn check_earlier(&self, arguments: &TrainingArguments) -> Result<(), TrainError> {
        if arguments.overwrite_output_dir {
            return Ok(());
        }
        let steps = self.steps()?;
        let finished = RESULTS.iter().any(|name| self.path.join(name).exists());
        let goes_on = match &arguments.resume_from_checkpoint {
            None => false,
            Some(ResumeFrom::Last) => true,
            Some(ResumeFrom::Auto) => !steps.is_empty(),
            Some(ResumeFrom::Path(from)) => self.holds(from),
        };
        match (finished || !steps.is_empty()) && !goes_on {
            true => Err(TrainError::EarlierRun {
                path: self.path.clone(),
            }),
            false => Ok(()),
        }
    }

    /// Whether a folder lies directly in this one.
    pub(crate) fn holds(&self, folder: &Path) -> bool {
        let parent = |path: &Path| path.canonicalize().ok()?.parent().map(Path::to_owned);
        let own = self.path.canonicalize().ok();
        own.is_some() && parent(folder) == own
    }

    /// Keeps other runs out of the folder, if it is there, and puts back what a killed run had
    /// moved aside.
    pub(crate) fn lock(&mut self) -> Result<(), TrainError> {
        if self.path.is_dir() {
            if self.lock.is_none() {
                self.lock = Some(FolderLock::acquire(&self.path)?);
            }
            clean_folder(&self.path)?;
        }
        Ok(())
    }

    /// Makes the folder, and keeps other runs out of it. Nothing in it is removed but what killed
    /// runs left half-written.
    pub(crate) fn claim(&mut self, arguments: &TrainingArguments) -> Result<(), TrainError> {
        fs::create_dir_all(&self.path).map_err(|source| self.failed(source))?;
        self.lock()?;
        // Another run may have ended in it meanwhile.
        Self::check(arguments)?;
        write_json(self.path.join(MARKER), arguments)?;
        Ok(())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes checkpoints of these steps.
    pub(crate) fn remove_all(&self, steps: &[usize]) -> Result<(), TrainError> {
        steps.iter().try_for_each(|&step| self.remove(step))
    }

    /// The checkpoint folder of a step.
    pub(crate) fn checkpoint(&self, step: usize) -> PathBuf {
        self.path.join(format!("checkpoint-{step}"))
    }

    /// Removes checkpoints beyond `limit`, never the best one and never that of the step which was
    /// just `written`: first those of later steps, which a course that was left wrote, then the oldest.
    pub(crate) fn keep(
        &self,
        limit: usize,
        written: usize,
        best: Option<&Path>,
    ) -> Result<(), TrainError> {
        let mut steps = self.steps()?;
        let mut surplus = steps.len().saturating_sub(limit);
        steps.retain(|&step| step != written);
        steps.sort_by_key(|&step| (step < written, step));
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

    /// The steps of the checkpoints that runs wrote here, in their order.
    pub(crate) fn steps(&self) -> Result<Vec<usize>, TrainError> {
        let entries = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|source| self.failed(source))?,
        };
        let mut steps = Vec::new();
        for entry in entries {
            let name = entry.map_err(|source| self.failed(source))?.file_name();
            let step = name
                .to_str()
                .and_then(|name| name.strip_prefix("checkpoint-"));
            let step = step.and_then(|step| step.parse::<usize>().ok());
            // A folder of such a name that no run wrote is the user's. One of a run's files may be lost.
            let is_own = |step: &usize| {
                let path = self.checkpoint(*step);
                let mut files = [STATE_FILE, MARKER, MANIFEST_FILE].iter();
                path.file_name() == Some(&name) && files.any(|file| path.join(file).is_file())
            };
            steps.extend(step.filter(is_own));
        }
        steps.sort_unstable();
        Ok(steps)
    }

    fn failed(&self, source: std::io::Error) -> TrainError {
        TrainError::Output {
            path: self.path.clone(),
            source,
        }
    }
}

/// Whether a folder holds nothing but the lock of a run, and what a run left that was killed as it
/// wrote its first file.
fn is_empty(folder: &Path) -> std::io::Result<bool> {
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let begun = name.to_string_lossy().starts_with(BEGUN);
        if !begun && !FolderLock::is_lock_file(Path::new(&name)) {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
#[path = "output_tests.rs"]
mod tests;
