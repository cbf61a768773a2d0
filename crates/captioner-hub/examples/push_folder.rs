//! Pushes a folder to a repository of the Hub, in one commit.
//!
//! ```text
//! cargo run -p captioner-hub --features hub --example push_folder -- FOLDER OWNER/NAME [--private] [--dataset] [--dry-run]
//! ```
//!
//! The repository is made if there is none; its other files stay. `--dry-run` lists what would be
//! pushed and asks nobody. Who pushes says `HF_TOKEN` or `hf auth login`.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use captioner_hub::{Hub, HubSettings, Push, RepoId, RepoKind, folder_files};

const USAGE: &str = "usage: push_folder FOLDER OWNER/NAME [--private] [--dataset] [--dry-run]";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let (flags, named): (Vec<_>, Vec<_>) = std::env::args()
        .skip(1)
        .partition(|argument| argument.starts_with("--"));
    let known = ["--private", "--dataset", "--dry-run"];
    let flag = |name: &str| flags.iter().any(|flag| flag == name);
    let [folder, repo] = named.as_slice() else {
        return Err(USAGE.into());
    };
    if let Some(unknown) = flags.iter().find(|flag| !known.contains(&flag.as_str())) {
        return Err(format!("{unknown} is no flag; {USAGE}").into());
    }
    let mut push = Push::new(RepoId::parse(repo)?, folder_files(folder)?, "Push a folder");
    push.private = flag("--private").then_some(true);
    if flag("--dataset") {
        push.kind = RepoKind::Dataset;
    }
    let mut out = std::io::stdout().lock();
    if flag("--dry-run") {
        for file in push.check()? {
            writeln!(
                out,
                "{:>14}  {}  {}",
                file.size,
                &file.sha256[..12],
                file.path
            )?;
        }
        return Ok(());
    }
    let pushed = Hub::new(HubSettings::from_env()?)?.push(&push)?;
    match pushed.changed {
        true => writeln!(out, "{} files pushed: {}", pushed.written.len(), pushed.url)?,
        false => writeln!(
            out,
            "the repository holds these files already: {}",
            pushed.url
        )?,
    }
    for path in pushed.ignored {
        writeln!(out, "left out by the repository's .gitignore: {path}")?;
    }
    Ok(())
}
