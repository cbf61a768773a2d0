//! The rows of a set in another order.

use std::ops::Range;
use std::sync::Arc;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::{CaptionDataset, Subset};

/// All rows of a set in an order that the seed decides.
///
/// Where the set has several [`blocks`](CaptionDataset::blocks), the blocks are shuffled and then
/// the rows within each, so that reading in the new order stays cheap: rows of one block stay
/// next to each other. (`Dataset.shuffle` of `datasets` tears them apart, and reads slowly after it.)
///
/// ```
/// use std::sync::Arc;
///
/// use captioner_data::{CaptionDataset, InMemoryDataset, Picture, shuffle};
///
/// let mut set = InMemoryDataset::new("greys");
/// set.extend((0..9).map(|n| (Picture::Encoded(vec![n]), [format!("grey {n}")])));
/// let set = Arc::new(set);
/// let shuffled = shuffle(set.clone(), 42);
/// assert_eq!(shuffled.len(), 9);
/// assert_eq!(shuffled.indices(), shuffle(set, 42).indices());
/// ```
pub fn shuffle(set: Arc<dyn CaptionDataset>, seed: u64) -> Subset {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut blocks = set.blocks();
    blocks.shuffle(&mut random);
    let mut rows = Vec::with_capacity(set.len());
    for block in blocks {
        rows.extend(shuffled(block, &mut random));
    }
    let name = format!("{}[shuffled]", set.name());
    Subset::of_rows(set, rows, name)
}

fn shuffled(rows: Range<usize>, random: &mut ChaCha8Rng) -> Vec<usize> {
    let mut rows: Vec<_> = rows.collect();
    rows.shuffle(random);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_sets::{Peculiar, numbered};

    #[test]
    fn every_row_comes_once_in_an_order_by_the_seed() {
        for seed in 0..20 {
            for rows in [0, 1, 2, 57] {
                let set = Arc::new(numbered(rows));
                let shuffled = shuffle(set.clone(), seed);
                let mut indices = shuffled.indices().to_vec();
                assert_eq!(indices, shuffle(set, seed).indices());
                indices.sort_unstable();
                assert!(indices.into_iter().eq(0..rows));
            }
        }
        let set = Arc::new(numbered(57));
        assert_ne!(shuffle(set.clone(), 1).indices(), shuffle(set, 2).indices());
    }

    #[test]
    fn the_order_stays_from_release_to_release() {
        assert_eq!(
            shuffle(Arc::new(numbered(6)), 42).indices(),
            [2, 1, 5, 4, 3, 0]
        );
    }

    #[test]
    fn rows_of_a_block_stay_together() {
        let set = Peculiar::new(&[20, 1, 30, 9]);
        let shuffled = shuffle(set, 3);
        let mut sizes: Vec<_> = shuffled
            .blocks()
            .iter()
            .map(ExactSizeIterator::len)
            .collect();
        assert_ne!(sizes, [20, 1, 30, 9], "the blocks are shuffled");
        sizes.sort_unstable();
        assert_eq!(sizes, [1, 9, 20, 30]);
        let first = shuffled.blocks()[0].clone();
        assert!(
            !shuffled.indices()[first].is_sorted(),
            "the rows within are shuffled"
        );
    }
}
