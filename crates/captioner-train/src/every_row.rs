//! Something of every row, found out on all cores.

use std::num::NonZero;
use std::thread;

/// What `of` gives for each row, in their order. Each thread has rows beside each other, which are
/// cheap to read together.
pub(crate) fn every_row<T: Send>(rows: usize, of: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let each = rows.div_ceil(threads).max(1);
    let of = &of;
    thread::scope(|scope| {
        let parts = (0..rows).step_by(each);
        let parts = parts.map(|first| {
            scope.spawn(move || (first..rows.min(first + each)).map(of).collect::<Vec<_>>())
        });
        let parts: Vec<_> = parts.collect();
        let done = parts.into_iter().map(|part| match part.join() {
            Ok(part) => part,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        done.collect::<Vec<_>>().into_iter().flatten().collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_in_their_order_however_many_there_are() {
        for rows in [0, 1, 2, 3, 7, 1000] {
            let squares = every_row(rows, |row| row * row);
            assert!(squares.into_iter().eq((0..rows).map(|row| row * row)));
        }
    }
}
