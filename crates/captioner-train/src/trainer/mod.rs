//! The training loop, by steps.

mod evaluation;
mod flow;
mod run;
mod start;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use captioner_files::write_json;
use captioner_metrics::{Metric, MetricSet};
use captioner_model::{Pretrained, SettingError};

use crate::arguments::{IntervalStrategy, TrainingArguments};
use crate::callback::TrainerCallback;
use crate::callbacks;
use crate::checkpoint::STATE_FILE;
use crate::error::TrainError;
use crate::evaluate::ComputeMetrics;
use crate::failure::TrainFailure;
use crate::output::OutputFolder;
use crate::prepared::PreparedSet;
use crate::sampler::{CaptionChoice, Sampler};
use crate::state::TrainerState;
use crate::stop::StopHandle;

use run::Run;

/// Fine-tunes a model on one set and measures it on another.
///
/// The loop is short enough to write oneself: `examples/custom_loop.rs` does, with the same public
/// parts.
///
/// ```
/// use std::sync::Arc;
/// use burn::tensor::Device;
/// use captioner_data::{InMemoryDataset, Picture, train_test_split};
/// use captioner_git::{GitConfig, GitForCausalLm};
/// use captioner_model::Processor;
/// use captioner_text::{CaptionTokenizer, WordPieceTraining};
/// use captioner_train::{PreparedSet, Trainer, TrainingArguments};
///
/// // Any captioned set; here grey squares.
/// let mut set = InMemoryDataset::new("squares");
/// for grey in 0..20 {
///     let picture = Picture::Rgb8 { width: 4, height: 4, pixels: vec![12 * grey; 48] };
///     set.push(picture, [if grey < 10 { "a dark square" } else { "a light square" }]);
/// }
/// let split = train_test_split(Arc::new(set), 0.2, 42)?;
///
/// // Any captioner; here a small GIT with fresh weights.
/// let captions = ["a dark square", "a light square"];
/// let tokenizer = CaptionTokenizer::train_word_piece(captions, &WordPieceTraining::default())?;
/// let (pad, bos, eos) = (tokenizer.pad_id(), tokenizer.cls_id(), tokenizer.sep_id());
/// let mut config = GitConfig::small(tokenizer.vocab_size(), pad, bos, eos);
/// config.vision_config.image_size = 32;
/// let model = GitForCausalLm::new(config, 42, &Device::flex().autodiff())?;
///
/// let processor = Processor::clip(32, tokenizer)?;
/// let prepare = |part| Arc::new(PreparedSet::new(Arc::new(part), processor.clone(), 64));
/// # let folder = tempfile::tempdir()?;
/// let arguments = TrainingArguments {
///     output_dir: folder.path().join("squares"),
///     max_steps: Some(4),
///     ..TrainingArguments::default()
/// };
/// let mut trainer = Trainer::new(arguments, prepare(split.train), Some(prepare(split.test)))?;
/// let output = trainer.train(model)?;
/// assert_eq!(output.state.global_step, 4);
/// let evaluation = trainer.evaluate(&output.model)?;
/// assert!(evaluation.score("generated_wer").is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Trainer<M> {
    arguments: TrainingArguments,
    metrics: MetricSet,
    output: OutputFolder,
    /// Checkpoints of an earlier run that are to be removed.
    earlier: Vec<usize>,
    train: Arc<PreparedSet>,
    eval: Option<Arc<PreparedSet>>,
    callbacks: Vec<Box<dyn TrainerCallback<M>>>,
    compute_metrics: Option<ComputeMetrics>,
    /// Whether more of what `metric_for_best_model` names is better; known when a run starts.
    more_is_better: bool,
    base_model: Option<String>,
    /// Whether that model is in the output folder, where it has no name.
    base_saved: bool,
    stop: StopHandle,
}

