//! When a run logs, evaluates, saves and ends, and what it keeps.

mod small;

use std::sync::{Arc, Mutex};

use captioner_data::{InMemoryDataset, Picture};
use captioner_git::GitForCausalLm;
use captioner_image::{ImageProcessor, ImageProcessorConfig};
use captioner_train::{
    CallbackResult, Evaluation, IntervalStrategy, LogEntry, NonFinite, PreparedSet, Reporter,
    RunEnd, SaveStrategy, Steps, TrainError, Trainer, TrainerCallback, TrainerContext,
    TrainerControl, TrainingArguments,
};
use small::{arguments, entries, model, processor, state, train_set, trainer};

fn checkpoints(args: &TrainingArguments) -> Vec<usize> {
    let names = entries(&args.output_dir).into_iter();
    let steps = names.filter_map(|name| name.strip_prefix("checkpoint-")?.parse().ok());
    let mut steps: Vec<usize> = steps.collect();
    steps.sort_unstable();
    steps
}

fn evaluated(log: &[LogEntry]) -> Vec<usize> {
    let entries = log.iter().filter(|entry| entry.get("eval_loss").is_some());
    entries.map(|entry| entry.step).collect()
}

#[test]
fn every_combination_of_evaluating_and_saving_ends_well() {
    let evals = [IntervalStrategy::Steps, IntervalStrategy::Epoch];
    let saves = [SaveStrategy::Steps, SaveStrategy::Epoch, SaveStrategy::Best];
    for eval_strategy in evals {
        for save_strategy in saves {
            for (eval_steps, save_steps) in [(2, 5), (5, 2), (3, 3), (100, 100)] {
                let folder = tempfile::tempdir().unwrap();
                let args = TrainingArguments {
                    max_steps: Some(7),
                    eval_strategy,
                    save_strategy,
                    eval_steps: Some(Steps::Count(eval_steps)),
                    save_steps: Steps::Count(save_steps),
                    save_total_limit: Some(1),
                    load_best_model_at_end: true,
                    ..arguments(folder.path().join("run"))
                };
                let case = format!("{eval_strategy} {eval_steps}, {save_strategy} {save_steps}");
                let mut trainer = trainer(args.clone());
                let output = trainer
                    .train(model())
                    .unwrap_or_else(|e| panic!("{case}: {e}"));
                let last = evaluated(&output.state.log_history);
                assert_eq!(last.last(), Some(&7), "{case}");
                let best = output.state.best_global_step.expect(&case);
                let kept = checkpoints(&args);
                assert!(kept.contains(&best), "{case}: {best} of {kept:?}");
                assert!(kept.len() <= 2, "{case}: {kept:?}");
                if save_strategy != SaveStrategy::Best {
                    assert!(kept.contains(&7), "{case}: {kept:?}");
                }
                // The model is the best one: it has the value that the log says.
                let name = "loss";
                let value = trainer.evaluate(&output.model).unwrap().score(name);
                assert_eq!(value, output.state.best_metric, "{case}");
            }
        }
    }
}

#[test]
fn no_strategy_saves_nothing_and_trains_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let args = TrainingArguments {
        max_steps: Some(3),
        save_strategy: SaveStrategy::No,
        eval_strategy: IntervalStrategy::No,
        ..arguments(folder.path().join("run"))
    };
    let output = trainer(args.clone()).train(model()).unwrap();
    assert_eq!(output.state.global_step, 3);
    assert!(checkpoints(&args).is_empty());
    // Where the run stood is beside it, as `Trainer.save_state` writes it.
    assert_eq!(state(&args.output_dir), output.state);
}

/// What a callback of one's own can do.
#[derive(Clone, Default)]
struct Steering {
    seen: Arc<Mutex<Vec<String>>>,
}

impl TrainerCallback<GitForCausalLm> for Steering {
    fn on_step_end(
        &mut self,
        run: &TrainerContext<'_, GitForCausalLm>,
        control: &mut TrainerControl,
    ) -> CallbackResult {
        match run.state.global_step {
            1 => control.should_log = true,
            2 => control.should_evaluate = true,
            3 => control.should_save = true,
            4 => control.learning_rate = Some(7e-4),
            6 => control.should_training_stop = true,
            _ => {}
        }
        Ok(())
    }

