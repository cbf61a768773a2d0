//! Pushes while a run goes on.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use captioner_files::remove_folder;
use captioner_hub::{HubError, Publisher, RepoId, Upload, pushed_repository};
use captioner_train::{
    CallbackResult, HubStrategy, SaveStrategy, TrainerCallback, TrainerContext, TrainingArguments,
};

use super::repository_name;
use super::staged::Staged;

/// Pushes what is saved while a run goes on, as `hub_strategy` says and as transformers'
/// `Trainer._push_from_checkpoint` does: the model of each checkpoint (`every_save`), and the whole
/// newest checkpoint to `last-checkpoint/` (`checkpoint`), from which a run goes on wherever it is
/// downloaded to. With `end` nothing is pushed here.
///
/// A push goes on beside the training; while it does, further checkpoints are left out. One that
/// fails is told, and training goes on. The final model is pushed by the program: see
/// [`Publication`](super::Publication).
pub struct PushToHubCallback {
    /// None in a dry run.
    publisher: Option<Arc<dyn Publisher>>,
    repo: RepoId,
    private: Option<bool>,
    base_model: Option<String>,
    running: Option<Running>,
    messages: Vec<String>,
}

/// A push beside the training.
struct Running {
    step: usize,
    staged: PathBuf,
    thread: JoinHandle<Result<String, HubError>>,
}

impl PushToHubCallback {
    /// Asks the publisher whether the run may push, before it begins: token, name and privacy.
    /// Nothing is made.
    ///
    /// # Errors
    /// When a push would be refused.
    pub fn new(
        publisher: Arc<dyn Publisher>,
        arguments: &TrainingArguments,
    ) -> Result<Self, HubError> {
        let name = repository_name(arguments);
        let private = arguments.hub_private_repo;
        let repo = publisher.check(&name, private)?;
        Ok(Self::with(Some(publisher), repo, private))
    }

    /// One that pushes nothing and asks nobody: for a run whose folder is written alone.
    ///
    /// # Errors
    /// [`HubError::PushName`] where the name could be that of no repository.
    pub fn dry_run(arguments: &TrainingArguments) -> Result<Self, HubError> {
        let repo = pushed_repository(&repository_name(arguments), "OWNER")?;
        Ok(Self::with(None, repo, arguments.hub_private_repo))
    }

    fn with(publisher: Option<Arc<dyn Publisher>>, repo: RepoId, private: Option<bool>) -> Self {
        Self {
            publisher,
            repo,
            private,
            base_model: None,
            running: None,
            messages: Vec::new(),
        }
    }

    /// Names the repository of the model that an adapter belongs to.
    pub fn with_base_model(mut self, id: Option<String>) -> Self {
        self.base_model = id;
        self
    }

    /// The repository that is pushed to.
    pub fn repo(&self) -> &RepoId {
        &self.repo
    }

    fn begin<M>(&mut self, run: &TrainerContext<'_, M>, checkpoint: &Path) -> CallbackResult {
        let Some(publisher) = self.publisher.clone() else {
            return Ok(());
        };
        let whole = run.arguments.hub_strategy == HubStrategy::Checkpoint;
        let base = self.base_model.as_deref();
        let staged = Staged::of(checkpoint, run.arguments, base, whole)?;
        let upload = Upload {
            repo: self.repo.clone(),
            private: self.private,
            files: staged.files,
            message: in_progress(run),
        };
        self.running = Some(Running {
            step: run.state.global_step,
            staged: staged.folder,
            thread: std::thread::Builder::new()
                .name("push".into())
                .spawn(move || publisher.push(&upload))?,
        });
        Ok(())
    }

    /// Waits for the push under way, and says how it ended.
    fn finish(&mut self) {
        let Some(running) = self.running.take() else {
            return;
        };
        let step = running.step;
        self.messages.push(match running.thread.join() {
            Ok(Ok(url)) => format!("pushed step {step}: {url}"),
            Ok(Err(error)) => format!("step {step} was not pushed, training goes on: {error}"),
            Err(_) => format!("step {step} was not pushed, training goes on: the push broke off"),
        });
        if let Err(error) = remove_folder(&running.staged) {
            self.messages.push(error.to_string());
        }
    }

    fn is_busy(&self) -> bool {
        let running = self.running.as_ref();
        running.is_some_and(|running| !running.thread.is_finished())
    }
}

/// The commit's title, as transformers has it.
fn in_progress<M>(run: &TrainerContext<'_, M>) -> String {
    match run.arguments.save_strategy {
        SaveStrategy::Steps => format!("Training in progress, step {}", run.state.global_step),
        _ => format!("Training in progress, epoch {}", run.state.epoch as usize),
    }
}

impl<M> TrainerCallback<M> for PushToHubCallback {
    fn on_save(&mut self, run: &TrainerContext<'_, M>, checkpoint: &Path) -> CallbackResult {
        if !run.arguments.push_to_hub || run.arguments.hub_strategy == HubStrategy::End {
            return Ok(());
        }
        let step = run.state.global_step;
        if self.is_busy() {
            let message = format!("step {step} is not pushed: an earlier push is not done yet");
            self.messages.push(message);
            return Ok(());
        }
        self.finish();
        if let Err(error) = self.begin(run, checkpoint) {
            let message = format!("step {step} was not pushed, training goes on: {error}");
            self.messages.push(message);
        }
        Ok(())
    }

    fn on_train_end(&mut self, _run: &TrainerContext<'_, M>) -> CallbackResult {
        self.finish();
        Ok(())
    }

    fn pushes_to_hub(&self) -> bool {
        true
    }

    fn take_messages(&mut self) -> Vec<String> {
        std::mem::take(&mut self.messages)
    }
}
