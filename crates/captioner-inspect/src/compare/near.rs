//! Pairs of hashes that differ in a few bits, without comparing each with each.
//!
//! As in Manku, Jain and Das Sarma, "Detecting Near-Duplicates for Web Crawling" (WWW 2007): 64 bits
//! are cut into `distance + 3` blocks. Two hashes that differ in at most `distance` bits agree in at
//! least three of them, so it is enough to sort by each choice of three blocks and to compare those
//! that agree in them. That is 35 sorts for a distance of 4.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::sets::DisjointSets;
use crate::scan::fingerprint::Fingerprint;

/// Blocks that must agree.
const AGREEING: u32 = 3;
/// Where more hashes than this agree in three blocks, each is compared with the next half as many
/// alone, so that a set of pictures that are all much alike takes no quadratic time.
const MAX_RUN: usize = 4096;

/// What to compare, and how far it may be apart.
pub(crate) struct Search {
    /// The rows to compare, with their fingerprints; one of those with the same hash and colours.
    rows: Vec<(u32, Fingerprint)>,
    /// The rows that have the same.
    same: DisjointSets,
    max_distance: u32,
    masks: Vec<u64>,
}

/// Which rows are near each other, and whether every pair was looked at.
pub(crate) struct Found {
    pub(crate) sets: DisjointSets,
    pub(crate) is_complete: bool,
}

impl Search {
    /// A search among some of `all_rows` rows.
    pub(crate) fn new(
        mut rows: Vec<(u32, Fingerprint)>,
        max_distance: u32,
        all_rows: usize,
    ) -> Self {
        let look = |print: &Fingerprint| (print.hash, print.colours);
        rows.sort_unstable_by_key(|(row, print)| (look(print), *row));
        let mut same = DisjointSets::new(all_rows);
        rows.dedup_by(|later, kept| {
            let is_same = look(&later.1) == look(&kept.1);
            if is_same {
                same.join(kept.0, later.0);
            }
            is_same
        });
        Self {
            rows,
            same,
            max_distance,
            masks: masks(max_distance),
        }
    }

    /// How many rounds it takes.
    pub(crate) fn rounds(&self) -> usize {
        self.masks.len()
    }

    /// Joins rows that are near each other, on several threads; `told` is called after each round.
    pub(crate) fn run(&self, threads: usize, told: &(dyn Fn(usize) + Sync)) -> Found {
        let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let worker = || {
            let mut found = Found {
                sets: self.same.clone(),
                is_complete: true,
            };
            while let Some(mask) = self.masks.get(next.fetch_add(1, Ordering::Relaxed)) {
                self.round(*mask, &mut found);
                told(done.fetch_add(1, Ordering::Relaxed) + 1);
            }
            found
        };
        let threads = threads.clamp(1, self.masks.len());
        std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(worker)).collect();
            let mut all = worker();
            for other in others {
                match other.join() {
                    Ok(found) => {
                        all.sets.join_all(found.sets);
                        all.is_complete &= found.is_complete;
                    }
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            all
        })
    }

    fn round(&self, mask: u64, found: &mut Found) {
        let keys = self.rows.iter().zip(0_u32..);
        let mut order: Vec<(u64, u32)> = keys
            .map(|((_, print), index)| (print.hash & mask, index))
            .collect();
        order.sort_unstable();
        for run in order.chunk_by(|a, b| a.0 == b.0) {
            let reach = match run.len() > MAX_RUN {
                true => MAX_RUN / 2,
                false => run.len(),
            };
            found.is_complete &= reach == run.len();
            self.compare(run, reach, &mut found.sets);
        }
    }

    fn compare(&self, run: &[(u64, u32)], reach: usize, sets: &mut DisjointSets) {
        for (place, (_, index)) in run.iter().enumerate() {
            let (row, print) = &self.rows[*index as usize];
            let after = &run[place + 1..];
            for (_, index) in &after[..after.len().min(reach)] {
                let (other, other_print) = &self.rows[*index as usize];
                if print.is_near(other_print, self.max_distance) {
                    sets.join(*row, *other);
                }
            }
        }
    }
}

/// The bits of each choice of three blocks.
fn masks(max_distance: u32) -> Vec<u64> {
    let blocks = max_distance + AGREEING;
    let bits = |block: u32| -> Range<u32> { block * 64 / blocks..(block + 1) * 64 / blocks };
    let block_mask = |block| bits(block).fold(0, |mask, bit| mask | 1_u64 << bit);
    let mut masks = Vec::new();
    for a in 0..blocks {
        for b in a + 1..blocks {
            for c in b + 1..blocks {
                masks.push(block_mask(a) | block_mask(b) | block_mask(c));
            }
        }
    }
    masks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(hash: u64) -> Fingerprint {
        Fingerprint {
            hash,
            ..Fingerprint::NONE
        }
    }

    fn groups(hashes: &[u64], max_distance: u32, threads: usize) -> (Vec<Vec<u32>>, bool) {
        let rows: Vec<_> = (0..).zip(hashes.iter().copied().map(print)).collect();
        let all_rows = rows.len();
        let search = Search::new(rows, max_distance, all_rows);
        let found = search.run(threads, &|_| ());
        (found.sets.groups(), found.is_complete)
    }

    fn numbers(count: usize) -> Vec<u64> {
        let mut state = 1_u64;
        let next = std::iter::repeat_with(|| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            state ^ state >> 31
        });
        next.take(count).collect()
    }

    #[test]
    fn every_pair_within_the_distance_is_found_as_by_comparing_each_with_each() {
        for max_distance in 0..=8 {
            let mut hashes = numbers(200);
            for place in 0..200 {
                // Some bits of it turned, at places that differ from row to row.
                let bits = place as u32 % (max_distance + 3);
                let turned = (0..bits).fold(0, |turned, bit| {
                    turned | 1_u64 << ((place as u32 * 7 + bit * 13) % 64)
                });
                hashes.push(hashes[place] ^ turned);
            }
            let mut expected = DisjointSets::new(hashes.len());
            for a in 0..hashes.len() {
                for b in 0..a {
                    if (hashes[a] ^ hashes[b]).count_ones() <= max_distance {
                        expected.join(a as u32, b as u32);
                    }
                }
            }
            let expected = expected.groups();
            assert!(expected.len() > 50);
            for threads in [1, 3] {
                assert_eq!(
                    groups(&hashes, max_distance, threads),
                    (expected.clone(), true)
                );
            }
        }
    }

    #[test]
    fn a_set_of_much_the_same_pictures_ends() {
        let same: Vec<u64> = (0..20_000).map(|row| row % 64).collect();
        let (found, is_complete) = groups(&same, 4, 2);
        assert!(is_complete);
        assert_eq!(found.iter().map(Vec::len).sum::<usize>(), same.len());

        let alike: Vec<u64> = (0..5000).collect();
        let (found, is_complete) = groups(&alike, 4, 2);
        assert!(!is_complete && !found.is_empty());
    }
}
