//! Writing a checkpoint, whole or not at all.

use std::path::Path;

use captioner_data::SkippedRow;
use captioner_files::{replace_folder, write_json, write_manifest};
use captioner_model::{Pretrained, Processor, has_adapter, save_adapter};

use super::{EMA_FILE, OPTIMIZER_FILE, PROGRESS_FILE, Progress, SKIPPED_FILE, STATE_FILE};
use crate::arguments::TrainingArguments;
use crate::error::TrainError;
use crate::output::MARKER;
use crate::state::TrainerState;
use crate::step::Stepper;

/// What a checkpoint is made of.
pub(crate) struct Snapshot<'a, M: Pretrained> {
    pub(crate) stepper: &'a Stepper<M>,
    pub(crate) processor: &'a Processor,
    /// Name or folder of the model that an adapter belongs to.
    pub(crate) base_model: &'a str,
    pub(crate) arguments: &'a TrainingArguments,
    pub(crate) state: &'a TrainerState,
    pub(crate) progress: &'a Progress,
    pub(crate) skipped: &'a [SkippedRow],
    /// Leaves out what only a run that goes on needs.
    pub(crate) model_only: bool,
}

/// Writes a checkpoint folder. All files appear together, or the former folder of this name stays.
pub(crate) fn write<M: Pretrained>(
    path: &Path,
    snapshot: &Snapshot<'_, M>,
) -> Result<(), TrainError> {
    replace_folder(path, |folder| {
        let model = &snapshot.stepper.model;
        match has_adapter(model) {
            true => save_adapter(model, folder, Some(snapshot.base_model))?,
            false => model.save_pretrained(folder)?,
        }
        snapshot.processor.save_pretrained(folder)?;
        write_json(folder.join(MARKER), snapshot.arguments)?;
        write_json(folder.join(STATE_FILE), snapshot.state)?;
        if let Some(ema) = &snapshot.stepper.ema {
            ema.save(model, folder.join(EMA_FILE))?;
        }
        if snapshot.model_only {
            return Ok(write_manifest(folder)?);
        }
        let optimizer = &snapshot.stepper.optimizer;
        optimizer.save(model, folder.join(OPTIMIZER_FILE))?;
        write_json(folder.join(SKIPPED_FILE), snapshot.skipped)?;
        write_json(folder.join(PROGRESS_FILE), snapshot.progress)?;
        Ok::<_, TrainError>(write_manifest(folder)?)
    })
}
