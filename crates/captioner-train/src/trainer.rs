//! The training loop, by steps.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use burn::module::Module;
use burn::optim::{GradientsAccumulator, GradientsParams, ModuleOptimizer};
use burn::tensor::Tensor;
use captioner_git::{CaptionBatch, GenerationConfig, GitError, GitForCausalLm};

use crate::TrainError;
use crate::arguments::{Strategy, TrainingArguments};
use crate::callback::TrainerCallback;
use crate::clip::{clip, global_norm};
use crate::evaluate::{Evaluation, EvaluationOptions, evaluate};
use crate::loader::Loader;
use crate::optimizer::optimizer;
use crate::output::OutputFolder;
use crate::prepared::PreparedSet;
use crate::sampler::epoch_batches;
use crate::schedule::Schedule;
use crate::state::{LogEntry, TrainerState};

/// Fine-tunes a model on one set and measures it on another.
pub struct Trainer {
    arguments: TrainingArguments,
    output: OutputFolder,
    train: Arc<PreparedSet>,
    eval: Option<Arc<PreparedSet>>,
    callbacks: Vec<Box<dyn TrainerCallback>>,
}

/// What a run gives.
#[derive(Debug)]
pub struct TrainOutput {
    /// The model: the last step's, or the best checkpoint's with `load_best_model_at_end`. It
    /// records gradients; `Module::valid` gives one that does not.
    pub model: GitForCausalLm,
    /// Steps, epochs and everything logged.
    pub state: TrainerState,
    /// How long training took, evaluations and checkpoints included.
    pub seconds: f64,
}

