//! Runs that are published, to a Hub that writes down what it is given.

#[path = "../crates/captioner-train/tests/small/mod.rs"]
mod small;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};

use captioner::git::GitForCausalLm;
use captioner::hub::{CardDataset, HubError, Origin, Publisher, RepoId, Upload, pushed_repository};
use captioner::model::{Processor, load_adapter};
use captioner::publish::{
    FinishedRun, Publication, PublishError, PushToHubCallback, push_folder, repository_name,
};
use captioner::train::{
    CallbackResult, Evaluation, HubStrategy, RUN_FILES, ResumeFrom, TrainError, TrainOutput,
    Trainer, TrainerCallback, TrainerContext, TrainerControl, TrainingArguments,
};
use small::{arguments, course, entries, model, processor, trainer};

/// A Hub that writes down what it is given.
#[derive(Default)]
struct Recorder {
    uploads: Mutex<Vec<Recorded>>,
    fails: bool,
    /// Closed, a push waits.
    closed: Mutex<bool>,
    opened: Condvar,
}

struct Recorded {
    message: String,
    private: Option<bool>,
    files: BTreeMap<String, Vec<u8>>,
}

impl Recorder {
    fn open(&self) {
        *self.closed.lock().unwrap() = false;
        self.opened.notify_all();
    }

    fn messages(&self) -> Vec<String> {
        let uploads = self.uploads.lock().unwrap();
        uploads
            .iter()
            .map(|upload| upload.message.clone())
            .collect()
    }
}

impl Publisher for Recorder {
    fn check(&self, name: &str, _: Option<bool>) -> Result<RepoId, HubError> {
        pushed_repository(name, "me")
    }

    fn push(&self, upload: &Upload) -> Result<String, HubError> {
        let closed = self.closed.lock().unwrap();
        drop(self.opened.wait_while(closed, |closed| *closed).unwrap());
        if self.fails {
            let host = "the Hub".to_owned();
            return Err(HubError::Status { host, status: 503 });
        }
        let read = |(path, file): (&String, _)| (path.clone(), fs::read(file).unwrap());
        self.uploads.lock().unwrap().push(Recorded {
            message: upload.message.clone(),
            private: upload.private,
            files: upload.files.iter().map(read).collect(),
        });
        Ok(format!("https://hub/{}", upload.repo.id()))
    }
}

/// Keeps what the trainer says, and opens a closed Hub at an evaluation.
#[derive(Clone, Default)]
struct Listener {
    heard: Arc<Mutex<Vec<String>>>,
    opens: Option<(usize, Arc<Recorder>)>,
}

impl<M> TrainerCallback<M> for Listener {
    fn on_message(&mut self, _: &TrainerContext<'_, M>, message: &str) -> CallbackResult {
        self.heard.lock().unwrap().push(message.to_owned());
        Ok(())
    }

    fn on_evaluate(
        &mut self,
        run: &TrainerContext<'_, M>,
        _: &Evaluation,
        _: &mut TrainerControl,
    ) -> CallbackResult {
        if let Some((step, hub)) = &self.opens
            && *step == run.state.global_step
        {
            hub.open();
        }
        Ok(())
    }
}

fn pushing(output_dir: &Path, hub_strategy: HubStrategy) -> TrainingArguments {
    TrainingArguments {
        push_to_hub: true,
        hub_strategy,
        hub_private_repo: Some(true),
        ..arguments(output_dir)
    }
}

/// Trains, and gives what was heard.
fn run(
    hub: &Arc<Recorder>,
    arguments: TrainingArguments,
    listener: Listener,
) -> (TrainOutput<GitForCausalLm>, Vec<String>) {
    let heard = listener.heard.clone();
    let pushes = PushToHubCallback::new(hub.clone(), &arguments).unwrap();
    let trainer = trainer(arguments).with_callback(pushes);
    let output = trainer.with_callback(listener).train(model()).unwrap();
    let heard = heard.lock().unwrap().clone();
    (output, heard)
}

