//! What comes before the first step: everything is checked, then the folder is taken.

use std::path::Path;
use std::sync::Arc;

use captioner_model::{
    Pretrained, has_adapter, remove_adapter, save_pretrained, trained_parameters,
};

use super::Trainer;
use super::run::{Features, Run};
use crate::checkpoint::{self, Saved, load_ema, load_weights};
use crate::error::TrainError;
use crate::features::FeatureCache;
use crate::prepared::PreparedSet;
use crate::sampler::sequential_batches;
use crate::state::TrainerState;
use crate::step::Stepper;

/// Folder in the output folder for the model that an adapter belongs to, where it has no name.
const BASE_MODEL: &str = "base_model";

/// What was found out before anything is written.
struct Checked<M> {
    /// With the parts frozen, or the adapter added, that the settings ask for.
    model: M,
    saved: Option<Saved>,
    /// What differs from the checkpoint's settings.
    changes: Vec<String>,
    /// What people should know.
    messages: Vec<String>,
}

impl<M: Pretrained> Trainer<M> {
    /// Checks all that depends on the model, the rows and the checkpoint to go on from.
    /// [`train`](Self::train) does so first. Nothing is made; an output folder that is there is kept
    /// from other runs from now on, and what killed runs left half-written in it goes.
    ///
    /// # Errors
    /// When `metric_for_best_model` is none of the values that evaluations give, the decoding
    /// settings don't fit the model, a pattern of `freeze` or `lora_target_modules` picks nothing,
    /// nothing is trained, the device can't compute as asked, the first rows of a set can't be used,
    /// two callbacks have one name, none pushes and `push_to_hub` is set, or the checkpoint to go on from is missing, damaged, or another
    /// run's.
    pub fn check(&mut self, model: &M) -> Result<(), TrainError> {
        self.output.lock()?;
        self.checked(model).map(|_| ())
    }

    fn checked(&self, model: &M) -> Result<Checked<M>, TrainError> {
        let args = &self.arguments;
        args.validate_metric(&self.values(model)?)?;
        self.generation(model).validate(&model.spec())?;
        args.check_device(&model.device())?;
        let model = args.choose_parameters(model.clone())?;
        check_trained(&model)?;
        self.check_callbacks()?;
        self.check_first_rows()?;
        let (saved, messages) = checkpoint::newest(&self.output, args)?;
        let messages = messages.into_iter();
        let mut messages: Vec<_> = messages
            .map(|m| format!("{m}; it is passed over"))
            .collect();
        let mut changes = Vec::new();
        if let Some(saved) = &saved {
            changes = saved.changes(args, self.base_model.as_deref(), &self.data());
            let path = saved.path.clone();
            match changes.is_empty() {
                true => {}
                false if args.accept_changed_arguments => messages.push(format!(
                    "the run goes on with other settings: {}",
                    changes.join(", ")
                )),
                false => return Err(TrainError::ChangedArguments { path, changes }),
            }
            messages.push(format!(
                "going on from {} after step {}",
                path.display(),
                saved.state.global_step
            ));
        }
        Ok(Checked {
            model,
            saved,
            changes,
            messages,
        })
    }

