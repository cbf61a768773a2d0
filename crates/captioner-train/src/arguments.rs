//! The settings of a run.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use captioner_metrics::{MetricError, MetricSet};
use captioner_model::SettingError;

use crate::evaluate::{MetricSpelling, generated_name};
use crate::schedule::SchedulerType;

/// The settings of a run; names, meanings and defaults are those of transformers'
/// `TrainingArguments`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrainingArguments {
    /// Folder for checkpoints.
    pub output_dir: PathBuf,
    /// Whether the checkpoints that an earlier run left in `output_dir` are removed, as soon as this
    /// run has saved its own; a folder with an earlier run's results is refused otherwise.
    pub overwrite_output_dir: bool,
    /// Passes over the training set; fractions count.
    pub num_train_epochs: f64,
    /// Optimizer steps in all; overrides `num_train_epochs`.
    pub max_steps: Option<usize>,
    /// Rows in a training batch.
    pub per_device_train_batch_size: usize,
    /// Rows in an evaluation batch.
    pub per_device_eval_batch_size: usize,
    /// Batches whose gradients make one optimizer step. Each caption token weighs the same,
    /// whichever batch it is in.
    pub gradient_accumulation_steps: usize,
    /// Highest learning rate.
    pub learning_rate: f64,
    /// Decoupled weight decay, for all but biases and layer norms.
    pub weight_decay: f64,
    /// AdamW's decay of the first moment.
    pub adam_beta1: f64,
    /// AdamW's decay of the second moment.
    pub adam_beta2: f64,
    /// Added to the denominator in AdamW.
    pub adam_epsilon: f64,
    /// Largest norm of all gradients together; 0 leaves them as they are.
    pub max_grad_norm: f64,
    /// How the learning rate changes over the run.
    pub lr_scheduler_type: SchedulerType,
    /// Steps in which the learning rate rises from 0.
    pub warmup_steps: usize,
    /// Share of all steps in which the learning rate rises; `warmup_steps` goes before it.
    pub warmup_ratio: f64,
    /// Share of each target spread over the whole vocabulary.
    pub label_smoothing_factor: f64,
    /// Steps from one log entry to the next.
    pub logging_steps: usize,
    /// When to evaluate while training.
    pub eval_strategy: IntervalStrategy,
    /// Steps from one evaluation to the next; as `logging_steps` where unset.
    pub eval_steps: Option<usize>,
    /// When to save checkpoints.
    pub save_strategy: IntervalStrategy,
    /// Steps from one checkpoint to the next.
    pub save_steps: usize,
    /// Most checkpoints to keep: the newest, and the best where it is needed at the end.
    pub save_total_limit: Option<usize>,
    /// Whether to end with the best checkpoint's weights and not the last step's.
    pub load_best_model_at_end: bool,
    /// What "best" means: the name of a value that evaluations give, such as `loss` or
    /// `generated_cider_d`.
    pub metric_for_best_model: String,
    /// Whether more of it is better; as the metric says where unset.
    pub greater_is_better: Option<bool>,
    /// Whether evaluations while training also generate captions, and score those.
    pub predict_with_generate: bool,
    /// Metrics of generated captions: names of `captioner-metrics`, of a metric or of one of its
    /// values, such as `bleu_4`.
    pub metrics: Vec<String>,
    /// The spelling in which generated captions are compared with their references.
    pub metric_spelling: MetricSpelling,
    /// Longest caption in tokens when evaluations generate captions.
    pub generation_max_length: usize,
    /// Beams when evaluations generate captions; 1 is greedy search.
    pub generation_num_beams: usize,
    /// Captions of a picture that are learnt from one pass of it; rows with fewer give all they
    /// have.
    pub captions_per_image: usize,
    /// Threads that read and preprocess pictures.
    pub dataloader_num_workers: usize,
    /// Seed of everything random: order of rows, choice of captions, dropout.
    pub seed: u64,
    /// No progress bar.
    pub disable_tqdm: bool,
}

/// When something that recurs happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntervalStrategy {
    /// Never.
    No,
    /// Every so many steps.
    Steps,
    /// At the end of each pass over the training set.
    Epoch,
}

