//! A run that was stopped and went on is the run that was never stopped, to the bit.

mod small;

use std::fs;

use captioner_model::{SettingError, has_adapter};
use captioner_train::{
    CallbackResult, Evaluation, LogEntry, OptimizerKind, ResumeFrom, RunEnd, SamplingStrategy,
    SaveStrategy, SchedulerType, StopHandle, TrainError, TrainerCallback, TrainerContext,
    TrainerControl, TrainingArguments,
};
use small::{arguments, course, entries, log, model, state, trainer};

/// Stops a run after a step, as a signal does.
struct StopAfter(usize, StopHandle);

impl<M> TrainerCallback<M> for StopAfter {
    fn on_step_end(
        &mut self,
        run: &TrainerContext<'_, M>,
        _control: &mut TrainerControl,
    ) -> CallbackResult {
        if run.state.global_step == self.0 {
            self.1.stop();
        }
        Ok(())
    }
}

/// Where a callback fails.
#[derive(Clone, Copy, Debug, PartialEq)]
enum At {
    StepEnd,
    Log,
    Evaluate,
}

/// Fails after a step, at one of the things that it is told.
struct FailAfter(usize, At);

impl FailAfter {
    fn fail(&self, step: usize, at: At) -> CallbackResult {
        match (self.0, self.1) == (step, at) {
            true => Err("the cat sat on the keyboard".into()),
            false => Ok(()),
        }
    }
}

impl<M> TrainerCallback<M> for FailAfter {
    fn on_step_end(
        &mut self,
        run: &TrainerContext<'_, M>,
        _control: &mut TrainerControl,
    ) -> CallbackResult {
        self.fail(run.state.global_step, At::StepEnd)
    }

    fn on_log(&mut self, run: &TrainerContext<'_, M>, entry: &LogEntry) -> CallbackResult {
        match entry.get("loss") {
            Some(_) => self.fail(run.state.global_step, At::Log),
            None => Ok(()),
        }
    }

    fn on_evaluate(
        &mut self,
        run: &TrainerContext<'_, M>,
        _evaluation: &Evaluation,
        _control: &mut TrainerControl,
    ) -> CallbackResult {
        self.fail(run.state.global_step, At::Evaluate)
    }
}

fn resumed(arguments: &TrainingArguments) -> TrainingArguments {
    TrainingArguments {
        resume_from_checkpoint: Some(ResumeFrom::Auto),
        ..arguments.clone()
    }
}

/// Runs to the end, stopping after each of `stops`, and compares with the run that never stops.
fn stopped_is_unbroken(change: impl Fn(&mut TrainingArguments), stops: &[usize]) {
    let folder = tempfile::tempdir().unwrap();
    let made = |name: &str| {
        let mut arguments = arguments(folder.path().join(name));
        change(&mut arguments);
        arguments
    };
    let whole = made("whole");
    let unbroken = trainer(whole.clone()).train(model()).unwrap();
    assert_eq!(unbroken.end, RunEnd::Finished);
    let broken = resumed(&made("broken"));
    for &stop in stops {
        let trainer = trainer(broken.clone());
        let handle = trainer.stop_handle();
        let mut trainer = trainer.with_callback(StopAfter(stop, handle));
        let output = trainer.train(model()).unwrap();
        let checkpoint = broken.output_dir.join(format!("checkpoint-{stop}"));
        assert_eq!(output.end, RunEnd::Interrupted(Some(checkpoint)));
        assert_eq!(output.state.global_step, stop);
    }
    let output = trainer(broken.clone()).train(model()).unwrap();
    assert_eq!(output.end, RunEnd::Finished);
    let (want, have) = (
        course(&whole.output_dir.join("checkpoint-13")),
        course(&broken.output_dir.join("checkpoint-13")),
    );
    assert_eq!(want.1, have.1, "the logs differ");
    let names = |tensors: &std::collections::BTreeMap<String, Vec<u8>>| -> Vec<String> {
        tensors.keys().cloned().collect()
    };
    assert_eq!(names(&want.0), names(&have.0));
    for (name, bytes) in &want.0 {
        assert!(have.0[name] == *bytes, "{name} differs");
    }
    // The log of the whole run too, its summary included.
    assert_eq!(log(&unbroken.state), log(&output.state));
}

#[test]
fn a_plain_run_wherever_it_is_stopped() {
    // Within an epoch, at its end, at an evaluation, at a log entry, after a save, step by step.
    stopped_is_unbroken(|_| {}, &[1, 2, 3, 4, 5, 6, 7, 8, 12]);
}

