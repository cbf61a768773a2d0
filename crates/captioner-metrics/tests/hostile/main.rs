//! Captions of 100 KB neither break a metric nor fill the memory, nor take long where the code is
//! optimised. The measurements are shown by `cargo bench --bench hostile`.

#[allow(
    unreachable_pub,
    reason = "shared with the bench, which is another crate"
)]
mod captions;
#[allow(
    unreachable_pub,
    reason = "shared with the bench, which is another crate"
)]
mod memory;
#[allow(
    unreachable_pub,
    reason = "shared with the bench, which is another crate"
)]
mod metrics;
#[path = "../../benches/stopwatch.rs"]
mod stopwatch;

use captioner_metrics::Metric;

/// By how much the process may grow over all pairs.
const MOST_BYTES: u64 = 100 << 20;
/// What a metric may take for one pair where the code is optimised and free of checks.
const MOST_SECONDS: f64 = 1.0;

fn score(mut metric: Box<dyn Metric>, prediction: &str, reference: &str) {
    metric.update(&[prediction], &[vec![reference]]).unwrap();
    let scores = metric.compute().unwrap();
    let finite = |(name, value): (&str, f64)| assert!(value.is_finite(), "{name} is {value}");
    scores.iter().for_each(finite);
}

#[test]
fn captions_of_100_kb_take_neither_100_mib_nor_a_second() {
    let pairs = captions::hostile_pairs();
    for (_, prediction, reference) in &pairs {
        assert!(prediction.len() <= captions::BYTES && reference.len() <= captions::BYTES);
        assert!(prediction.len() > captions::BYTES / 2);
    }
    // What is built once and kept, such as the tokenizer's automaton, belongs to no pair.
    for name in metrics::names() {
        score(metrics::named(name), "a cat", "a dog");
    }
    let mark = memory::Mark::set();
    for (kind, prediction, reference) in &pairs {
        for name in metrics::names() {
            let work = || score(metrics::named(name), prediction, reference);
            let (stopwatch::Seconds { wall, processor }, ()) = stopwatch::time(work);
            let fast = processor < MOST_SECONDS || cfg!(debug_assertions);
            assert!(
                fast,
                "{name} on {kind} took {processor} s, {wall} by the clock"
            );
            let grown = mark.as_ref().and_then(memory::Mark::growth);
            let small = grown.is_none_or(|bytes| bytes < MOST_BYTES);
            assert!(small, "with {name} on {kind} {grown:?} bytes were taken");
        }
    }
}