impl Default for TrainingArguments {
    fn default() -> Self {
        Self {
            output_dir: "trainer_output".into(),
            overwrite_output_dir: false,
            num_train_epochs: 3.0,
            max_steps: None,
            per_device_train_batch_size: 8,
            per_device_eval_batch_size: 8,
            gradient_accumulation_steps: 1,
            learning_rate: 5e-5,
            weight_decay: 0.0,
            adam_beta1: 0.9,
            adam_beta2: 0.999,
            adam_epsilon: 1e-8,
            max_grad_norm: 1.0,
            lr_scheduler_type: SchedulerType::Linear,
            warmup_steps: 0,
            warmup_ratio: 0.0,
            label_smoothing_factor: 0.0,
            logging_steps: 500,
            eval_strategy: IntervalStrategy::No,
            eval_steps: None,
            save_strategy: IntervalStrategy::Steps,
            save_steps: 500,
            save_total_limit: None,
            load_best_model_at_end: false,
            metric_for_best_model: "loss".into(),
            greater_is_better: None,
            predict_with_generate: false,
            metrics: vec!["wer".into(), "exact_match".into()],
            metric_spelling: MetricSpelling::Tokenizer,
            generation_max_length: 20,
            generation_num_beams: 1,
            captions_per_image: 1,
            dataloader_num_workers: 1,
            seed: 42,
            disable_tqdm: false,
        }
    }
}

impl TrainingArguments {
    /// Checks every setting.
    ///
    /// # Errors
    /// Names the first one that is out of its range.
    pub fn validate(&self) -> Result<(), SettingError> {
        self.validate_counts()?;
        let (lr, epochs) = (self.learning_rate, self.num_train_epochs);
        SettingError::check(
            "learning_rate",
            lr,
            lr.is_finite() && lr > 0.0,
            "it must be a finite number above 0",
        )?;
        let some = epochs.is_finite() && epochs > 0.0;
        SettingError::check(
            "num_train_epochs",
            epochs,
            some,
            "it must be a finite number above 0",
        )?;
        let fractions = [
            ("adam_beta1", self.adam_beta1),
            ("adam_beta2", self.adam_beta2),
            ("label_smoothing_factor", self.label_smoothing_factor),
            ("warmup_ratio", self.warmup_ratio),
        ];
        for (name, value) in fractions {
            let help = "it must be from 0 to below 1";
            SettingError::check(name, value, (0.0..1.0).contains(&value), help)?;
        }
        for (name, value) in [
            ("weight_decay", self.weight_decay),
            ("adam_epsilon", self.adam_epsilon),
            ("max_grad_norm", self.max_grad_norm),
        ] {
            let help = "it must be a finite number, 0 or more";
            SettingError::check(name, value, value.is_finite() && value >= 0.0, help)?;
        }
        self.metric_set()?;
        self.validate_best()
    }

    /// What best means must be among the values that evaluations while training give, and have a
    /// direction.
    pub(crate) fn validate_metric(&self, metrics: &MetricSet) -> Result<(), SettingError> {
        let name = self.metric_for_best_model.as_str();
        let mut known: Vec<String> = TEACHER_FORCED.map(|(name, _)| name.to_owned()).to_vec();
        if self.predict_with_generate {
            let generated = metrics.value_names().into_iter();
            known.extend(generated.map(|name| generated_name(&name)));
        }
        let help = match self.predict_with_generate {
            true => format!("use {}", known.join(", ")),
            false => format!(
                "use {}, or set predict_with_generate for the metrics of generated captions",
                known.join(", ")
            ),
        };
        let fits = known.iter().any(|value| value == self.best_value());
        SettingError::check("metric_for_best_model", name, fits, help)?;
        let directed = self.direction(metrics).is_some();
        let help = "neither more nor less of it is better: set greater_is_better";
        SettingError::check("metric_for_best_model", name, directed, help)
    }

    /// The metrics of generated captions.
    ///
    /// # Errors
    /// When a name is unknown, or there is none.
    pub fn metric_set(&self) -> Result<MetricSet, SettingError> {
        let names: Vec<&str> = self.metrics.iter().map(String::as_str).collect();
        MetricSet::from_names(names.iter().copied())
            .map_err(|error: MetricError| SettingError::new("metrics", names.join(","), error))
    }

