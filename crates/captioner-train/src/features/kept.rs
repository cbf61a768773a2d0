//! Which rows' features are kept: one bit a row, read by the loader's threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A set of rows, shared. The features themselves stay on the training thread, so the bits order
/// nothing else.
#[derive(Clone, Debug)]
pub(crate) struct KeptRows {
    words: Arc<[AtomicU64]>,
}

impl KeptRows {
    /// No row of so many.
    pub(crate) fn new(rows: usize) -> Self {
        let words = (0..rows.div_ceil(64)).map(|_| AtomicU64::new(0));
        Self {
            words: words.collect(),
        }
    }

    pub(crate) fn contains(&self, row: usize) -> bool {
        let word = self.words.get(row / 64);
        word.is_some_and(|word| word.load(Ordering::Relaxed) >> (row % 64) & 1 == 1)
    }

    pub(crate) fn insert(&self, row: usize) {
        if let Some(word) = self.words.get(row / 64) {
            word.fetch_or(1 << (row % 64), Ordering::Relaxed);
        }
    }

    pub(crate) fn remove(&self, row: usize) {
        if let Some(word) = self.words.get(row / 64) {
            word.fetch_and(!(1 << (row % 64)), Ordering::Relaxed);
        }
    }

    /// The memory that it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.words.len() * size_of::<AtomicU64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_is_in_or_out_on_its_own_and_clones_see_the_same() {
        let rows = KeptRows::new(130);
        let other = rows.clone();
        for row in [0, 63, 64, 129] {
            rows.insert(row);
        }
        other.remove(63);
        let kept: Vec<_> = (0..300).filter(|row| rows.contains(*row)).collect();
        assert_eq!(kept, [0, 64, 129]);
        // A row of no set is never kept, and no panic.
        rows.insert(500);
        assert!(!rows.contains(500));
    }
}
