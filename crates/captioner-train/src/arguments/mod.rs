//! The settings of a run.

mod best;
mod errors;
mod json;
mod names;
mod ranges;
mod read;
mod uses;
mod validate;
mod values;

use std::path::PathBuf;

use captioner_model::GenerationConfig;
use serde::Serialize;

use crate::evaluate::MetricSpelling;
use crate::schedule::{LrSchedulerKwargs, SchedulerType};

pub use errors::SettingErrors;
#[cfg(all(test, feature = "cli"))]
pub(crate) use json::NAMES;
pub use values::{
    HubStrategy, HubToken, IntervalStrategy, NonFinite, OptimizerKind, Reporter, ResumeFrom,
    SamplingStrategy, SaveStrategy, Steps,
};
#[cfg(feature = "cli")]
pub(crate) use {json::read_keys, read::without_file_keys};

/// The settings of a run; names, meanings and defaults are those of transformers'
/// `Seq2SeqTrainingArguments`, and what that does not have is named as the literature does.
/// `docs/arguments.md` lists every one, with what differs.
///
/// ```
/// use captioner_train::{IntervalStrategy, TrainingArguments};
///
/// let arguments = TrainingArguments {
///     learning_rate: 1e-4,
///     warmup_steps: 0.05.into(), // a share of all steps
///     eval_strategy: IntervalStrategy::Steps,
///     eval_steps: Some(50.into()),
///     ..TrainingArguments::default()
/// };
/// arguments.validate()?;
/// assert_eq!(arguments.warmup(1000), 50);
///
/// // What transformers' `to_json_string` wrote can be read.
/// let json = r#"{"max_steps": -1, "lr_scheduler_type": "cosine", "warmup_steps": 0.05}"#;
/// let arguments: TrainingArguments = serde_json::from_str(json)?;
/// assert_eq!(arguments.max_steps, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrainingArguments {
    /// Folder for checkpoints.
    pub output_dir: PathBuf,
    /// Whether the checkpoints that an earlier run left in `output_dir` are removed, as soon as this
    /// run has saved its own; a folder with an earlier run's results is refused otherwise.
    pub overwrite_output_dir: bool,
    /// A name of the run, for those who read its logs.
    pub run_name: Option<String>,

    /// Passes over the training set; fractions count.
    pub num_train_epochs: f64,
    /// Optimizer steps in all; goes before `num_train_epochs`. JSON has -1 for `None`.
    #[serde(serialize_with = "json::or_minus_one")]
    pub max_steps: Option<usize>,
    /// Rows in a training batch.
    pub per_device_train_batch_size: usize,
    /// Batches whose gradients make one optimizer step. Each caption token weighs the same,
    /// whichever batch it is in.
    pub gradient_accumulation_steps: usize,
    /// Seed of everything random: order of rows, choice of captions, dropout.
    pub seed: u64,
    /// Seed of the order of rows and the choice of captions; `seed` where unset.
    pub data_seed: Option<u64>,
    /// The checkpoint to go on from; the run starts anew where unset.
    pub resume_from_checkpoint: Option<ResumeFrom>,
    /// Whether a resumed run may have other settings of those that change its course than it was
    /// started with.
    pub accept_changed_arguments: bool,

    /// The optimizer.
    pub optim: OptimizerKind,
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
    /// The settings that the type of schedule has.
    #[serde(serialize_with = "json::or_null")]
    pub lr_scheduler_kwargs: LrSchedulerKwargs,
    /// Steps in which the learning rate rises, or below 1 the share of all steps.
    pub warmup_steps: Steps,
    /// Share of each target spread over the whole vocabulary.
    pub label_smoothing_factor: f64,
    /// Decay of the moving average of the weights that is evaluated and saved beside them; none is
    /// kept where unset.
    pub ema_decay: Option<f64>,
    /// What happens when the loss or a gradient is infinite or NaN.
    pub non_finite: NonFinite,
    /// Mixed precision of 16-bit floats; for GPUs only.
    pub fp16: bool,
    /// Mixed precision of bfloat16; not available in this version.
    pub bf16: bool,

    /// Parts of the model that stay as they are; see [`NamePattern`](captioner_model::NamePattern).
    pub freeze: Vec<String>,
    /// Rank of low-rank adapters to train while all else is frozen; none are where unset.
    pub lora_r: Option<usize>,
    /// Scale of the adapters, times their rank; the rank where unset.
    pub lora_alpha: Option<f64>,
    /// Dropout of the adapters' input.
    pub lora_dropout: f64,
    /// Linear layers that get an adapter; those of `LoraConfig::default` where empty.
    pub lora_target_modules: Vec<String>,

    /// The order in which an epoch takes the rows.
    pub train_sampling_strategy: SamplingStrategy,
    /// Captions of a picture that are learnt from one pass of it; rows with fewer give all they
    /// have.
    pub captions_per_image: usize,
    /// Threads that read and preprocess pictures; 0 does it between the steps.
    pub dataloader_num_workers: usize,
    /// Whether an epoch's last batch is left out where it is not full.
    pub dataloader_drop_last: bool,
    /// Accepted for transformers' sake: rows hold a picture and its captions and nothing else, so
    /// that there is no column to remove, and nothing changes.
    pub remove_unused_columns: bool,
    /// Whether the outputs of a frozen image encoder are kept, to be computed once.
    pub cache_encoder_outputs: bool,
    /// Most memory for these outputs, in MiB.
    pub encoder_cache_mib: usize,

    /// When to log while training.
    pub logging_strategy: IntervalStrategy,
    /// Steps from one log entry to the next, or below 1 the share of all steps.
    pub logging_steps: Steps,
    /// Whether the first step is logged too.
    pub logging_first_step: bool,
    /// Whether losses that are infinite or NaN are left out of the logged means.
    pub logging_nan_inf_filter: bool,
    /// Folder for the files of `report_to`; a folder in `output_dir` where unset.
    pub logging_dir: Option<PathBuf>,
    /// Where log entries are written besides the state of the checkpoints.
    pub report_to: Vec<Reporter>,
    /// No progress bar.
    pub disable_tqdm: bool,

    /// When to evaluate while training.
    pub eval_strategy: IntervalStrategy,
    /// Steps from one evaluation to the next, or below 1 the share of all steps; as `logging_steps`
    /// where unset or 0.
    pub eval_steps: Option<Steps>,
    /// Steps, or with `IntervalStrategy::Epoch` epochs, before which nothing is evaluated.
    pub eval_delay: f64,
    /// Whether to evaluate before the first step too.
    pub eval_on_start: bool,
    /// Rows in an evaluation batch.
    pub per_device_eval_batch_size: usize,
    /// Whether evaluations while training also generate captions, and score those.
    pub predict_with_generate: bool,
    /// Metrics of generated captions: names of `captioner-metrics`, of a metric or of one of its
    /// values, such as `bleu_4`.
    pub metrics: Vec<String>,
    /// The spelling in which generated captions are compared with their references.
    pub metric_spelling: MetricSpelling,
    /// Longest caption in tokens when evaluations generate captions; where unset as
    /// `generation_config` or the model says, or 20.
    pub generation_max_length: Option<usize>,
    /// Beams when evaluations generate captions; where unset as `generation_config` or the model
    /// says.
    pub generation_num_beams: Option<usize>,
    /// Decoding settings when evaluations generate captions, in place of the model's own.
    pub generation_config: Option<GenerationConfig>,

    /// When to save checkpoints.
    pub save_strategy: SaveStrategy,
    /// Steps from one checkpoint to the next, or below 1 the share of all steps.
    pub save_steps: Steps,
    /// Most checkpoints to keep: the newest, and beside them always the best.
    pub save_total_limit: Option<usize>,
    /// Whether checkpoints hold the model alone; no run can be resumed from such a one.
    pub save_only_model: bool,
    /// Whether to end with the best checkpoint's weights and not the last step's.
    pub load_best_model_at_end: bool,
    /// What "best" means: the name of a value that evaluations give, such as `loss` or
    /// `generated_cider_d`; `loss` where unset.
    pub metric_for_best_model: Option<String>,
    /// Whether more of it is better; as the metric says where unset.
    pub greater_is_better: Option<bool>,
    /// Evaluations in a row without a better value after which the run ends; it does not end early
    /// where unset.
    pub early_stopping_patience: Option<usize>,
    /// How much better a value must be to count as better for that.
    pub early_stopping_threshold: f64,

    /// Whether to push the model to the Hub; a callback of the trainer does it.
    pub push_to_hub: bool,
    /// The repository to push to, with its owner or below one's own name; the name of `output_dir`
    /// where unset.
    pub hub_model_id: Option<String>,
    /// Whether a repository that is made is private; as the account's default says where unset.
    pub hub_private_repo: Option<bool>,
    /// What is pushed, and when.
    pub hub_strategy: HubStrategy,
    /// The token to push with; it is written to no file.
    #[serde(skip)]
    pub hub_token: Option<HubToken>,
}

