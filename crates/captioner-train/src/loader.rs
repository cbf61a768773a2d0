//! Batches made ahead of their use, on threads of their own, in order.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use captioner_data::DataError;
use captioner_model::CaptionBatch;

use crate::error::TrainError;
use crate::prepared::PreparedSet;
use crate::sampler::Sample;

/// Batches that each thread has in hand or ready.
const AHEAD: usize = 3;

/// A batch and the rows that are in it.
#[derive(Clone, Debug)]
pub struct LoadedBatch {
    /// The rows, counted from 0, in the order of the batch's pictures; without those that were
    /// skipped.
    pub rows: Vec<usize>,
    /// The batch; `None` where every row was skipped.
    pub batch: Option<CaptionBatch>,
}

/// Makes batches of a plan's samples, in the plan's order, however many threads there are.
///
/// Thread `w` of `n` makes batches `w`, `w + n`, ...; reading from the threads in turn restores
/// the order. The plan is asked for a batch when a thread is free for it, so that an epoch of
/// millions of rows is never laid out at once. Dropping the loader ends the threads.
pub struct DataLoader<P> {
    set: Arc<PreparedSet>,
    plan: P,
    threads: Vec<Worker>,
    /// The thread that makes each batch which was given out, in order.
    pending: VecDeque<Pending>,
    next_thread: usize,
}

struct Worker {
    plans: Sender<Vec<Sample>>,
    batches: Receiver<Result<LoadedBatch, TrainError>>,
}

enum Pending {
    Thread(usize),
    /// The plan failed here.
    Failed(DataError),
}

impl<P: Iterator<Item = Result<Vec<Sample>, DataError>>> DataLoader<P> {
    /// Loads `plan`'s batches of `set` on `workers` threads; 0 makes each when it is asked for, on
    /// the caller's thread.
    pub fn new(set: &Arc<PreparedSet>, plan: P, workers: usize) -> Self {
        let mut loader = Self {
            set: set.clone(),
            plan,
            threads: (0..workers).map(|_| Worker::start(set)).collect(),
            pending: VecDeque::new(),
            next_thread: 0,
        };
        for _ in 0..workers * AHEAD {
            loader.give_out();
        }
        loader
    }

    /// Gives the plan's next batch to the next thread.
    fn give_out(&mut self) {
        let pending = match self.plan.next() {
            None => return,
            Some(Err(error)) => Pending::Failed(error),
            Some(Ok(samples)) => {
                let thread = self.next_thread;
                self.next_thread = (thread + 1) % self.threads.len();
                // A thread that ended early is noticed when its batch is asked for.
                let _ = self.threads[thread].plans.send(samples);
                Pending::Thread(thread)
            }
        };
        self.pending.push_back(pending);
    }
}

impl Worker {
    fn start(set: &Arc<PreparedSet>) -> Self {
        let (plans, samples) = channel::<Vec<Sample>>();
        let (send, batches) = channel();
        let set = set.clone();
        thread::spawn(move || {
            for samples in samples {
                if send.send(set.batch(&samples)).is_err() {
                    return; // Nobody reads any more.
                }
            }
        });
        Self { plans, batches }
    }
}

impl<P: Iterator<Item = Result<Vec<Sample>, DataError>>> Iterator for DataLoader<P> {
    type Item = Result<LoadedBatch, TrainError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.threads.is_empty() {
            let samples = self.plan.next()?;
            return Some(match samples {
                Ok(samples) => self.set.batch(&samples),
                Err(error) => Err(error.into()),
            });
        }
        let pending = self.pending.pop_front()?;
        self.give_out();
        Some(match pending {
            Pending::Failed(error) => Err(error.into()),
            Pending::Thread(thread) => {
                let made = self.threads[thread].batches.recv();
                made.unwrap_or(Err(TrainError::LoaderStopped))
            }
        })
    }
}
