//! Cutting a set into a training and a test part.

use std::sync::Arc;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::blocks::group_by_block;
use crate::{CaptionDataset, DataError, Subset, TestSize};

/// The two parts of a set.
#[derive(Clone, Debug)]
pub struct Split {
    /// The rows to train on.
    pub train: Subset,
    /// The rows held out.
    pub test: Subset,
}

/// Shuffles the rows by `seed` and holds out `ceil(test_size * rows)` of them, or `test_size` of
/// them where it is a whole number.
///
/// The sizes are those of `datasets.Dataset.train_test_split`; the order is not,
/// for NumPy's generator makes that one. Where the set has several
/// [`blocks`](CaptionDataset::blocks), each part keeps the rows of a block together,
/// so that reading a part stays cheap.
///
/// ```
/// use std::sync::Arc;
///
/// use captioner_data::{CaptionDataset, InMemoryDataset, Picture, train_test_split};
///
/// # fn main() -> Result<(), captioner_data::DataError> {
/// let mut set = InMemoryDataset::new("greys");
/// set.extend((0..20).map(|n| (Picture::Encoded(vec![n]), [format!("grey {n}")])));
/// let set = Arc::new(set);
/// assert_eq!(train_test_split(set.clone(), 0.1, 42)?.test.len(), 2);
/// assert_eq!(train_test_split(set, 7, 42)?.test.len(), 7);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`DataError::InvalidTestSize`] unless a share is `0 < test_size < 1`;
/// [`DataError::EmptySplit`] if one part would have no row.
pub fn train_test_split(
    set: Arc<dyn CaptionDataset>,
    test_size: impl Into<TestSize>,
    seed: u64,
) -> Result<Split, DataError> {
    let test_rows = test_size.into().rows(set.name(), set.len())?;
    let mut test: Vec<usize> = (0..set.len()).collect();
    test.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let mut train = test.split_off(test_rows);
    let blocks = set.blocks();
    group_by_block(&mut train, &blocks);
    group_by_block(&mut test, &blocks);
    let part = |rows, part| {
        let name = format!("{}[{part}]", set.name());
        Subset::of_rows(set.clone(), rows, name)
    };
    Ok(Split {
        train: part(train, "train"),
        test: part(test, "test"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_sets::{Peculiar, numbered};

    fn set(rows: usize) -> Arc<dyn CaptionDataset> {
        Arc::new(numbered(rows))
    }

    #[test]
    fn sizes_are_those_of_datasets() {
        for (rows, test_size, test) in [(833, 0.1, 84), (10, 0.1, 1), (2, 0.5, 1), (833, 0.2, 167)]
        {
            let split = train_test_split(set(rows), test_size, 42).unwrap();
            assert_eq!((split.train.len(), split.test.len()), (rows - test, test));
        }
    }

    #[test]
    fn a_number_of_rows_can_be_held_out() {
        let split = train_test_split(set(12), 5, 42).unwrap();
        assert_eq!(
            split.test.indices(),
            [7, 1, 11, 4, 6],
            "as many rows by a share are the same"
        );
        assert_eq!(split.train.len(), 7);
    }

    #[test]
    fn the_parts_are_disjoint_and_cover_the_set() {
        let split = train_test_split(set(50), 0.3, 7).unwrap();
        let mut rows = [split.train.indices(), split.test.indices()].concat();
        rows.sort_unstable();
        assert!(rows.into_iter().eq(0..50));
    }

    #[test]
    fn the_seed_alone_decides_the_split() {
        let rows = |seed| {
            train_test_split(set(50), 0.3, seed)
                .unwrap()
                .test
                .indices()
                .to_vec()
        };
        assert_eq!(rows(1), rows(1));
        assert_ne!(rows(1), rows(2));
    }

    #[test]
    fn a_split_keeps_its_rows_from_release_to_release() {
        let split = train_test_split(set(12), 0.4, 42).unwrap();
        assert_eq!(split.test.indices(), [7, 1, 11, 4, 6]);
    }

    #[test]
    fn parts_of_a_set_with_blocks_keep_the_rows_of_a_block_together() {
        let sizes = [10, 1, 20, 19];
        let split = train_test_split(Peculiar::new(&sizes), 0.3, 7).unwrap();
        let one_block = train_test_split(set(50), 0.3, 7).unwrap();
        for (part, one_block) in [
            (&split.train, &one_block.train),
            (&split.test, &one_block.test),
        ] {
            let (mut rows, mut same) = (part.indices().to_vec(), one_block.indices().to_vec());
            rows.sort_unstable();
            same.sort_unstable();
            assert_eq!(rows, same, "the same rows are held out whatever the blocks");
            assert!(part.blocks().len() <= sizes.len(), "{:?}", part.blocks());
        }
        assert_eq!(split.train.blocks().len() + split.test.blocks().len(), 7);
    }

    #[test]
    fn a_share_that_is_no_fraction_is_a_named_error() {
        for test_size in [0.0, 1.0, -0.1, 1.5, f64::NAN, f64::INFINITY] {
            let error = train_test_split(set(5), test_size, 0).unwrap_err();
            assert!(
                matches!(error, DataError::InvalidTestSize { .. }),
                "{error}"
            );
        }
    }

    #[test]
    fn an_empty_part_is_a_named_error() {
        for (rows, test_size) in [(0, 0.5), (1, 0.5), (5, 0.99)] {
            let error = train_test_split(set(rows), test_size, 0).unwrap_err();
            assert!(matches!(error, DataError::EmptySplit { .. }), "{error}");
        }
    }
}
