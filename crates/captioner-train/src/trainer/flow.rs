//! What is done after a step: log, evaluate, save, end. As transformers' `DefaultFlowCallback`
//! decides it, and the last step is evaluated and saved whatever the strategy's interval.

use std::collections::BTreeMap;
use std::time::Instant;

use captioner_files::check_manifest;
use captioner_model::Pretrained;

use super::run::Run;
use super::{RunEnd, Trainer};
use crate::arguments::{IntervalStrategy, SaveStrategy, TrainingArguments};
use crate::checkpoint::{Pending, load_weights};
use crate::error::TrainError;
use crate::state::TrainerState;

impl Pending {
    /// What the settings ask for after the state's step.
    fn by_settings(args: &TrainingArguments, state: &TrainerState, epoch_ends: bool) -> Self {
        let step = state.global_step;
        let last = step >= state.max_steps;
        let every = |steps: usize| steps > 0 && step.is_multiple_of(steps);
        let due = |strategy, steps| match strategy {
            IntervalStrategy::No => false,
            IntervalStrategy::Steps => every(steps) || last,
            IntervalStrategy::Epoch => epoch_ends || last,
        };
        let delayed = match args.eval_strategy {
            IntervalStrategy::Epoch => state.epoch < args.eval_delay,
            _ => (step as f64) < args.eval_delay,
        };
        Self {
            log: due(args.logging_strategy, state.logging_steps)
                || (step == 1 && args.logging_first_step),
            evaluate: due(args.eval_strategy, state.eval_steps) && (last || !delayed),
            save: match args.save_strategy {
                // After an evaluation, where it is the best.
                SaveStrategy::No | SaveStrategy::Best => false,
                SaveStrategy::Steps => every(state.save_steps) || last,
                SaveStrategy::Epoch => epoch_ends || last,
            },
        }
    }

    /// What a step that turns out to be the last has to do beside.
    fn and_last(self, args: &TrainingArguments) -> Self {
        Self {
            log: args.logging_strategy != IntervalStrategy::No,
            evaluate: args.eval_strategy != IntervalStrategy::No,
            save: self.save
                || matches!(
                    args.save_strategy,
                    SaveStrategy::Steps | SaveStrategy::Epoch
                ),
        }
    }
}

impl<M: Pretrained> Trainer<M> {
    /// Logs, evaluates and saves where this step is one to do so, or a callback wishes it.
    pub(super) fn after_step(
        &mut self,
        run: &mut Run<M>,
        epoch_ends: bool,
        message: Option<String>,
    ) -> Result<(), TrainError> {
        // Whatever fails from here on, a run that goes on does what this step was to do.
        run.pending = Pending::by_settings(&self.arguments, &run.state, epoch_ends);
        if let Some(message) = message {
            self.message(run, &message)?;
        }
        self.tell(run, |c, context, control| c.on_step_end(context, control))?;
        if epoch_ends {
            self.tell(run, |c, context, control| c.on_epoch_end(context, control))?;
        }
        let mut due = run.pending;
        if run.control.should_training_stop {
            due = due.and_last(&self.arguments);
        }
        let control = &mut run.control;
        due.log |= std::mem::take(&mut control.should_log);
        due.evaluate |= std::mem::take(&mut control.should_evaluate);
        due.save |= std::mem::take(&mut control.should_save);
        self.do_due(run, due)
    }

    /// Does what is due. What a stop or an error keeps it from is noted, to be done when the run
    /// goes on.
    pub(super) fn do_due(&mut self, run: &mut Run<M>, due: Pending) -> Result<(), TrainError> {
        run.pending = due;
        if due.log {
            let filter = self.arguments.logging_nan_inf_filter;
            let values = run.stepper.take_recent(filter);
            run.pending.log = false;
            self.log(run, values)?;
        }
        let mut save = due.save;
        if due.evaluate && !self.stop.is_stopped() {
            match self.evaluate_in(run, save) {
                Ok(is_best) => save |= is_best,
                Err(TrainError::Stopped) => {}
                Err(error) => return Err(error),
            }
            save |= std::mem::take(&mut run.control.should_save);
            // A callback may have ended the run at this evaluation.
            if run.control.should_training_stop && run.state.global_step > 0 {
                save |= Pending::default().and_last(&self.arguments).save;
            }
        }
        if self.stop.is_stopped() {
            return self.save_unsaved(run);
        }
        run.pending = Pending::default();
        match save {
            true => self.save(run, false),
            false => Ok(()),
        }
    }

    /// Saves what a run has learnt that was asked to stop, unless its checkpoint is there.
    fn save_unsaved(&mut self, run: &mut Run<M>) -> Result<(), TrainError> {
        let done = run.state.global_step;
        let saved = run.saved.as_ref().is_some_and(|(step, _)| *step == done);
        match done > run.started_at && !saved {
            true => self.save(run, true),
            false => Ok(()),
        }
    }

