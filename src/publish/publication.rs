//! The folder that is a repository.

use std::fs;
use std::path::Path;

use captioner_files::{FileError, read_json, replace_folder, write_file, write_json};
use captioner_hub::{CardDataset, HubError, ModelCard, Origin, Publisher, RepoId, Upload};
use captioner_model::{Pretrained, Processor, has_adapter, save_adapter};
use captioner_train::{Evaluation, STATE_FILE, TrainerState, TrainingArguments};

use super::{PublishError, card, portable};

/// File of the settings, by which a folder is known as a publication's as well.
pub(super) const ARGUMENTS_FILE: &str = "training_args.json";

const ADAPTER_CONFIG: &str = "adapter_config.json";
const SAMPLE_SHEET: &str = "captions.png";

/// What is told of a run that is over.
#[derive(Clone, Debug)]
pub struct FinishedRun<'a> {
    /// The model's name, or its repository where that is known.
    pub name: String,
    /// The settings.
    pub arguments: &'a TrainingArguments,
    /// Where the run ended.
    pub state: &'a TrainerState,
    /// How long it took.
    pub seconds: f64,
    /// Where it was computed.
    pub device: String,
    /// The final model on the held-out rows.
    pub evaluation: Option<&'a Evaluation>,
    /// The set, and the split of these rows.
    pub dataset: CardDataset,
    /// The checkpoint that it started from; none from fresh weights.
    pub origin: Option<Origin>,
}

impl FinishedRun<'_> {
    /// The card of its whole model, or of its adapter, with a picture of captions that lies beside.
    pub fn card(&self, adapter: bool, sample_sheet: Option<&str>) -> ModelCard {
        card::card(self, adapter, sample_sheet)
    }
}

/// A model and its run, ready to be published.
///
/// An adapter is published as PEFT's repositories are: without the weights of its base model.
///
/// ```no_run
/// use captioner::git::GitForCausalLm;
/// use captioner::hub::{CardDataset, open_publisher};
/// use captioner::model::Processor;
/// use captioner::publish::{FinishedRun, Publication, push_folder, repository_name};
/// use captioner::train::{TrainOutput, Trainer};
///
/// # fn publish(
/// #     trainer: &Trainer<GitForCausalLm>,
/// #     processor: &Processor,
/// #     output: &TrainOutput<GitForCausalLm>,
/// # ) -> Result<(), Box<dyn std::error::Error>> {
/// let evaluation = trainer.evaluate(&output.model)?;
/// let publication = Publication {
///     model: &output.model,
///     processor,
///     sample_sheet: None,
///     run: FinishedRun {
///         name: repository_name(trainer.arguments()),
///         arguments: trainer.arguments(),
///         state: &output.state,
///         seconds: output.seconds,
///         device: "2 cores".into(),
///         evaluation: Some(&evaluation),
///         dataset: CardDataset::named("creatures"),
///         origin: None,
///     },
/// };
/// publication.write("git-creatures/hub")?;
/// let publisher = open_publisher(None)?; // feature `hub`
/// let repo = publisher.check("git-creatures", None)?;
/// let url = push_folder(publisher.as_ref(), &repo, None, "git-creatures/hub", "End of training")?;
/// println!("{url}");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Publication<'a, M> {
    /// The model.
    pub model: &'a M,
    /// Its processor, tokenizer included.
    pub processor: &'a Processor,
    /// A picture of captions, for the card.
    pub sample_sheet: Option<&'a Path>,
    /// The run.
    pub run: FinishedRun<'a>,
}

