//! The log as a file of JSON lines.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

use crate::callback::{CallbackResult, TrainerCallback, TrainerContext, TrainerControl};
use crate::state::LogEntry;

/// Appends each log entry to `log.jsonl` in the output folder, or the file that it is given, one JSON
/// object a line. A resumed run goes on after the entries of its checkpoint.
#[derive(Debug, Default)]
pub struct JsonLinesCallback {
    path: Option<PathBuf>,
    file: Option<File>,
}

impl JsonLinesCallback {
    /// Writes to this file.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: Some(path.into()),
            file: None,
        }
    }
}

impl<M> TrainerCallback<M> for JsonLinesCallback {
    fn on_train_begin(
        &mut self,
        run: &TrainerContext<'_, M>,
        _control: &mut TrainerControl,
    ) -> CallbackResult {
        let path = self.path.clone();
        let path = path.unwrap_or_else(|| run.arguments.output_dir.join("log.jsonl"));
        // What a killed run logged after its last checkpoint is logged again.
        let mut lines = String::new();
        for entry in &run.state.log_history {
            lines.push_str(&serde_json::to_string(entry)?);
            lines.push('\n');
        }
        captioner_files::write_file(&path, lines.as_bytes())?;
        self.file = Some(OpenOptions::new().append(true).open(&path)?);
        Ok(())
    }

    fn on_log(&mut self, _run: &TrainerContext<'_, M>, entry: &LogEntry) -> CallbackResult {
        if let Some(file) = &mut self.file {
            let line = serde_json::to_string(entry)? + "\n";
            file.write_all(line.as_bytes())?;
        }
        Ok(())
    }
}
