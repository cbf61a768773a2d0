//! Rows read, decoded and processed in a second, from a picture folder, Parquet files and tar shards: the
//! loader of this crate, and `datasets` with torch's `DataLoader` and transformers' processors, in turns.
//!
//! ```text
//! CAPTIONER_PYTHON=python cargo bench -p captioner-train --bench loading
//! ```
//!
//! 512 JPEG pictures of 640x480 to 224x224, shuffled batches of 16, two loader threads here and two worker
//! processes there; here the captions are tokenized as well. Python's processes are running when the time
//! starts, and so are ours; no decoded picture is kept. Medians; the ratio is to the faster of transformers' two processors.

#![expect(clippy::print_stdout, reason = "a bench prints its values")]

#[path = "../../../benches/peers/peer.rs"]
mod peer;

use std::path::Path;
use std::sync::Arc;

use captioner_data::{OpenOptions, open_dataset};
use captioner_model::Processor;
use captioner_text::{CaptionTokenizer, WordPieceTraining};
use captioner_train::{DataLoader, PixelCache, PreparedSet, Sampler};
use peer::{Peer, Seconds, median, time};

/// As in the examples: otherwise the kernel maps and clears the planes of every picture anew.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Epochs of each, odd, so that there is one in the middle; another number can be given behind `--`.
const RUNS: usize = 5;
const WORKERS: usize = 2;
const BATCH: usize = 16;
const ROWS: usize = 512;

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let Some(mut peer) = Peer::start("sets.py", &[folder.path().as_os_str()]) else {
        return;
    };
    let given = std::env::args().find_map(|runs| runs.parse().ok());
    let runs = given.unwrap_or(RUNS);
    println!("rows a second, medians of {runs} epochs of {ROWS} rows");
    let [a, b, c, d] = ["Pillow", "torchvision", "ours", "ratio"];
    println!("{:<10} {a:>12} {b:>12} {c:>12} {d:>7}", "");
    for form in ["folder", "parquet", "tar"] {
        let set = prepared(&folder.path().join(form));
        let mut seconds: [Vec<Seconds>; 3] = Default::default();
        for run in 0..=runs {
            let theirs = ["pillow", "torchvision"]
                .map(|processor| (peer.ask(&format!("{form} {processor}"))[0], 0.0));
            let own = time(|| epoch(&set, run as u64));
            if run > 0 {
                // The first run warms all three up.
                for (all, one) in seconds.iter_mut().zip([theirs[0], theirs[1], own]) {
                    all.push(one);
                }
            }
        }
        let [a, b, c] = seconds.map(|seconds| ROWS as f64 / median(&seconds).0);
        println!(
            "{form:<10} {a:>12.0} {b:>12.0} {c:>12.0} {:>6.1}x",
            c / a.max(b)
        );
    }
}

fn prepared(path: &Path) -> Arc<PreparedSet> {
    let set = open_dataset(path, &OpenOptions::default()).expect("the set that Python wrote");
    assert_eq!(set.len(), ROWS);
    let captions = (0..ROWS).map(|row| set.captions(row).expect("a caption")[0].clone());
    let tokenizer = CaptionTokenizer::train_word_piece(
        captions.collect::<Vec<_>>(),
        &WordPieceTraining::default(),
    );
    let processor = Processor::clip(224, tokenizer.expect("captions")).expect("good settings");
    // Each epoch reads and decodes every picture, as there.
    Arc::new(PreparedSet::new(set, processor, 64).with_cache(&PixelCache::new(0)))
}

fn epoch(set: &Arc<PreparedSet>, epoch: u64) {
    let order = Sampler::new(set.dataset().clone(), BATCH, 1, 42).epoch(epoch);
    let rows: usize = DataLoader::new(set, order, WORKERS)
        .map(|loaded| {
            loaded
                .expect("whole pictures")
                .batch
                .expect("rows")
                .captions()
        })
        .sum();
    assert_eq!(rows, ROWS);
}