    /// The name of the value that best means, without the prefix that log entries have.
    pub(crate) fn best_value(&self) -> &str {
        let name = self.metric_for_best_model.as_str();
        name.strip_prefix("eval_").unwrap_or(name)
    }

    /// Whether more of the value that best means is better.
    pub(crate) fn more_is_better(&self, metrics: &MetricSet) -> bool {
        self.direction(metrics).unwrap_or(false)
    }

    fn direction(&self, metrics: &MetricSet) -> Option<bool> {
        let name = self.best_value();
        let teacher_forced = TEACHER_FORCED.iter().find(|(known, _)| *known == name);
        let generated = || {
            let names = metrics.value_names().into_iter();
            let mut own = names.filter(|value| generated_name(value) == name);
            own.next()
                .and_then(|value| metrics.greater_is_better(&value))
        };
        let own = teacher_forced.map(|(_, more)| *more).or_else(generated);
        self.greater_is_better.or(own)
    }

    fn validate_counts(&self) -> Result<(), SettingError> {
        let counts = [
            (
                "per_device_train_batch_size",
                self.per_device_train_batch_size,
            ),
            (
                "per_device_eval_batch_size",
                self.per_device_eval_batch_size,
            ),
            (
                "gradient_accumulation_steps",
                self.gradient_accumulation_steps,
            ),
            ("logging_steps", self.logging_steps),
            ("eval_steps", self.eval_steps.unwrap_or(1)),
            ("save_steps", self.save_steps),
            ("save_total_limit", self.save_total_limit.unwrap_or(1)),
            ("max_steps", self.max_steps.unwrap_or(1)),
            ("generation_num_beams", self.generation_num_beams),
            ("captions_per_image", self.captions_per_image),
        ];
        for (name, value) in counts {
            SettingError::check(name, value, value > 0, "it must be 1 or more")?;
        }
        // Far above what is of use, and below what no memory holds.
        let (sizes, help) = (&counts[..3], "it must be at most 1000000");
        for &(name, value) in sizes {
            SettingError::check(name, value, value <= 1_000_000, help)?;
        }
        for (name, value) in [
            ("generation_num_beams", self.generation_num_beams),
            ("captions_per_image", self.captions_per_image),
            ("dataloader_num_workers", self.dataloader_num_workers),
        ] {
            SettingError::check(name, value, value <= 1024, "it must be at most 1024")?;
        }
        let length = self.generation_max_length;
        SettingError::check(
            "generation_max_length",
            length,
            length > 1,
            "it must be 2 or more",
        )
    }

    /// The best model can only be found among checkpoints that were evaluated.
    fn validate_best(&self) -> Result<(), SettingError> {
        if !self.load_best_model_at_end {
            return Ok(());
        }
        let together = self.save_strategy == self.eval_strategy
            && self.eval_strategy != IntervalStrategy::No
            && (self.eval_strategy != IntervalStrategy::Steps
                || self.save_steps.is_multiple_of(self.eval_every()));
        SettingError::check(
            "load_best_model_at_end",
            true,
            together,
            format_args!(
                "each checkpoint must have been evaluated: switch it off, or give save_strategy ({}) and \
                 eval_strategy ({}) the same value, and make save_steps ({}) a multiple of \
                 eval_steps ({})",
                self.save_strategy,
                self.eval_strategy,
                self.save_steps,
                self.eval_every()
            ),
        )
    }

    /// Steps from one evaluation to the next.
    pub fn eval_every(&self) -> usize {
        self.eval_steps.unwrap_or(self.logging_steps)
    }

    /// Steps in which the learning rate rises, of a run of `total` steps: `warmup_steps`, or where
    /// that is 0 the share that `warmup_ratio` says.
    pub fn warmup(&self, total: usize) -> usize {
        match self.warmup_steps {
            0 => (self.warmup_ratio * total as f64).ceil() as usize,
            steps => steps,
        }
    }
}

/// What every evaluation gives, and whether more of it is better.
const TEACHER_FORCED: [(&str, bool); 5] = [
    ("loss", false),
    ("loss_mean_of_batches", false),
    ("perplexity", false),
    ("token_accuracy", true),
    ("wer", false),
];

