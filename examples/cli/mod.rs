//! What the examples' command lines share: one clear line for whatever is wrong.

use std::error::Error;
use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

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

/// Writes a line to standard output. That nobody reads it any more (`| head`) is no reason to stop
/// a training.
pub(crate) fn out(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Writes a line to standard error.
pub(crate) fn note(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Prints an error as one line and gives the exit code of failure; that nobody reads what a program
/// prints any more is no failure.
pub(crate) fn fail(error: &(dyn Error + 'static)) -> ExitCode {
    let io = error.downcast_ref::<io::Error>();
    if io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
        return ExitCode::SUCCESS;
    }
    let line = error.to_string().replace('\n', "; ");
    note(format_args!("error: {line}"));
    ExitCode::FAILURE
}
