//! The training loop, by steps.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use captioner_metrics::{Metric, MetricSet};
use captioner_model::{GenerationConfig, Pretrained, has_adapter, load_adapter, remove_adapter};

use crate::arguments::{IntervalStrategy, TrainingArguments};
use crate::callback::TrainerCallback;
use crate::error::TrainError;
use crate::evaluate::{Evaluation, EvaluationOptions, evaluate};
use crate::loader::{DataLoader, LoadedBatch};
use crate::output::{ADAPTER, OutputFolder};
use crate::prepared::PreparedSet;
use crate::sampler::Sampler;
use crate::state::{LogEntry, TrainerState};
use crate::step::Stepper;

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
pub struct Trainer {
    arguments: TrainingArguments,
    metrics: MetricSet,
    output: OutputFolder,
    /// Checkpoints of an earlier run that are to be removed.
    earlier: Vec<usize>,
    train: Arc<PreparedSet>,
    eval: Option<Arc<PreparedSet>>,
    callbacks: Vec<Box<dyn TrainerCallback>>,
}

/// What a run gives.
#[derive(Debug)]
pub struct TrainOutput<M> {
    /// The model: the last step's, or the best checkpoint's with `load_best_model_at_end`. It
    /// records gradients; `Module::valid` gives one that does not.
    pub model: M,
    /// Steps, epochs and everything logged.
    pub state: TrainerState,
    /// How long training took, evaluations and checkpoints included.
    pub seconds: f64,
}

