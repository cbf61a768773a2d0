//! Publishing a run: the folder of a repository, and pushes while training and at the end.
//!
//! [`PushToHubCallback`] checks the token and the name before a run begins, and pushes when
//! checkpoints are saved, as `hub_strategy` says. A [`Publication`] is the end: it writes the folder
//! that is a repository, with the model card, and [`push_folder`] makes one commit of it. Who takes
//! the files is a [`Publisher`](crate::hub::Publisher): the Hub with the feature `hub`
//! ([`open_publisher`](crate::hub::open_publisher)), anything in a test.
//!
//! As in transformers, where `Trainer.push_to_hub` is called by the program, the trainer itself
//! pushes no final model: which one it is, measured how, is known after training only.

mod callback;
mod card;
mod error;
mod portable;
mod publication;
mod settings;
mod staged;

use std::path::{Path, PathBuf};

use captioner_train::TrainingArguments;

pub use callback::PushToHubCallback;
pub use error::PublishError;
pub use publication::{FinishedRun, Publication, push_folder};

/// The Rust that cards show, so that it stays true.
#[cfg(doctest)]
#[doc = include_str!("card_usage.md")]
mod card_usage {}

/// The name of the repository that settings ask for: `hub_model_id`, or the name of `output_dir`.
///
/// ```
/// use captioner::publish::repository_name;
/// use captioner::train::TrainingArguments;
///
/// let arguments = TrainingArguments { output_dir: "runs/git-pokemon".into(), ..Default::default() };
/// assert_eq!(repository_name(&arguments), "git-pokemon");
/// ```
pub fn repository_name(arguments: &TrainingArguments) -> String {
    let named = || last_name(&whole(&arguments.output_dir));
    arguments.hub_model_id.clone().unwrap_or_else(named)
}

/// A path from the root on, so that `.` has a name.
fn whole(path: &Path) -> PathBuf {
    let there = path.canonicalize();
    there.unwrap_or_else(|_| std::path::absolute(path).unwrap_or_else(|_| path.to_owned()))
}

fn last_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}