    /// The end of a run, after its last step.
    pub(super) fn finish(
        &mut self,
        run: &mut Run<M>,
        started: Instant,
    ) -> Result<RunEnd, TrainError> {
        let step = run.state.global_step;
        let finished = step >= run.state.max_steps && run.pending == Pending::default();
        if self.stop.is_stopped() && !finished {
            // The stop may have come after the step was looked at.
            self.save_unsaved(run)?;
            let saved = run.saved.as_ref().map(|(_, path)| path.clone());
            self.tell(run, |c, context, _| c.on_train_end(context))?;
            return Ok(RunEnd::Interrupted(saved));
        }
        run.stepper.check_finite(step)?;
        // Where no checkpoint was saved, whoever saves the adapter names this model.
        self.save_base(run)?;
        let values = self.summary(run, started);
        self.log(run, values)?;
        self.save_state(&run.state)?;
        self.tell(run, |c, context, _| c.on_train_end(context))?;
        self.take_best(run)?;
        Ok(match step >= run.state.max_steps {
            true => RunEnd::Finished,
            false => RunEnd::Stopped,
        })
    }

    /// What transformers logs of a whole run.
    fn summary(&self, run: &Run<M>, started: Instant) -> BTreeMap<String, f64> {
        let seconds = started.elapsed().as_secs_f64();
        let step = run.state.global_step;
        let steps = (step - run.started_at) as f64;
        let args = &self.arguments;
        let each = args.per_device_train_batch_size * args.gradient_accumulation_steps;
        let values = [
            ("train_loss", run.stepper.total_loss / step.max(1) as f64),
            ("train_runtime", seconds),
            ("train_samples_per_second", steps * each as f64 / seconds),
            ("train_steps_per_second", steps / seconds),
        ];
        values.map(|(name, value)| (name.to_owned(), value)).into()
    }

    /// Ends with the weights of the best checkpoint where that is wished, else with the averaged
    /// ones where they are kept.
    fn take_best(&self, run: &mut Run<M>) -> Result<(), TrainError> {
        let best = run.state.best_model_checkpoint.clone();
        if let Some(best) = best.filter(|_| self.arguments.load_best_model_at_end) {
            check_manifest(&best)?;
            run.stepper.model = load_weights(run.stepper.model.clone(), &best)?;
            run.stepper.load_ema_of(&best)?;
        }
        run.stepper.model = run.stepper.averaged(run.stepper.model.clone());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::Steps;

    fn due(args: &TrainingArguments, step: usize, epoch: f64) -> Pending {
        let state = TrainerState {
            global_step: step,
            epoch,
            max_steps: 11,
            logging_steps: args.logging_steps.of(11),
            eval_steps: args.eval_every(11),
            save_steps: args.save_steps.of(11),
            ..TrainerState::default()
        };
        Pending::by_settings(args, &state, epoch.fract() == 0.0)
    }

    /// The steps at which something is due, of 11 with 4 an epoch.
    fn steps(args: &TrainingArguments, what: fn(Pending) -> bool) -> Vec<usize> {
        let is_due = |step: &usize| what(due(args, *step, *step as f64 / 4.0));
        (1..=11).filter(is_due).collect()
    }

    #[test]
    fn steps_are_logged_evaluated_and_saved_at_their_intervals_and_at_the_end() {
        let mut args = TrainingArguments {
            logging_steps: Steps::Count(3),
            logging_first_step: true,
            eval_strategy: IntervalStrategy::Steps,
            eval_steps: Some(Steps::Count(5)),
            save_steps: Steps::Count(4),
            ..TrainingArguments::default()
        };
        assert_eq!(steps(&args, |due| due.log), [1, 3, 6, 9, 11]);
        assert_eq!(steps(&args, |due| due.evaluate), [5, 10, 11]);
        assert_eq!(steps(&args, |due| due.save), [4, 8, 11]);
        args.eval_delay = 7.0;
        assert_eq!(steps(&args, |due| due.evaluate), [10, 11]);
        args.eval_strategy = IntervalStrategy::Epoch;
        args.save_strategy = SaveStrategy::Epoch;
        args.eval_delay = 1.5;
        assert_eq!(steps(&args, |due| due.evaluate), [8, 11]);
        assert_eq!(steps(&args, |due| due.save), [4, 8, 11]);
        args.save_strategy = SaveStrategy::No;
        args.eval_strategy = IntervalStrategy::No;
        args.logging_strategy = IntervalStrategy::No;
        args.logging_first_step = false;
        assert!((1..=11).all(|step| due(&args, step, 1.0) == Pending::default()));
    }
}