impl Trainer {
    /// Checks settings and output folder; writes nothing yet.
    ///
    /// # Errors
    /// When a setting is out of range or contradicts another, a set is empty, or the output folder
    /// is not ours to write to.
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
        if eval.is_none() && arguments.eval_strategy != IntervalStrategy::No {
            return Err(TrainError::NoEvaluationSet);
        }
        let overwrite = arguments.overwrite_output_dir;
        let output = OutputFolder::check(&arguments.output_dir, overwrite)?;
        Ok(Self {
            metrics: arguments.metric_set()?,
            arguments,
            output,
            earlier: Vec::new(),
            train,
            eval,
            callbacks: Vec::new(),
        })
    }

    /// Adds a watcher.
    pub fn with_callback(mut self, callback: impl TrainerCallback + 'static) -> Self {
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
        Sampler::new(self.train.dataset().clone(), size, captions, args.seed)
    }

    /// Checks what depends on the model and the metrics; writes nothing. [`train`](Self::train) does
    /// so first.
    ///
    /// # Errors
    /// When `metric_for_best_model` is none of the values that evaluations give, or the decoding
    /// settings don't fit the model.
    pub fn check<M: Pretrained>(&self, model: &M) -> Result<(), TrainError> {
        self.arguments.validate_metric(&self.metrics)?;
        Ok(self.generation(model).validate(&model.spec())?)
    }

    /// Trains `model`, which must be on a device with autodiff.
    ///
    /// # Errors
    /// When a picture can't be read and bad rows are to stop the run, a checkpoint can't be
    /// written, the device fails, the model has nothing to train, or the loss is infinite or NaN.
    /// Checkpoints that were written stay.
    pub fn train<M: Pretrained>(&mut self, model: M) -> Result<TrainOutput<M>, TrainError> {
        let start = Instant::now();
        self.check(&model)?;
        self.output.claim(&self.arguments)?;
        self.earlier = self.output.steps()?;
        let mut state = TrainerState {
            max_steps: self.total_steps(),
            ..TrainerState::default()
        };
        let mut stepper = Stepper::new(&self.arguments, model, state.max_steps);
        self.notify(|c| c.on_train_begin(&state));
        let mut epoch = 0;
        while state.global_step < state.max_steps {
            self.epoch(&mut stepper, &mut state, epoch)?;
            epoch += 1;
        }
        self.notify(|c| c.on_train_end(&state));
        if stepper.trained_batches() == 0 {
            return Err(self.no_good_rows());
        }
        stepper.check_finite(state.global_step)?;
        let best = state.best_model_checkpoint.clone();
        let model = match best.filter(|_| self.arguments.load_best_model_at_end) {
            Some(best) => load_best(stepper.model, &best)?,
            None => stepper.model,
        };
        Ok(TrainOutput {
            model,
            state,
            seconds: start.elapsed().as_secs_f64(),
        })
    }

    fn epoch<M: Pretrained>(
        &mut self,
        stepper: &mut Stepper<M>,
        state: &mut TrainerState,
        epoch: u64,
    ) -> Result<(), TrainError> {
        let workers = self.arguments.dataloader_num_workers;
        let accumulated = self.arguments.gradient_accumulation_steps;
        let mut batches = DataLoader::new(&self.train, self.sampler().epoch(epoch), workers);
        let per_epoch = self.steps_per_epoch();
        for step in 1..=per_epoch {
            if state.global_step == state.max_steps {
                break;
            }
            let micro: Result<Vec<LoadedBatch>, TrainError> =
                batches.by_ref().take(accumulated).collect();
            let micro: Vec<_> = micro?
                .into_iter()
                .filter_map(|loaded| loaded.batch)
                .collect();
            stepper.step(&self.arguments, state.global_step, &micro)?;
            state.global_step += 1;
            state.epoch = epoch as f64 + step as f64 / per_epoch as f64;
            self.notify(|c| c.on_step_end(state));
            self.after_step(stepper, state, step == per_epoch)?;
        }
        match stepper.trained_batches() {
            0 => Err(self.no_good_rows()),
            _ => Ok(()),
        }
    }

    /// The error that every row so far was skipped: such a run would learn nothing.
    fn no_good_rows(&self) -> TrainError {
        let skipped = self.train.skipped();
        TrainError::NoGoodRows {
            set: self.train.dataset().name().to_owned(),
            first: skipped.first().map(ToString::to_string).unwrap_or_default(),
        }
    }

    /// Logs, evaluates and saves where this step is one to do so.
    fn after_step<M: Pretrained>(
        &mut self,
        stepper: &mut Stepper<M>,
        state: &mut TrainerState,
        epoch_ends: bool,
    ) -> Result<(), TrainError> {
        let step = state.global_step;
        let last = step == state.max_steps;
        if step.is_multiple_of(self.arguments.logging_steps) || last {
            let values = stepper.recent(step)?;
            self.log(state, values);
        }
        let due = |strategy, every: usize| match strategy {
            IntervalStrategy::No => false,
            IntervalStrategy::Steps => step.is_multiple_of(every),
            IntervalStrategy::Epoch => epoch_ends,
        };
        let saves = due(self.arguments.save_strategy, self.arguments.save_steps);
        if due(self.arguments.eval_strategy, self.arguments.eval_every()) {
            self.evaluate_in(&stepper.model, state, saves)?;
        }
        if saves {
            stepper.check_finite(step)?;
            self.save_in(&stepper.model, state)?;
        }
        Ok(())
    }

    fn log(&mut self, state: &mut TrainerState, values: BTreeMap<String, f64>) {
        let entry = LogEntry {
            step: state.global_step,
            epoch: state.epoch,
            values,
        };
        state.log_history.push(entry.clone());
        self.notify(|c| c.on_log(state, &entry));
    }

    fn evaluate_in<M: Pretrained>(
        &mut self,
        model: &M,
        state: &mut TrainerState,
        saves: bool,
    ) -> Result<(), TrainError> {
        let generate = self.arguments.predict_with_generate;
        let Some(evaluation) = self.measure(&model.valid(), generate)? else {
            return Ok(());
        };
        // The best model is the best of those that are saved.
        if saves {
            self.note_best(state, &evaluation)?;
        }
        self.notify(|c| c.on_evaluate(state, &evaluation));
        let values = evaluation.scores.iter();
        let values = values.map(|(name, value)| (format!("eval_{name}"), *value));
        self.log(state, values.collect());
        Ok(())
    }

    /// Remembers this step's checkpoint if no earlier evaluation was as good.
    fn note_best(
        &self,
        state: &mut TrainerState,
        evaluation: &Evaluation,
    ) -> Result<(), TrainError> {
        let name = self.arguments.best_value();
        let Some(value) = evaluation.score(name) else {
            let known: Vec<_> = evaluation.scores.keys().cloned().collect();
            return Err(TrainError::UnknownMetric {
                name: name.to_owned(),
                known: known.join(", "),
            });
        };
        let more = self.arguments.more_is_better(&self.metrics);
        let better = |best: f64| if more { value > best } else { value < best };
        if !value.is_nan() && state.best_metric.is_none_or(better) {
            state.best_metric = Some(value);
            state.best_model_checkpoint = Some(self.output.checkpoint(state.global_step));
        }
        Ok(())
    }

    fn save_in<M: Pretrained>(
        &mut self,
        model: &M,
        state: &TrainerState,
    ) -> Result<(), TrainError> {
        let processor = self.train.processor();
        let saved = self.output.save(model, processor, &self.arguments, state)?;
        // From now on this run has a checkpoint of its own; one of the same step was replaced.
        let mut earlier = std::mem::take(&mut self.earlier);
        earlier.retain(|step| *step != state.global_step);
        self.output.remove_all(&earlier)?;
        self.notify(|c| c.on_save(state, &saved));
        if let Some(limit) = self.arguments.save_total_limit {
            let needed = self.arguments.load_best_model_at_end;
            let best = state.best_model_checkpoint.as_deref();
            self.output.keep(limit, best.filter(|_| needed))?;
        }
        Ok(())
    }

    /// Measures a model, generated captions included, on the evaluation set.
    ///
    /// # Errors
    /// As [`evaluate`]; [`TrainError::NoEvaluationSet`] where the trainer has none.
    pub fn evaluate<M: Pretrained>(&self, model: &M) -> Result<Evaluation, TrainError> {
        self.measure(model, true)?
            .ok_or(TrainError::NoEvaluationSet)
    }

    /// The decoding settings of a model's own, with the run's lengths and beams.
    fn generation<M: Pretrained>(&self, model: &M) -> GenerationConfig {
        GenerationConfig {
            max_length: Some(self.arguments.generation_max_length),
            max_new_tokens: None,
            num_beams: self.arguments.generation_num_beams,
            num_return_sequences: 1,
            ..model.generation_config().clone()
        }
    }

    /// How evaluations of a model in this run are made, captions generated where `generate` says
    /// so.
    pub fn evaluation_options<M: Pretrained>(
        &self,
        model: &M,
        generate: bool,
    ) -> EvaluationOptions {
        let generation = self.generation(model);
        EvaluationOptions {
            batch_size: self.arguments.per_device_eval_batch_size,
            generation: generate.then_some(generation),
            num_workers: self.arguments.dataloader_num_workers,
            metrics: self.metrics.fresh(),
            spelling: self.arguments.metric_spelling,
            ..EvaluationOptions::default()
        }
    }

    fn measure<M: Pretrained>(
        &self,
        model: &M,
        generate: bool,
    ) -> Result<Option<Evaluation>, TrainError> {
        let Some(set) = &self.eval else {
            return Ok(None);
        };
        let options = self.evaluation_options(model, generate);
        evaluate(model, set, &options).map(Some)
    }

    fn notify(&mut self, mut tell: impl FnMut(&mut dyn TrainerCallback)) {
        for callback in &mut self.callbacks {
            tell(callback.as_mut());
        }
    }
}

/// The model with the weights of a checkpoint of the same run: freezing and settings stay, and of an
/// adapter the checkpoint's takes its place, as the weights under it were frozen.
fn load_best<M: Pretrained>(model: M, checkpoint: &Path) -> Result<M, TrainError> {
    if has_adapter(&model) {
        let bare = remove_adapter(model);
        return Ok(load_adapter(bare, checkpoint.join(ADAPTER))?);
    }
    Ok(model.load_weights(checkpoint)?)
}
