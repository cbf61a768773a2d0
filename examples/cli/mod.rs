//! What the examples' command lines share: one clear line for whatever is wrong.

mod lines;

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

pub(crate) use lines::{end, note, out};

/// Parses the arguments; help and version are printed, anything wrong becomes one line.
pub(crate) fn parse<T: Parser>() -> Result<T, ExitCode> {
    T::try_parse().map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            out(format_args!("{error}"));
            ExitCode::SUCCESS
        }
        _ => {
            note(format_args!("{}; see --help", one_line(&error.to_string())));
            ExitCode::from(2)
        }
    })
}

/// Clap's message without its usage lines: what is wrong and its tips, on one line.
fn one_line(message: &str) -> String {
    let lines = message.lines().map(str::trim);
    let telling = lines.take_while(|line| !line.starts_with("Usage:"));
    let telling: Vec<_> = telling.filter(|line| !line.is_empty()).collect();
    telling.join("; ").replace(":; ", ": ")
}
