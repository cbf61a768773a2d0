//! Every flag, with its help.

use std::path::PathBuf;

use captioner_model::GenerationConfig;

use super::finish::{HEADING, finish};
use super::values::{
    ArgsFile, List, OptionalCount, Reporters, generation_config, names, not_a_setting, reporters,
};
use crate::{
    HubStrategy, HubToken, IntervalStrategy, LrSchedulerKwargs, MetricSpelling, NonFinite,
    OptimizerKind, ResumeFrom, SamplingStrategy, SaveStrategy, SchedulerType, Steps,
    TrainingArguments,
};

/// Makes a flag of each line: help, name, type, what stands for its value in the help, and what
/// else clap is to know. Each is named as the argument that it is put into.
macro_rules! training_flags {
    ($(
        $(#[$help:meta])+
        $name:ident: $type:ty, $value:literal $(, $option:ident = $set:expr)*;
    )+) => {
        /// Every training argument by its Hugging Face name, for a `clap` parser to flatten in. A
        /// flag that isn't given leaves the program's own default.
        ///
        /// Names can be written with `_` for `-`, as in transformers, and those of transformers 4
        /// are accepted. Of a flag that is given twice the last counts, which
        /// `args_override_self` makes so for all flags of the program. A flag that is true or false
        /// needs no value to be true. `--args-file` reads a JSON file, and all other flags go over
        /// it.
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
        #[command(next_help_heading = HEADING, args_override_self = true, mut_args(finish))]
        pub struct TrainingFlags {
            /// JSON file with arguments by name, as a checkpoint's training_args.json; other flags
            /// go over it.
            #[arg(long, value_name = "FILE")]
            pub args_file: Option<ArgsFile>,

            $(
                $(#[$help])+
                #[arg(long, value_name = $value $(, $option = $set)*)]
                pub $name: Option<$type>,
            )+

            /// Share of all steps in which the learning rate rises, as transformers 4 has it.
            #[arg(long, hide = true, value_name = "SHARE")]
            pub warmup_ratio: Option<f64>,

            /// `--train-sampling-strategy group_by_length`, as transformers 4 has it.
            #[arg(long, hide = true, value_name = "BOOL")]
            pub group_by_length: Option<bool>,

            /// `--optim adafactor`, as transformers 4 has it.
            #[arg(long, hide = true, value_name = "BOOL")]
            pub adafactor: Option<bool>,

            /// Where to compute is no setting of a run.
            #[arg(
                long,
                hide = true,
                alias = "no-cuda",
                alias = "no_cuda",
                num_args = 0..=1,
                default_missing_value = "true",
                value_parser = not_a_setting,
                value_name = "TRUE"
            )]
            pub use_cpu: Option<bool>,
        }

        impl TrainingFlags {
            /// Puts the flags that were given over `arguments`.
            pub(super) fn put_flags(&self, arguments: &mut TrainingArguments) {
                $(if let Some(value) = &self.$name {
                    arguments.$name = value.clone().into();
                })+
            }
        }
    };
}

