//! The training arguments as flags of a command line (feature `cli`).

mod finish;
mod flags;
mod signals;
mod values;

#[cfg(test)]
mod tests;

pub use finish::show_defaults;
pub use flags::TrainingFlags;
pub use signals::{INTERRUPTED, stop_on_signals};
pub use values::{ArgsFile, OptionalCount};

use crate::{OptimizerKind, SamplingStrategy, Steps, TrainingArguments};

impl TrainingFlags {
    /// Puts the file of arguments and the flags that were given over `arguments`.
    pub fn override_in(&self, arguments: &mut TrainingArguments) {
        if let Some(file) = &self.args_file {
            file.put(arguments);
        }
        self.put_flags(arguments);
        self.put_former(arguments);
    }

    /// Names of transformers 4, where the present one isn't given too.
    fn put_former(&self, arguments: &mut TrainingArguments) {
        if let (Some(share), None) = (self.warmup_ratio, self.warmup_steps) {
            // A ratio is never a count: what is none is refused when the settings are checked.
            arguments.warmup_steps = match share == 0.0 {
                true => Steps::Count(0),
                false => Steps::Share(share),
            };
        }
        if let (Some(grouped), None) = (self.group_by_length, self.train_sampling_strategy) {
            arguments.train_sampling_strategy = match grouped {
                true => SamplingStrategy::GroupByLength,
                false => SamplingStrategy::Random,
            };
        }
        if let (Some(true), None) = (self.adafactor, self.optim) {
            arguments.optim = OptimizerKind::Adafactor;
        }
    }
}
