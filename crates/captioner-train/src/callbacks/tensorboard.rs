//! The log as TensorBoard reads it.

use std::path::PathBuf;
use std::time::SystemTime;

use captioner_model::Pretrained;

use super::tensorboard_events::{EventWriter, run_folder, tag};
use crate::callback::{CallbackResult, TrainerCallback, TrainerContext, TrainerControl};
use crate::state::LogEntry;

/// Writes event files that `tensorboard --logdir OUTPUT_DIR` shows, with the tags of transformers'
/// callback of this name: `train/loss`, `eval/loss`, and as texts the settings and the model's
/// configuration. They go to `runs/TIME_HOST` (UTC) in the output folder, or to `logging_dir`. A resumed run
/// writes a file of its own.
#[derive(Debug, Default)]
pub struct TensorBoardCallback {
    folder: Option<PathBuf>,
    writer: Option<EventWriter>,
}

impl TensorBoardCallback {
    /// Writes into this folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: Some(folder.into()),
            writer: None,
        }
    }
}

impl<M: Pretrained> TrainerCallback<M> for TensorBoardCallback {
    fn on_train_begin(
        &mut self,
        run: &TrainerContext<'_, M>,
        _control: &mut TrainerControl,
    ) -> CallbackResult {
        let args = run.arguments;
        let by_default = || args.output_dir.join(run_folder(SystemTime::now()));
        let folder = self.folder.clone().or_else(|| args.logging_dir.clone());
        let mut writer = EventWriter::create(&folder.unwrap_or_else(by_default))?;
        let settings = serde_json::to_string_pretty(args)?;
        writer.text("args", 0, &settings)?;
        let config = serde_json::to_string_pretty(run.model.config())?;
        writer.text("model_config", 0, &config)?;
        writer.flush()?;
        self.writer = Some(writer);
        Ok(())
    }

    fn on_log(&mut self, _run: &TrainerContext<'_, M>, entry: &LogEntry) -> CallbackResult {
        let Some(writer) = &mut self.writer else {
            return Ok(());
        };
        let step = entry.step;
        for (name, value) in &entry.values {
            writer.scalar(&tag(name), step, *value)?;
        }
        writer.scalar(&tag("epoch"), step, entry.epoch)?;
        Ok(writer.flush()?)
    }
}