impl fmt::Display for IntervalStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::No => "no",
            Self::Steps => "steps",
            Self::Epoch => "epoch",
        })
    }
}

impl FromStr for IntervalStrategy {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "no" => Ok(Self::No),
            "steps" => Ok(Self::Steps),
            "epoch" => Ok(Self::Epoch),
            other => Err(SettingError::new(
                "strategy",
                other,
                "use no, steps or epoch",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid() {
        TrainingArguments::default().validate().unwrap();
    }

    #[test]
    fn warm_up_steps_go_before_their_share() {
        let mut args = TrainingArguments {
            warmup_ratio: 0.05,
            ..TrainingArguments::default()
        };
        assert_eq!(args.warmup(101), 6);
        args.warmup_steps = 3;
        assert_eq!(args.warmup(101), 3);
    }

    #[test]
    fn values_out_of_range_are_named() {
        type Spoil = fn(&mut TrainingArguments);
        let cases: [(&str, Spoil); 7] = [
            ("learning_rate", |a| a.learning_rate = -1.0),
            ("learning_rate", |a| a.learning_rate = f64::NAN),
            ("num_train_epochs", |a| a.num_train_epochs = 0.0),
            ("per_device_train_batch_size", |a| {
                a.per_device_train_batch_size = 0
            }),
            ("save_total_limit", |a| a.save_total_limit = Some(0)),
            ("adam_beta1", |a| a.adam_beta1 = 1.0),
            ("max_grad_norm", |a| a.max_grad_norm = f64::INFINITY),
        ];
        for (name, spoil) in cases {
            let mut args = TrainingArguments::default();
            spoil(&mut args);
            assert_eq!(args.validate().unwrap_err().name, name);
        }
    }

    #[test]
    fn what_best_means_is_a_value_of_the_evaluations() {
        let check = |args: &TrainingArguments| args.validate_metric(&args.metric_set()?);
        let mut args = TrainingArguments {
            metric_for_best_model: "eval_wer".into(),
            ..TrainingArguments::default()
        };
        check(&args).unwrap();
        args.metric_for_best_model = "generated_bleu_4".into();
        let message = check(&args).unwrap_err().to_string();
        assert!(message.contains("predict_with_generate"), "{message}");
        args.predict_with_generate = true;
        let message = check(&args).unwrap_err().to_string();
        assert!(message.contains("generated_wer"), "{message}");
        args.metrics = vec!["bleu_4".into(), "cider_d".into()];
        check(&args).unwrap();
        args.metrics = vec!["spice".into()];
        let message = args.validate().unwrap_err().to_string();
        assert!(message.starts_with("metrics is spice"), "{message}");
        args.metrics = vec!["mean_length".into()];
        let values = args.metric_set().unwrap().value_names();
        args.metric_for_best_model = generated_name(&values[0]);
        let message = check(&args).unwrap_err().to_string();
        assert!(message.contains("greater_is_better"), "{message}");
        args.greater_is_better = Some(true);
        check(&args).unwrap();
    }

    #[test]
    fn the_metric_knows_which_way_is_better_unless_it_is_set() {
        let args = |metric: &str, set| TrainingArguments {
            metrics: vec!["wer".into(), "cider_d".into()],
            metric_for_best_model: metric.into(),
            greater_is_better: set,
            ..TrainingArguments::default()
        };
        let better = |args: TrainingArguments| args.more_is_better(&args.metric_set().unwrap());
        assert!(!better(args("loss", None)));
        assert!(!better(args("generated_wer", None)));
        assert!(better(args("eval_generated_cider_d", None)));
        assert!(!better(args("generated_cider_d", Some(false))));
        assert!(better(args("loss", Some(true))));
    }

    #[test]
    fn a_best_model_needs_checkpoints_that_were_evaluated() {
        let mut args = TrainingArguments {
            load_best_model_at_end: true,
            eval_strategy: IntervalStrategy::Steps,
            eval_steps: Some(50),
            save_steps: 100,
            ..TrainingArguments::default()
        };
        args.validate().unwrap();
        args.save_steps = 75;
        assert!(args.validate().is_err());
        args.eval_strategy = IntervalStrategy::Epoch;
        assert!(args.validate().is_err());
    }
}