#[test]
fn each_checkpoint_is_pushed_or_said_to_be_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("git-small");
    let args = pushing(&output, HubStrategy::EverySave);
    let hub = Arc::new(Recorder::default());
    let (_, heard) = run(&hub, args, Listener::default());
    for step in [3, 6, 9, 12, 13] {
        let of_step = |line: &&String| line.contains(&format!("step {step}"));
        let said: Vec<_> = heard.iter().filter(of_step).collect();
        let pushed = format!("pushed step {step}: https://hub/me/git-small");
        let left_out = format!("step {step} is not pushed: an earlier push is not done yet");
        assert!(said == [&pushed] || said == [&left_out], "{said:?}");
        let title = format!("Training in progress, step {step}");
        assert_eq!(hub.messages().contains(&title), said == [&pushed]);
    }
    let uploads = hub.uploads.lock().unwrap();
    for upload in uploads.iter() {
        assert_eq!(upload.private, Some(true));
        for name in [
            "model.safetensors",
            "config.json",
            "tokenizer.json",
            "training_args.json",
        ] {
            assert!(upload.files.contains_key(name), "{name}");
        }
        let run_file = |name: &String| RUN_FILES.contains(&name.as_str()) || name.contains('/');
        assert!(!upload.files.keys().any(run_file));
        let args = String::from_utf8_lossy(&upload.files["training_args.json"]);
        assert!(args.contains("\"output_dir\": \"git-small\""), "{args}");
    }
    let first = &uploads[0].files["model.safetensors"];
    assert_eq!(
        first,
        &fs::read(output.join("checkpoint-3/model.safetensors")).unwrap()
    );
    assert!(!output.join("hub_push").exists());
}

#[test]
fn a_run_goes_on_from_the_checkpoint_that_was_pushed() {
    let folder = tempfile::tempdir().unwrap();
    let first = folder.path().join("first");
    let args = TrainingArguments {
        save_total_limit: Some(1),
        ..pushing(&first, HubStrategy::Checkpoint)
    };
    let hub = Arc::new(Recorder {
        closed: Mutex::new(true),
        ..Recorder::default()
    });
    let opens = Some((8, hub.clone()));
    let (_, heard) = run(
        &hub,
        args,
        Listener {
            opens,
            ..Listener::default()
        },
    );
    // The push of step 3 was under way at step 6, and its files stayed although the run removed
    // that checkpoint.
    assert!(
        heard
            .iter()
            .any(|line| line.starts_with("step 6 is not pushed")),
        "{heard:?}"
    );
    assert!(!first.join("checkpoint-3").exists());
    let uploads = hub.uploads.lock().unwrap();
    assert_eq!(uploads[0].message, "Training in progress, step 3");

    let downloaded = folder.path().join("last-checkpoint");
    fs::create_dir(&downloaded).unwrap();
    for (path, bytes) in &uploads[0].files {
        if let Some(name) = path.strip_prefix("last-checkpoint/") {
            fs::write(downloaded.join(name), bytes).unwrap();
        } else {
            assert!(!path.contains('/'), "{path}");
        }
    }
    let second = folder.path().join("second");
    let args = TrainingArguments {
        resume_from_checkpoint: Some(ResumeFrom::Path(downloaded)),
        ..arguments(&second)
    };
    trainer(args).train(model()).unwrap();
    let ends = [&first, &second].map(|run| course(&run.join("checkpoint-13")));
    assert!(ends[0] == ends[1]);
}

#[test]
fn a_push_that_fails_is_told_and_training_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let hub = Arc::new(Recorder {
        fails: true,
        ..Recorder::default()
    });
    let args = pushing(&folder.path().join("run"), HubStrategy::EverySave);
    let (output, heard) = run(&hub, args, Listener::default());
    assert_eq!(output.state.global_step, 13);
    let failed = "was not pushed, training goes on: the Hub answered with status 503";
    assert!(heard.iter().any(|line| line.contains(failed)), "{heard:?}");
    assert!(!folder.path().join("run/hub_push").exists());

    let plain = folder.path().join("plain");
    trainer(arguments(&plain)).train(model()).unwrap();
    let of = |name: &str| course(&folder.path().join(name).join("checkpoint-13"));
    assert!(of("run") == of("plain"));
}

#[test]
fn nothing_is_pushed_at_the_end_only_or_when_a_run_fails_at_its_start() {
    let folder = tempfile::tempdir().unwrap();
    let hub = Arc::new(Recorder::default());
    let (output, heard) = run(
        &hub,
        pushing(&folder.path().join("end"), HubStrategy::End),
        Listener::default(),
    );
    assert_eq!(output.state.global_step, 13);
    assert_eq!(heard, [""; 0]);

    let failing = folder.path().join("failing");
    let args = TrainingArguments {
        metric_for_best_model: Some("spice".into()),
        ..pushing(&failing, HubStrategy::EverySave)
    };
    let pushes = PushToHubCallback::new(hub.clone(), &args).unwrap();
    let mut trainer = trainer(args).with_callback(pushes);
    trainer.train(model()).unwrap_err();
    assert!(hub.messages().is_empty() && !failing.exists());
}

