//! Two captions of 100 KB: processor seconds and memory of every metric at its worst.
//!
//! ```text
//! cargo bench -p captioner-metrics --bench hostile
//! ```

#![expect(clippy::print_stdout, reason = "a bench prints its measurements")]

#[path = "../tests/hostile/captions.rs"]
mod captions;
#[path = "../tests/hostile/memory.rs"]
mod memory;
#[path = "../tests/hostile/metrics.rs"]
mod metrics;
mod stopwatch;

/// What a metric may take of the processor for one pair.
const MOST_SECONDS: f64 = 1.0;

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
    for name in metrics::names() {
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
            assert!(
                processor < MOST_SECONDS,
                "{name} on {slow} took {processor} s"
            );
        }
    }
}

fn measure(name: &str, prediction: &str, reference: &str) -> (stopwatch::Seconds, u64) {
    let predictions = [prediction];
    let references = [vec![reference]];
    let mark = memory::Mark::set();
    let (seconds, ()) = stopwatch::time(|| {
        let mut metric = metrics::named(name);
        metric.update(&predictions, &references).expect("one row");
        metric.compute().expect("a score");
    });
    let grown = mark.and_then(|mark| mark.growth());
    (seconds, grown.unwrap_or(0))
}
