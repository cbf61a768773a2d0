//! Fetches a model or a data set of the Hub and prints its folder.
//!
//! `fetch model microsoft/git-base`, `fetch dataset user/set@revision:configuration`,
//! `fetch snapshot model microsoft/git-base '*.json'`, and `fetch login` with the token on the
//! standard input.

use std::error::Error;
use std::io::{Write, stdin, stdout};
use std::process::ExitCode;

use captioner_hub::{Hub, HubSettings, RepoId, RepoKind, Token, find_dataset, find_model};

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
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let line = match arguments.as_slice() {
        ["model", id] => find_model(id)?.display().to_string(),
        ["dataset", id] => find_dataset(id)?.display().to_string(),
        ["snapshot", kind, id, patterns @ ..] => {
            let kind = match *kind {
                "dataset" => RepoKind::Dataset,
                _ => RepoKind::Model,
            };
            let hub = Hub::new(HubSettings::from_env()?)?;
            let found = hub.snapshot(kind, &RepoId::parse(id)?, patterns)?;
            found.folder.display().to_string()
        }
        ["login"] => {
            let mut token = String::new();
            stdin().read_line(&mut token)?;
            let token = Token::new(&token).ok_or("type or pipe the token")?;
            Hub::new(HubSettings::from_env()?)?.login(token)?.name
        }
        _ => return Err("usage: fetch model|dataset ID, or fetch login".into()),
    };
    writeln!(stdout(), "{line}")?;
    Ok(())
}
