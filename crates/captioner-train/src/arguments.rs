//! The settings of a run.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::schedule::SchedulerType;

/// The settings of a run; names, meanings and defaults are those of transformers'
/// `TrainingArguments`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrainingArguments {
    /// Folder for checkpoints.
    pub output_dir: PathBuf,
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
    pub eval_strategy: Strategy,
    /// Steps from one evaluation to the next; as `logging_steps` where unset.
    pub eval_steps: Option<usize>,
    /// When to save checkpoints.
    pub save_strategy: Strategy,
    /// Steps from one checkpoint to the next.
    pub save_steps: usize,
    /// Most checkpoints to keep: the newest, and the best where it is needed at the end.
    pub save_total_limit: Option<usize>,
    /// Whether to end with the best checkpoint's weights and not the last step's.
    pub load_best_model_at_end: bool,
    /// What "best" means: the name of an evaluation figure, such as `loss` or `generated_wer`.
    pub metric_for_best_model: String,
    /// Whether more of it is better.
    pub greater_is_better: bool,
    /// Whether evaluations while training also write captions, and score those.
    pub predict_with_generate: bool,
    /// Longest caption in tokens when evaluations write captions.
    pub generation_max_length: usize,
    /// Beams when evaluations write captions; 1 is greedy search.
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
pub enum Strategy {
    /// Never.
    No,
    /// Every so many steps.
    Steps,
    /// At the end of each pass over the training set.
    Epoch,
}

/// A setting out of its range.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("{name} is {value}: {mend}")]
pub struct ArgumentError {
    /// The setting.
    pub name: &'static str,
    /// Its value.
    pub value: String,
    /// What would be right.
    pub mend: String,
}

impl Default for TrainingArguments {
    fn default() -> Self {
        Self {
            output_dir: "trainer_output".into(),
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
            eval_strategy: Strategy::No,
            eval_steps: None,
            save_strategy: Strategy::Steps,
            save_steps: 500,
            save_total_limit: None,
            load_best_model_at_end: false,
            metric_for_best_model: "loss".into(),
            greater_is_better: false,
            predict_with_generate: false,
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
    pub fn validate(&self) -> Result<(), ArgumentError> {
        self.validate_counts()?;
        let (lr, epochs) = (self.learning_rate, self.num_train_epochs);
        check(
            "learning_rate",
            lr,
            lr.is_finite() && lr > 0.0,
            "it must be above 0",
        )?;
        let some = epochs.is_finite() && epochs > 0.0;
        check("num_train_epochs", epochs, some, "it must be above 0")?;
        let fractions = [
            ("adam_beta1", self.adam_beta1),
            ("adam_beta2", self.adam_beta2),
            ("label_smoothing_factor", self.label_smoothing_factor),
            ("warmup_ratio", self.warmup_ratio),
        ];
        for (name, value) in fractions {
            let mend = "it must be from 0 to below 1";
            check(name, value, (0.0..1.0).contains(&value), mend)?;
        }
        for (name, value) in [
            ("weight_decay", self.weight_decay),
            ("adam_epsilon", self.adam_epsilon),
            ("max_grad_norm", self.max_grad_norm),
        ] {
            let mend = "it must be 0 or more";
            check(name, value, value.is_finite() && value >= 0.0, mend)?;
        }
        self.validate_metric()?;
        self.validate_best()
    }

    /// What best means must be among the figures that evaluations while training give.
    fn validate_metric(&self) -> Result<(), ArgumentError> {
        let name = self.metric_for_best_model.as_str();
        let figure = name.trim_start_matches("eval_");
        let written = self.predict_with_generate && GENERATED_FIGURES.contains(&figure);
        check(
            "metric_for_best_model",
            name,
            FIGURES.contains(&figure) || written,
            format_args!(
                "use {}, or with predict_with_generate {}",
                FIGURES.join(" or "),
                GENERATED_FIGURES.join(" or ")
            ),
        )
    }

    fn validate_counts(&self) -> Result<(), ArgumentError> {
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
            ("dataloader_num_workers", self.dataloader_num_workers),
            ("generation_num_beams", self.generation_num_beams),
            ("captions_per_image", self.captions_per_image),
        ];
        for (name, value) in counts {
            check(name, value, value > 0, "it must be 1 or more")?;
        }
        let length = self.generation_max_length;
        check(
            "generation_max_length",
            length,
            length > 1,
            "it must be 2 or more",
        )
    }

    /// The best model can only be found among checkpoints that were evaluated.
    fn validate_best(&self) -> Result<(), ArgumentError> {
        if !self.load_best_model_at_end {
            return Ok(());
        }
        let together = self.save_strategy == self.eval_strategy
            && self.eval_strategy != Strategy::No
            && (self.eval_strategy != Strategy::Steps
                || self.save_steps.is_multiple_of(self.eval_every()));
        check(
            "load_best_model_at_end",
            true,
            together,
            format_args!(
                "each checkpoint must have been evaluated: give save_strategy ({}) and \
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

    /// Steps in which the learning rate rises, of a run of `total` steps.
    pub(crate) fn warmup(&self, total: usize) -> usize {
        match self.warmup_steps {
            0 => (self.warmup_ratio * total as f64).ceil() as usize,
            steps => steps,
        }
    }
}

/// What every evaluation gives.
const FIGURES: [&str; 2] = ["loss", "wer"];

/// What it gives besides where captions are written.
const GENERATED_FIGURES: [&str; 2] = ["generated_wer", "generated_exact_match"];

fn check(
    name: &'static str,
    value: impl ToString,
    fits: bool,
    mend: impl ToString,
) -> Result<(), ArgumentError> {
    if fits {
        return Ok(());
    }
    Err(ArgumentError {
        name,
        value: value.to_string(),
        mend: mend.to_string(),
    })
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::No => "no",
            Self::Steps => "steps",
            Self::Epoch => "epoch",
        })
    }
}

impl FromStr for Strategy {
    type Err = ArgumentError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "no" => Ok(Self::No),
            "steps" => Ok(Self::Steps),
            "epoch" => Ok(Self::Epoch),
            other => Err(ArgumentError {
                name: "strategy",
                value: other.into(),
                mend: "use no, steps or epoch".into(),
            }),
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
    fn what_best_means_is_a_figure_of_the_evaluations() {
        let mut args = TrainingArguments {
            metric_for_best_model: "eval_wer".into(),
            ..TrainingArguments::default()
        };
        args.validate().unwrap();
        args.metric_for_best_model = "bleu".into();
        let message = args.validate().unwrap_err().to_string();
        assert!(
            message.contains("bleu") && message.contains("generated_wer"),
            "{message}"
        );
        args.metric_for_best_model = "generated_wer".into();
        assert!(args.validate().is_err());
        args.predict_with_generate = true;
        args.validate().unwrap();
    }

    #[test]
    fn a_best_model_needs_checkpoints_that_were_evaluated() {
        let mut args = TrainingArguments {
            load_best_model_at_end: true,
            eval_strategy: Strategy::Steps,
            eval_steps: Some(50),
            save_steps: 100,
            ..TrainingArguments::default()
        };
        args.validate().unwrap();
        args.save_steps = 75;
        assert!(args.validate().is_err());
        args.eval_strategy = Strategy::Epoch;
        assert!(args.validate().is_err());
    }
}
