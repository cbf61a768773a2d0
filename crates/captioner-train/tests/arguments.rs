//! Arguments as JSON: what transformers writes is read (`tools/reference/arguments.py` has
//! `Seq2SeqTrainingArguments.to_json_string` write it), and what is written is read back.

use captioner_model::GenerationConfig;
use captioner_train::{
    HubStrategy, IntervalStrategy, LrSchedulerKwargs, MetricSpelling, NonFinite, OptimizerKind,
    Reporter, ResumeFrom, SamplingStrategy, SaveStrategy, SchedulerType, Steps, TrainingArguments,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// What one version of transformers wrote.
#[derive(Deserialize)]
struct Written {
    defaults: Map<String, Value>,
    set: Map<String, Value>,
}

fn transformers_5() -> Written {
    serde_json::from_str(include_str!("fixtures/arguments_5.json")).unwrap()
}

fn transformers_4() -> Written {
    serde_json::from_str(include_str!("fixtures/arguments_4.json")).unwrap()
}

fn read(json: impl Into<Value>) -> Result<TrainingArguments, String> {
    serde_json::from_value(json.into()).map_err(|error| error.to_string())
}

fn keys(arguments: &TrainingArguments) -> Map<String, Value> {
    let value = serde_json::to_value(arguments).unwrap();
    value.as_object().unwrap().clone()
}

#[test]
fn the_defaults_are_those_of_transformers() {
    let written = transformers_5().defaults;
    assert_eq!(read(written.clone()).unwrap(), TrainingArguments::default());
    // Each key that both have is written with the same value.
    let own = keys(&TrainingArguments::default());
    let mut shared = 0;
    for (key, value) in written {
        let Some(own) = own.get(&key) else { continue };
        shared += 1;
        let same = match (own.as_f64(), value.as_f64()) {
            (Some(own), Some(value)) => own == value,
            // transformers 5 with a new PyTorch names a faster AdamW.
            _ if key == "optim" => value == "adamw_torch_fused",
            _ => *own == value,
        };
        assert!(same, "{key} is {own}, and {value} in transformers");
    }
    assert_eq!(shared, 52);
}

#[test]
fn the_defaults_of_transformers_4_are_these_too() {
    let mut written = transformers_4().defaults;
    // It names a folder of the machine that it runs on.
    assert!(written.remove("logging_dir").unwrap().is_string());
    assert_eq!(read(written).unwrap(), TrainingArguments::default());
}

/// What `arguments.py` sets with both versions.
fn set_with_both() -> TrainingArguments {
    TrainingArguments {
        output_dir: "run".into(),
        max_steps: Some(300),
        learning_rate: 2e-4,
        lr_scheduler_type: SchedulerType::CosineWithRestarts,
        lr_scheduler_kwargs: LrSchedulerKwargs {
            num_cycles: Some(2.0),
            ..LrSchedulerKwargs::default()
        },
        weight_decay: 0.01,
        optim: OptimizerKind::Sgd,
        eval_strategy: IntervalStrategy::Steps,
        eval_steps: Some(0.1.into()),
        save_strategy: SaveStrategy::Best,
        save_total_limit: Some(2),
        save_only_model: true,
        load_best_model_at_end: true,
        metric_for_best_model: Some("wer".into()),
        // transformers takes more of all but losses for better.
        greater_is_better: Some(true),
        logging_strategy: IntervalStrategy::Epoch,
        logging_first_step: true,
        predict_with_generate: true,
        generation_max_length: Some(30),
        generation_config: Some(GenerationConfig {
            num_beams: 3,
            max_new_tokens: Some(12),
            ..GenerationConfig::default()
        }),
        data_seed: Some(7),
        dataloader_drop_last: true,
        resume_from_checkpoint: Some(ResumeFrom::Path("run/checkpoint-5".into())),
        run_name: Some("second".into()),
        hub_strategy: HubStrategy::Checkpoint,
        warmup_steps: Steps::Share(0.05),
        train_sampling_strategy: SamplingStrategy::GroupByLength,
        ..TrainingArguments::default()
    }
}

#[test]
fn what_transformers_5_wrote_is_read() {
    let arguments = read(transformers_5().set).unwrap();
    assert_eq!(arguments, set_with_both());
    arguments.validate().unwrap();
}

#[test]
fn what_transformers_4_wrote_is_read_by_its_former_names() {
    let arguments = read(transformers_4().set).unwrap();
    let mut want = set_with_both();
    want.logging_dir = Some("run/runs/1".into());
    want.per_device_train_batch_size = 4;
    // Its generation settings are all written, with its own default length, which the new tokens go
    // before.
    let config = want.generation_config.as_mut().unwrap();
    config.max_length = Some(20);
    assert_eq!(arguments, want);
}

/// No field at its default but the token, which is not written.
fn nothing_at_its_default() -> TrainingArguments {
    TrainingArguments {
        overwrite_output_dir: true,
        num_train_epochs: 2.5,
        gradient_accumulation_steps: 3,
        per_device_train_batch_size: 5,
        per_device_eval_batch_size: 6,
        seed: u64::MAX,
        accept_changed_arguments: true,
        // Digits that only an exact reader gives back.
        learning_rate: 1e-3 / 3.0,
        adam_beta1: 0.85,
        adam_beta2: 0.95,
        adam_epsilon: 1.1e-30,
        max_grad_norm: 0.0,
        label_smoothing_factor: 0.1,
        ema_decay: Some(0.999),
        non_finite: NonFinite::Skip,
        fp16: true,
        bf16: true,
        freeze: vec!["image_encoder".into()],
        lora_r: Some(4),
        lora_alpha: Some(7.5),
        lora_dropout: 0.05,
        lora_target_modules: vec!["query".into(), "value".into()],
        captions_per_image: 2,
        dataloader_num_workers: 2,
        remove_unused_columns: false,
        cache_encoder_outputs: false,
        encoder_cache_mib: 12,
        logging_steps: Steps::Share(1.0 / 3.0),
        logging_nan_inf_filter: false,
        logging_dir: Some("logs".into()),
        report_to: Reporter::ALL.to_vec(),
        disable_tqdm: true,
        eval_delay: 1.5,
        eval_on_start: true,
        metrics: vec!["cider_d".into()],
        metric_spelling: MetricSpelling::Raw,
        generation_num_beams: Some(4),
        save_steps: Steps::Count(7),
        early_stopping_patience: Some(3),
        early_stopping_threshold: 0.01,
        push_to_hub: true,
        hub_model_id: Some("me/model".into()),
        hub_private_repo: Some(true),
        ..set_with_both()
    }
}

#[test]
fn what_is_written_is_read_back_to_the_bit() {
    let arguments = nothing_at_its_default();
    let (written, defaults) = (keys(&arguments), keys(&TrainingArguments::default()));
    for (key, value) in &written {
        assert_ne!(Some(value), defaults.get(key), "{key} is at its default");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("training_args.json");
    captioner_files::write_json(&path, &arguments).unwrap();
    assert_eq!(TrainingArguments::from_json_file(&path).unwrap(), arguments);
    captioner_files::write_json(&path, &TrainingArguments::default()).unwrap();
    let defaults = TrainingArguments::from_json_file(&path).unwrap();
    assert_eq!(defaults, TrainingArguments::default());
}

#[test]
fn a_token_is_shown_and_written_nowhere() {
    let mut arguments = read(json!({"hub_token": "hf_secret"})).unwrap();
    assert_eq!(arguments.hub_token.as_ref().unwrap().reveal(), "hf_secret");
    assert!(!format!("{arguments:?}").contains("hf_secret"));
    assert!(
        !serde_json::to_string(&arguments)
            .unwrap()
            .contains("hf_secret")
    );
    arguments.hub_token = None;
    assert_eq!(arguments, TrainingArguments::default());
}

#[test]
fn everything_that_cant_be_read_is_named_with_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("args.json");
    let text = r#"{
        "learning_rte": 1e-4, "seed": -1, "eval_strategy": "sometimes", "use_cpu": true,
        "deepspeed": "ds.json", "report_to": ["wandb"], "weight_decay": "0.1", "max_steps": 1.5
    }"#;
    std::fs::write(&path, text).unwrap();
    let message = TrainingArguments::from_json_file(&path)
        .unwrap_err()
        .to_string();
    for part in [
        "args.json: ",
        "learning_rte is 0.0001: there is no such argument; did you mean learning_rate?",
        "seed is -1: use a whole number, 0 or more",
        "eval_strategy is \"sometimes\": use no, steps or epoch",
        "use_cpu is true: the run computes where the model is",
        "deepspeed is \"ds.json\": a run has one device",
        "report_to is [\"wandb\"]: use tensorboard, csv or jsonl",
        "weight_decay is \"0.1\": use a number, without quotes",
        "max_steps is 1.5: use a whole number",
    ] {
        assert!(message.contains(part), "{part} in {message}");
    }
    assert!(!message.contains('\n'));
    std::fs::write(&path, "[1]").unwrap();
    let message = TrainingArguments::from_json_file(&path)
        .unwrap_err()
        .to_string();
    assert!(message.contains("args.json"), "{message}");
}

