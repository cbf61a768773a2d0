use clap::{CommandFactory, Parser};
use serde_json::Value;

use super::*;
use crate::arguments::NAMES;
use crate::{IntervalStrategy, LrSchedulerKwargs, Reporter, ResumeFrom};

#[derive(Debug, Parser)]
struct Flags {
    /// A flag of the program's own.
    #[arg(long)]
    verbose: bool,
    #[command(flatten)]
    training: TrainingFlags,
    /// Another one, after the library's.
    #[arg(long)]
    pictures_from: Option<String>,
}

/// The arguments that a command line gives.
fn parsed(line: &[&str]) -> TrainingArguments {
    let line = ["train"].iter().chain(line);
    let mut arguments = TrainingArguments::default();
    let flags = Flags::try_parse_from(line).unwrap();
    flags.training.override_in(&mut arguments);
    arguments
}

fn refused(line: &[&str]) -> String {
    let line = ["train"].iter().chain(line);
    Flags::try_parse_from(line).unwrap_err().to_string()
}

#[test]
fn every_argument_has_a_flag() {
    let command = Flags::command();
    command.clone().debug_assert();
    let fields = TrainingArguments::default().values();
    let token = ["hub_token".to_owned()]; // it is written nowhere
    for name in fields.keys().chain(&token) {
        assert!(
            NAMES.contains(&name.as_str()),
            "{name} can't be read from JSON"
        );
        let flag = command.get_arguments().find(|arg| arg.get_id() == name);
        let flag = flag.unwrap_or_else(|| panic!("{name} has no flag"));
        assert_eq!(flag.get_long().unwrap(), name.replace('_', "-"));
        assert!(!flag.is_hide_set(), "{name}");
    }
    assert_eq!(NAMES.len(), fields.len() + 1);
}

#[test]
fn the_defaults_in_the_help_are_the_defaults() {
    let command = Flags::command();
    for (name, value) in TrainingArguments::default().values() {
        let mut flags = command.get_arguments();
        let flag = flags.find(|arg| arg.get_id() == name.as_str()).unwrap();
        let help = flag.get_help().unwrap().to_string();
        let (_, shown) = help.split_once("[default: ").expect(&name);
        let shown = shown.strip_suffix(']').expect(&name);
        match &value {
            // Nothing set has many meanings.
            Value::Null => {}
            Value::Number(number) if name != "save_total_limit" => {
                assert_eq!(shown.parse().ok(), number.as_f64(), "{name}");
            }
            Value::Array(list) if list.is_empty() && name == "lora_target_modules" => {
                let targets = captioner_model::LoraConfig::default().target_modules;
                assert_eq!(shown, targets.join(","));
            }
            value => assert_eq!(shown, finish::text(value), "{name}"),
        }
    }
}

#[test]
fn a_program_can_show_its_own_defaults() {
    let own = TrainingArguments {
        learning_rate: 0.001,
        eval_steps: Some(50.into()),
        metrics: vec!["cider_d".into()],
        ..TrainingArguments::default()
    };
    let command = Flags::command().mut_args(show_defaults(&own));
    let help = |name| {
        let mut flags = command.get_arguments();
        let flag = flags.find(|arg| arg.get_id() == name).unwrap();
        flag.get_help().unwrap().to_string()
    };
    assert!(help("learning_rate").ends_with("rate. [default: 0.001]"));
    assert!(help("eval_steps").ends_with("all. [default: 50]"));
    assert!(help("metrics").ends_with("[default: cider_d]"));
    assert!(help("seed").ends_with("[default: 42]"));
    assert_eq!(help("verbose"), "A flag of the program's own");
}

#[test]
fn of_a_flag_given_twice_the_last_counts() {
    let args = parsed(&[
        "--seed=1",
        "--seed",
        "2",
        "--metrics",
        "wer,bleu",
        "--metrics=cider_d",
        "--fp16",
        "true",
        "--fp16=false",
        "--report-to=csv",
        "--report-to=tensorboard",
        "--verbose",
        "--verbose",
    ]);
    assert_eq!(args.seed, 2);
    assert_eq!(args.metrics, ["cider_d"]);
    assert!(!args.fp16);
    assert_eq!(args.report_to, [Reporter::TensorBoard]);
}

#[test]
fn true_needs_no_value() {
    for (line, want) in [
        (&["--load-best-model-at-end"][..], true),
        (&["--load-best-model-at-end=false"], false),
        (&["--load-best-model-at-end", "false"], false),
        (&["--load_best_model_at_end", "True"], true),
        (&["--load-best-model-at-end", "--seed", "1"], true),
        (&[], false),
    ] {
        assert_eq!(parsed(line).load_best_model_at_end, want, "{line:?}");
    }
}

#[test]
fn names_can_be_spelt_as_in_transformers() {
    let args = parsed(&["--max_steps", "10", "--per_device_train_batch_size=4"]);
    assert_eq!(args.max_steps, Some(10));
    assert_eq!(args.per_device_train_batch_size, 4);
    // The program's own flags stay as they are.
    assert!(refused(&["--pictures_from", "x"]).contains("--pictures_from"));
}

#[test]
fn numbers_that_mean_none_are_accepted() {
    let mut arguments = TrainingArguments {
        max_steps: Some(5),
        save_total_limit: Some(3),
        ..TrainingArguments::default()
    };
    let line = ["train", "--max-steps", "-1", "--save-total-limit=-1"];
    let flags = Flags::try_parse_from(line).unwrap();
    flags.training.override_in(&mut arguments);
    assert_eq!(
        (arguments.max_steps, arguments.save_total_limit),
        (None, None)
    );
    assert!(refused(&["--max-steps", "1.5"]).contains("-1 for none"));
}

