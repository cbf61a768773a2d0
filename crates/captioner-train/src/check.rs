//! Finding the rows that can't be used, before a run starts.

use std::num::NonZero;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::error::TrainError;
use crate::prepared::PreparedSet;

/// Reads every row of a set once, on all cores, and gives what is wrong with each bad one, in the
/// order of rows. Pictures stay in the set's cache as far as it has memory for them.
///
/// Training needs no such check: it stops at a bad row, or skips it, when it comes to it.
pub fn find_bad_rows(set: &PreparedSet) -> Vec<TrainError> {
    let rows = set.dataset().len();
    let next = AtomicUsize::new(0);
    let bad: Mutex<Vec<(usize, TrainError)>> = Mutex::default();
    let check = || {
        loop {
            let row = next.fetch_add(1, Ordering::Relaxed);
            if row >= rows {
                return;
            }
            if let Err(error) = set.check(row) {
                let mut bad = bad.lock().unwrap_or_else(PoisonError::into_inner);
                bad.push((row, error));
            }
        }
    };
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        for _ in 0..workers.min(rows) {
            scope.spawn(check);
        }
    });
    let mut bad = bad.into_inner().unwrap_or_else(PoisonError::into_inner);
    bad.sort_by_key(|(row, _)| *row);
    bad.into_iter().map(|(_, error)| error).collect()
}
