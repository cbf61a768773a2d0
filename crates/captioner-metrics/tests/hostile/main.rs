//! Captions of 100 KB neither break a metric nor fill the memory. How long they take is shown by
//! `cargo bench --bench hostile`.

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

use captioner_metrics::{METRIC_NAMES, Metric, metric, single_references};

/// What a metric may take for one pair.
const MOST_BYTES: u64 = 100 << 20;

fn score(mut metric: Box<dyn Metric>, prediction: &str, reference: &str) {
    let references = single_references([reference]);
    metric
        .update(&[prediction.to_owned()], &references)
        .unwrap();
    let scores = metric.compute().unwrap();
    let finite = |(name, value): (&str, f64)| assert!(value.is_finite(), "{name} is {value}");
    scores.iter().for_each(finite);
}

#[test]
fn no_metric_takes_100_mib_for_two_captions_of_100_kb() {
    let pairs = captions::hostile_pairs();
    for (_, prediction, reference) in &pairs {
        assert!(prediction.len() <= captions::BYTES && reference.len() <= captions::BYTES);
        assert!(prediction.len() > captions::BYTES / 2);
    }
    // What is built once and kept, such as the tokenizer's automaton, belongs to no pair.
    for name in METRIC_NAMES {
        score(metric(name).unwrap(), "a cat", "a dog");
    }
    for (kind, prediction, reference) in &pairs {
        for name in METRIC_NAMES {
            let work = || score(metric(name).unwrap(), prediction, reference);
            match memory::peak_growth(work) {
                Some(bytes) => assert!(bytes < MOST_BYTES, "{name} on {kind} took {bytes} bytes"),
                None => score(metric(name).unwrap(), prediction, reference),
            }
        }
    }
}