impl<M: Pretrained> Publication<'_, M> {
    /// Writes the folder of the repository, whole or not at all: the model or the adapter, the
    /// processor, `generation_config.json` of a model, `training_args.json`, `trainer_state.json`
    /// with the log, `evaluation.json`, `captions.png` and `README.md`. One that was written before
    /// is replaced. No file has a folder of whoever ran it, or a token.
    ///
    /// # Errors
    /// When a file can't be written, the device fails, or the folder holds files of another kind.
    pub fn write(&self, folder: impl AsRef<Path>) -> Result<(), PublishError> {
        let folder = folder.as_ref();
        refuse_foreign(folder)?;
        replace_folder(folder, |scratch| self.fill(scratch))
    }

    /// The card.
    pub fn card(&self) -> ModelCard {
        let sheet = self.sample_sheet.map(|_| SAMPLE_SHEET);
        self.run.card(has_adapter(self.model), sheet)
    }

    fn fill(&self, folder: &Path) -> Result<(), PublishError> {
        match has_adapter(self.model) {
            true => self.save_adapter(folder)?,
            false => self.model.save_pretrained(folder)?,
        }
        self.processor.save_pretrained(folder)?;
        let run = &self.run;
        write_json(
            folder.join(ARGUMENTS_FILE),
            &portable::arguments(run.arguments),
        )?;
        write_json(folder.join(STATE_FILE), &portable::state(run.state))?;
        if let Some(evaluation) = run.evaluation {
            let evaluation = portable::evaluation(evaluation);
            write_json(folder.join("evaluation.json"), &evaluation)?;
        }
        if let Some(sheet) = self.sample_sheet {
            let picture = fs::read(sheet).map_err(FileError::io("read", sheet))?;
            write_file(folder.join(SAMPLE_SHEET), &picture)?;
        }
        Ok(self.card().write(folder)?)
    }

    fn save_adapter(&self, folder: &Path) -> Result<(), PublishError> {
        let base = self.run.origin.as_ref().and_then(|o| o.id.as_deref());
        Ok(save_adapter(self.model, folder, base)?)
    }
}

/// The adapter's configuration of a checkpoint as it is published, where there is one.
pub(super) fn adapter_config(
    checkpoint: &Path,
    base_model: Option<&str>,
) -> Result<Option<(&'static str, serde_json::Value)>, FileError> {
    let file = checkpoint.join(ADAPTER_CONFIG);
    if !file.is_file() {
        return Ok(None);
    }
    let config = portable::adapter_config(read_json(&file)?, base_model);
    Ok(Some((ADAPTER_CONFIG, config)))
}

/// A folder that is not empty and was not written for a repository is somebody's.
fn refuse_foreign(folder: &Path) -> Result<(), PublishError> {
    let foreign = || PublishError::Foreign {
        path: folder.to_owned(),
    };
    if !folder.exists() {
        return Ok(());
    }
    let mut entries = fs::read_dir(folder).map_err(|_| foreign())?;
    match entries.next().is_none() || folder.join(ARGUMENTS_FILE).is_file() {
        true => Ok(()),
        false => Err(foreign()),
    }
}

/// Pushes the files of a folder that a [`Publication`] wrote, in one commit; gives its page.
///
/// # Errors
/// [`PublishError::Push`], which has the command that tries again, when it was not pushed;
/// [`PublishError::File`] when the folder can't be read.
pub fn push_folder(
    publisher: &dyn Publisher,
    repo: &RepoId,
    private: Option<bool>,
    folder: impl AsRef<Path>,
    message: &str,
) -> Result<String, PublishError> {
    let folder = folder.as_ref();
    let read = || FileError::io("read", folder);
    let mut upload = Upload {
        repo: repo.clone(),
        private,
        files: Default::default(),
        message: message.to_owned(),
    };
    for entry in fs::read_dir(folder).map_err(read())? {
        let entry = entry.map_err(read())?;
        let name = entry.file_name().to_string_lossy().into_owned();
        upload.files.insert(name, entry.path());
    }
    let pushed = publisher.push(&upload);
    pushed.map_err(|source| failed(source, folder, &upload))
}

fn failed(source: HubError, folder: &Path, upload: &Upload) -> PublishError {
    let private = match upload.private {
        Some(true) => " --private",
        _ => "",
    };
    let shown = folder.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    let shown = match shown.chars().all(plain) {
        true => shown,
        false => format!("'{}'", shown.replace('\'', r"'\''")),
    };
    PublishError::Push {
        folder: folder.to_owned(),
        repo: upload.repo.id(),
        source: Box::new(source),
        command: format!(
            "cargo run --release -p captioner-hub --features hub --example push_folder -- {shown} {}{private}",
            upload.repo.id()
        ),
    }
}