#[test]
fn python_only_settings_are_read_where_they_change_nothing() {
    let passed_over = json!({
        "dataloader_pin_memory": false, "torch_compile": true, "ddp_timeout": 60,
        "log_level": "debug", "gradient_checkpointing": true, "save_safetensors": false,
        "label_names": ["labels"], "remove_unused_columns": true, "no_cuda": false,
        "tf32": false, "fsdp": [], "neftune_noise_alpha": null, "local_rank": 3
    });
    assert_eq!(read(passed_over).unwrap(), TrainingArguments::default());
    for refused in [
        json!({"tf32": true}),
        json!({"fsdp": "full_shard"}),
        json!({"neftune_noise_alpha": 5}),
        json!({"no_cuda": true}),
        json!({"optim_args": "a=1"}),
        json!({"auto_find_batch_size": true}),
        json!({"ignore_data_skip": true}),
        json!({"push_to_hub_organization": "us"}),
    ] {
        let name = refused.as_object().unwrap().keys().next().unwrap().clone();
        let message = read(refused).unwrap_err();
        assert!(message.starts_with(&format!("{name} is ")), "{message}");
    }
}

#[test]
fn numbers_that_mean_none_are_read() {
    let none = json!({"max_steps": -1, "save_total_limit": -1, "eval_steps": null});
    assert_eq!(read(none).unwrap(), TrainingArguments::default());
    assert_eq!(keys(&TrainingArguments::default())["max_steps"], json!(-1));
    let zero = read(json!({"max_steps": 0})).unwrap();
    assert!(zero.validate().is_err(), "no run has no steps");
}

