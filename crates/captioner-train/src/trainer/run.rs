//! From the first step of a run, or the one after a checkpoint's, to its last.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use captioner_model::{CaptionBatch, Pretrained, has_adapter};

use super::{RunEnd, Trainer};
use crate::callback::{CallbackResult, TrainerCallback, TrainerContext, TrainerControl};
use crate::checkpoint::{self, FORMAT, Pending, Progress, Snapshot};
use crate::error::TrainError;
use crate::evaluate::no_good_rows;
use crate::features::FeatureCache;
use crate::loader::{DataLoader, LoadedBatch};
use crate::state::{LogEntry, TrainerState};
use crate::step::{Outcome, Stepper};

/// A run between two steps.
pub(super) struct Run<M: Pretrained> {
    pub(super) stepper: Stepper<M>,
    pub(super) state: TrainerState,
    pub(super) control: TrainerControl,
    /// What the last step was to do and has not done yet.
    pub(super) pending: Pending,
    /// Steps that were done before this process.
    pub(super) started_at: usize,
    /// The step of the last checkpoint that a run can go on from, and where that is.
    pub(super) saved: Option<(usize, PathBuf)>,
    /// What people should know of the start.
    pub(super) messages: Vec<String>,
    /// What a frozen image encoder made of the pictures of each set.
    pub(super) features: Features,
}

/// The outputs of a frozen image encoder, by set.
#[derive(Default)]
pub(super) struct Features {
    pub(super) train: Option<FeatureCache>,
    pub(super) eval: Option<FeatureCache>,
}

impl<M: Pretrained> Run<M> {
    pub(super) fn new(stepper: Stepper<M>, state: TrainerState) -> Self {
        Self {
            stepper,
            state,
            control: TrainerControl::default(),
            pending: Pending::default(),
            started_at: 0,
            saved: None,
            messages: Vec::new(),
            features: Features::default(),
        }
    }
}

impl<M: Pretrained> Trainer<M> {
    /// All steps that are left, and what comes after them.
    pub(super) fn go(&mut self, run: &mut Run<M>, started: Instant) -> Result<RunEnd, TrainError> {
        self.begin(run)?;
        while !self.is_over(run) {
            self.epoch(run)?;
        }
        self.finish(run, started)
    }

    fn is_over(&self, run: &Run<M>) -> bool {
        run.state.global_step >= run.state.max_steps
            || run.control.should_training_stop
            || self.stop.is_stopped()
    }

    fn begin(&mut self, run: &mut Run<M>) -> Result<(), TrainError> {
        self.tell(run, |c, context, control| {
            c.on_train_begin(context, control)
        })?;
        for message in std::mem::take(&mut run.messages) {
            self.message(run, &message)?;
        }
        if run.started_at == 0 && self.arguments.eval_on_start {
            match self.evaluate_in(run, false) {
                // Nothing is learnt yet that could be lost.
                Ok(_) | Err(TrainError::Stopped) => {}
                Err(error) => return Err(error),
            }
        }
        // What the last step before the checkpoint was to do.
        let due = run.pending;
        self.do_due(run, due)
    }

    /// The steps of an epoch that are left.
    fn epoch(&mut self, run: &mut Run<M>) -> Result<(), TrainError> {
        let accumulated = self.arguments.gradient_accumulation_steps;
        let per_epoch = self.steps_per_epoch();
        let (epoch, done) = (
            run.state.global_step / per_epoch,
            run.state.global_step % per_epoch,
        );
        let sampler = self.sampler();
        let in_epoch = sampler.batches_per_epoch().max(1);
        let mut plan = sampler.epoch(epoch as u64);
        plan.skip_batches(done * accumulated);
        let workers = self.arguments.dataloader_num_workers;
        let mut batches = match &run.features.train {
            Some(features) => features.loader(plan, workers),
            None => DataLoader::new(&self.train, plan, workers),
        };
        for step in done + 1..=per_epoch {
            let micro: Result<Vec<LoadedBatch>, TrainError> =
                batches.by_ref().take(accumulated).collect();
            let skipped = self.step(run, micro?)?;
            let batches_done = (step * accumulated).min(in_epoch);
            run.state.epoch = epoch as f64 + batches_done as f64 / in_epoch as f64;
            self.after_step(run, step == per_epoch, skipped)?;
            if self.is_over(run) {
                break;
            }
        }
        match run.stepper.trained_batches + run.stepper.non_finite_steps {
            0 if !self.stop.is_stopped() => Err(no_good_rows(&self.train)),
            _ => Ok(()),
        }
    }

    /// A step; gives what people should know where it was skipped.
    fn step(
        &mut self,
        run: &mut Run<M>,
        micro: Vec<LoadedBatch>,
    ) -> Result<Option<String>, TrainError> {
        let rows: Vec<Vec<usize>> = micro.iter().map(|loaded| loaded.rows.clone()).collect();
        let (model, features) = (&run.stepper.model, &mut run.features.train);
        let batches = micro.into_iter().map(|loaded| match features {
            Some(features) => features.batch(model, loaded),
            None => Ok(loaded.batch),
        });
        let batches: Result<Vec<Option<CaptionBatch>>, TrainError> = batches.collect();
        let batches = batches?;
        let done = run.state.global_step;
        run.stepper.learning_rate = run.control.learning_rate;
        let outcome = run.stepper.step(&self.arguments, done, &batches);
        let names = |places: &[(usize, usize)]| -> Vec<String> {
            let row = |&(batch, picture): &(usize, usize)| Some(*rows.get(batch)?.get(picture)?);
            let rows = places.iter().filter_map(row);
            rows.map(|row| self.train.describe(row)).collect()
        };
        let outcome = outcome.map_err(|error| match error {
            TrainError::NonFinite {
                step,
                value,
                places,
                ..
            } => TrainError::NonFinite {
                rows: names(&places),
                step,
                value,
                places,
            },
            error => error,
        })?;
        run.state.global_step += 1;
        run.state.num_input_tokens_seen = run.stepper.tokens;
        let Outcome::Skipped(places) = outcome else {
            return Ok(None);
        };
        let (step, rows) = (run.state.global_step, names(&places).join(", "));
        Ok(Some(format!(
            "step {step} was skipped: its loss or gradients are infinite or NaN because of {rows}"
        )))
    }

