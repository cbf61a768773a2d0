//! Batches made ahead of their use, on threads of their own, in order.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

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
/// millions of rows is never laid out at once. When the loader is dropped, each thread ends after
/// the batch that it has in hand.
pub struct DataLoader<P> {
    set: Arc<PreparedSet>,
    plan: P,
    threads: Vec<Worker>,
    /// The thread that makes each batch which was given out, in order.
    pending: VecDeque<usize>,
    next_thread: usize,
}

struct Worker {
    plans: Sender<Vec<Sample>>,
    batches: Receiver<Result<LoadedBatch, TrainError>>,
}

impl<P: Iterator<Item = Vec<Sample>>> DataLoader<P> {
    /// Loads `plan`'s batches of `set` on `workers` threads, or as many of them as the operating
    /// system gives; 0 makes each batch when it is asked for, on the caller's thread.
    pub fn new(set: &Arc<PreparedSet>, plan: P, workers: usize) -> Self {
        let threads = (0..workers).map_while(|_| Worker::start(set).ok());
        let mut loader = Self {
            set: set.clone(),
            plan,
            threads: threads.collect(),
            pending: VecDeque::new(),
            next_thread: 0,
        };
        for _ in 0..loader.threads.len() * AHEAD {
            loader.give_out();
        }
        loader
    }

    /// Gives the plan's next batch to the next thread.
    fn give_out(&mut self) {
        let Some(samples) = self.plan.next() else {
            return;
        };
        let thread = self.next_thread;
        self.next_thread = (thread + 1) % self.threads.len();
        // A thread that ended early is noticed when its batch is asked for.
        let _ = self.threads[thread].plans.send(samples);
        self.pending.push_back(thread);
    }
}

impl Worker {
    fn start(set: &Arc<PreparedSet>) -> io::Result<Self> {
        let (plans, samples) = channel::<Vec<Sample>>();
        let (send, batches) = channel();
        let set = set.clone();
        thread::Builder::new()
            .name("loader".into())
            .spawn(move || {
                for samples in samples {
                    if send.send(set.batch(&samples)).is_err() {
                        return; // Nobody reads any more.
                    }
                }
            })?;
        Ok(Self { plans, batches })
    }
}

impl<P: Iterator<Item = Vec<Sample>>> Iterator for DataLoader<P> {
    type Item = Result<LoadedBatch, TrainError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.threads.is_empty() {
            return Some(self.set.batch(&self.plan.next()?));
        }
        let thread = self.pending.pop_front()?;
        self.give_out();
        let made = self.threads[thread].batches.recv();
        Some(made.unwrap_or(Err(TrainError::LoaderStopped)))
    }
}