#[test]
fn a_present_name_goes_before_a_former_one() {
    let warmup = |json: Value| read(json).unwrap().warmup_steps;
    assert_eq!(warmup(json!({"warmup_ratio": 0.1})), Steps::Share(0.1));
    let both = json!({"warmup_ratio": 0.1, "warmup_steps": 7});
    assert_eq!(warmup(both), Steps::Count(7));
    // As transformers 4 writes what was given as a ratio.
    let as_written = json!({"warmup_ratio": 0.1, "warmup_steps": 0});
    assert_eq!(warmup(as_written), Steps::Share(0.1));
    let message = read(json!({"warmup_ratio": 5})).unwrap_err();
    assert!(message.contains("warmup_steps takes a number"), "{message}");

    let arguments = read(json!({
        "evaluation_strategy": "epoch", "group_by_length": true, "adafactor": true,
        "optim": "adamw_torch", "per_gpu_eval_batch_size": 2, "push_to_hub_model_id": "me/model"
    }));
    let arguments = arguments.unwrap();
    assert_eq!(arguments.eval_strategy, IntervalStrategy::Epoch);
    assert_eq!(
        arguments.train_sampling_strategy,
        SamplingStrategy::GroupByLength
    );
    assert_eq!(arguments.optim, OptimizerKind::Adafactor);
    assert_eq!(arguments.per_device_eval_batch_size, 2);
    assert_eq!(arguments.hub_model_id.as_deref(), Some("me/model"));
    let both = json!({"evaluation_strategy": "epoch", "eval_strategy": "steps"});
    assert_eq!(read(both).unwrap().eval_strategy, IntervalStrategy::Steps);
    let message = read(json!({"evaluation_strategy": "often"})).unwrap_err();
    assert!(message.starts_with("evaluation_strategy is"), "{message}");
}

