//! The range of each setting.

use std::fmt::Display;

use captioner_model::SettingError;

use super::{IntervalStrategy, SaveStrategy, Steps, TrainingArguments};

/// More optimizer steps than any run takes: a typing error.
const MOST_STEPS: usize = 1_000_000_000;

/// More epochs than any run takes.
const MOST_EPOCHS: f64 = 1e6;

/// A terabyte, in MiB.
const MOST_CACHE: usize = 1 << 20;

/// What is wrong so far.
#[derive(Default)]
pub(super) struct Findings(pub(super) Vec<SettingError>);

impl Findings {
    pub(super) fn add(&mut self, name: &str, value: impl ToString, help: impl ToString) {
        self.0.push(SettingError::new(name, value, help));
    }

    pub(super) fn extend(&mut self, errors: impl IntoIterator<Item = SettingError>) {
        self.0.extend(errors);
    }

    fn check(&mut self, name: &str, value: impl ToString, fits: bool, help: impl Display) {
        if !fits {
            self.add(name, value, help);
        }
    }

    /// A count from `least` to `most`.
    fn count(&mut self, name: &str, value: usize, least: usize, most: usize) {
        let help = match value < least {
            true => format!("it must be {least} or more"),
            false => format!("it must be at most {most}"),
        };
        self.check(name, value, (least..=most).contains(&value), help);
    }

    /// A finite number above 0.
    fn positive(&mut self, name: &str, value: f64) {
        let fits = value.is_finite() && value > 0.0;
        self.check(name, value, fits, "it must be a finite number above 0");
    }

    /// A finite number, 0 or more.
    fn not_negative(&mut self, name: &str, value: f64) {
        let fits = value.is_finite() && value >= 0.0;
        self.check(name, value, fits, "it must be a finite number, 0 or more");
    }

    /// From 0 to below 1.
    fn fraction(&mut self, name: &str, value: f64) {
        let fits = (0.0..1.0).contains(&value);
        self.check(name, value, fits, "it must be from 0 to below 1");
    }

    /// A count of steps, or a share of them.
    fn steps(&mut self, name: &str, steps: Steps) {
        let (fits, help) = match steps {
            Steps::Count(count) => (
                count <= MOST_STEPS,
                format!("it must be at most {MOST_STEPS}"),
            ),
            Steps::Share(share) => (
                (0.0..1.0).contains(&share),
                "it must be a whole number of steps, or a share of all steps from 0 to below 1"
                    .to_owned(),
            ),
        };
        self.check(name, steps, fits, help);
    }

    /// Steps from one to the next, where `used`.
    fn interval(&mut self, name: &str, steps: Steps, used: bool) {
        self.steps(name, steps);
        let fits = !(used && steps.is_zero());
        self.check(name, steps, fits, "it must be above 0");
    }
}

impl TrainingArguments {
    pub(super) fn check_ranges(&self, findings: &mut Findings) {
        self.check_counts(findings);
        self.check_optional_counts(findings);
        self.check_intervals(findings);
        self.check_numbers(findings);
    }

    fn check_counts(&self, findings: &mut Findings) {
        // Bounds far above what is of use, and below what no memory holds.
        for (name, value, least, most) in [
            (
                "per_device_train_batch_size",
                self.per_device_train_batch_size,
                1,
                1_000_000,
            ),
            (
                "per_device_eval_batch_size",
                self.per_device_eval_batch_size,
                1,
                1_000_000,
            ),
            (
                "gradient_accumulation_steps",
                self.gradient_accumulation_steps,
                1,
                1_000_000,
            ),
            ("captions_per_image", self.captions_per_image, 1, 1024),
            (
                "dataloader_num_workers",
                self.dataloader_num_workers,
                0,
                1024,
            ),
            ("encoder_cache_mib", self.encoder_cache_mib, 0, MOST_CACHE),
        ] {
            findings.count(name, value, least, most);
        }
    }

    fn check_optional_counts(&self, findings: &mut Findings) {
        let most = usize::MAX;
        for (name, value, least, most) in [
            ("max_steps", self.max_steps, 1, MOST_STEPS),
            ("save_total_limit", self.save_total_limit, 1, most),
            (
                "early_stopping_patience",
                self.early_stopping_patience,
                1,
                most,
            ),
            ("generation_max_length", self.generation_max_length, 2, most),
            ("generation_num_beams", self.generation_num_beams, 1, 1024),
            ("lora_r", self.lora_r, 1, 65_536),
        ] {
            if let Some(value) = value {
                findings.count(name, value, least, most);
            }
        }
    }

    fn check_intervals(&self, findings: &mut Findings) {
        findings.steps("warmup_steps", self.warmup_steps);
        // 0 evaluates as often as is logged.
        findings.steps("eval_steps", self.eval_steps.unwrap_or(Steps::Count(0)));
        let evaluates = self.eval_strategy == IntervalStrategy::Steps;
        let as_logs = self.eval_steps.is_none_or(Steps::is_zero);
        let logs = self.logging_strategy == IntervalStrategy::Steps || (evaluates && as_logs);
        findings.interval("logging_steps", self.logging_steps, logs);
        let saves = self.save_strategy == SaveStrategy::Steps;
        findings.interval("save_steps", self.save_steps, saves);
    }

