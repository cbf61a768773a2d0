//! A progress bar with loss, rate and time left, on standard error.

use std::io::{self, Write};
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};

use crate::callback::{CallbackResult, TrainerCallback, TrainerContext, TrainerControl};
use crate::state::LogEntry;

const TEMPLATE: &str = "{bar:30} {pos}/{len} steps  {msg}  {per_sec}  {eta} left";

/// Shows a run on the terminal: a bar that moves with each step, and a line for each evaluation
/// and checkpoint. Where standard error is no terminal, the bar is not drawn and each log entry
/// becomes a line.
pub struct ProgressCallback {
    bar: ProgressBar,
    hidden: bool,
}

impl Default for ProgressCallback {
    fn default() -> Self {
        Self {
            bar: ProgressBar::hidden(),
            hidden: false,
        }
    }
}

impl ProgressCallback {
    /// Draws no bar, as `disable_tqdm` asks for; log entries become lines.
    pub fn without_bar(mut self, without: bool) -> Self {
        self.hidden = without;
        self
    }

    fn line(&self, text: String) {
        if self.bar.is_hidden() {
            // That nobody reads it any more is no reason to stop a training.
            let _ = writeln!(io::stderr(), "{text}");
        } else {
            self.bar.println(text);
        }
    }
}

impl<M> TrainerCallback<M> for ProgressCallback {
    fn on_train_begin(
        &mut self,
        run: &TrainerContext<'_, M>,
        _control: &mut TrainerControl,
    ) -> CallbackResult {
        self.bar = match self.hidden {
            true => ProgressBar::hidden(),
            false => ProgressBar::new(run.state.max_steps as u64),
        };
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            self.bar.set_style(style);
        }
        self.bar.set_position(run.state.global_step as u64);
        // Steps of an earlier process say nothing of this one's speed.
        self.bar.reset_eta();
        self.bar.set_message("loss -");
        Ok(())
    }

    fn on_step_end(
        &mut self,
        run: &TrainerContext<'_, M>,
        _control: &mut TrainerControl,
    ) -> CallbackResult {
        self.bar.set_position(run.state.global_step as u64);
        Ok(())
    }

    fn on_log(&mut self, _run: &TrainerContext<'_, M>, entry: &LogEntry) -> CallbackResult {
        if let Some(loss) = entry.get("loss") {
            self.bar.set_message(format!("loss {loss:.4}"));
        }
        if self.bar.is_hidden() || entry.get("loss").is_none() {
            self.line(describe(entry));
        }
        Ok(())
    }

    fn on_save(&mut self, _run: &TrainerContext<'_, M>, checkpoint: &Path) -> CallbackResult {
        self.line(format!("saved {}", checkpoint.display()));
        Ok(())
    }

    fn on_message(&mut self, _run: &TrainerContext<'_, M>, message: &str) -> CallbackResult {
        self.line(message.to_owned());
        Ok(())
    }

    fn on_train_end(&mut self, run: &TrainerContext<'_, M>) -> CallbackResult {
        match run.state.global_step >= run.state.max_steps {
            true => self.bar.finish(),
            false => self.bar.abandon(),
        }
        Ok(())
    }
}

fn describe(entry: &LogEntry) -> String {
    let values = entry.values.iter().map(|(name, value)| match *value {
        small if small.abs() < 1e-3 && small != 0.0 => format!("{name} {small:.2e}"),
        value => format!("{name} {value:.4}"),
    });
    let values: Vec<String> = values.collect();
    let (step, epoch) = (entry.step, entry.epoch);
    format!("step {step} (epoch {epoch:.2}): {}", values.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_learning_rates_are_not_shown_as_zero() {
        let entry = LogEntry {
            step: 5,
            epoch: 0.5,
            values: [("learning_rate".into(), 5e-5), ("loss".into(), 1.5)].into(),
        };
        assert_eq!(
            describe(&entry),
            "step 5 (epoch 0.50): learning_rate 5.00e-5, loss 1.5000"
        );
    }
}
