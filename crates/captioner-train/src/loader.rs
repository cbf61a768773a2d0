//! Batches made ahead of their use, on threads of their own, in order.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use captioner_git::CaptionBatch;

use crate::TrainError;
use crate::prepared::{PreparedSet, Sample};

/// Batches that each thread holds ready.
const AHEAD: usize = 2;

type Made = Result<CaptionBatch, TrainError>;

/// Yields the batches of a plan in the plan's order, however many threads make them.
///
/// Thread `w` of `n` makes batches `w`, `w + n`, ...; reading from the threads in turn restores
/// the order. Dropping the loader ends the threads at their next batch.
pub(crate) struct Loader {
    threads: Vec<Receiver<Made>>,
    next: usize,
    length: usize,
}

impl Loader {
    pub(crate) fn new(set: &Arc<PreparedSet>, plan: Vec<Vec<Sample>>, workers: usize) -> Self {
        let length = plan.len();
        let workers = workers.min(length.max(1));
        let mut shares: Vec<Vec<Vec<Sample>>> = vec![Vec::new(); workers];
        for (index, samples) in plan.into_iter().enumerate() {
            shares[index % workers].push(samples);
        }
        Self {
            threads: shares.into_iter().map(|share| start(set, share)).collect(),
            next: 0,
            length,
        }
    }
}

fn start(set: &Arc<PreparedSet>, share: Vec<Vec<Sample>>) -> Receiver<Made> {
    let (send, receive) = sync_channel(AHEAD);
    let set = set.clone();
    thread::spawn(move || {
        for samples in share {
            if send.send(set.batch(&samples)).is_err() {
                return; // Nobody reads any more.
            }
        }
    });
    receive
}

impl Iterator for Loader {
    type Item = Made;

    fn next(&mut self) -> Option<Made> {
        if self.next == self.length {
            return None;
        }
        let thread = &self.threads[self.next % self.threads.len()];
        self.next += 1;
        Some(thread.recv().unwrap_or(Err(TrainError::LoaderStopped)))
    }
}
