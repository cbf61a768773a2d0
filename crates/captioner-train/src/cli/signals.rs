//! Ctrl-C and SIGTERM.

use std::io;
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::stop::StopHandle;

/// Exit status of a program that a signal ended.
pub const INTERRUPTED: u8 = 130;

/// Lets Ctrl-C and SIGTERM end a run: at the first one the step is finished and saved, and
/// [`Trainer::train`](crate::Trainer::train) returns [`RunEnd::Interrupted`](crate::RunEnd); at the
/// second the program leaves at once, with exit status 130. Checkpoints that were saved are whole in
/// either case. A terminal that is closed (SIGHUP) does the same, unless the program was told not to
/// mind, as by `nohup`.
///
/// # Errors
/// When the operating system does not let signals be handled.
pub fn stop_on_signals(stop: &StopHandle) -> io::Result<()> {
    let (stop, signals) = (stop.clone(), AtomicUsize::new(0));
    on_each(move || {
        stop.stop();
        if signals.fetch_add(1, Ordering::Relaxed) > 0 {
            process::exit(INTERRUPTED.into());
        }
    })
}

/// Calls `act` at each signal, on a thread of its own.
#[cfg(unix)]
fn on_each(act: impl Fn() + Send + 'static) -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    let mut kinds = vec![SIGINT, SIGTERM];
    if !is_ignored(SIGHUP) {
        kinds.push(SIGHUP);
    }
    let mut signals = Signals::new(kinds)?;
    let thread = std::thread::Builder::new().name("signals".into());
    thread.spawn(move || signals.forever().for_each(|_| act()))?;
    Ok(())
}

/// Whether this process was started with a signal ignored; not known but on Linux.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut masks = status
        .lines()
        .filter_map(|line| line.strip_prefix("SigIgn:"));
    let mask = masks
        .next()
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

#[cfg(not(unix))]
fn on_each(act: impl Fn() + Send + 'static) -> io::Result<()> {
    ctrlc::try_set_handler(act).map_err(io::Error::other)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_signal_asks_for_the_stop() {
        let stop = StopHandle::default();
        stop_on_signals(&stop).unwrap();
        assert!(!stop.is_stopped());
        signal_hook::low_level::raise(signal_hook::consts::SIGTERM).unwrap();
        let start = std::time::Instant::now();
        while !stop.is_stopped() && start.elapsed().as_secs() < 10 {
            std::thread::yield_now();
        }
        assert!(stop.is_stopped());
    }
}
