//! Watching a run, and steering it.

use std::error::Error;
use std::path::Path;

use serde_json::Value;

use crate::arguments::TrainingArguments;
use crate::evaluate::Evaluation;
use crate::state::{LogEntry, TrainerState};

/// What a callback sees of a run.
#[derive(Debug)]
pub struct TrainerContext<'a, M> {
    /// The settings.
    pub arguments: &'a TrainingArguments,
    /// Steps, epochs and everything logged so far.
    pub state: &'a TrainerState,
    /// Whether more of what `metric_for_best_model` names is better.
    pub greater_is_better: bool,
    /// The model as it is trained now; `Module::valid` gives one that records no gradients.
    pub model: &'a M,
}

/// What a callback asks for. All but the learning rate is done once, after the step, in the order
/// of the fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrainerControl {
    /// Log the values since the last log entry.
    pub should_log: bool,
    /// Measure the model.
    pub should_evaluate: bool,
    /// Save a checkpoint.
    pub should_save: bool,
    /// End the run after this step, which is then evaluated and saved as any last step.
    pub should_training_stop: bool,
    /// The learning rate of all steps from the next one on, in place of the schedule's; none goes
    /// back to the schedule.
    pub learning_rate: Option<f64>,
}

/// What a callback's method gives; an error ends the run, as any other does.
pub type CallbackResult = Result<(), Box<dyn Error + Send + Sync>>;

/// Told what happens in a run. Each method does nothing unless written.
///
/// ```
/// use captioner_git::GitForCausalLm;
/// use captioner_train::{
///     CallbackResult, Evaluation, TrainerCallback, TrainerContext, TrainerControl,
/// };
///
/// /// Ends the run as soon as a tenth of the words are wrong at most.
/// struct GoodEnough;
///
/// impl<M> TrainerCallback<M> for GoodEnough {
///     fn on_evaluate(
///         &mut self,
///         run: &TrainerContext<'_, M>,
///         evaluation: &Evaluation,
///         control: &mut TrainerControl,
///     ) -> CallbackResult {
///         if evaluation.score("wer").is_some_and(|wer| wer <= 0.1) {
///             println!("good enough after {} steps", run.state.global_step);
///             control.should_training_stop = true;
///         }
///         Ok(())
///     }
/// }
/// # let _: &dyn TrainerCallback<GitForCausalLm> = &GoodEnough;
/// ```
#[allow(unused_variables)]
pub trait TrainerCallback<M> {
    /// A name that no other callback of the run has; by default that of the type. What
    /// [`state`](Self::state) gives is kept under it.
    fn name(&self) -> String {
        let name = std::any::type_name::<Self>();
        // Without the types that it is generic over.
        let name = name.split('<').next().unwrap_or(name);
        name.rsplit("::").next().unwrap_or(name).to_owned()
    }

    /// The run begins, or goes on from a checkpoint; `state.max_steps` is known.
    ///
    /// # Errors
    /// As all methods: what is to end the run.
    fn on_train_begin(
        &mut self,
        run: &TrainerContext<'_, M>,
        control: &mut TrainerControl,
    ) -> CallbackResult {
        Ok(())
    }

    /// An optimizer step is done.
    ///
    /// # Errors
    /// What is to end the run.
    fn on_step_end(
        &mut self,
        run: &TrainerContext<'_, M>,
        control: &mut TrainerControl,
    ) -> CallbackResult {
        Ok(())
    }

    /// A pass over the training set is done.
    ///
    /// # Errors
    /// What is to end the run.
    fn on_epoch_end(
        &mut self,
        run: &TrainerContext<'_, M>,
        control: &mut TrainerControl,
    ) -> CallbackResult {
        Ok(())
    }

    /// The model was measured while training: all values and every row's texts.
    ///
    /// # Errors
    /// What is to end the run.
    fn on_evaluate(
        &mut self,
        run: &TrainerContext<'_, M>,
        evaluation: &Evaluation,
        control: &mut TrainerControl,
    ) -> CallbackResult {
        Ok(())
    }

    /// Values were logged, of training steps or of an evaluation.
    ///
    /// # Errors
    /// What is to end the run.
    fn on_log(&mut self, run: &TrainerContext<'_, M>, entry: &LogEntry) -> CallbackResult {
        Ok(())
    }

    /// A checkpoint was written.
    ///
    /// # Errors
    /// What is to end the run.
    fn on_save(&mut self, run: &TrainerContext<'_, M>, checkpoint: &Path) -> CallbackResult {
        Ok(())
    }

    /// The trainer noticed something that people should know, such as a damaged checkpoint.
    ///
    /// # Errors
    /// What is to end the run.
    fn on_message(&mut self, run: &TrainerContext<'_, M>, message: &str) -> CallbackResult {
        Ok(())
    }

    /// The run is over, finished, stopped or interrupted; `run.model` is the last step's. A run that
    /// fails is not told of here.
    ///
    /// # Errors
    /// What is to make it fail.
    fn on_train_end(&mut self, run: &TrainerContext<'_, M>) -> CallbackResult {
        Ok(())
    }

    /// Whether it pushes to the Hub, as `push_to_hub` wishes.
    fn pushes_to_hub(&self) -> bool {
        false
    }

    /// What people should know of what it did, such as a push that failed. The trainer asks after
    /// each of the methods above, and tells all callbacks by [`on_message`](Self::on_message).
    fn take_messages(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// What a resumed run needs of this callback; kept in every checkpoint.
    fn state(&self) -> Option<Value> {
        None
    }

    /// Goes on from what [`state`](Self::state) gave.
    ///
    /// # Errors
    /// When it is none of this callback's.
    fn restore(&mut self, state: &Value) -> CallbackResult {
        Ok(())
    }
}