training_flags!(
    /// Folder for checkpoints and the model. [default: trainer_output]
    output_dir: PathBuf, "FOLDER";

    /// Remove the checkpoints that an earlier run left in the output folder. [default: false]
    overwrite_output_dir: bool, "BOOL";

    /// A name of the run, for those who read its logs. [default: none]
    run_name: String, "NAME";

    /// Passes over the training set; fractions count. [default: 3]
    num_train_epochs: f64, "N";

    /// Optimizer steps in all; goes before --num-train-epochs, -1 leaves it to that. [default: -1]
    max_steps: OptionalCount, "N", allow_negative_numbers = true;

    /// Rows in a training batch. [default: 8]
    per_device_train_batch_size: usize, "N",
        alias = "per-gpu-train-batch-size", alias = "per_gpu_train_batch_size";

    /// Batches that make one optimizer step. [default: 1]
    gradient_accumulation_steps: usize, "N";

    /// Seed of everything random. [default: 42]
    seed: u64, "SEED";

    /// Seed of the order of rows and the choice of captions. [default: that of --seed]
    data_seed: u64, "SEED";

    /// Go on from a checkpoint: a folder, last (also without a value), or auto, which starts anew
    /// where there is none. [default: none]
    resume_from_checkpoint: ResumeFrom, "FOLDER",
        num_args = 0..=1, default_missing_value = "last";

    /// Resume although settings that change the run's course are others. [default: false]
    accept_changed_arguments: bool, "BOOL";

    /// Optimizer: adamw_torch, sgd or adafactor. [default: adamw_torch]
    optim: OptimizerKind, "NAME";

    /// Highest learning rate. [default: 0.00005]
    learning_rate: f64, "RATE";

    /// Weight decay, for all but biases and layer norms. [default: 0]
    weight_decay: f64, "RATE";

    /// AdamW's decay of the first moment. [default: 0.9]
    adam_beta1: f64, "SHARE";

    /// AdamW's decay of the second moment. [default: 0.999]
    adam_beta2: f64, "SHARE";

    /// Added to the denominator in AdamW. [default: 0.00000001]
    adam_epsilon: f64, "VALUE";

    /// Largest norm of all gradients together; 0 switches clipping off. [default: 1]
    max_grad_norm: f64, "NORM";

    /// How the learning rate changes: linear, cosine, cosine_with_restarts, polynomial, constant,
    /// constant_with_warmup, inverse_sqrt, reduce_lr_on_plateau, cosine_with_min_lr,
    /// cosine_warmup_with_min_lr or warmup_stable_decay. [default: linear]
    lr_scheduler_type: SchedulerType, "TYPE";

    /// Settings of that type, as a JSON object such as '{"num_cycles": 2}'. [default: none]
    lr_scheduler_kwargs: LrSchedulerKwargs, "JSON";

    /// Steps in which the learning rate rises from 0, or below 1 the share of all. [default: 0]
    warmup_steps: Steps, "N";

    /// Share of each target spread over the vocabulary. [default: 0]
    label_smoothing_factor: f64, "SHARE";

    /// Decay of a moving average of the weights. [default: none is kept]
    ema_decay: f64, "SHARE";

    /// When the loss or a gradient is infinite or NaN: stop, or skip the step. [default: stop]
    non_finite: NonFinite, "WHAT";

    /// Mixed precision of 16-bit floats, on a GPU. [default: false]
    fp16: bool, "BOOL";

    /// Mixed precision of bfloat16; not available in this version. [default: false]
    bf16: bool, "BOOL";

    /// Parts of the model that stay as they are, separated by commas: parts such as image_encoder,
    /// or segments of parameter names such as encoder.layer.0. [default: none]
    freeze: List, "PATTERNS", value_parser = names;

    /// Train low-rank adapters of this rank and freeze all else. [default: none]
    lora_r: usize, "RANK";

    /// Scale of the adapters, times their rank. [default: the rank]
    lora_alpha: f64, "ALPHA";

    /// Dropout of the adapters' input. [default: 0]
    lora_dropout: f64, "SHARE";

    /// Linear layers that get an adapter, separated by commas.
    /// [default: query,value,q_proj,v_proj]
    lora_target_modules: List, "PATTERNS", value_parser = names;

    /// Order of rows: random, sequential or group_by_length. [default: random]
    train_sampling_strategy: SamplingStrategy, "ORDER";

    /// Captions of a picture that are learnt from one pass of it. [default: 1]
    captions_per_image: usize, "N";

    /// Threads that read and preprocess pictures; 0 does it between the steps. [default: 0]
    dataloader_num_workers: usize, "N";

    /// Leave an epoch's last batch out where it is not full. [default: false]
    dataloader_drop_last: bool, "BOOL";

    /// Accepted and without effect: rows hold pictures and captions only. [default: true]
    remove_unused_columns: bool, "BOOL";

    /// Keep the outputs of a frozen image encoder, to compute them once. [default: true]
    cache_encoder_outputs: bool, "BOOL";

    /// Most memory for these outputs, in MiB. [default: 1024]
    encoder_cache_mib: usize, "MIB";

    /// When to log: no, steps or epoch. [default: steps]
    logging_strategy: IntervalStrategy, "WHEN";

    /// Steps from one log entry to the next, or below 1 the share of all. [default: 500]
    logging_steps: Steps, "N";

    /// Log the first step too. [default: false]
    logging_first_step: bool, "BOOL";

    /// Leave losses that are infinite or NaN out of the logged means. [default: true]
    logging_nan_inf_filter: bool, "BOOL";

    /// Folder for the files of --report-to. [default: a folder in the output folder]
    logging_dir: PathBuf, "FOLDER";

    /// Where to write log entries besides: none, all, or some of tensorboard, csv and jsonl,
    /// separated by commas. [default: none]
    report_to: Reporters, "NAMES", value_parser = reporters;

    /// No progress bar. [default: false]
    disable_tqdm: bool, "BOOL";

    /// When to evaluate while training: no, steps or epoch. [default: no]
    eval_strategy: IntervalStrategy, "WHEN",
        alias = "evaluation-strategy", alias = "evaluation_strategy";

    /// Steps from one evaluation to the next, or below 1 the share of all.
    /// [default: that of --logging-steps]
    eval_steps: Steps, "N";

    /// Steps, or epochs, before which nothing is evaluated. [default: 0]
    eval_delay: f64, "N";

    /// Evaluate before the first step too. [default: false]
    eval_on_start: bool, "BOOL";

    /// Rows in an evaluation batch. [default: 8]
    per_device_eval_batch_size: usize, "N",
        alias = "per-gpu-eval-batch-size", alias = "per_gpu_eval_batch_size";

    /// Also generate captions, and score those, in evaluations while training. [default: false]
    predict_with_generate: bool, "BOOL";

    /// Metrics of generated captions, separated by commas, such as wer,cider_d,bleu_4.
    /// [default: wer,exact_match]
    metrics: List, "NAMES", value_parser = names;

    /// The spelling in which captions are compared: tokenizer or raw. [default: tokenizer]
    metric_spelling: MetricSpelling, "SPELLING";

    /// Longest generated caption in tokens. [default: as the model says, or 20]
    generation_max_length: usize, "N";

    /// Beams when captions are generated; 1 is greedy search. [default: as the model says, or 1]
    generation_num_beams: usize, "N";

    /// Decoding settings in place of the model's own: a generation_config.json. [default: none]
    generation_config: GenerationConfig, "FILE", value_parser = generation_config;

    /// When to save checkpoints: no, steps, epoch or best. [default: steps]
    save_strategy: SaveStrategy, "WHEN";

    /// Steps from one checkpoint to the next, or below 1 the share of all. [default: 500]
    save_steps: Steps, "N";

    /// Most checkpoints to keep; -1 keeps all. [default: all]
    save_total_limit: OptionalCount, "N", allow_negative_numbers = true;

    /// Save the model alone; no run can be resumed from it. [default: false]
    save_only_model: bool, "BOOL";

    /// End with the best checkpoint's weights, not the last step's. [default: false]
    load_best_model_at_end: bool, "BOOL";

    /// The evaluation's value that "best" means: loss, wer, or with --predict-with-generate a
    /// metric's, such as generated_wer. [default: loss]
    metric_for_best_model: String, "VALUE";

    /// Whether more of that value is better. [default: as the metric says]
    greater_is_better: bool, "BOOL";

    /// Evaluations without a better value after which the run ends. [default: none]
    early_stopping_patience: usize, "N";

    /// How much better a value must be to count for that. [default: 0]
    early_stopping_threshold: f64, "VALUE";

    /// Push the model to the Hub, while it is trained and at the end. [default: false]
    push_to_hub: bool, "BOOL";

    /// Repository to push to: OWNER/NAME, or a name of one's own. [default: the name of the output
    /// folder]
    hub_model_id: String, "REPOSITORY",
        alias = "push-to-hub-model-id", alias = "push_to_hub_model_id";

    /// Whether a repository that is made is private. [default: as the account says]
    hub_private_repo: bool, "BOOL";

    /// When to push: at the end; with every checkpoint (every_save); or so and with the newest
    /// checkpoint, to go on from (checkpoint). [default: every_save]
    hub_strategy: HubStrategy, "WHAT";

    /// Token to push with. [default: HF_TOKEN, or that of `hf auth login`]
    hub_token: HubToken, "TOKEN",
        alias = "push-to-hub-token", alias = "push_to_hub_token";
);
