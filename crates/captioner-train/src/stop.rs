//! Asking a run to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Asks work in progress to stop at the next place where it can: a run
/// ([`Trainer::stop_handle`](crate::Trainer::stop_handle)) after the step, once that is saved, and
/// [`evaluate`](crate::evaluate) between batches. Clones are handles to the same request, for other threads.
///
/// ```
/// use captioner_train::StopHandle;
///
/// let stop = StopHandle::default();
/// let elsewhere = stop.clone();
/// assert!(!stop.is_stopped());
/// std::thread::spawn(move || elsewhere.stop()).join().unwrap();
/// assert!(stop.is_stopped());
/// ```
#[derive(Clone, Debug, Default)]
pub struct StopHandle {
    stopped: Arc<AtomicBool>,
}

impl StopHandle {
    /// Asks for the stop; once asked, it stays so.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether a stop was asked for.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}
