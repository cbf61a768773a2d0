//! What the examples' command lines share: one clear line for whatever is wrong.

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

/// Parses the arguments; help and version are printed, anything wrong becomes one line.
pub(crate) fn parse<T: Parser>() -> Result<T, ExitCode> {
    T::try_parse().map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            print!("{error}");
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("{}; see --help", one_line(&error.to_string()));
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

/// Prints an error as one line and gives the exit code of failure.
pub(crate) fn fail(error: &dyn Error) -> ExitCode {
    eprintln!("error: {}", error.to_string().replace('\n', "; "));
    ExitCode::FAILURE
}