    fn check_numbers(&self, findings: &mut Findings) {
        findings.positive("learning_rate", self.learning_rate);
        let epochs = self.num_train_epochs;
        findings.positive("num_train_epochs", epochs);
        let help = format!("it must be at most {MOST_EPOCHS}");
        // What is infinite was named already.
        let fits = epochs <= MOST_EPOCHS || !epochs.is_finite();
        findings.check("num_train_epochs", epochs, fits, help);
        for (name, value) in [
            ("adam_beta1", self.adam_beta1),
            ("adam_beta2", self.adam_beta2),
            ("label_smoothing_factor", self.label_smoothing_factor),
            ("lora_dropout", self.lora_dropout),
        ] {
            findings.fraction(name, value);
        }
        for (name, value) in [
            ("weight_decay", self.weight_decay),
            ("adam_epsilon", self.adam_epsilon),
            ("max_grad_norm", self.max_grad_norm),
            ("eval_delay", self.eval_delay),
            ("early_stopping_threshold", self.early_stopping_threshold),
        ] {
            findings.not_negative(name, value);
        }
        if let Some(alpha) = self.lora_alpha {
            findings.positive("lora_alpha", alpha);
        }
        if let Some(decay) = self.ema_decay {
            let fits = decay > 0.0 && decay < 1.0;
            findings.check("ema_decay", decay, fits, "it must be above 0 and below 1");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Spoil = fn(&mut TrainingArguments);

    #[test]
    fn values_out_of_range_are_named() {
        let cases: [(&str, Spoil); 32] = [
            ("learning_rate", |a| a.learning_rate = 0.0),
            ("learning_rate", |a| a.learning_rate = f64::NAN),
            ("num_train_epochs", |a| a.num_train_epochs = f64::INFINITY),
            ("num_train_epochs", |a| a.num_train_epochs = -1.0),
            ("num_train_epochs", |a| a.num_train_epochs = 1.1e6),
            ("per_device_train_batch_size", |a| {
                a.per_device_train_batch_size = 0
            }),
            ("per_device_eval_batch_size", |a| {
                a.per_device_eval_batch_size = 1_000_001
            }),
            ("gradient_accumulation_steps", |a| {
                a.gradient_accumulation_steps = 0
            }),
            ("captions_per_image", |a| a.captions_per_image = 0),
            ("dataloader_num_workers", |a| {
                a.dataloader_num_workers = 1025
            }),
            ("encoder_cache_mib", |a| {
                a.encoder_cache_mib = MOST_CACHE + 1
            }),
            ("max_steps", |a| a.max_steps = Some(0)),
            ("max_steps", |a| a.max_steps = Some(MOST_STEPS + 1)),
            ("save_total_limit", |a| a.save_total_limit = Some(0)),
            ("early_stopping_patience", |a| {
                a.eval_strategy = IntervalStrategy::Epoch;
                a.early_stopping_patience = Some(0);
            }),
            ("generation_max_length", |a| {
                a.generation_max_length = Some(1)
            }),
            ("generation_num_beams", |a| a.generation_num_beams = Some(0)),
            ("lora_r", |a| a.lora_r = Some(65_537)),
            ("warmup_steps", |a| a.warmup_steps = Steps::Share(1.5)),
            ("warmup_steps", |a| a.warmup_steps = Steps::Share(-0.1)),
            ("logging_steps", |a| {
                a.logging_steps = Steps::Count(MOST_STEPS + 1)
            }),
            ("logging_steps", |a| a.logging_steps = Steps::Count(0)),
            ("save_steps", |a| a.save_steps = Steps::Count(0)),
            ("eval_steps", |a| {
                a.eval_steps = Some(Steps::Share(f64::NAN))
            }),
            ("adam_beta2", |a| a.adam_beta2 = 1.0),
            ("label_smoothing_factor", |a| {
                a.label_smoothing_factor = -0.1
            }),
            ("max_grad_norm", |a| a.max_grad_norm = f64::INFINITY),
            ("eval_delay", |a| a.eval_delay = -1.0),
            ("early_stopping_threshold", |a| {
                a.early_stopping_threshold = f64::NAN
            }),
            ("lora_alpha", |a| {
                a.lora_r = Some(4);
                a.lora_alpha = Some(0.0);
            }),
            ("ema_decay", |a| a.ema_decay = Some(1.0)),
            ("ema_decay", |a| a.ema_decay = Some(0.0)),
        ];
        for (name, spoil) in cases {
            let mut args = TrainingArguments::default();
            spoil(&mut args);
            let errors = args.validate().unwrap_err();
            let names: Vec<_> = errors.iter().map(|error| &error.name).collect();
            assert_eq!(names, [name], "{errors}");
        }
    }

    #[test]
    fn an_interval_that_nothing_uses_may_be_zero() {
        let mut args = TrainingArguments {
            logging_steps: 0.into(),
            logging_strategy: IntervalStrategy::No,
            save_steps: 0.into(),
            save_strategy: SaveStrategy::No,
            ..TrainingArguments::default()
        };
        args.validate().unwrap();
        args.eval_strategy = IntervalStrategy::Steps;
        assert!(
            args.validate().is_err(),
            "evaluations are as far apart as log entries"
        );
        args.eval_steps = Some(5.into());
        args.validate().unwrap();
    }
}