    fn on_evaluate(
        &mut self,
        run: &TrainerContext<'_, GitForCausalLm>,
        evaluation: &Evaluation,
        _control: &mut TrainerControl,
    ) -> CallbackResult {
        use captioner_model::Pretrained;
        let layers = run.model.config().num_hidden_layers;
        let rows = evaluation.rows.len();
        let line = format!(
            "{} layers, {rows} rows at {}",
            layers, run.state.global_step
        );
        self.seen.lock().unwrap().push(line);
        Ok(())
    }

    fn on_log(
        &mut self,
        _run: &TrainerContext<'_, GitForCausalLm>,
        entry: &LogEntry,
    ) -> CallbackResult {
        if let Some(rate) = entry.get("learning_rate") {
            let line = format!("rate {rate} at {}", entry.step);
            self.seen.lock().unwrap().push(line);
        }
        Ok(())
    }
}

#[test]
fn a_callback_sees_the_run_and_steers_it() {
    let folder = tempfile::tempdir().unwrap();
    let args = TrainingArguments {
        logging_steps: Steps::Count(100),
        eval_steps: Some(Steps::Count(100)),
        save_steps: Steps::Count(100),
        warmup_steps: Steps::Count(0),
        max_steps: Some(10),
        ..arguments(folder.path().join("run"))
    };
    let steering = Steering::default();
    let seen = steering.seen.clone();
    let mut trainer = trainer(args.clone()).with_callback(steering);
    let output = trainer.train(model()).unwrap();
    assert_eq!(output.end, RunEnd::Stopped);
    assert_eq!(output.state.global_step, 6);
    assert_eq!(checkpoints(&args), [3, 6]);
    let seen = seen.lock().unwrap().clone();
    assert_eq!(
        seen,
        [
            "rate 0.002 at 1",
            "1 layers, 6 rows at 2",
            "rate 0.0007 at 6",
            "1 layers, 6 rows at 6"
        ]
    );
}

#[test]
fn early_stopping_ends_a_run_that_is_saved_and_stays_ended() {
    let folder = tempfile::tempdir().unwrap();
    let args = TrainingArguments {
        eval_steps: Some(Steps::Count(2)),
        save_steps: Steps::Count(100),
        max_steps: Some(40),
        early_stopping_patience: Some(2),
        early_stopping_threshold: 100.0,
        ..arguments(folder.path().join("run"))
    };
    let output = trainer(args.clone()).train(model()).unwrap();
    assert_eq!(output.end, RunEnd::Stopped);
    // The first evaluation is the best, the two after it are no better by 100.
    assert_eq!(output.state.global_step, 6);
    assert_eq!(checkpoints(&args), [6]);
    let again = TrainingArguments {
        resume_from_checkpoint: Some("auto".parse().unwrap()),
        ..args
    };
    let output = trainer(again).train(model()).unwrap();
    assert_eq!(output.state.global_step, 6);
}

/// Rows 3 and 7 are white, all others black. With a standard deviation that is almost zero white is
/// infinite.
fn set_with_infinite_rows() -> Arc<PreparedSet> {
    let mut set = InMemoryDataset::new("squares");
    for row in 0..12 {
        let grey = if row == 3 || row == 7 { 255 } else { 0 };
        let picture = Picture::Rgb8 {
            width: 4,
            height: 4,
            pixels: vec![grey; 48],
        };
        set.push(picture, ["a square creature"]);
    }
    let mut processor = processor();
    let config = ImageProcessorConfig {
        image_mean: vec![0.0; 3],
        image_std: vec![1e-39; 3],
        ..processor.image.config().clone()
    };
    processor.image = ImageProcessor::new(config).unwrap();
    Arc::new(PreparedSet::new(Arc::new(set), processor, 32))
}

