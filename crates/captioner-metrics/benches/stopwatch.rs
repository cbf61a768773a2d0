//! Wall clock and processor time. On a machine with other work only the latter can be compared.

use std::time::Instant;

/// Seconds of the wall clock, and of the processor in this thread.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seconds {
    pub(crate) wall: f64,
    pub(crate) processor: f64,
}

pub(crate) fn time<T>(work: impl FnOnce() -> T) -> (Seconds, T) {
    let before = processor_seconds();
    let start = Instant::now();
    let result = work();
    let wall = start.elapsed().as_secs_f64();
    let processor = match (before, processor_seconds()) {
        (Some(before), Some(after)) => after - before,
        _ => wall, // no such file outside Linux
    };
    (Seconds { wall, processor }, result)
}

fn processor_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: f64 = text.split(' ').next()?.parse().ok()?;
    Some(nanoseconds / 1e9)
}
