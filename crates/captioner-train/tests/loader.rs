//! Batches that are read ahead on threads: how far, how they end, and what is skipped.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use captioner_data::{BadRows, CaptionDataset, DataError, Feature, Picture};
use captioner_model::Processor;
use captioner_text::{CaptionTokenizer, WordPieceTraining};
use captioner_train::{
    DataLoader, PixelCache, PreparedSet, Sampler, TrainError, sequential_batches,
};

const ROWS: usize = 200;
/// The row whose picture ends the thread that reads it, where there is one.
const POISON: usize = 25;

/// Grey squares, every tenth of which is bad; counts what is read.
struct Squares {
    reads: Arc<AtomicUsize>,
    poisoned: bool,
}

impl CaptionDataset for Squares {
    fn name(&self) -> &str {
        "squares"
    }

    fn len(&self) -> usize {
        ROWS
    }

    fn features(&self) -> Vec<Feature> {
        Vec::new()
    }

    fn captions(&self, _row: usize) -> Result<Cow<'_, [String]>, DataError> {
        Ok(vec!["a grey square".to_owned()].into())
    }

    fn picture(&self, row: usize) -> Result<Picture, DataError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        assert!(!self.poisoned || row != POISON, "this picture is poison");
        if row % 10 == 9 {
            return Err(DataError::custom("squares", "the server is down"));
        }
        Ok(Picture::Rgb8 {
            width: 4,
            height: 4,
            pixels: vec![row as u8; 48],
        })
    }

    fn row_name(&self, row: usize) -> Result<String, DataError> {
        Ok(row.to_string())
    }
}

fn prepared(poisoned: bool) -> (Arc<PreparedSet>, Arc<AtomicUsize>) {
    let captions = ["a grey square"];
    let training = WordPieceTraining::default();
    let tokenizer = CaptionTokenizer::train_word_piece(captions, &training).unwrap();
    let processor = Processor::clip(8, tokenizer).unwrap();
    let reads = Arc::new(AtomicUsize::new(0));
    let squares = Squares {
        reads: reads.clone(),
        poisoned,
    };
    let set = PreparedSet::new(Arc::new(squares), processor, 16);
    let set = set.with_bad_rows(BadRows::Skip);
    (Arc::new(set.with_cache(&PixelCache::new(0))), reads)
}

/// Waits until it is so; fails when it takes far longer than any machine needs.
fn eventually(what: &str, mut so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !so() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what}");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn threads_read_as_far_ahead_as_they_are_told_and_no_further() {
    for (workers, factor) in [(1, 1), (2, 3), (3, 2)] {
        let (set, reads) = prepared(false);
        let plan = sequential_batches(ROWS, 4);
        let mut loader = DataLoader::new(&set, plan, workers).with_prefetch_factor(factor);
        assert_eq!(reads.load(Ordering::SeqCst), 0);
        for taken in 1..=5 {
            loader.next().unwrap().unwrap();
            let most = 4 * (taken + workers * factor);
            eventually("the loader reads ahead", || {
                reads.load(Ordering::SeqCst) >= most
            });
            // Nothing more comes however long one waits.
            thread::sleep(Duration::from_millis(5));
            assert_eq!(reads.load(Ordering::SeqCst), most);
        }
    }
}

#[test]
fn threads_end_when_the_loader_is_dropped() {
    for asked in [0, 1, 3] {
        let (set, reads) = prepared(false);
        let weak = Arc::downgrade(&set);
        let mut loader = DataLoader::new(&set, sequential_batches(ROWS, 50), 3);
        for _ in 0..asked {
            loader.next();
        }
        drop((loader, set));
        let read = reads.load(Ordering::SeqCst);
        // Each thread holds the set as long as it runs, and ends after the row that it has in hand.
        eventually("the threads end", || weak.strong_count() == 0);
        assert!(reads.load(Ordering::SeqCst) <= read + 3);
    }
}

#[test]
fn a_thread_that_panics_is_an_error_and_the_others_go_on() {
    let (set, _) = prepared(true);
    let loader = DataLoader::new(&set, sequential_batches(ROWS, 5), 2);
    let batches: Vec<_> = loader.collect();
    assert_eq!(batches.len(), ROWS / 5);
    // Batch 5 has the row; thread 1 makes it and would make each second one after it.
    for (at, batch) in batches.iter().enumerate() {
        match batch {
            Ok(batch) => assert!(at < 5 || at % 2 == 0, "{at}: {:?}", batch.rows),
            Err(error) => {
                assert!(at >= 5 && at % 2 == 1, "{at}: {error}");
                assert!(matches!(error, TrainError::LoaderStopped));
            }
        }
    }
}

#[test]
fn a_row_counts_as_skipped_when_its_batch_is_given() {
    for workers in [0, 1, 3] {
        let (set, reads) = prepared(false);
        let mut loader = DataLoader::new(&set, sequential_batches(ROWS, 10), workers);
        let skipped = || -> Vec<_> { set.skipped().iter().map(|row| row.row).collect() };
        assert!(skipped().is_empty());
        for taken in 1..4 {
            let loaded = loader.next().unwrap().unwrap();
            assert_eq!(loaded.skipped.len(), 1);
            assert_eq!(loaded.rows.len(), 9);
            let ahead = 10 * (taken + 3 * workers);
            eventually("the loader reads ahead", || {
                reads.load(Ordering::SeqCst) >= ahead
            });
            assert_eq!(skipped(), (1..=taken).map(|n| 10 * n).collect::<Vec<_>>());
        }
    }
}

#[test]
fn skipped_rows_come_back_from_an_earlier_part_of_a_run() {
    let (set, _) = prepared(false);
    DataLoader::new(&set, sequential_batches(ROWS, 10), 0)
        .take(3)
        .for_each(drop);
    let before = set.skipped();
    let json = serde_json::to_string(&before).unwrap();
    let (resumed, _) = prepared(false);
    resumed.restore_skipped(serde_json::from_str(&json).unwrap());
    assert_eq!(resumed.skipped(), before);
    // Each row once, in the order of their numbers.
    DataLoader::new(&resumed, sequential_batches(ROWS, 10), 2)
        .take(5)
        .for_each(drop);
    let rows: Vec<_> = resumed.skipped().iter().map(|row| row.row).collect();
    assert_eq!(rows, [10, 20, 30, 40, 50]);
}

#[test]
fn an_epoch_taken_up_in_its_middle_reads_no_row_before() {
    let (set, reads) = prepared(false);
    let plan = || Sampler::for_set(&set, 8, 1, 3).epoch(2);
    let whole: Vec<_> = DataLoader::new(&set, plan(), 0).collect();
    for workers in [0, 2] {
        reads.store(0, Ordering::SeqCst);
        let mut rest = plan();
        rest.skip_batches(20);
        let rest: Vec<_> = DataLoader::new(&set, rest, workers).collect();
        assert_eq!(rest.len(), 5);
        for (rest, whole) in rest.iter().zip(&whole[20..]) {
            let (rest, whole) = (rest.as_ref().unwrap(), whole.as_ref().unwrap());
            assert_eq!((&rest.rows, &rest.batch), (&whole.rows, &whole.batch));
        }
        assert_eq!(reads.load(Ordering::SeqCst), 5 * 8);
    }
}
