//! Ctrl-C and SIGTERM.

use std::io;
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::stop::StopHandle;

/// Exit status of a program that a signal ended.
pub const INTERRUPTED: u8 = 130;

/// Lets Ctrl-C, SIGTERM and SIGHUP end a run: at the first one the step is finished and saved, and
/// [`Trainer::train`](crate::Trainer::train) returns [`RunEnd::Interrupted`](crate::RunEnd); at the
/// second the program leaves at once, with exit status 130. Checkpoints that were saved are whole in
/// either case.
///
/// # Errors
/// When the program has a handler of these signals already.
pub fn stop_on_signals(stop: &StopHandle) -> io::Result<()> {
    let (stop, signals) = (stop.clone(), AtomicUsize::new(0));
    let handler = move || {
        stop.stop();
        if signals.fetch_add(1, Ordering::Relaxed) > 0 {
            process::exit(INTERRUPTED.into());
        }
    };
    ctrlc::try_set_handler(handler).map_err(io::Error::other)
}