/// What a run gives.
#[derive(Debug)]
pub struct TrainOutput<M> {
    /// The model: the last step's, or the best checkpoint's with `load_best_model_at_end`; the
    /// averaged weights where `ema_decay` is set. Of a run that was interrupted it is the model as it
    /// is trained. It records gradients; `Module::valid` gives one that does not.
    pub model: M,
    /// Steps, epochs and everything logged.
    pub state: TrainerState,
    /// How long training took, evaluations and checkpoints included.
    pub seconds: f64,
    /// How it ended.
    pub end: RunEnd,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunEnd {
    /// After its last step.
    Finished,
    /// Before, as a callback wished, such as early stopping.
    Stopped,
    /// By its [`StopHandle`]: the run goes on from this checkpoint with `resume_from_checkpoint`. None
    /// where nothing was learnt yet.
    Interrupted(Option<PathBuf>),
}

impl<M: Pretrained> Trainer<M> {
    /// Checks settings and output folder; writes nothing yet. Early stopping and what `report_to`
    /// names are callbacks that are added here.
    ///
    /// # Errors
    /// When settings are out of range or contradict each other (all are named), a set is empty, or
    /// the output folder is not ours to write to.
    pub fn new(
        arguments: TrainingArguments,
        train: Arc<PreparedSet>,
        eval: Option<Arc<PreparedSet>>,
    ) -> Result<Self, TrainError> {
        arguments.validate()?;
        for set in eval.iter().chain([&train]) {
            if set.dataset().is_empty() {
                let set = set.dataset().name().to_owned();
                return Err(TrainError::EmptySet { set });
            }
        }
        check_captions(&train, arguments.captions_per_image)?;
        let evaluates = arguments.eval_strategy != IntervalStrategy::No || arguments.eval_on_start;
        if eval.is_none() && evaluates {
            return Err(TrainError::NoEvaluationSet);
        }
        let trainer = Self {
            output: OutputFolder::check(&arguments)?,
            metrics: arguments.metric_set()?,
            callbacks: callbacks::of(&arguments),
            arguments,
            earlier: Vec::new(),
            train,
            eval,
            compute_metrics: None,
            more_is_better: false,
            base_model: None,
            base_saved: false,
            stop: StopHandle::default(),
        };
        match trainer.sampler().batches_per_epoch() {
            0 => Err(TrainError::NoBatch {
                set: trainer.train.dataset().name().to_owned(),
                rows: trainer.train.dataset().len(),
                batch_size: trainer.arguments.per_device_train_batch_size,
            }),
            _ => Ok(trainer),
        }
    }

    /// Adds a watcher.
    pub fn with_callback(mut self, callback: impl TrainerCallback<M> + 'static) -> Self {
        self.callbacks.push(Box::new(callback));
        self
    }

    /// Adds a metric of one's own to those of generated captions; its values may be what
    /// `metric_for_best_model` names.
    ///
    /// # Errors
    /// When a value of it has the name of another metric's.
    pub fn with_metric(mut self, metric: Box<dyn Metric>) -> Result<Self, TrainError> {
        self.metrics = self.metrics.with(metric)?;
        Ok(self)
    }

    /// Adds values of one's own to those of evaluations; one of them may be what
    /// `metric_for_best_model` names.
    pub fn with_compute_metrics(mut self, compute_metrics: ComputeMetrics) -> Self {
        self.compute_metrics = Some(compute_metrics);
        self
    }

    /// Names the model that an adapter is trained for, a folder or an id of the Hub: it is written
    /// into `adapter_config.json`. Without a name the model is saved as `base_model` in the output
    /// folder, so that no adapter is without its model.
    pub fn with_base_model(mut self, name: impl Into<String>) -> Self {
        self.base_model = Some(name.into());
        self
    }

    /// Ends the run from outside, as a signal does: the step is finished and saved, and
    /// [`train`](Self::train) returns. What is then due, such as an evaluation, is done when the run
    /// goes on.
    pub fn stop_handle(&self) -> StopHandle {
        self.stop.clone()
    }

    /// The settings.
    pub fn arguments(&self) -> &TrainingArguments {
        &self.arguments
    }

    /// Optimizer steps of the whole run.
    pub fn total_steps(&self) -> usize {
        let per_epoch = self.steps_per_epoch() as f64;
        let epochs = self.arguments.num_train_epochs;
        let all = (per_epoch * epochs).ceil().max(1.0) as usize;
        self.arguments.max_steps.unwrap_or(all)
    }

    fn steps_per_epoch(&self) -> usize {
        let accumulated = self.arguments.gradient_accumulation_steps;
        let batches = self.sampler().batches_per_epoch();
        batches.div_ceil(accumulated).max(1)
    }

