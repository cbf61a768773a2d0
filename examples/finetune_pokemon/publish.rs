//! The run as a repository of the Hub: its card, its folder, and the push.

use std::path::Path;
use std::sync::Arc;

use burn::tensor::Device;
use captioner::data::{CaptionDataset, DatasetSplits, Split};
use captioner::git::GitForCausalLm;
use captioner::hub::{CardDataset, Origin, Publisher, RepoId, open_publisher};
use captioner::publish::{
    FinishedRun, Publication, PushToHubCallback, push_folder, repository_name,
};
use captioner::train::{Evaluation, Trainer, TrainerState, TrainingArguments};

use crate::Outcome;
use crate::flags::Flags;

/// Where a run goes that is published.
pub(crate) enum Publishing {
    /// It stays here.
    No,
    /// Its folder is written, and nothing is uploaded.
    DryRun,
    /// It is pushed to this repository.
    To(Arc<dyn Publisher>, RepoId),
}

impl Publishing {
    /// Where the run goes, and the callback that pushes meanwhile. Token and name are checked here,
    /// so that no run finds out at its end.
    pub(crate) fn new(
        flags: &Flags,
        arguments: &TrainingArguments,
    ) -> Outcome<(Self, Option<PushToHubCallback>)> {
        if !arguments.push_to_hub {
            return Ok((Self::No, None));
        }
        if flags.dry_run {
            let callback = PushToHubCallback::dry_run(arguments)?;
            return Ok((Self::DryRun, Some(callback)));
        }
        let token = arguments.hub_token.as_ref().map(|token| token.reveal());
        let publisher: Arc<dyn Publisher> = open_publisher(token)?.into();
        let callback = PushToHubCallback::new(publisher.clone(), arguments)?;
        let repo = callback.repo().clone();
        Ok((Self::To(publisher, repo), Some(callback)))
    }

    /// The last step: writes the folder of the repository, and pushes it.
    pub(crate) fn publish(&self, publication: &Publication<'_, GitForCausalLm>) -> Outcome<()> {
        let arguments = publication.run.arguments;
        let folder = arguments.output_dir.join("hub");
        publication.write(&folder)?;
        say!("written to {}", folder.display());
        let Self::To(publisher, repo) = self else {
            say!("nothing is uploaded: this is a dry run");
            return Ok(());
        };
        let (private, title) = (arguments.hub_private_repo, "End of training");
        let url = push_folder(publisher.as_ref(), repo, private, &folder, title)?;
        say!("pushed to {}: {url}", repo.id());
        Ok(())
    }
}

/// What is told of a run beside its numbers.
pub(crate) struct About {
    name: String,
    device: String,
    dataset: CardDataset,
    /// None from fresh weights.
    origin: Option<Origin>,
}

impl About {
    pub(crate) fn new(
        flags: &Flags,
        arguments: &TrainingArguments,
        publishing: &Publishing,
        (splits, split): (&DatasetSplits, &Split),
    ) -> Self {
        let name = match publishing {
            Publishing::To(_, repo) => repo.id(),
            _ => repository_name(arguments),
        };
        let named = match &flags.dataset {
            Some(spec) => CardDataset::named(spec),
            None => CardDataset {
                name: "drawn creatures".into(),
                ..CardDataset::default()
            },
        };
        Self {
            name,
            device: String::new(),
            dataset: CardDataset {
                split: evaluated_split(splits, split),
                training_rows: Some(split.train.len()),
                ..named
            },
            origin: None,
        }
    }

    /// The checkpoint that it starts from, and where it is computed.
    pub(crate) fn with_start(
        mut self,
        flags: &Flags,
        checkpoint: Option<&Path>,
        device: String,
    ) -> Self {
        let given = flags.checkpoint.as_deref().zip(checkpoint);
        self.origin = given.map(|(name, folder)| Origin::of(name, folder));
        self.device = device;
        self
    }

    /// The repository of the checkpoint.
    pub(crate) fn base_model(&self) -> Option<String> {
        self.origin.as_ref()?.id.clone()
    }

    /// All of it.
    pub(crate) fn run<'a>(
        &self,
        trainer: &'a Trainer<GitForCausalLm>,
        (state, seconds): (&'a TrainerState, f64),
        evaluation: &'a Evaluation,
    ) -> FinishedRun<'a> {
        FinishedRun {
            name: self.name.clone(),
            arguments: trainer.arguments(),
            state,
            seconds,
            device: self.device.clone(),
            evaluation: Some(evaluation),
            dataset: self.dataset.clone(),
            origin: self.origin.clone(),
        }
    }
}

/// A device as the card names it: `Flex(Cpu)`.
pub(crate) fn named(device: &Device) -> String {
    let shown = format!("{device:?}");
    let inner = shown
        .strip_prefix("Device<")
        .and_then(|rest| rest.strip_suffix('>'));
    inner.unwrap_or(&shown).to_owned()
}

/// The split that is evaluated on; none where rows of the training split are held out.
fn evaluated_split(splits: &DatasetSplits, split: &Split) -> Option<String> {
    let test = &split.test;
    let is_it = |set: &dyn CaptionDataset| (set.name(), set.len()) == (test.name(), test.len());
    let mut found = splits.iter().filter(|(_, set)| is_it(set.as_ref()));
    let first = found.next().map(|(name, _)| name.to_owned());
    // Two that can't be told apart are not guessed between.
    first.filter(|_| found.next().is_none())
}
