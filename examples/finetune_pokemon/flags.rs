//! The command line of the fine-tuning example.

use std::path::PathBuf;

use captioner::git::{GitError, GitForCausalLm, LoraConfig, NamePattern, TextPadding};
use captioner::ops::DeviceSpec;
use captioner::train::{SchedulerType, Strategy, TrainingArguments};
use clap::Parser;

/// Fine-tune an image captioner, step by step, as the Hugging Face image-captioning guide does.
///
/// Without an argument it draws its own data set of 833 creatures, trains a small model on the
/// CPU for a few minutes, and captions pictures that it never saw.
#[derive(Parser)]
pub(crate) struct Flags {
    /// Data set: a folder with metadata.jsonl or metadata.csv. [default: the built-in creatures]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) dataset: Option<String>,

    /// Model to start from: a checkpoint folder. [default: a small model with fresh weights]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) checkpoint: Option<String>,

    /// Where to compute: auto, flex, ndarray, cuda, wgpu, vulkan or metal; `cuda:1` is the second.
    #[arg(long, default_value_t = DeviceSpec::AUTO, value_name = "DEVICE")]
    pub(crate) device: DeviceSpec,

    /// Share of the rows that is held out.
    #[arg(long, default_value_t = 0.1, value_name = "SHARE")]
    pub(crate) test_size: f64,

    /// Leave out rows whose picture can't be decoded, and say how many.
    #[arg(long)]
    pub(crate) skip_bad_rows: bool,

    /// Parts of the model that stay as they are, separated by commas: image_encoder, decoder,
    /// embeddings, projection, or segments of parameter names such as encoder.layer.0.
    #[arg(long, value_name = "PATTERNS", value_delimiter = ',')]
    freeze: Vec<String>,

    /// Train low-rank adapters of this rank and freeze all else.
    #[arg(long, value_name = "RANK")]
    lora_r: Option<usize>,

    /// Scale of the adapters, times their rank. [default: the rank]
    #[arg(long, value_name = "ALPHA", requires = "lora_r")]
    lora_alpha: Option<f64>,

    /// Dropout of the adapters' input. [default: 0]
    #[arg(long, value_name = "SHARE", requires = "lora_r")]
    lora_dropout: Option<f64>,

    /// Linear maps that get an adapter, separated by commas.
    /// [default: query,value,q_proj,v_proj]
    #[arg(
        long,
        value_name = "PATTERNS",
        value_delimiter = ',',
        requires = "lora_r"
    )]
    lora_target_modules: Vec<String>,

    /// Pad every caption to this many tokens, as the guide does. [default: the batch's longest]
    #[arg(long, value_name = "N")]
    pad_to_length: Option<usize>,

    /// Count pads in the loss, as the guide does; for comparison.
    #[arg(long)]
    pads_in_loss: bool,

    #[command(flatten)]
    training: TrainingFlags,
}

/// Every training argument by its Hugging Face name. Where two defaults are given, the second is
/// that of a run with --checkpoint.
#[derive(clap::Args)]
#[command(next_help_heading = "Training arguments")]
struct TrainingFlags {
    /// Folder for pictures, checkpoints and the model. [default: git-creatures, or git-pokemon
    /// with --dataset]
    #[arg(long, value_name = "FOLDER")]
    output_dir: Option<PathBuf>,

    /// Passes over the training set; fractions count. [default: 80, or 50]
    #[arg(long, value_name = "N")]
    num_train_epochs: Option<f64>,

    /// Optimizer steps in all; overrides --num-train-epochs. [default: none]
    #[arg(long, value_name = "N")]
    max_steps: Option<usize>,

    /// Rows in a training batch. [default: 16, or 8]
    #[arg(long, value_name = "N")]
    per_device_train_batch_size: Option<usize>,

    /// Rows in an evaluation batch. [default: 32, or 8]
    #[arg(long, value_name = "N")]
    per_device_eval_batch_size: Option<usize>,

    /// Batches that make one optimizer step. [default: 1, or 2]
    #[arg(long, value_name = "N")]
    gradient_accumulation_steps: Option<usize>,

    /// Highest learning rate. [default: 0.001, or 0.00005]
    #[arg(long, value_name = "RATE")]
    learning_rate: Option<f64>,

    /// Weight decay, for all but biases and layer norms. [default: 0.05, or 0]
    #[arg(long, value_name = "RATE")]
    weight_decay: Option<f64>,

    /// AdamW's decay of the first moment. [default: 0.9]
    #[arg(long, value_name = "SHARE")]
    adam_beta1: Option<f64>,

    /// AdamW's decay of the second moment. [default: 0.999]
    #[arg(long, value_name = "SHARE")]
    adam_beta2: Option<f64>,

    /// Added to the denominator in AdamW. [default: 0.00000001]
    #[arg(long, value_name = "VALUE")]
    adam_epsilon: Option<f64>,

    /// Largest norm of all gradients together; 0 switches clipping off. [default: 1]
    #[arg(long, value_name = "NORM")]
    max_grad_norm: Option<f64>,

    /// How the learning rate changes: linear, cosine or constant. [default: linear]
    #[arg(long, value_name = "TYPE")]
    lr_scheduler_type: Option<SchedulerType>,

    /// Steps in which the learning rate rises from 0. [default: 0]
    #[arg(long, value_name = "N")]
    warmup_steps: Option<usize>,

    /// Share of the steps in which the learning rate rises from 0. [default: 0.05, or 0]
    #[arg(long, value_name = "SHARE")]
    warmup_ratio: Option<f64>,

    /// Share of each target spread over the vocabulary. [default: 0]
    #[arg(long, value_name = "SHARE")]
    label_smoothing_factor: Option<f64>,