#[test]
fn accumulation_with_a_short_last_step_of_each_epoch() {
    stopped_is_unbroken(|args| args.gradient_accumulation_steps = 4, &[1, 2, 3, 7]);
}

#[test]
fn an_adapter_with_dropout() {
    let change = |args: &mut TrainingArguments| {
        args.lora_r = Some(3);
        args.lora_alpha = Some(7.0);
        args.lora_dropout = 0.2;
    };
    stopped_is_unbroken(change, &[2, 5, 9]);
}

#[test]
fn averaged_weights_and_several_captions_a_picture() {
    let change = |args: &mut TrainingArguments| {
        args.ema_decay = Some(0.9);
        args.captions_per_image = 2;
    };
    stopped_is_unbroken(change, &[4, 10]);
}

#[test]
fn every_optimizer_and_order_of_rows() {
    for (optim, order) in [
        (OptimizerKind::Sgd, SamplingStrategy::GroupByLength),
        (OptimizerKind::Adafactor, SamplingStrategy::Sequential),
    ] {
        let change = |args: &mut TrainingArguments| {
            args.optim = optim;
            args.train_sampling_strategy = order;
            args.data_seed = Some(11);
        };
        stopped_is_unbroken(change, &[3, 8]);
    }
}

#[test]
fn a_schedule_that_looks_at_evaluations_and_early_stopping_that_counts_them() {
    let change = |args: &mut TrainingArguments| {
        args.lr_scheduler_type = SchedulerType::ReduceLrOnPlateau;
        args.lr_scheduler_kwargs.patience = Some(0);
        args.lr_scheduler_kwargs.threshold = Some(10.0); // no evaluation is good enough
        args.early_stopping_patience = Some(50);
        args.predict_with_generate = true;
        args.eval_on_start = true;
    };
    stopped_is_unbroken(change, &[4, 8, 9]);
}

#[test]
fn a_failed_run_gives_the_model_back_and_goes_on_as_if_it_had_not_failed() {
    let folder = tempfile::tempdir().unwrap();
    let whole = arguments(folder.path().join("whole"));
    let want = trainer(whole.clone()).train(model()).unwrap();
    let last = |args: &TrainingArguments| course(&args.output_dir.join("checkpoint-13"));
    // At a step with nothing to do, one to save, one to evaluate, one to log, and the last.
    for (step, at) in [
        (7, At::StepEnd),
        (6, At::StepEnd),
        (4, At::StepEnd),
        (5, At::StepEnd),
        (13, At::StepEnd),
        (5, At::Log),
        (13, At::Log),
        (8, At::Evaluate),
        (13, At::Evaluate),
    ] {
        let broken = arguments(folder.path().join(format!("{step}-{at:?}")));
        let mut failing = trainer(broken.clone()).with_callback(FailAfter(step, at));
        let failure = failing.train(model()).unwrap_err();
        drop(failing);
        assert!(matches!(failure.error, TrainError::Callback { .. }));
        assert_eq!(failure.state.global_step, step);
        let checkpoint = failure.checkpoint.clone().unwrap();
        assert!(checkpoint.ends_with(format!("checkpoint-{step}")));
        let message = failure.to_string();
        assert!(message.contains("the cat sat on the keyboard"), "{message}");
        assert!(message.contains(&format!("checkpoint-{step}")), "{message}");
        let output = trainer(resumed(&broken)).train(model()).unwrap();
        assert!(last(&whole) == last(&broken), "{step} {at:?}");
        assert_eq!(log(&want.state), log(&output.state), "{step} {at:?}");
    }
}

#[test]
fn a_stop_before_or_while_the_first_evaluation_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = arguments(folder.path().join("run"));
    run.eval_on_start = true;
    let mut stopped = trainer(run);
    stopped.stop_handle().stop();
    let output = stopped.train(model()).unwrap();
    assert_eq!(output.end, RunEnd::Interrupted(None));
    assert_eq!(output.state.global_step, 0);
}

#[test]
fn an_interrupted_run_is_saved_whole_whatever_the_strategy() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = arguments(folder.path().join("run"));
    run.save_strategy = SaveStrategy::No;
    run.save_only_model = true;
    run.max_steps = Some(6);
    let trainer_of = |run: &TrainingArguments| trainer(run.clone());
    let stopping = trainer_of(&run);
    let handle = stopping.stop_handle();
    let output = stopping.with_callback(StopAfter(4, handle)).train(model());
    let RunEnd::Interrupted(Some(checkpoint)) = output.unwrap().end else {
        panic!("nothing was saved");
    };
    assert!(checkpoint.ends_with("checkpoint-4"));
    let output = trainer_of(&resumed(&run)).train(model()).unwrap();
    assert_eq!(
        (output.end, output.state.global_step),
        (RunEnd::Finished, 6)
    );
}