#[test]
fn an_infinite_loss_is_found_and_its_rows_are_named_or_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let args = TrainingArguments {
        max_steps: Some(6),
        eval_strategy: IntervalStrategy::No,
        gradient_accumulation_steps: 2,
        per_device_train_batch_size: 2,
        train_sampling_strategy: captioner_train::SamplingStrategy::Sequential,
        logging_steps: Steps::Count(1),
        ..arguments(folder.path().join("stop"))
    };
    let new = |args| Trainer::new(args, set_with_infinite_rows(), None).unwrap();
    let failure = new(args.clone()).train(model()).unwrap_err();
    let message = failure.to_string();
    let TrainError::NonFinite { step, rows, .. } = &failure.error else {
        panic!("{message}");
    };
    // Rows 0 to 3 are the first step's.
    assert_eq!((*step, rows.len()), (1, 1), "{message}");
    assert!(
        message.contains("row 4") && !message.contains("row 3"),
        "{message}"
    );

    let skipping = TrainingArguments {
        non_finite: NonFinite::Skip,
        output_dir: folder.path().join("skip"),
        ..args
    };
    let output = new(skipping).train(model()).unwrap();
    assert_eq!(output.state.global_step, 6);
    let losses = output.state.curve("loss");
    // Of three steps an epoch only the last one, rows 8 to 11, is learnt from.
    let learnt: Vec<f64> = losses
        .iter()
        .filter(|(_, v)| v.is_finite())
        .map(|(s, _)| *s)
        .collect();
    assert_eq!(learnt, [3.0, 6.0]);
}

#[test]
fn logs_are_written_as_a_table_as_json_lines_and_as_events() {
    let folder = tempfile::tempdir().unwrap();
    let args = TrainingArguments {
        max_steps: Some(5),
        report_to: vec![Reporter::Csv, Reporter::JsonLines, Reporter::TensorBoard],
        ..arguments(folder.path().join("run"))
    };
    let output = trainer(args.clone()).train(model()).unwrap();
    let table = std::fs::read_to_string(args.output_dir.join("metrics.csv")).unwrap();
    let entries_logged = output.state.log_history.len();
    assert_eq!(table.lines().count(), 1 + entries_logged);
    let lines = std::fs::read_to_string(args.output_dir.join("log.jsonl")).unwrap();
    let read = lines
        .lines()
        .map(|line| serde_json::from_str::<LogEntry>(line).unwrap());
    assert!(read.eq(output.state.log_history.iter().cloned()));
    let runs = entries(&args.output_dir.join("runs"));
    assert_eq!(runs.len(), 1);
    let events = entries(&args.output_dir.join("runs").join(&runs[0]));
    assert!(events[0].starts_with("events.out.tfevents."), "{events:?}");
}

#[test]
fn evaluation_without_a_set_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let args = arguments(folder.path().join("run"));
    let refused = Trainer::<GitForCausalLm>::new(args.clone(), train_set(), None);
    assert!(matches!(refused.err(), Some(TrainError::NoEvaluationSet)));
    let without = TrainingArguments {
        eval_strategy: IntervalStrategy::No,
        ..args
    };
    let trainer = Trainer::new(without, train_set(), None).unwrap();
    assert!(matches!(
        trainer.evaluate(&model()),
        Err(TrainError::NoEvaluationSet)
    ));
}

#[test]
fn a_set_without_a_whole_batch_is_refused_where_others_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let args = TrainingArguments {
        per_device_train_batch_size: 64,
        dataloader_drop_last: true,
        ..arguments(folder.path().join("run"))
    };
    let refused = Trainer::<GitForCausalLm>::new(args, train_set(), Some(small::eval_set()));
    let message = refused.err().unwrap().to_string();
    assert!(
        message.contains("22 rows") && message.contains("dataloader_drop_last"),
        "{message}"
    );
}

#[test]
fn the_best_weights_are_the_averages_that_were_measured() {
    let folder = tempfile::tempdir().unwrap();
    let args = TrainingArguments {
        max_steps: Some(8),
        learning_rate: 0.05, // the best comes early
        warmup_steps: Steps::Count(0),
        eval_steps: Some(Steps::Count(2)),
        save_steps: Steps::Count(2),
        ema_decay: Some(0.5),
        save_only_model: true,
        load_best_model_at_end: true,
        ..arguments(folder.path().join("run"))
    };
    let mut trainer = trainer(args);
    let output = trainer.train(model()).unwrap();
    let best = output.state.best_global_step.unwrap();
    assert!(
        best < 8,
        "the last step is the best: {:?}",
        output.state.curve("eval_loss")
    );
    let loss = trainer.evaluate(&output.model).unwrap().score("loss");
    assert_eq!(loss, output.state.best_metric);
}