    /// Steps from one log entry to the next. [default: 50]
    #[arg(long, value_name = "N")]
    logging_steps: Option<usize>,

    /// When to evaluate while training: no, steps or epoch. [default: steps]
    #[arg(long, value_name = "WHEN")]
    eval_strategy: Option<Strategy>,

    /// Steps from one evaluation to the next. [default: 500, or 50]
    #[arg(long, value_name = "N")]
    eval_steps: Option<usize>,

    /// When to save checkpoints: no, steps or epoch. [default: steps]
    #[arg(long, value_name = "WHEN")]
    save_strategy: Option<Strategy>,

    /// Steps from one checkpoint to the next. [default: 500, or 50]
    #[arg(long, value_name = "N")]
    save_steps: Option<usize>,

    /// Most checkpoints to keep. [default: 3]
    #[arg(long, value_name = "N")]
    save_total_limit: Option<usize>,

    /// End with the best checkpoint's weights, not the last step's. [default: true]
    #[arg(long, value_name = "BOOL")]
    load_best_model_at_end: Option<bool>,

    /// The evaluation figure that "best" means: loss, wer, generated_wer, generated_exact_match.
    /// [default: loss]
    #[arg(long, value_name = "FIGURE")]
    metric_for_best_model: Option<String>,

    /// Whether more of that figure is better. [default: false]
    #[arg(long, value_name = "BOOL")]
    greater_is_better: Option<bool>,

    /// Also write captions, and score those, in evaluations while training. [default: false]
    #[arg(long, value_name = "BOOL")]
    predict_with_generate: Option<bool>,

    /// Longest written caption in tokens. [default: 40]
    #[arg(long, value_name = "N")]
    generation_max_length: Option<usize>,

    /// Beams when captions are written; 1 is greedy search. [default: 1]
    #[arg(long, value_name = "N")]
    generation_num_beams: Option<usize>,

    /// Captions of a picture that are learnt from one pass of it. [default: 1]
    #[arg(long, value_name = "N")]
    captions_per_image: Option<usize>,

    /// Threads that read and preprocess pictures. [default: 1]
    #[arg(long, value_name = "N")]
    dataloader_num_workers: Option<usize>,

    /// Seed of everything random. [default: 42]
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,

    /// No progress bar. [default: false]
    #[arg(long, value_name = "BOOL")]
    disable_tqdm: Option<bool>,
}

impl Flags {
    /// How captions are padded.
    pub(crate) fn padding(&self) -> TextPadding {
        TextPadding {
            length: self.pad_to_length,
            in_loss: self.pads_in_loss,
        }
    }

    /// The model with the parts frozen, or the adapters added, that the flags ask for.
    pub(crate) fn choose_parameters(
        &self,
        mut model: GitForCausalLm,
        seed: u64,
    ) -> Result<GitForCausalLm, GitError> {
        let patterns: Result<Vec<_>, _> = self.freeze.iter().map(|p| NamePattern::new(p)).collect();
        model = model.freeze(&patterns?)?;
        let Some(r) = self.lora_r else {
            return Ok(model);
        };
        let mut lora = LoraConfig {
            r,
            lora_alpha: self.lora_alpha.unwrap_or(r as f64),
            lora_dropout: self.lora_dropout.unwrap_or(0.0),
            ..LoraConfig::default()
        };
        if !self.lora_target_modules.is_empty() {
            lora.target_modules = self.lora_target_modules.clone();
        }
        model.with_lora(&lora, seed)
    }

    /// The settings of the run: the flags over the defaults of its kind.
    pub(crate) fn training_arguments(&self) -> TrainingArguments {
        let mut arguments = match self.checkpoint {
            None => from_fresh_weights(),
            Some(_) => as_in_the_guide(),
        };
        if self.dataset.is_some() {
            arguments.output_dir = "git-pokemon".into();
        }
        self.training.override_in(&mut arguments);
        arguments
    }
}

/// The small model learns everything from its first step: high rates, a warm-up, many epochs.
fn from_fresh_weights() -> TrainingArguments {
    TrainingArguments {
        output_dir: "git-creatures".into(),
        num_train_epochs: 80.0,
        per_device_train_batch_size: 16,
        per_device_eval_batch_size: 32,
        gradient_accumulation_steps: 1,
        learning_rate: 1e-3,
        weight_decay: 0.05,
        warmup_ratio: 0.05,
        eval_steps: Some(500),
        save_steps: 500,
        ..as_in_the_guide()
    }
}

/// The arguments of the image-captioning guide, with batches of 8 twice where it has 32 twice.
fn as_in_the_guide() -> TrainingArguments {
    TrainingArguments {
        output_dir: "git-pokemon".into(),
        num_train_epochs: 50.0,
        gradient_accumulation_steps: 2,
        logging_steps: 50,
        eval_strategy: Strategy::Steps,
        eval_steps: Some(50),
        save_strategy: Strategy::Steps,
        save_steps: 50,
        save_total_limit: Some(3),
        load_best_model_at_end: true,
        generation_max_length: 40,
        ..TrainingArguments::default()
    }
}

impl TrainingFlags {
    fn override_in(&self, arguments: &mut TrainingArguments) {
        macro_rules! override_with {
            ($($name:ident),* $(,)?) => {
                $(if let Some(value) = &self.$name {
                    arguments.$name = value.clone().into();
                })*
            };
        }
        override_with!(
            output_dir,
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
            generation_max_length,
            generation_num_beams,
            captions_per_image,
            dataloader_num_workers,
            seed,
            disable_tqdm,
        );
    }
}