#[test]
fn a_run_that_nobody_would_push_does_not_begin() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("run");
    let args = pushing(&output, HubStrategy::EverySave);
    let failure = trainer(args.clone()).train(model()).unwrap_err();
    assert!(
        matches!(failure.error, TrainError::NobodyPushes),
        "{failure}"
    );
    let message = failure.to_string();
    assert!(message.contains("PushToHubCallback"), "{message}");
    assert!(!output.exists());
    let misnamed = TrainingArguments {
        hub_model_id: Some("two words".into()),
        ..args
    };
    let hub = Arc::new(Recorder::default());
    let error = PushToHubCallback::new(hub, &misnamed).err().unwrap();
    let message = error.to_string();
    assert!(
        message.contains("'two words'") && message.contains("hub_model_id"),
        "{message}"
    );
    assert!(PushToHubCallback::dry_run(&misnamed).is_err());
}

/// A run of 13 steps that ends with the best of its checkpoints, and what is published of it.
struct Finished {
    folder: tempfile::TempDir,
    trainer: Trainer<GitForCausalLm>,
    output: TrainOutput<GitForCausalLm>,
    evaluation: Evaluation,
    processor: Processor,
}

impl Finished {
    fn new() -> Self {
        Self::of(model(), TrainingArguments::default())
    }

    fn of(model: GitForCausalLm, wished: TrainingArguments) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let output_dir = folder.path().join("git-small");
        let args = TrainingArguments {
            gradient_accumulation_steps: 2,
            load_best_model_at_end: true,
            hub_token: Some("hf_SecretOfTheTest".into()),
            num_train_epochs: 77.5,
            logging_dir: Some(folder.path().join("logs")),
            lora_r: wished.lora_r,
            ..arguments(&output_dir)
        };
        let mut trainer = trainer(args);
        let output = trainer.train(model).unwrap();
        let evaluation = trainer.evaluate(&output.model).unwrap();
        fs::write(output_dir.join("sheet.png"), "a picture").unwrap();
        Self {
            folder,
            trainer,
            output,
            evaluation,
            processor: processor(),
        }
    }

    fn publication<'a>(&'a self, sheet: &'a Path) -> Publication<'a, GitForCausalLm> {
        Publication {
            model: &self.output.model,
            processor: &self.processor,
            sample_sheet: Some(sheet),
            run: FinishedRun {
                name: repository_name(self.trainer.arguments()),
                arguments: self.trainer.arguments(),
                state: &self.output.state,
                seconds: self.output.seconds,
                device: "a CPU".into(),
                evaluation: Some(&self.evaluation),
                dataset: CardDataset::named("user/creatures"),
                origin: Some(Origin {
                    id: Some("microsoft/git-base".into()),
                    license: Some("mit".into()),
                }),
            },
        }
    }

    fn sheet(&self) -> std::path::PathBuf {
        self.folder.path().join("git-small/sheet.png")
    }
}

#[test]
fn the_folder_is_a_whole_repository_and_tells_nobodys_folders() {
    let run = Finished::new();
    let (hub, sheet) = (run.folder.path().join("git-small/hub"), run.sheet());
    let publication = run.publication(&sheet);
    publication.write(&hub).unwrap();
    let files = entries(&hub);
    for name in [
        "README.md",
        "captions.png",
        "config.json",
        "evaluation.json",
        "generation_config.json",
        "model.safetensors",
        "preprocessor_config.json",
        "tokenizer.json",
        "trainer_state.json",
        "training_args.json",
    ] {
        assert!(files.contains(&name.to_owned()), "{name} in {files:?}");
    }
    for name in &files {
        let bytes = fs::read(hub.join(name)).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let own = run.folder.path().to_str().unwrap();
        assert!(!text.contains(own) && !text.contains("hf_Secret"), "{name}");
    }
    // A second time, with a sheet that is not there: the first folder stays as it was.
    let readme = fs::read(hub.join("README.md")).unwrap();
    let absent = run.folder.path().join("absent.png");
    let error = run.publication(&absent).write(&hub).unwrap_err();
    assert!(matches!(error, PublishError::File(_)), "{error}");
    assert_eq!(entries(&hub), files);
    assert_eq!(fs::read(hub.join("README.md")).unwrap(), readme);
    // Somebody's own folder is not written over.
    let own = run.folder.path().join("own");
    fs::create_dir(&own).unwrap();
    fs::write(own.join("thesis.tex"), "x").unwrap();
    let error = publication.write(&own).unwrap_err();
    assert!(matches!(error, PublishError::Foreign { .. }), "{error}");
    assert_eq!(entries(&own), ["thesis.tex"]);
}