/// Stops a run when a checkpoint was written.
struct StopAtSave(StopHandle);

impl<M> TrainerCallback<M> for StopAtSave {
    fn on_save(
        &mut self,
        _run: &TrainerContext<'_, M>,
        _checkpoint: &std::path::Path,
    ) -> CallbackResult {
        self.0.stop();
        Ok(())
    }
}

#[test]
fn a_run_that_stops_at_a_checkpoint_of_the_model_alone_is_saved_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = arguments(folder.path().join("run"));
    run.save_only_model = true;
    run.max_steps = Some(6);
    let stopping = trainer(run.clone());
    let handle = stopping.stop_handle();
    let output = stopping.with_callback(StopAtSave(handle)).train(model());
    let saved = run.output_dir.join("checkpoint-3");
    assert_eq!(output.unwrap().end, RunEnd::Interrupted(Some(saved)));
    let output = trainer(resumed(&run)).train(model()).unwrap();
    assert_eq!(
        (output.end, output.state.global_step),
        (RunEnd::Finished, 6)
    );
}

#[test]
fn callbacks_of_one_name_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = arguments(folder.path().join("run"));
    let mut twice = trainer(run)
        .with_callback(FailAfter(100, At::Log))
        .with_callback(FailAfter(101, At::Log));
    let message = twice.train(model()).unwrap_err().to_string();
    assert!(message.contains("FailAfter"), "{message}");
}

#[test]
fn other_settings_are_named_and_refused_unless_they_are_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let first = TrainingArguments {
        max_steps: Some(3),
        ..arguments(folder.path().join("run"))
    };
    trainer(first.clone()).train(model()).unwrap();
    let mut other = resumed(&first);
    other.max_steps = Some(6);
    other.learning_rate = 1e-3;
    other.disable_tqdm = true;
    let failure = trainer(other.clone()).train(model()).unwrap_err();
    let message = failure.to_string();
    for told in [
        "max_steps is 6 and was 3",
        "learning_rate is 0.001 and was 0.002",
    ] {
        assert!(message.contains(told), "{message}");
    }
    assert!(!message.contains("disable_tqdm"), "{message}");
    assert!(message.contains("accept_changed_arguments"), "{message}");
    other.accept_changed_arguments = true;
    let output = trainer(other).train(model()).unwrap();
    assert_eq!(output.state.global_step, 6);
}

#[test]
fn a_damaged_checkpoint_is_named_and_the_one_before_it_taken() {
    let folder = tempfile::tempdir().unwrap();
    let run = TrainingArguments {
        max_steps: Some(6),
        ..arguments(folder.path().join("run"))
    };
    trainer(run.clone()).train(model()).unwrap();
    let newest = run.output_dir.join("checkpoint-6");
    let want = course(&newest);
    let file = newest.join("optimizer.safetensors");
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, bytes).unwrap();

    #[derive(Default)]
    struct Messages(std::sync::Arc<std::sync::Mutex<Vec<String>>>);
    impl<M> TrainerCallback<M> for Messages {
        fn on_message(&mut self, _run: &TrainerContext<'_, M>, message: &str) -> CallbackResult {
            self.0.lock().unwrap().push(message.to_owned());
            Ok(())
        }
    }
    let messages = Messages::default();
    let told = messages.0.clone();
    let mut again = trainer(resumed(&run)).with_callback(messages);
    again.train(model()).unwrap();
    let told = told.lock().unwrap().join("\n");
    assert!(told.contains("optimizer.safetensors"), "{told}");
    assert!(told.contains("checkpoint-3 after step 3"), "{told}");
    assert!(course(&newest) == want);
    drop(again);

    // Asked for by its name, a damaged one is an error; with no good one left, so is the last.
    fs::write(newest.join("config.json"), "{}").unwrap();
    let mut named = run.clone();
    named.resume_from_checkpoint = Some(ResumeFrom::Path(newest));
    let message = trainer(named).train(model()).unwrap_err().to_string();
    assert!(message.contains("config.json"), "{message}");
    fs::remove_file(run.output_dir.join("checkpoint-3/manifest.json")).unwrap();
    let message = trainer(resumed(&run)).train(model()).unwrap_err();
    let message = message.to_string();
    assert!(
        message.contains("checkpoint-3") && message.contains("checkpoint-6"),
        "{message}"
    );
}

