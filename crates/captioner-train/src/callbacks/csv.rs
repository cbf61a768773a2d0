//! The log as a table.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::callback::{CallbackResult, TrainerCallback, TrainerContext, TrainerControl};
use crate::state::LogEntry;

/// Keeps the log as `metrics.csv` in the output folder, or the file that it is given: a line a log
/// entry, a column a value, empty where an entry has no such value. The file is whole at any time.
#[derive(Debug, Default)]
pub struct CsvCallback {
    path: Option<PathBuf>,
}

impl CsvCallback {
    /// Writes to this file.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: Some(path.into()),
        }
    }

    fn write<M>(&self, run: &TrainerContext<'_, M>) -> CallbackResult {
        let path = self.path.clone();
        let path = path.unwrap_or_else(|| run.arguments.output_dir.join("metrics.csv"));
        let text = table(&run.state.log_history);
        Ok(captioner_files::write_file(path, text.as_bytes())?)
    }
}

fn table(log: &[LogEntry]) -> String {
    let names = log.iter().flat_map(|entry| entry.values.keys());
    let names: BTreeSet<&String> = names.collect();
    let mut text = String::from("step,epoch");
    for name in &names {
        text.push(',');
        text.push_str(&quoted(name));
    }
    for entry in log {
        text.push_str(&format!("\n{},{}", entry.step, entry.epoch));
        for name in &names {
            text.push(',');
            if let Some(value) = entry.get(name) {
                text.push_str(&value.to_string());
            }
        }
    }
    text.push('\n');
    text
}

/// A name as RFC 4180 has it.
fn quoted(name: &str) -> String {
    match name.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", name.replace('"', "\"\"")),
        false => name.to_owned(),
    }
}

impl<M> TrainerCallback<M> for CsvCallback {
    fn on_train_begin(
        &mut self,
        run: &TrainerContext<'_, M>,
        _control: &mut TrainerControl,
    ) -> CallbackResult {
        self.write(run)
    }

    fn on_log(&mut self, run: &TrainerContext<'_, M>, _entry: &LogEntry) -> CallbackResult {
        self.write(run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_lines_and_values_are_columns() {
        let entry = |step, values: &[(&str, f64)]| LogEntry {
            step,
            epoch: step as f64 / 4.0,
            values: values.iter().map(|(n, v)| ((*n).to_owned(), *v)).collect(),
        };
        let log = [
            entry(1, &[("loss", 2.5), ("learning_rate", 1e-7)]),
            entry(2, &[("eval_loss", f64::NAN)]),
        ];
        let want = "step,epoch,eval_loss,learning_rate,loss\n1,0.25,,0.0000001,2.5\n2,0.5,NaN,,\n";
        assert_eq!(table(&log), want);
        assert_eq!(table(&[]), "step,epoch\n");
    }
}