#[test]
fn the_card_says_what_the_run_did() {
    let run = Finished::new();
    let sheet = run.sheet();
    let card = run.publication(&sheet).card();
    let text = card.to_markdown();
    let state = &run.output.state;
    let (epoch, wer) = (state.epoch, run.evaluation.score("generated_wer").unwrap());
    // 22 rows in batches of 4, two to a step: 3 steps an epoch.
    assert!((epoch - 13.0 / 3.0).abs() < 0.2, "{epoch}");
    for part in [
        "| optimizer steps | 13 |".to_owned(),
        format!("| epochs | {epoch:.2} |"),
        "| effective batch size | 8 (4 in each of 2 batches) |".to_owned(),
        "| learning rate | 0.002 |".to_owned(),
        "| schedule | linear, 3 steps of warm-up |".to_owned(),
        "weight decay 0.1 |".to_owned(),
        "| seed | 42 |".to_owned(),
        "| device | a CPU |".to_owned(),
        format!("| seconds | {:.0} |", run.output.seconds),
        "license: \"mit\"".to_owned(),
        "base_model: \"microsoft/git-base\"".to_owned(),
        "datasets:\n- \"user/creatures\"".to_owned(),
        "![captions of held-out pictures](captions.png)".to_owned(),
        format!("| wer of generated captions | {wer:.4} |"),
    ] {
        assert!(text.contains(&part), "{part} in {text}");
    }
    // Not the epochs that were wished.
    assert!(!text.contains("77.5"), "{text}");
    // Logged at 5 and 10, measured at 4, 8, 12 and 13, ended with the best.
    let steps: Vec<_> = card.log.iter().map(|row| row.step).collect();
    assert_eq!(steps, [4, 5, 8, 10, 12, 13]);
    let best: Vec<_> = card.log.iter().filter(|row| row.best).collect();
    assert_eq!(Some(best[0].step), state.best_global_step);
    assert_eq!(
        best[0].values.get("Evaluation loss").copied(),
        state.best_metric
    );
    let loss = state.curve("loss");
    let logged = card
        .log
        .iter()
        .filter_map(|row| Some((row.step as f64, row.training_loss?)));
    assert_eq!(logged.collect::<Vec<_>>(), loss);
}

#[test]
fn an_adapter_is_published_without_its_base_model() {
    let lora = TrainingArguments {
        lora_r: Some(2),
        ..TrainingArguments::default()
    };
    let run = Finished::of(model(), lora);
    let (hub, sheet) = (run.folder.path().join("git-small/hub"), run.sheet());
    let publication = run.publication(&sheet);
    publication.write(&hub).unwrap();
    let files = entries(&hub);
    for (name, there) in [
        ("adapter_config.json", true),
        ("adapter_model.safetensors", true),
        ("tokenizer.json", true),
        ("README.md", true),
        ("model.safetensors", false),
        ("config.json", false),
    ] {
        assert_eq!(
            files.contains(&name.to_owned()),
            there,
            "{name} in {files:?}"
        );
    }
    let config = fs::read_to_string(hub.join("adapter_config.json")).unwrap();
    let base = "\"base_model_name_or_path\": \"microsoft/git-base\"";
    assert!(config.contains(base), "{config}");
    let text = fs::read_to_string(hub.join("README.md")).unwrap();
    assert!(text.contains("library_name: \"peft\""), "{text}");
    assert!(
        text.contains("| LoRA | rank 2, alpha 2, dropout 0 |"),
        "{text}"
    );
    // As the card has it.
    load_adapter(model(), &hub).unwrap();
    Processor::from_pretrained(&hub).unwrap();
}

#[test]
fn a_final_push_that_fails_says_where_everything_is_and_how_to_try_again() {
    let folder = tempfile::tempdir().unwrap();
    let published = folder.path().join("it's/hub");
    fs::create_dir_all(&published).unwrap();
    fs::write(published.join("README.md"), "# x").unwrap();
    let repo = RepoId::parse("me/x").unwrap();
    let failing = Recorder {
        fails: true,
        ..Recorder::default()
    };
    let error = push_folder(&failing, &repo, Some(true), &published, "End").unwrap_err();
    let message = error.to_string();
    assert!(message.contains("status 503"), "{message}");
    assert!(
        message.contains(r"it'\''s/hub' me/x --private`"),
        "{message}"
    );
    assert!(published.join("README.md").is_file());

    let hub = Recorder::default();
    let url = push_folder(&hub, &repo, None, &published, "End of training").unwrap();
    assert_eq!(url, "https://hub/me/x");
    let uploads = hub.uploads.lock().unwrap();
    assert_eq!(uploads.len(), 1);
    assert_eq!(uploads[0].files["README.md"], b"# x");
}