#[test]
fn steps_are_counts_or_shares() {
    let args = parsed(&[
        "--warmup-steps",
        "0.05",
        "--eval-steps",
        "20",
        "--save-steps=0.5",
    ]);
    assert_eq!(args.warmup_steps, Steps::Share(0.05));
    assert_eq!(args.eval_steps, Some(Steps::Count(20)));
    assert_eq!(args.save_steps, Steps::Share(0.5));
    assert!(refused(&["--save-steps", "often"]).contains("0.05"));
}

#[test]
fn a_run_is_resumed_from_the_last_checkpoint_without_a_value() {
    let from = |line: &[&str]| parsed(line).resume_from_checkpoint;
    assert_eq!(from(&["--resume-from-checkpoint"]), Some(ResumeFrom::Last));
    assert_eq!(
        from(&["--resume-from-checkpoint", "--seed", "1"]),
        Some(ResumeFrom::Last)
    );
    assert_eq!(
        from(&["--resume-from-checkpoint", "auto"]),
        Some(ResumeFrom::Auto)
    );
    let path = Some(ResumeFrom::Path("run/checkpoint-5".into()));
    assert_eq!(from(&["--resume_from_checkpoint=run/checkpoint-5"]), path);
    assert_eq!(from(&[]), None);
}

#[test]
fn a_schedule_has_its_settings_as_json() {
    let args = parsed(&["--lr-scheduler-kwargs", r#"{"num_cycles": 2}"#]);
    let want = LrSchedulerKwargs {
        num_cycles: Some(2.0),
        ..LrSchedulerKwargs::default()
    };
    assert_eq!(args.lr_scheduler_kwargs, want);
    let message = refused(&["--lr-scheduler-kwargs", "num_cycles=2"]);
    assert!(message.contains("JSON object"), "{message}");
}

#[test]
fn names_of_transformers_4_are_accepted() {
    let args = parsed(&[
        "--evaluation_strategy",
        "epoch",
        "--warmup-ratio",
        "0.1",
        "--per_gpu_train_batch_size",
        "2",
        "--per-gpu-eval-batch-size",
        "3",
        "--group_by_length",
        "--adafactor",
        "--push-to-hub-model-id",
        "me/model",
    ]);
    assert_eq!(args.eval_strategy, IntervalStrategy::Epoch);
    assert_eq!(args.warmup_steps, Steps::Share(0.1));
    assert_eq!(args.per_device_train_batch_size, 2);
    assert_eq!(args.per_device_eval_batch_size, 3);
    assert_eq!(
        args.train_sampling_strategy,
        SamplingStrategy::GroupByLength
    );
    assert_eq!(args.optim, OptimizerKind::Adafactor);
    assert_eq!(args.hub_model_id.as_deref(), Some("me/model"));
    let both = parsed(&["--warmup-ratio", "0.1", "--warmup-steps", "7"]);
    assert_eq!(both.warmup_steps, Steps::Count(7));
    // A ratio is never a count.
    let ratio = parsed(&["--warmup-ratio", "5"]).validate().unwrap_err();
    assert!(ratio.to_string().contains("warmup_steps is 5"), "{ratio}");
}

#[test]
fn the_device_is_no_training_argument() {
    for flag in ["--no_cuda", "--no-cuda", "--use-cpu", "--use_cpu=true"] {
        let message = refused(&[flag]);
        assert!(message.contains("--device flex"), "{message}");
    }
    parsed(&["--use_cpu", "false"]);
}

#[test]
fn flags_go_over_a_file_of_arguments() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("arguments.json");
    let text = r#"{"learning_rate": 0.01, "seed": 7, "max_steps": -1, "hub_token": "hf_secret"}"#;
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap();
    let line = ["train", "--seed", "8", "--args-file", path];
    let flags = Flags::try_parse_from(line).unwrap();
    let mut arguments = TrainingArguments {
        max_steps: Some(3),
        weight_decay: 0.5,
        ..TrainingArguments::default()
    };
    flags.training.override_in(&mut arguments);
    assert_eq!((arguments.learning_rate, arguments.seed), (0.01, 8));
    assert_eq!((arguments.max_steps, arguments.weight_decay), (None, 0.5));
    let token = arguments.hub_token.as_ref().unwrap();
    assert_eq!(token.reveal(), "hf_secret");
    assert!(!format!("{flags:?} {arguments:?}").contains("hf_secret"));

    std::fs::write(path, r#"{"learning_rte": 1, "seed": "x"}"#).unwrap();
    let message = refused(&["--args-file", path]);
    assert!(message.contains("did you mean learning_rate?"), "{message}");
    assert!(message.contains("seed is \"x\""), "{message}");
}

#[test]
fn decoding_settings_come_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("generation_config.json");
    std::fs::write(
        &path,
        r#"{"num_beams": 4, "transformers_version": "5.23.0"}"#,
    )
    .unwrap();
    for path in [path.as_path(), folder.path()] {
        let args = parsed(&["--generation-config", path.to_str().unwrap()]);
        let config = args.generation_config.unwrap();
        assert_eq!(config.num_beams, 4);
        assert!(config.file_keys.is_empty());
    }
    std::fs::write(&path, r#"{"num_beam_groups": 2}"#).unwrap();
    let message = refused(&["--generation-config", path.to_str().unwrap()]);
    assert!(message.contains("num_beam_groups"), "{message}");
}