#[test]
fn a_checkpoint_to_resume_from_is_a_switch_a_word_or_a_path() {
    let from = |json: Value| {
        let arguments = read(json!({"resume_from_checkpoint": json})).unwrap();
        arguments.resume_from_checkpoint
    };
    assert_eq!(from(json!(true)), Some(ResumeFrom::Last));
    assert_eq!(from(json!("last")), Some(ResumeFrom::Last));
    assert_eq!(from(json!("auto")), Some(ResumeFrom::Auto));
    assert_eq!(from(json!("a/b")), Some(ResumeFrom::Path("a/b".into())));
    assert_eq!(from(json!(false)), None);
    assert_eq!(from(json!(null)), None);
}

#[test]
fn lists_are_lists_or_a_text_with_commas() {
    let reporters = |json: Value| read(json!({"report_to": json})).unwrap().report_to;
    assert_eq!(reporters(json!("none")), []);
    assert_eq!(reporters(json!([])), []);
    assert_eq!(reporters(json!("all")), Reporter::ALL);
    assert_eq!(
        reporters(json!(["csv", "jsonl"])),
        [Reporter::Csv, Reporter::JsonLines]
    );
    assert_eq!(reporters(json!("tensorboard")), [Reporter::TensorBoard]);
    let metrics = read(json!({"metrics": "wer, cider_d"})).unwrap().metrics;
    assert_eq!(metrics, ["wer", "cider_d"]);
}

#[test]
fn decoding_settings_that_are_not_supported_are_refused() {
    let message = read(json!({"generation_config": {"num_beam_groups": 2}})).unwrap_err();
    assert!(message.contains("generation_config"), "{message}");
    assert!(message.contains("num_beam_groups"), "{message}");
    let message = read(json!({"generation_config": "no/such/file.json"})).unwrap_err();
    assert!(message.contains("no/such/file.json"), "{message}");
}

/// The rows of the tables that name arguments: name, default, meaning, difference.
fn documented() -> Vec<[String; 4]> {
    let text = include_str!("../../../docs/arguments.md");
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.map(|row| {
        let row = row.replace(r"\|", "/");
        let cells: Vec<_> = row.split('|').map(|cell| cell.trim().to_owned()).collect();
        <[String; 4]>::try_from(cells[1..5].to_vec()).unwrap()
    });
    cells.collect()
}

#[test]
fn the_page_of_arguments_lists_every_one_with_its_default() {
    let rows = documented();
    let mut own = keys(&TrainingArguments::default());
    own.insert("hub_token".into(), Value::Null);
    for (name, value) in own {
        let quoted = format!("`{name}`");
        let found: Vec<_> = rows.iter().filter(|row| row[0] == quoted).collect();
        assert_eq!(found.len(), 1, "rows of {name}");
        let default = found[0][1].trim_matches('`');
        let same = match &value {
            Value::Number(number) => default.parse().ok() == number.as_f64(),
            Value::String(text) => default == text,
            Value::Array(list) if list.is_empty() => default == "none",
            Value::Array(list) => {
                let names: Vec<_> = list.iter().filter_map(Value::as_str).collect();
                default == names.join(",")
            }
            Value::Null => default == "none",
            Value::Bool(on) => default.parse() == Ok(*on),
            Value::Object(_) => false,
        };
        assert!(same, "{name}: {default} and not {value}");
    }
}
