//! A run that was stopped, and how it goes on.

use std::path::Path;
use std::process::ExitCode;

use burn::module::Module;
use captioner::files::{read_json, write_json};
use captioner::git::GitForCausalLm;
use captioner::train::cli::INTERRUPTED;
use captioner::train::{Evaluation, Trainer, TrainingArguments};

use crate::Outcome;
use crate::cli::note;

/// What a run measured before its first step; a resumed run reads it.
const BEFORE: &str = "evaluation_before.json";

/// Measures the model before it is trained, once for a run however often it is stopped.
pub(crate) fn measure_before(
    trainer: &Trainer<GitForCausalLm>,
    model: &GitForCausalLm,
) -> Outcome<Evaluation> {
    let file = trainer.arguments().output_dir.join(BEFORE);
    if goes_on(trainer.arguments()) && file.is_file() {
        say!("done when the run began: {}", file.display());
        return Ok(read_json(&file)?);
    }
    let before = trainer.evaluate(&model.valid())?;
    write_json(&file, &before)?;
    say!("done in {:.1} s", before.seconds);
    Ok(before)
}

/// Whether the run has a checkpoint to go on from.
fn goes_on(arguments: &TrainingArguments) -> bool {
    let entries = std::fs::read_dir(&arguments.output_dir)
        .into_iter()
        .flatten();
    let mut names = entries.flatten().map(|entry| entry.file_name());
    let saved = |name: std::ffi::OsString| name.to_string_lossy().starts_with("checkpoint-");
    arguments.resume_from_checkpoint.is_some() && names.any(saved)
}

/// The end of a run that a signal ended: where everything is, and how to go on.
pub(crate) fn interrupted(arguments: &TrainingArguments, saved: Option<&Path>) -> ExitCode {
    match saved {
        Some(saved) => note(format_args!(
            "stopped; everything is in {}. To go on: {}",
            saved.display(),
            how_to_resume(arguments)
        )),
        None => note("stopped before the first step; nothing is lost"),
    }
    ExitCode::from(INTERRUPTED)
}

/// The command that goes on: this one, with the folder that the run writes to.
pub(crate) fn how_to_resume(arguments: &TrainingArguments) -> String {
    let mut words = vec!["cargo run --release --example finetune_pokemon --".to_owned()];
    let mut given = std::env::args().skip(1).peekable();
    while let Some(word) = given.next() {
        let name = word.split('=').next().unwrap_or_default().replace('_', "-");
        match name.as_str() {
            // A token is not shown: it is asked for again where it is needed.
            "--output-dir" | "--resume-from-checkpoint" | "--hub-token" | "--push-to-hub-token" => {
                // Its value, where that is a word of its own.
                if !word.contains('=') {
                    given.next_if(|next| !next.starts_with("--"));
                }
            }
            "--overwrite-output-dir" => {
                given.next_if(|next| next == "true" || next == "false");
            }
            _ => words.push(quoted(&word)),
        }
    }
    let folder = quoted(&arguments.output_dir.to_string_lossy());
    words.push(format!(
        "--output-dir {folder} --resume-from-checkpoint last"
    ));
    words.join(" ")
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./,:+@%".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}
