//! The training arguments as flags of a command line (feature `cli`).

use std::path::PathBuf;

use crate::{IntervalStrategy, MetricSpelling, SchedulerType, TrainingArguments};

/// Every training argument by its Hugging Face name, for a `clap` parser to flatten in. A flag that
/// isn't given leaves the program's own default.
///
/// ```
/// use captioner_train::{TrainingArguments, cli::TrainingFlags};
/// use clap::Parser;
///
/// #[derive(Parser)]
/// struct Flags {
///     #[command(flatten)]
///     training: TrainingFlags,
/// }
///
/// let flags = Flags::parse_from(["train", "--max-steps", "10", "--metrics", "wer,cider_d"]);
/// let mut arguments = TrainingArguments { learning_rate: 1e-4, ..Default::default() };
/// flags.training.override_in(&mut arguments);
/// assert_eq!((arguments.max_steps, arguments.learning_rate), (Some(10), 1e-4));
/// ```
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Training arguments")]
pub struct TrainingFlags {
    /// Folder for pictures, checkpoints and the model.
    #[arg(long, value_name = "FOLDER")]
    pub output_dir: Option<PathBuf>,

    /// Remove the checkpoints that an earlier run left in the output folder. [default: false]
    #[arg(long, value_name = "BOOL")]
    pub overwrite_output_dir: Option<bool>,

    /// Passes over the training set; fractions count.
    #[arg(long, value_name = "N")]
    pub num_train_epochs: Option<f64>,

    /// Optimizer steps in all; overrides --num-train-epochs. [default: none]
    #[arg(long, value_name = "N")]
    pub max_steps: Option<usize>,

    /// Rows in a training batch.
    #[arg(long, value_name = "N")]
    pub per_device_train_batch_size: Option<usize>,

    /// Rows in an evaluation batch.
    #[arg(long, value_name = "N")]
    pub per_device_eval_batch_size: Option<usize>,

    /// Batches that make one optimizer step.
    #[arg(long, value_name = "N")]
    pub gradient_accumulation_steps: Option<usize>,

    /// Highest learning rate.
    #[arg(long, value_name = "RATE")]
    pub learning_rate: Option<f64>,

    /// Weight decay, for all but biases and layer norms.
    #[arg(long, value_name = "RATE")]
    pub weight_decay: Option<f64>,

    /// AdamW's decay of the first moment. [default: 0.9]
    #[arg(long, value_name = "SHARE")]
    pub adam_beta1: Option<f64>,

    /// AdamW's decay of the second moment. [default: 0.999]
    #[arg(long, value_name = "SHARE")]
    pub adam_beta2: Option<f64>,

    /// Added to the denominator in AdamW. [default: 0.00000001]
    #[arg(long, value_name = "VALUE")]
    pub adam_epsilon: Option<f64>,

    /// Largest norm of all gradients together; 0 switches clipping off. [default: 1]
    #[arg(long, value_name = "NORM")]
    pub max_grad_norm: Option<f64>,

    /// How the learning rate changes: linear, cosine or constant. [default: linear]
    #[arg(long, value_name = "TYPE")]
    pub lr_scheduler_type: Option<SchedulerType>,

    /// Steps in which the learning rate rises from 0. [default: 0]
    #[arg(long, value_name = "N")]
    pub warmup_steps: Option<usize>,

    /// Share of the steps in which the learning rate rises from 0.
    #[arg(long, value_name = "SHARE")]
    pub warmup_ratio: Option<f64>,

    /// Share of each target spread over the vocabulary. [default: 0]
    #[arg(long, value_name = "SHARE")]
    pub label_smoothing_factor: Option<f64>,

    /// Steps from one log entry to the next.
    #[arg(long, value_name = "N")]
    pub logging_steps: Option<usize>,

    /// When to evaluate while training: no, steps or epoch.
    #[arg(long, value_name = "WHEN")]
    pub eval_strategy: Option<IntervalStrategy>,

    /// Steps from one evaluation to the next.
    #[arg(long, value_name = "N")]
    pub eval_steps: Option<usize>,

    /// When to save checkpoints: no, steps or epoch.
    #[arg(long, value_name = "WHEN")]
    pub save_strategy: Option<IntervalStrategy>,

    /// Steps from one checkpoint to the next.
    #[arg(long, value_name = "N")]
    pub save_steps: Option<usize>,

    /// Most checkpoints to keep.
    #[arg(long, value_name = "N")]
    pub save_total_limit: Option<usize>,

    /// End with the best checkpoint's weights, not the last step's.
    #[arg(long, value_name = "BOOL")]
    pub load_best_model_at_end: Option<bool>,

    /// The evaluation's value that "best" means: loss, wer, or with --predict-with-generate a
    /// metric's, such as generated_wer. [default: loss]
    #[arg(long, value_name = "VALUE")]
    pub metric_for_best_model: Option<String>,

    /// Whether more of that value is better. [default: as the metric says]
    #[arg(long, value_name = "BOOL")]
    pub greater_is_better: Option<bool>,

    /// Also generate captions, and score those, in evaluations while training. [default: false]
    #[arg(long, value_name = "BOOL")]
    pub predict_with_generate: Option<bool>,

    /// Metrics of generated captions, separated by commas, such as wer,cider_d,bleu_4.
    /// [default: wer,exact_match]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub metrics: Option<Vec<String>>,

    /// The spelling in which captions are compared: tokenizer or raw. [default: tokenizer]
    #[arg(long, value_name = "SPELLING")]
    pub metric_spelling: Option<MetricSpelling>,

    /// Longest generated caption in tokens.
    #[arg(long, value_name = "N")]
    pub generation_max_length: Option<usize>,

    /// Beams when captions are generated; 1 is greedy search. [default: 1]
    #[arg(long, value_name = "N")]
    pub generation_num_beams: Option<usize>,

    /// Captions of a picture that are learnt from one pass of it. [default: 1]
    #[arg(long, value_name = "N")]
    pub captions_per_image: Option<usize>,

    /// Threads that read and preprocess pictures. [default: 1]
    #[arg(long, value_name = "N")]
    pub dataloader_num_workers: Option<usize>,

    /// Seed of everything random. [default: 42]
    #[arg(long, value_name = "SEED")]
    pub seed: Option<u64>,

    /// No progress bar. [default: false]
    #[arg(long, value_name = "BOOL")]
    pub disable_tqdm: Option<bool>,
}

impl TrainingFlags {
    /// Puts the flags that were given over `arguments`.
    pub fn override_in(&self, arguments: &mut TrainingArguments) {
        macro_rules! override_with {
            ($($name:ident),* $(,)?) => {
                $(if let Some(value) = &self.$name {
                    arguments.$name = value.clone().into();
                })*
            };
        }
        override_with!(
            output_dir,
            overwrite_output_dir,
            num_train_epochs,
            max_steps,
            per_device_train_batch_size,
            per_device_eval_batch_size,
            gradient_accumulation_steps,
            learning_rate,
            weight_decay,
            adam_beta1,
            adam_beta2,
            adam_epsilon,
            max_grad_norm,
            lr_scheduler_type,
            warmup_steps,
            warmup_ratio,
            label_smoothing_factor,
            logging_steps,
            eval_strategy,
            eval_steps,
            save_strategy,
            save_steps,
            save_total_limit,
            load_best_model_at_end,
            metric_for_best_model,
            greater_is_better,
            predict_with_generate,
            metrics,
            metric_spelling,
            generation_max_length,
            generation_num_beams,
            captions_per_image,
            dataloader_num_workers,
            seed,
            disable_tqdm,
        );
    }
}