impl Trainer {
    /// Checks settings and output folder; writes nothing yet.
    ///
    /// # Errors
    /// When a setting is out of range or contradicts another, the training set is empty, or the
    /// output folder is not ours to write to.
    pub fn new(
        arguments: TrainingArguments,
        train: Arc<PreparedSet>,
        eval: Option<Arc<PreparedSet>>,
    ) -> Result<Self, TrainError> {
        arguments.validate()?;
        let output = OutputFolder::check(&arguments.output_dir)?;
        Ok(Self {
            arguments,
            output,
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
        let rows = self.train.dataset().len();
        rows.div_ceil(self.arguments.per_device_train_batch_size)
            .div_ceil(self.arguments.gradient_accumulation_steps)
            .max(1)
    }

    /// Trains `model`, which must be on a device with autodiff.
    ///
    /// # Errors
    /// When a picture can't be read, a checkpoint can't be written, the device fails, or the loss
    /// is no number any more. Checkpoints that were written stay.
    pub fn train(&mut self, model: GitForCausalLm) -> Result<TrainOutput, TrainError> {
        let start = Instant::now();
        self.output.claim(&self.arguments)?;
        let mut run = Run::new(self, model);
        run.state.max_steps = self.total_steps();
        notify(&mut self.callbacks, |c| c.on_train_begin(&run.state));
        let mut epoch = 0;
        while run.state.global_step < run.state.max_steps {
            self.epoch(&mut run, epoch)?;
            epoch += 1;
        }
        notify(&mut self.callbacks, |c| c.on_train_end(&run.state));
        let best = run.state.best_model_checkpoint.clone();
        let model = match best.filter(|_| self.arguments.load_best_model_at_end) {
            Some(best) => GitForCausalLm::from_pretrained(&best, &run.model.device())?,
            None => run.model,
        };
        Ok(TrainOutput {
            model,
            state: run.state,
            seconds: start.elapsed().as_secs_f64(),
        })
    }

    fn epoch(&mut self, run: &mut Run, epoch: u64) -> Result<(), TrainError> {
        let args = &self.arguments;
        let size = args.per_device_train_batch_size;
        let dataset = self.train.dataset().as_ref();
        let captions = args.captions_per_image;
        let plan = epoch_batches(dataset, size, captions, args.seed, epoch)?;
        let mut batches = Loader::new(&self.train, plan, args.dataloader_num_workers);
        let per_epoch = self.steps_per_epoch();
        for step in 1..=per_epoch {
            if run.state.global_step == run.state.max_steps {
                break;
            }
            let micro: Result<Vec<CaptionBatch>, TrainError> = batches
                .by_ref()
                .take(self.arguments.gradient_accumulation_steps)
                .collect();
            run.step(&self.arguments, micro?)?;
            run.state.epoch = epoch as f64 + step as f64 / per_epoch as f64;
            notify(&mut self.callbacks, |c| c.on_step_end(&run.state));
            self.after_step(run, step == per_epoch)?;
        }
        Ok(())
    }

    /// Logs, evaluates and saves where this step is one to do so.
    fn after_step(&mut self, run: &mut Run, epoch_ends: bool) -> Result<(), TrainError> {
        let step = run.state.global_step;
        let last = step == run.state.max_steps;
        if step.is_multiple_of(self.arguments.logging_steps) || last {
            let entry = run.log()?;
            notify(&mut self.callbacks, |c| c.on_log(&run.state, &entry));
        }
        let due = |strategy, every: usize| match strategy {
            Strategy::No => false,
            Strategy::Steps => step.is_multiple_of(every),
            Strategy::Epoch => epoch_ends,
        };
        if due(self.arguments.eval_strategy, self.arguments.eval_every()) {
            self.evaluate_in(run)?;
        }
        if due(self.arguments.save_strategy, self.arguments.save_steps) {
            self.save_in(run)?;
        }
        Ok(())
    }

    fn evaluate_in(&mut self, run: &mut Run) -> Result<(), TrainError> {
        let generate = self.arguments.predict_with_generate;
        let Some(evaluation) = self.measure(&run.model.valid(), generate)? else {
            return Ok(());
        };
        run.note_best(&self.arguments, &evaluation, &self.output)?;
        let names = evaluation.scores.iter();
        let figures = names.map(|(name, value)| (format!("eval_{name}"), *value));
        let entry = run.entry(figures.collect());
        notify(&mut self.callbacks, |c| c.on_log(&run.state, &entry));
        Ok(())
    }

    fn save_in(&mut self, run: &mut Run) -> Result<(), TrainError> {
        let processor = self.train.processor();
        let saved = self
            .output
            .save(&run.model, processor, &self.arguments, &run.state)?;
        notify(&mut self.callbacks, |c| c.on_save(&run.state, &saved));
        if let Some(limit) = self.arguments.save_total_limit {
            let needed = self.arguments.load_best_model_at_end;
            let best = run.state.best_model_checkpoint.as_deref();
            self.output.keep(limit, best.filter(|_| needed))?;
        }
        Ok(())
    }

    /// Measures a model, written captions included, on the evaluation set.
    ///
    /// # Errors
    /// When there is no evaluation set row to read, or the device fails.
    pub fn evaluate(&self, model: &GitForCausalLm) -> Result<Evaluation, TrainError> {
        Ok(self.measure(model, true)?.unwrap_or_default())
    }

    fn measure(
        &self,
        model: &GitForCausalLm,
        generate: bool,
    ) -> Result<Option<Evaluation>, TrainError> {
        let Some(set) = &self.eval else {
            return Ok(None);
        };
        let generation = GenerationConfig {
            max_length: Some(self.arguments.generation_max_length),
            num_beams: self.arguments.generation_num_beams,
            ..GenerationConfig::default()
        };
        let options = EvaluationOptions {
            batch_size: self.arguments.per_device_eval_batch_size,
            generation: generate.then_some(generation),
            num_workers: self.arguments.dataloader_num_workers,
        };
        evaluate(model, set, &options).map(Some)
    }
}

fn notify(
    callbacks: &mut [Box<dyn TrainerCallback>],
    mut tell: impl FnMut(&mut dyn TrainerCallback),
) {
    for callback in callbacks {
        tell(callback.as_mut());
    }
}

/// What changes from step to step.
struct Run {
    model: GitForCausalLm,
    optimizer: ModuleOptimizer,
    schedule: Schedule,
    state: TrainerState,
    recent: Recent,
}

/// Figures since the last log entry; they stay on the device until then.
#[derive(Default)]
struct Recent {
    /// Loss of every batch, as its share of its step's loss.
    losses: Vec<Tensor<1>>,
    steps: usize,
    norm: Option<Tensor<1>>,
    learning_rate: f64,
}

impl Run {
    fn new(trainer: &Trainer, model: GitForCausalLm) -> Self {
        let args = &trainer.arguments;
        let total = trainer.total_steps();
        let kind = args.lr_scheduler_type;
        Self {
            optimizer: optimizer(args, &model),
            model,
            schedule: Schedule::new(kind, args.learning_rate, args.warmup(total), total),
            state: TrainerState::default(),
            recent: Recent::default(),
        }
    }

    /// One optimizer step over the batches whose gradients it sums.
    fn step(
        &mut self,
        args: &TrainingArguments,
        batches: Vec<CaptionBatch>,
    ) -> Result<(), TrainError> {
        let tokens: usize = batches.iter().map(CaptionBatch::target_count).sum();
        let mut sum = GradientsAccumulator::new();
        for (micro, batch) in batches.iter().enumerate() {
            // Dropout depends on seed and step alone, not on what ran before.
            let step = (self.state.global_step as u64) << 16 | micro as u64;
            self.model.device().seed(args.seed.wrapping_add(step));
            let loss = self.model.loss(batch, args.label_smoothing_factor)?.sum / tokens as f64;
            self.recent.losses.push(loss.clone().inner());
            let grads = GradientsParams::from_grads(loss.backward(), &self.model);
            sum.accumulate(&self.model, grads);
        }
        let mut grads = sum.grads();
        self.recent.norm = global_norm(&self.model, &grads);
        if let Some(norm) = self
            .recent
            .norm
            .clone()
            .filter(|_| args.max_grad_norm > 0.0)
        {
            clip(&self.model, &mut grads, norm, args.max_grad_norm);
        }
        let rate = self.schedule.learning_rate(self.state.global_step);
        self.model = self.optimizer.step(rate, self.model.clone(), grads);
        self.recent.learning_rate = rate;
        self.recent.steps += 1;
        self.state.global_step += 1;
        Ok(())
    }

    /// Reads the figures since the last entry from the device and adds an entry.
    fn log(&mut self) -> Result<LogEntry, TrainError> {
        let recent = std::mem::take(&mut self.recent);
        let mut sum = 0.0;
        for loss in recent.losses {
            sum += scalar(loss)?;
        }
        let loss = sum / recent.steps.max(1) as f64;
        if !loss.is_finite() {
            let step = self.state.global_step;
            return Err(TrainError::Diverged { step, loss });
        }
        let mut figures = BTreeMap::from([
            ("loss".to_owned(), loss),
            ("learning_rate".to_owned(), recent.learning_rate),
        ]);
        if let Some(norm) = recent.norm {
            figures.insert("grad_norm".to_owned(), scalar(norm)?);
        }
        Ok(self.entry(figures))
    }

    fn entry(&mut self, figures: BTreeMap<String, f64>) -> LogEntry {
        let entry = LogEntry {
            step: self.state.global_step,
            epoch: self.state.epoch,
            figures,
        };
        self.state.log_history.push(entry.clone());
        entry
    }

    /// Remembers this step's checkpoint if no earlier evaluation was as good.
    fn note_best(
        &mut self,
        args: &TrainingArguments,
        evaluation: &Evaluation,
        output: &OutputFolder,
    ) -> Result<(), TrainError> {
        let name = args.metric_for_best_model.trim_start_matches("eval_");
        let Some(value) = evaluation.score(name) else {
            let known: Vec<_> = evaluation.scores.keys().cloned().collect();
            return Err(TrainError::UnknownMetric {
                name: name.to_owned(),
                known: known.join(", "),
            });
        };
        let better = self.state.best_metric.is_none_or(|best| {
            if args.greater_is_better {
                value > best
            } else {
                value < best
            }
        });
        if better {
            self.state.best_metric = Some(value);
            self.state.best_model_checkpoint = Some(output.checkpoint(self.state.global_step));
        }
        Ok(())
    }
}

fn scalar(value: Tensor<1>) -> Result<f64, TrainError> {
    let data = value.try_into_data();
    let data = data.map_err(|error| GitError::Device(error.to_string()))?;
    Ok(data.iter::<f64>().sum())
}