#[test]
fn a_finished_run_that_is_resumed_has_nothing_left_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let run = arguments(folder.path().join("run"));
    let first = trainer(run.clone()).train(model()).unwrap();
    let before = course(&run.output_dir.join("checkpoint-13"));
    let again = trainer(resumed(&run)).train(model()).unwrap();
    assert_eq!(again.end, RunEnd::Finished);
    assert!(course(&run.output_dir.join("checkpoint-13")) == before);
    assert_eq!(log(&first.state), log(&again.state));
}

#[test]
fn without_a_checkpoint_auto_starts_and_last_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = TrainingArguments {
        max_steps: Some(2),
        ..arguments(folder.path().join("run"))
    };
    run.resume_from_checkpoint = Some(ResumeFrom::Last);
    let failure = trainer(run.clone()).train(model()).unwrap_err();
    assert!(matches!(failure.error, TrainError::NoCheckpoint { .. }));
    assert!(!run.output_dir.exists(), "something was written");
    run.resume_from_checkpoint = Some(ResumeFrom::Auto);
    trainer(run).train(model()).unwrap();
}

#[test]
fn nothing_is_written_before_all_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let wrong: [fn(&mut TrainingArguments); 4] = [
        |args| args.freeze = vec!["*".into()],
        |args| args.lora_target_modules = vec!["no_such_layer".into()],
        |args| args.metric_for_best_model = Some("no_such_value".into()),
        |args| args.fp16 = true,
    ];
    for (case, spoil) in wrong.into_iter().enumerate() {
        let mut args = arguments(folder.path().join("run"));
        args.lora_r = (case == 1).then_some(2);
        spoil(&mut args);
        assert!(trainer(args.clone()).train(model()).is_err(), "case {case}");
        assert!(!args.output_dir.exists(), "case {case} wrote something");
    }
    // What an earlier run left is as it was.
    let first = TrainingArguments {
        max_steps: Some(3),
        ..arguments(folder.path().join("run"))
    };
    trainer(first.clone()).train(model()).unwrap();
    let marker = first.output_dir.join("training_args.json");
    let (names, settings) = (entries(&first.output_dir), fs::read(&marker).unwrap());
    let mut over = first.clone();
    over.overwrite_output_dir = true;
    over.freeze = vec!["*".into()];
    assert!(trainer(over).train(model()).is_err());
    assert_eq!(entries(&first.output_dir), names);
    assert_eq!(fs::read(&marker).unwrap(), settings);
}

#[test]
fn an_adapters_checkpoint_holds_the_adapter_alone_and_names_its_model() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = TrainingArguments {
        max_steps: Some(3),
        ..arguments(folder.path().join("run"))
    };
    run.lora_r = Some(2);
    let output = trainer(run.clone()).train(model()).unwrap();
    assert!(has_adapter(&output.model));
    let checkpoint = run.output_dir.join("checkpoint-3");
    let names = entries(&checkpoint);
    assert!(
        !names.contains(&"model.safetensors".to_owned()),
        "{names:?}"
    );
    let config = fs::read(checkpoint.join("adapter_config.json")).unwrap();
    let config: serde_json::Value = serde_json::from_slice(&config).unwrap();
    let base = config["base_model_name_or_path"].as_str().unwrap();
    use captioner_model::Pretrained;
    let opened =
        captioner_git::GitForCausalLm::from_pretrained(base, &burn::tensor::Device::flex());
    assert_eq!(opened.unwrap().config(), model().config());
    assert_eq!(state(&checkpoint).global_step, 3);
}

#[test]
fn an_adapters_model_is_there_at_the_end_of_a_run_without_checkpoints() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = arguments(folder.path().join("run"));
    run.max_steps = Some(2);
    run.save_strategy = SaveStrategy::No;
    run.lora_r = Some(2);
    let mut trainer = trainer(run);
    trainer.train(model()).unwrap();
    use captioner_model::Pretrained;
    let device = burn::tensor::Device::flex();
    let opened = captioner_git::GitForCausalLm::from_pretrained(trainer.base_model(), &device);
    assert_eq!(opened.unwrap().config(), model().config());
}

#[test]
fn what_resume_from_checkpoint_means_is_read_from_text() {
    let read = |text: &str| text.parse::<ResumeFrom>();
    assert_eq!(read("last").unwrap(), ResumeFrom::Last);
    assert_eq!(read("auto").unwrap(), ResumeFrom::Auto);
    assert_eq!(
        read("runs/checkpoint-5").unwrap(),
        ResumeFrom::Path("runs/checkpoint-5".into())
    );
    let empty: Result<_, SettingError> = "".parse::<ResumeFrom>();
    assert!(empty.is_err());
}
