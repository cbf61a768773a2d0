//! The command line of the fine-tuning example.

use std::path::{Path, PathBuf};

use captioner::data::{BadRows, OpenOptions, SplitChoice, TestSize};
use captioner::model::{Padding, SettingError};
use captioner::ops::DeviceSpec;
use captioner::train::cli::{TrainingFlags, show_defaults};
use captioner::train::{IntervalStrategy, SaveStrategy, TrainingArguments};
use clap::Parser;

use crate::row_flags::RowFlags;

/// The program's own defaults, where they aren't those of the arguments.
const DEFAULTS: &str = "\
This program's defaults, and after the slash those of a run with --checkpoint, as in the guide:
  --output-dir git-creatures, or git-pokemon with --dataset; the next free name where that is taken
  --num-train-epochs 80 / 50           --per-device-train-batch-size 16 / 8
  --learning-rate 0.001 / 0.00005      --per-device-eval-batch-size 32 / 8
  --weight-decay 0.05 / 0              --gradient-accumulation-steps 1 / 2
  --warmup-steps 0.05 / 0              --logging-steps 50
  --eval-strategy steps                --eval-steps 500 / 50
  --save-strategy steps                --save-steps 500 / 50
  --save-total-limit 3                 --load-best-model-at-end true
  --generation-max-length 40           --dataloader-num-workers 1";

/// Fine-tune an image captioner, step by step, as the Hugging Face image-captioning guide does.
///
/// Without an argument it draws its own data set of 833 creatures, trains a small model on the
/// CPU for a few minutes, and captions pictures that it never saw.
#[derive(Parser)]
#[command(after_help = DEFAULTS, mut_args(show_defaults(&from_fresh_weights())))]
pub(crate) struct Flags {
    /// Data set: a folder of pictures with their captions, or what else docs/datasets.md lists.
    /// [default: the built-in creatures]
    #[arg(long, value_name = "SET")]
    pub(crate) dataset: Option<String>,

    /// Model to start from: a checkpoint folder. [default: a small model with fresh weights]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) checkpoint: Option<String>,

    /// Where to compute: auto, flex, ndarray, cuda, wgpu, vulkan or metal; `cuda:1` is the second.
    #[arg(long, default_value_t = DeviceSpec::AUTO, value_name = "DEVICE")]
    pub(crate) device: DeviceSpec,

    /// Split to train on. [default: train, or the only one]
    #[arg(long, value_name = "NAME")]
    train_split: Option<String>,

    /// Split to evaluate on. [default: validation, or else test, where the set brings one]
    #[arg(long, value_name = "NAME")]
    eval_split: Option<String>,

    /// Rows of the training split to hold out and evaluate on in place of a split: a share such as
    /// 0.1, or a number such as 500. [default: 0.1 where there is no split to evaluate on]
    #[arg(long, value_name = "SHARE|ROWS")]
    test_size: Option<TestSize>,

    /// Column of the captions. [default: text, caption or captions]
    #[arg(long, value_name = "NAME")]
    caption_column: Option<String>,

    /// Skip rows whose picture or caption can't be used, and list them.
    #[arg(long)]
    skip_bad_rows: bool,

    /// Read every picture once before anything else, and say which can't be used.
    #[arg(long)]
    pub(crate) check_dataset: bool,

    /// Pad every caption to this many tokens, as the guide does. [default: the batch's longest]
    #[arg(long, value_name = "N")]
    pad_to_length: Option<usize>,

    /// Count pads in the loss, as the guide does; for comparison.
    #[arg(long)]
    pub(crate) pads_in_loss: bool,

    /// Write what would be pushed to the Hub into the folder `hub` of the output folder, and upload
    /// nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,

    #[command(flatten)]
    pub(crate) rows: RowFlags,

    #[command(flatten)]
    training: TrainingFlags,
}

impl Flags {
    /// How captions are padded.
    pub(crate) fn padding(&self) -> Padding {
        self.pad_to_length
            .map_or(Padding::Longest, Padding::MaxLength)
    }

    /// Checks the length that captions are padded to against the model's positions.
    pub(crate) fn check_padding(&self, positions: usize) -> Result<(), SettingError> {
        let length = self.pad_to_length.unwrap_or(positions);
        let fits = (2..=positions).contains(&length);
        let help = format!("it must be from 2 to the model's {positions} positions");
        SettingError::check("pad_to_length", length, fits, help)
    }

    /// Tokens that captions are truncated to, by a model of so many positions.
    pub(crate) fn longest_caption(&self, positions: usize) -> usize {
        self.pad_to_length
            .map_or(positions, |length| length.min(positions))
    }

    /// How the set is opened.
    pub(crate) fn open_options(&self) -> OpenOptions {
        let mut options = OpenOptions::default().with_bad_rows(self.bad_rows());
        options.caption_column = self.caption_column.clone();
        options
    }

    /// What is trained on and what is evaluated on.
    pub(crate) fn splits(&self, seed: u64) -> SplitChoice {
        let mut choice = SplitChoice::default().with_seed(seed);
        choice.train_split = self.train_split.clone();
        choice.eval_split = self.eval_split.clone();
        choice.test_size = self.test_size;
        choice
    }

    /// What happens to rows that can't be used.
    pub(crate) fn bad_rows(&self) -> BadRows {
        match self.skip_bad_rows {
            true => BadRows::Skip,
            false => BadRows::Stop,
        }
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
        let own = arguments.output_dir.clone();
        self.training.override_in(&mut arguments);
        // As the run is that would be pushed.
        arguments.push_to_hub |= self.dry_run;
        // A file of arguments can name a folder too.
        if self.training.output_dir.is_none() && arguments.output_dir == own {
            // A run that goes on does so in the last folder that a run without a name took.
            let resumes = arguments.resume_from_checkpoint.is_some();
            let names = std::iter::once(own.clone()).chain(numbered(&own));
            let taken = names.take_while(|name| name.exists()).last();
            arguments.output_dir = match taken {
                Some(last) if resumes => last,
                _ => next_free(&own),
            };
        }
        arguments
    }
}

/// A name that nothing has: the command can be run twice, and each run keeps its results.
fn next_free(name: &Path) -> PathBuf {
    let mut names = std::iter::once(name.to_owned()).chain(numbered(name));
    let free = names.find(|name| !name.exists());
    free.unwrap_or_else(|| name.to_owned())
}

fn numbered(name: &Path) -> impl Iterator<Item = PathBuf> {
    (2..).map(move |run| PathBuf::from(format!("{}-{run}", name.display())))
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
        warmup_steps: 0.05.into(),
        eval_steps: Some(500.into()),
        save_steps: 500.into(),
        ..as_in_the_guide()
    }
}

/// The arguments of the image-captioning guide, with batches of 8 twice where it has 32 twice.
fn as_in_the_guide() -> TrainingArguments {
    TrainingArguments {
        output_dir: "git-pokemon".into(),
        num_train_epochs: 50.0,
        gradient_accumulation_steps: 2,
        logging_steps: 50.into(),
        eval_strategy: IntervalStrategy::Steps,
        eval_steps: Some(50.into()),
        save_strategy: SaveStrategy::Steps,
        save_steps: 50.into(),
        save_total_limit: Some(3),
        load_best_model_at_end: true,
        generation_max_length: Some(40),
        dataloader_num_workers: 1,
        ..TrainingArguments::default()
    }
}
