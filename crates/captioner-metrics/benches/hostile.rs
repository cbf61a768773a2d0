//! Two captions of 100 KB: seconds and memory of every metric at its worst.
//!
//! ```text
//! cargo bench -p captioner-metrics --bench hostile
//! ```

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

#[path = "../tests/hostile/captions.rs"]
mod captions;
#[path = "../tests/hostile/memory.rs"]
mod memory;

use std::time::Instant;

use captioner_metrics::{METRIC_NAMES, metric, single_references};

fn main() {
    let pairs = captions::hostile_pairs();
    println!(
        "{:<16} {:>8} {:<18} {:>8} kind",
        "metric", "seconds", "kind", "MiB"
    );
    for name in METRIC_NAMES {
        let measured = pairs.iter().map(|(kind, prediction, reference)| {
            let (seconds, bytes) = measure(name, prediction, reference);
            (seconds, bytes, *kind)
        });
        let measured: Vec<_> = measured.collect();
        let slowest = measured.iter().max_by(|a, b| a.0.total_cmp(&b.0));
        let largest = measured.iter().max_by_key(|row| row.1);
        if let (Some(slowest), Some(largest)) = (slowest, largest) {
            let mebibytes = largest.1 as f64 / f64::from(1 << 20);
            let (seconds, slow, large) = (slowest.0, slowest.2, largest.2);
            println!("{name:<16} {seconds:>8.3} {slow:<18} {mebibytes:>8.1} {large}");
        }
    }
}

fn measure(name: &str, prediction: &str, reference: &str) -> (f64, u64) {
    let predictions = [prediction.to_owned()];
    let references = single_references([reference]);
    let mut seconds = 0.0;
    let grown = memory::peak_growth(|| {
        let start = Instant::now();
        let mut metric = metric(name).expect("a listed name");
        metric.update(&predictions, &references).expect("one row");
        metric.compute().expect("a score");
        seconds = start.elapsed().as_secs_f64();
    });
    (seconds, grown.unwrap_or(0))
}
