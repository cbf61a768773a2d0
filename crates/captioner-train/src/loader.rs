//! Batches made ahead of their use, on threads of their own, in order.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use captioner_data::SkippedRow;
use captioner_model::CaptionBatch;

use crate::error::TrainError;
use crate::features::{KeptRows, PartlyRead};
use crate::prepared::{Loading, PreparedSet};
use crate::sampler::Sample;

/// Batches that each thread has in hand or ready, unless told otherwise.
const AHEAD: usize = 3;

/// A batch and the rows that are in it.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct LoadedBatch {
    /// The rows, counted from 0, in the order of the batch's pictures; without those that were
    /// skipped.
    pub rows: Vec<usize>,
    /// The rows that were skipped.
    pub skipped: Vec<SkippedRow>,
    /// The batch; `None` where every row was skipped. What
    /// [`FeatureCache::loader`](crate::FeatureCache::loader) loads becomes a batch in
    /// [`FeatureCache::batch`](crate::FeatureCache::batch) alone, and is `None` here.
    pub batch: Option<CaptionBatch>,
    /// What a cache of features makes a batch of.
    pub(crate) partly: Option<PartlyRead>,
}

/// Makes batches of a plan's samples, in the plan's order, however many threads there are.
///
/// Thread `w` of `n` makes batches `w`, `w + n`, ...; reading from the threads in turn restores
/// the order. Work starts when the first batch is asked for. The plan is asked for a batch when a
/// thread is free for it, so that an epoch of millions of rows is never laid out at once, and no
/// more batches are read ahead than [`with_prefetch_factor`](Self::with_prefetch_factor) says. A
/// plan that skipped its first batches ([`EpochBatches::skip_batches`](crate::EpochBatches)) is
/// loaded from there on: no row before is read.
///
/// Rows that are skipped count in [`PreparedSet::skipped`] when their batch is given, not when a
/// thread came to them. A thread that panics is an error of its next batch. When the loader is
/// dropped, each thread ends after the row that it has in hand.
pub struct DataLoader<P> {
    set: Arc<PreparedSet>,
    plan: P,
    workers: usize,
    ahead: usize,
    loading: Loading,
    /// None before the first batch is asked for.
    threads: Option<Vec<Worker>>,
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
        Self {
            set: set.clone(),
            plan,
            workers,
            ahead: AHEAD,
            loading: Loading::default(),
            threads: None,
            pending: VecDeque::new(),
            next_thread: 0,
        }
    }

    /// How many batches each thread has in hand or ready at most, beside the one that is asked for;
    /// 3 by default. 0 is taken as 1. What is in memory is `workers` times as much.
    pub fn with_prefetch_factor(mut self, batches: usize) -> Self {
        self.ahead = batches.max(1);
        self
    }

    /// Leaves out the pictures of rows whose features are kept.
    pub(crate) fn with_kept(mut self, kept: KeptRows) -> Self {
        self.loading.kept = Some(kept);
        self
    }

    fn start(&mut self) {
        let started = (0..self.workers).map_while(|_| Worker::start(&self.set, &self.loading).ok());
        let threads: Vec<_> = started.collect();
        let ahead = threads.len().saturating_mul(self.ahead);
        self.threads = Some(threads);
        for _ in 0..ahead {
            if !self.give_out() {
                break;
            }
        }
    }

    /// Gives the plan's next batch to the next thread; false where there is none.
    fn give_out(&mut self) -> bool {
        let threads = self.threads.as_deref().unwrap_or_default();
        let Some(thread) = threads.get(self.next_thread) else {
            return false;
        };
        let Some(samples) = self.plan.next() else {
            return false;
        };
        // A thread that ended early is noticed when its batch is asked for.
        let _ = thread.plans.send(samples);
        self.pending.push_back(self.next_thread);
        self.next_thread = (self.next_thread + 1) % threads.len();
        true
    }

    fn load(&mut self) -> Option<Result<LoadedBatch, TrainError>> {
        if self.threads.is_none() {
            self.start();
        }
        if self.threads.as_ref().is_some_and(Vec::is_empty) {
            return Some(self.set.load(&self.plan.next()?, &self.loading));
        }
        let thread = self.pending.pop_front()?;
        self.give_out();
        let thread = self.threads.as_deref().and_then(|all| all.get(thread))?;
        let made = thread.batches.recv();
        Some(made.unwrap_or(Err(TrainError::LoaderStopped)))
    }
}

impl Worker {
    fn start(set: &Arc<PreparedSet>, loading: &Loading) -> io::Result<Self> {
        let (plans, samples) = channel::<Vec<Sample>>();
        let (send, batches) = channel();
        let (set, loading) = (set.clone(), loading.clone());
        thread::Builder::new()
            .name("loader".into())
            .spawn(move || {
                for samples in samples {
                    let made = set.load(&samples, &loading);
                    let stopped = loading.stopped.load(Ordering::Relaxed);
                    if stopped || send.send(made).is_err() {
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
        let loaded = self.load()?;
        if let Ok(loaded) = &loaded {
            self.set.restore_skipped(loaded.skipped.clone());
        }
        Some(loaded)
    }
}

impl<P> Drop for DataLoader<P> {
    fn drop(&mut self) {
        self.loading.stopped.store(true, Ordering::Relaxed);
    }
}
