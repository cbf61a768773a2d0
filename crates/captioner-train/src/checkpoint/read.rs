//! Reading a checkpoint that a run goes on from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use captioner_data::SkippedRow;
use captioner_files::{check_manifest, read_json};
use captioner_model::{Pretrained, has_adapter, load_adapter_weights};

use super::{
    EMA_FILE, FORMAT, OPTIMIZER_FILE, PROGRESS_FILE, Progress, SKIPPED_FILE, STATE_FILE,
    changed_settings,
};
use crate::arguments::{ResumeFrom, TrainingArguments};
use crate::ema::Ema;
use crate::error::TrainError;
use crate::optimizer::Optimizer;
use crate::output::{MARKER, OutputFolder};
use crate::state::TrainerState;

/// A checkpoint that is whole, with all but its tensors read.
#[derive(Debug)]
pub(crate) struct Saved {
    pub(crate) path: PathBuf,
    pub(crate) state: TrainerState,
    pub(crate) progress: Progress,
    pub(crate) skipped: Vec<SkippedRow>,
    arguments: TrainingArguments,
}

/// The checkpoint that the settings ask to go on from, and a line for each damaged one that was
/// passed over.
pub(crate) fn newest(
    output: &OutputFolder,
    arguments: &TrainingArguments,
) -> Result<(Option<Saved>, Vec<String>), TrainError> {
    let resume = match &arguments.resume_from_checkpoint {
        None => return Ok((None, Vec::new())),
        Some(ResumeFrom::Path(path)) => return Ok((Some(Saved::open(path)?), Vec::new())),
        Some(resume) => resume,
    };
    let mut damaged = Vec::new();
    for &step in output.steps()?.iter().rev() {
        let path = output.checkpoint(step);
        match Saved::open(&path) {
            Ok(saved) => return Ok((Some(saved), damaged)),
            // What is whole and can't be gone on from must not be gone past in silence.
            Err(error) if !error.is_damage() => return Err(error),
            Err(error) => damaged.push(error.to_string()),
        }
    }
    match (damaged.is_empty(), resume) {
        (true, ResumeFrom::Auto) => Ok((None, damaged)),
        _ => Err(TrainError::NoCheckpoint {
            path: output.path().to_owned(),
            damaged,
        }),
    }
}

impl Saved {
    /// Opens a checkpoint folder and checks every file of it.
    pub(crate) fn open(path: &Path) -> Result<Self, TrainError> {
        let failed = |source: TrainError| TrainError::Checkpoint {
            path: path.to_owned(),
            source: Box::new(source),
        };
        Self::read(path).map_err(failed)
    }

    fn read(path: &Path) -> Result<Self, TrainError> {
        check_manifest(path)?;
        if !path.join(PROGRESS_FILE).exists() {
            return Err(TrainError::ModelOnly);
        }
        let progress: Progress = read_json(path.join(PROGRESS_FILE))?;
        if progress.format != FORMAT {
            return Err(TrainError::CheckpointFormat {
                found: progress.format,
                known: FORMAT,
            });
        }
        let state: TrainerState = read_json(path.join(STATE_FILE))?;
        Ok(Self {
            path: path.to_owned(),
            state,
            progress,
            skipped: read_json(path.join(SKIPPED_FILE))?,
            arguments: read_json(path.join(MARKER))?,
        })
    }

    /// What is told otherwise now, of settings, base model and rows.
    pub(crate) fn changes(
        &self,
        arguments: &TrainingArguments,
        base_model: Option<&str>,
        data: &BTreeMap<String, String>,
    ) -> Vec<String> {
        let mut changes = changed_settings(&self.arguments, arguments);
        let was = &self.progress;
        let former = was.base_model.as_deref();
        if was.adapter && base_model != former {
            let name = |base: Option<&str>| base.unwrap_or("none").to_owned();
            let (is, was) = (name(base_model), name(former));
            changes.push(format!("the adapter's base model is {is} and was {was}"));
        }
        let names: BTreeSet<_> = data.keys().chain(was.data.keys()).collect();
        let value = |data: &BTreeMap<String, String>, name: &str| {
            data.get(name).cloned().unwrap_or_else(|| "none".to_owned())
        };
        for name in names {
            let (is, was) = (value(data, name), value(&was.data, name));
            if is != was {
                changes.push(format!("{name} is {is} and was {was}"));
            }
        }
        changes
    }

    /// The optimizer's state.
    pub(crate) fn load_optimizer<M: Pretrained>(
        &self,
        optimizer: &mut Optimizer,
        model: &M,
    ) -> Result<(), TrainError> {
        optimizer.load(model, self.path.join(OPTIMIZER_FILE))?;
        Ok(())
    }
}

/// Puts the averaged weights of a checkpoint into `ema`; says whether it has any. A run that began
/// without them, and was told to keep some, averages from there on.
pub(crate) fn load_ema<M: Pretrained>(
    ema: &mut Ema,
    model: &M,
    checkpoint: &Path,
) -> Result<bool, TrainError> {
    let path = checkpoint.join(EMA_FILE);
    let has_some = path.exists();
    if has_some {
        ema.load(model, path)?;
    }
    Ok(has_some)
}

/// Puts the weights of a checkpoint of the same run into a model: freezing and settings stay, and of
/// an adapter its values are taken.
pub(crate) fn load_weights<M: Pretrained>(model: M, checkpoint: &Path) -> Result<M, TrainError> {
    match has_adapter(&model) {
        true => Ok(load_adapter_weights(model, checkpoint)?),
        false => Ok(model.load_weights(checkpoint)?),
    }
}