    fn sampler(&self) -> Sampler {
        let args = &self.arguments;
        let (size, captions) = (args.per_device_train_batch_size, args.captions_per_image);
        let seed = args.data_seed.unwrap_or(args.seed);
        Sampler::for_set(&self.train, size, captions, seed)
            .with_strategy(args.train_sampling_strategy)
            .with_drop_last(args.dataloader_drop_last)
    }

    /// Makes the output folder, and keeps other runs out of it until the trainer is dropped.
    /// [`train`](Self::train) does so when all checks have passed; call it before to write something
    /// of one's own there.
    ///
    /// # Errors
    /// When another run is writing to it, or files can't be written.
    pub fn claim_output_dir(&mut self) -> Result<(), TrainError> {
        self.output.claim(&self.arguments)
    }

    /// Trains `model`, which must be on a device with autodiff. Parts are frozen and an adapter is
    /// added as the settings say; a run that was interrupted goes on as if it had not been.
    ///
    /// Settings, the first rows of both sets, and the checkpoint to go on from are checked before
    /// anything is written.
    ///
    /// # Errors
    /// When a picture can't be read and bad rows are to stop the run, a checkpoint can't be read or
    /// written, the device fails, a callback fails, the model has nothing to train, or a loss is
    /// infinite or NaN. The failure holds the model after the last whole step, and the checkpoint
    /// that was made of it; checkpoints that were written before stay.
    pub fn train(&mut self, model: M) -> Result<TrainOutput<M>, Box<TrainFailure<M>>> {
        let started = Instant::now();
        let mut run = match self.start(&model) {
            Ok(run) => run,
            Err(error) => return Err(Box::new(TrainFailure::at_start(error, model))),
        };
        drop(model);
        match self.go(&mut run, started) {
            Ok(end) => Ok(TrainOutput {
                model: run.stepper.model,
                state: run.state,
                seconds: started.elapsed().as_secs_f64(),
                end,
            }),
            Err(error) => Err(Box::new(self.rescue(run, error))),
        }
    }

    /// Keeps what a failed run has learnt.
    fn rescue(&mut self, mut run: Run<M>, error: TrainError) -> TrainFailure<M> {
        let step = run.state.global_step;
        // What a run logs at its end is logged when it ends.
        let logged = &mut run.state.log_history;
        if logged
            .last()
            .is_some_and(|entry| entry.get("train_runtime").is_some())
        {
            logged.pop();
        }
        let last = run.saved.as_ref().filter(|(saved, _)| *saved == step);
        let kept = last.filter(|_| run.pending == Default::default());
        let kept = kept.map(|(_, path)| path.clone());
        let saved = match run.stepper.check_finite(step) {
            _ if step == run.started_at => None,
            _ if kept.is_some() => kept.map(Ok),
            // There is nothing in them to keep.
            Err(TrainError::DivergedWeights { .. }) => None,
            Err(error) => Some(Err(error)),
            Ok(()) => Some(self.write(&run, false)),
        };
        let (checkpoint, save_error) = match saved {
            None => (None, None),
            Some(Ok(path)) => (Some(path), None),
            Some(Err(error)) => (None, Some(error)),
        };
        TrainFailure {
            error,
            model: run.stepper.model,
            state: run.state,
            checkpoint,
            save_error,
        }
    }

    /// Writes where the run stands at its end beside its checkpoints, as `Trainer.save_state` does.
    fn save_state(&self, state: &TrainerState) -> Result<(), TrainError> {
        Ok(write_json(self.output.path().join(STATE_FILE), state)?)
    }

    fn total_epochs(&self) -> usize {
        self.total_steps().div_ceil(self.steps_per_epoch())
    }
}

/// An epoch of all captions has a sample for each: several a sample would be another epoch.
fn check_captions(train: &PreparedSet, captions: usize) -> Result<(), SettingError> {
    let fits = captions == 1 || train.caption_choice() != CaptionChoice::All;
    let help = "an epoch of all captions has a sample for each: leave it 1, or choose the captions at \
                random";
    SettingError::check("captions_per_image", captions, fits, help)
}