    pub(super) fn log(
        &mut self,
        run: &mut Run<M>,
        values: BTreeMap<String, f64>,
    ) -> Result<(), TrainError> {
        let entry = LogEntry {
            step: run.state.global_step,
            epoch: run.state.epoch,
            values,
        };
        run.state.log_history.push(entry.clone());
        self.tell(run, |c, context, _| c.on_log(context, &entry))
    }

    /// Saves a checkpoint, and removes those that are too many. One that the run is to go on from is
    /// saved whole, whatever `save_only_model` says.
    pub(super) fn save(&mut self, run: &mut Run<M>, to_go_on: bool) -> Result<(), TrainError> {
        let step = run.state.global_step;
        run.stepper.check_finite(step)?;
        let model_only = self.arguments.save_only_model && !to_go_on;
        let saved = self.write(run, model_only)?;
        if !model_only {
            run.saved = Some((step, saved.clone()));
        }
        self.tell(run, |c, context, _| c.on_save(context, &saved))?;
        if let Some(limit) = self.arguments.save_total_limit {
            let best = run.state.best_model_checkpoint.as_deref();
            self.output.keep(limit, step, best)?;
        }
        Ok(())
    }

    /// Writes the checkpoint of the run's step.
    pub(super) fn write(&mut self, run: &Run<M>, model_only: bool) -> Result<PathBuf, TrainError> {
        self.save_base(run)?;
        let path = self.output.checkpoint(run.state.global_step);
        self.snapshot(run, &path, model_only)?;
        // From now on this run has a checkpoint of its own; one of the same step was replaced.
        let mut earlier = std::mem::take(&mut self.earlier);
        earlier.retain(|earlier| *earlier != run.state.global_step);
        self.output.remove_all(&earlier)?;
        Ok(path)
    }

    fn snapshot(&self, run: &Run<M>, path: &Path, model_only: bool) -> Result<(), TrainError> {
        let stepper = &run.stepper;
        let progress = Progress {
            format: FORMAT,
            recent: stepper.recent.clone(),
            total_loss: stepper.total_loss,
            trained_batches: stepper.trained_batches,
            non_finite_steps: stepper.non_finite_steps,
            skipped_in_a_row: stepper.skipped_in_a_row,
            schedule: stepper.schedule.state(),
            learning_rate: run.control.learning_rate,
            pending: run.pending,
            stopped: run.control.should_training_stop,
            base_model: self.base_model.clone(),
            adapter: has_adapter(&stepper.model),
            data: self.data(),
        };
        let mut state = run.state.clone();
        for callback in &self.callbacks {
            if let Some(kept) = callback.state() {
                state.stateful_callbacks.insert(callback.name(), kept);
            }
        }
        let snapshot = Snapshot {
            stepper,
            processor: self.train.processor(),
            base_model: &self.base_model(),
            arguments: &self.arguments,
            state: &state,
            progress: &progress,
            skipped: &self.train.skipped(),
            model_only,
        };
        checkpoint::write(path, &snapshot)
    }

    /// What the rows of both sets are.
    pub(super) fn data(&self) -> BTreeMap<String, String> {
        let sets = [
            ("training set", Some(&self.train)),
            ("evaluation set", self.eval.as_ref()),
        ];
        let mut data = BTreeMap::new();
        for (which, set) in sets {
            let described = set.map(|set| set.description()).unwrap_or_default();
            let entries = described.into_iter();
            data.extend(entries.map(|(name, value)| (format!("{which}'s {name}"), value)));
        }
        data
    }

    pub(super) fn message(&mut self, run: &mut Run<M>, message: &str) -> Result<(), TrainError> {
        self.tell(run, |c, context, _| c.on_message(context, message))
    }

    /// Tells all callbacks; the first that fails ends the run.
    pub(super) fn tell(
        &mut self,
        run: &mut Run<M>,
        mut tell: impl FnMut(
            &mut dyn TrainerCallback<M>,
            &TrainerContext<'_, M>,
            &mut TrainerControl,
        ) -> CallbackResult,
    ) -> Result<(), TrainError> {
        let context = TrainerContext {
            arguments: &self.arguments,
            state: &run.state,
            greater_is_better: self.more_is_better,
            model: &run.stepper.model,
        };
        for callback in &mut self.callbacks {
            let told = tell(callback.as_mut(), &context, &mut run.control);
            told.map_err(|source| TrainError::Callback {
                name: callback.name(),
                source,
            })?;
        }
        self.pass_on(&run.state, &run.stepper.model)
    }

    /// Tells all callbacks what one of them has to say.
    fn pass_on(&mut self, state: &TrainerState, model: &M) -> Result<(), TrainError> {
        let messages = self.callbacks.iter_mut().map(|c| c.take_messages());
        let messages: Vec<String> = messages.flatten().collect();
        let context = TrainerContext {
            arguments: &self.arguments,
            state,
            greater_is_better: self.more_is_better,
            model,
        };
        for message in &messages {
            for callback in &mut self.callbacks {
                let told = callback.on_message(&context, message);
                told.map_err(|source| TrainError::Callback {
                    name: callback.name(),
                    source,
                })?;
            }
        }
        Ok(())
    }
}
