//! Two captions of 100 KB: processor seconds and memory of every metric at its worst.
//!
//! ```text
//! cargo bench -p captioner-metrics --bench hostile
//! ```

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

#[path = "../tests/hostile/captions.rs"]
mod captions;
#[path = "../tests/hostile/memory.rs"]
mod memory;
mod stopwatch;

use captioner_metrics::{METRIC_NAMES, metric, single_references};

/// Wall clock and processor seconds, bytes, and what the captions were.
struct Measured {
    seconds: stopwatch::Seconds,
    bytes: u64,
    kind: &'static str,
}

fn main() {
    let pairs = captions::hostile_pairs();
    let [metric, wall, processor, memory] = ["metric", "wall s", "CPU s", "MiB"];
    println!("{metric:<14} {wall:>7} {processor:>7} slowest on         {memory:>6} largest on");
    for name in METRIC_NAMES {
        let measured = pairs.iter().map(|(kind, prediction, reference)| {
            let (seconds, bytes) = measure(name, prediction, reference);
            Measured {
                seconds,
                bytes,
                kind,
            }
        });
        let measured: Vec<_> = measured.collect();
        let slower =
            |a: &&Measured, b: &&Measured| a.seconds.processor.total_cmp(&b.seconds.processor);
        let slowest = measured.iter().max_by(slower);
        let largest = measured.iter().max_by_key(|row| row.bytes);
        if let (Some(slowest), Some(largest)) = (slowest, largest) {
            let stopwatch::Seconds { wall, processor } = slowest.seconds;
            let mebibytes = largest.bytes as f64 / f64::from(1 << 20);
            let (slow, large) = (slowest.kind, largest.kind);
            println!("{name:<14} {wall:>7.3} {processor:>7.3} {slow:<18} {mebibytes:>6.1} {large}");
        }
    }
}

fn measure(name: &str, prediction: &str, reference: &str) -> (stopwatch::Seconds, u64) {
    let predictions = [prediction.to_owned()];
    let references = single_references([reference]);
    let mut seconds = None;
    let grown = memory::peak_growth(|| {
        let (time, ()) = stopwatch::time(|| {
            let mut metric = metric(name).expect("a listed name");
            metric.update(&predictions, &references).expect("one row");
            metric.compute().expect("a score");
        });
        seconds = Some(time);
    });
    (seconds.expect("the work was done"), grown.unwrap_or(0))
}
