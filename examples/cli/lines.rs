//! How an example allocates memory, writes lines, and ends.

use std::error::Error;
use std::fmt;
use std::io::{self, Write};
use std::process::{ExitCode, Termination};

use captioner::ops::on_worker;
use captioner::train::TrainError;
use captioner::train::cli::INTERRUPTED;

// Large tensors are otherwise mapped and cleared by the kernel at every step.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Writes a line to standard output. That nobody reads it any more (`| head`) is no reason to stop
/// a training.
pub(crate) fn out(line: impl fmt::Display) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Writes a line to standard error.
pub(crate) fn note(line: impl fmt::Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Prints an error as one line and gives the exit code of failure; that nobody reads what a program
/// prints any more is no failure.
fn fail(error: &(dyn Error + 'static)) -> ExitCode {
    let io = error.downcast_ref::<io::Error>();
    if io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
        return ExitCode::SUCCESS;
    }
    let stopped = matches!(error.downcast_ref(), Some(TrainError::Stopped));
    if stopped {
        note(error);
        return ExitCode::from(INTERRUPTED);
    }
    let line = error.to_string().replace('\n', "; ");
    note(format_args!("error: {line}"));
    ExitCode::FAILURE
}

/// Runs an example: what stops it is printed as one line.
pub(crate) fn end<T: Termination>(
    run: impl FnOnce() -> Result<T, Box<dyn Error>> + Send,
) -> ExitCode {
    on_worker(|| match run() {
        Ok(done) => done.report(),
        Err(error) => fail(error.as_ref()),
    })
}