    /// What callbacks keep is found again by their names; one of them pushes where that is wished.
    fn check_callbacks(&self) -> Result<(), TrainError> {
        let pushes = self.callbacks.iter().any(|c| c.pushes_to_hub());
        if self.arguments.push_to_hub && !pushes {
            return Err(TrainError::NobodyPushes);
        }
        let mut names: Vec<String> = self.callbacks.iter().map(|c| c.name()).collect();
        names.sort();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(TrainError::CallbackName {
                name: pair[0].clone(),
            }),
            None => Ok(()),
        }
    }

    /// A whole batch of each set, so that what is wrong with all rows shows before anything is
    /// written.
    fn check_first_rows(&self) -> Result<(), TrainError> {
        if let Some(samples) = self.sampler().epoch(0).next() {
            self.train.batch(&samples)?;
        }
        if let Some(set) = &self.eval {
            let size = self.arguments.per_device_eval_batch_size;
            let first = sequential_batches(set.dataset().len(), size).next();
            set.batch(&first.unwrap_or_default())?;
        }
        Ok(())
    }

    /// The run before its next step. From here on the folder is this run's.
    pub(super) fn start(&mut self, model: &M) -> Result<Run<M>, TrainError> {
        self.more_is_better = self.arguments.more_is_better(&self.values(model)?);
        self.output.lock()?;
        let Checked {
            model,
            saved,
            changes,
            messages,
        } = self.checked(model)?;
        let mut run = self.fresh(model)?;
        run.messages = messages;
        let goes_on_here = saved.as_ref().is_some_and(|s| self.output.holds(&s.path));
        if let Some(saved) = saved {
            self.go_on(&mut run, saved, changes)?;
        }
        self.output.claim(&self.arguments)?;
        run.features = self.features(&run.stepper.model);
        self.base_saved = goes_on_here && self.output.path().join(BASE_MODEL).is_dir();
        if self.arguments.overwrite_output_dir && !goes_on_here {
            self.earlier = self.output.steps()?;
        }
        Ok(run)
    }

    fn fresh(&self, model: M) -> Result<Run<M>, TrainError> {
        let args = &self.arguments;
        let total = self.total_steps();
        let more = self.more_is_better;
        let schedule = args.schedule(total, more);
        let state = TrainerState {
            max_steps: total,
            num_train_epochs: self.total_epochs(),
            logging_steps: args.logging_steps.of(total),
            eval_steps: args.eval_every(total),
            save_steps: args.save_steps.of(total),
            train_batch_size: args.per_device_train_batch_size,
            ..TrainerState::default()
        };
        Ok(Run::new(Stepper::new(args, model, schedule)?, state))
    }

    /// Puts a run where a checkpoint left it.
    fn go_on(
        &mut self,
        run: &mut Run<M>,
        saved: Saved,
        changes: Vec<String>,
    ) -> Result<(), TrainError> {
        let stepper = &mut run.stepper;
        stepper.model = load_weights(stepper.model.clone(), &saved.path)?;
        saved.load_optimizer(&mut stepper.optimizer, &stepper.model)?;
        if let Some(ema) = &mut stepper.ema {
            load_ema(ema, &stepper.model, &saved.path)?;
        }
        let progress = saved.progress;
        stepper.schedule.restore(&progress.schedule);
        run.control.learning_rate = progress.learning_rate;
        stepper.recent = progress.recent;
        stepper.total_loss = progress.total_loss;
        stepper.trained_batches = progress.trained_batches;
        stepper.non_finite_steps = progress.non_finite_steps;
        stepper.skipped_in_a_row = progress.skipped_in_a_row;
        stepper.tokens = saved.state.num_input_tokens_seen;
        self.train.restore_skipped(saved.skipped);
        for callback in &mut self.callbacks {
            let name = callback.name();
            if let Some(state) = saved.state.stateful_callbacks.get(&name) {
                let restored = callback.restore(state);
                restored.map_err(|source| TrainError::Callback { name, source })?;
            }
        }
        run.pending = progress.pending;
        // An early end holds as long as the settings that led to it.
        run.control.should_training_stop = progress.stopped && changes.is_empty();
        run.started_at = saved.state.global_step;
        run.saved = Some((run.started_at, saved.path.clone()));
        let of_this_run = std::mem::take(&mut run.state);
        run.state = TrainerState {
            max_steps: of_this_run.max_steps,
            num_train_epochs: of_this_run.num_train_epochs,
            logging_steps: of_this_run.logging_steps,
            eval_steps: of_this_run.eval_steps,
            save_steps: of_this_run.save_steps,
            train_batch_size: of_this_run.train_batch_size,
            ..saved.state
        };
        self.find_best(&mut run.state, &saved.path, &changes);
        Ok(())
    }

    /// Where the best checkpoint is now: beside the one that the run goes on from, wherever that was
    /// moved to, or where it was. One that is gone, or was the best of another value, is none.
    fn find_best(&self, state: &mut TrainerState, from: &Path, changes: &[String]) {
        let former = state.best_model_checkpoint.take();
        let beside = former.as_ref().and_then(|best| {
            let beside = from.parent()?.join(best.file_name()?);
            let own = self.output.path().join(best.file_name()?);
            // One name for one folder, however it was given.
            Some(if self.output.holds(&beside) {
                own
            } else {
                beside
            })
        });
        let places = [beside, former].into_iter().flatten();
        let meant = [
            "metric_for_best_model",
            "greater_is_better",
            "evaluation set",
        ];
        let other = |change: &String| meant.iter().any(|name| change.starts_with(name));
        if !changes.iter().any(other) {
            state.best_model_checkpoint = places.into_iter().find(|path| path.is_dir());
        }
        if state.best_model_checkpoint.is_none() {
            (state.best_metric, state.best_global_step) = (None, None);
        }
    }

    /// Where the image encoder is frozen, its outputs are kept, or at least made as if they were: a
    /// run is the same to the bit however much is kept.
    fn features(&self, model: &M) -> Features {
        let args = &self.arguments;
        let rows = |set: &PreparedSet| set.dataset().len();
        let all = rows(&self.train) + self.eval.as_deref().map_or(0, rows);
        let budget = match args.cache_encoder_outputs {
            true => args.encoder_cache_mib << 20,
            false => FeatureCache::NONE,
        };
        let folder = args
            .cache_encoder_outputs
            .then(|| self.output.path().to_owned());
        let cache = |set: &Arc<PreparedSet>| {
            let share = (budget as f64 * rows(set) as f64 / all as f64) as usize;
            FeatureCache::for_training(model, set, share, folder.clone())
        };
        Features {
            train: cache(&self.train),
            eval: self.eval.as_ref().and_then(cache),
        }
    }

    /// Saves the model that an adapter belongs to, where nobody said what it is called: before the
    /// adapter's first checkpoint, or at the end of a run without one.
    pub(super) fn save_base(&mut self, run: &Run<M>) -> Result<(), TrainError> {
        let model = &run.stepper.model;
        if !has_adapter(model) || self.base_model.is_some() || self.base_saved {
            return Ok(());
        }
        let folder = self.output.path().join(BASE_MODEL);
        let base = remove_adapter(model.clone());
        save_pretrained(&base, self.train.processor(), &folder)?;
        self.base_saved = true;
        Ok(())
    }

    /// The name or folder that the checkpoints of an adapter give for the model that it belongs to:
    /// what [`with_base_model`](Self::with_base_model) was given, or `base_model` in the output folder.
    pub fn base_model(&self) -> String {
        self.base_model.clone().unwrap_or_else(|| {
            let folder = self.output.path().join(BASE_MODEL);
            folder.to_string_lossy().into_owned()
        })
    }
}

/// Something is trained, and a checkpoint can hold all of it.
fn check_trained<M: Pretrained>(model: &M) -> Result<(), TrainError> {
    let trained = trained_parameters(model);
    if trained.is_empty() {
        let parameters = captioner_model::parameter_names(model).len();
        return Err(captioner_model::ModelError::NothingToTrain { parameters }.into());
    }
    let beside = trained.iter().find(|(_, of_adapter)| !of_adapter);
    match beside {
        Some((name, _)) if has_adapter(model) => {
            Err(TrainError::TrainedBesideAdapter { name: name.clone() })
        }
        _ => Ok(()),
    }
}