impl Default for TrainingArguments {
    fn default() -> Self {
        Self {
            output_dir: "trainer_output".into(),
            overwrite_output_dir: false,
            run_name: None,
            num_train_epochs: 3.0,
            max_steps: None,
            per_device_train_batch_size: 8,
            gradient_accumulation_steps: 1,
            seed: 42,
            data_seed: None,
            resume_from_checkpoint: None,
            accept_changed_arguments: false,
            optim: OptimizerKind::AdamW,
            learning_rate: 5e-5,
            weight_decay: 0.0,
            adam_beta1: 0.9,
            adam_beta2: 0.999,
            adam_epsilon: 1e-8,
            max_grad_norm: 1.0,
            lr_scheduler_type: SchedulerType::Linear,
            lr_scheduler_kwargs: LrSchedulerKwargs::default(),
            warmup_steps: Steps::Count(0),
            label_smoothing_factor: 0.0,
            ema_decay: None,
            non_finite: NonFinite::Stop,
            fp16: false,
            bf16: false,
            freeze: Vec::new(),
            lora_r: None,
            lora_alpha: None,
            lora_dropout: 0.0,
            lora_target_modules: Vec::new(),
            train_sampling_strategy: SamplingStrategy::Random,
            captions_per_image: 1,
            dataloader_num_workers: 0,
            dataloader_drop_last: false,
            remove_unused_columns: true,
            cache_encoder_outputs: true,
            encoder_cache_mib: 1024,
            logging_strategy: IntervalStrategy::Steps,
            logging_steps: Steps::Count(500),
            logging_first_step: false,
            logging_nan_inf_filter: true,
            logging_dir: None,
            report_to: Vec::new(),
            disable_tqdm: false,
            eval_strategy: IntervalStrategy::No,
            eval_steps: None,
            eval_delay: 0.0,
            eval_on_start: false,
            per_device_eval_batch_size: 8,
            predict_with_generate: false,
            metrics: vec!["wer".into(), "exact_match".into()],
            metric_spelling: MetricSpelling::Tokenizer,
            generation_max_length: None,
            generation_num_beams: None,
            generation_config: None,
            save_strategy: SaveStrategy::Steps,
            save_steps: Steps::Count(500),
            save_total_limit: None,
            save_only_model: false,
            load_best_model_at_end: false,
            metric_for_best_model: None,
            greater_is_better: None,
            early_stopping_patience: None,
            early_stopping_threshold: 0.0,
            push_to_hub: false,
            hub_model_id: None,
            hub_private_repo: None,
            hub_strategy: HubStrategy::EverySave,
            hub_token: None,
        }
    }
}
