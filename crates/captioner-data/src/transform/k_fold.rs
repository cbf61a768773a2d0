//! Cutting a set into folds.

use std::sync::Arc;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::blocks::group_by_block;
use crate::{CaptionDataset, DataError, Split, Subset};

/// Cuts the rows, shuffled by `seed`, into `k` folds, and gives `k` splits: each holds out one fold
/// and trains on the others. Every row is held out once.
///
/// The sizes are those of scikit-learn's `KFold`: the first `rows % k` folds have a row more. As
/// with [`train_test_split`](crate::train_test_split), rows of a block stay together in each part.
///
/// ```
/// use std::sync::Arc;
///
/// use captioner_data::{CaptionDataset, InMemoryDataset, Picture, k_fold};
///
/// # fn main() -> Result<(), captioner_data::DataError> {
/// let mut set = InMemoryDataset::new("greys");
/// set.extend((0..10).map(|n| (Picture::Encoded(vec![n]), [format!("grey {n}")])));
/// let folds = k_fold(Arc::new(set), 3, 42)?;
/// let sizes: Vec<_> = folds.iter().map(|fold| (fold.train.len(), fold.test.len())).collect();
/// assert_eq!(sizes, [(6, 4), (7, 3), (7, 3)]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`DataError::InvalidFolds`] unless `2 <= k <= rows`.
pub fn k_fold(set: Arc<dyn CaptionDataset>, k: usize, seed: u64) -> Result<Vec<Split>, DataError> {
    let rows = set.len();
    if k < 2 || k > rows {
        return Err(DataError::InvalidFolds {
            set: set.name().to_owned(),
            rows,
            folds: k,
        });
    }
    let mut order: Vec<usize> = (0..rows).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let blocks = set.blocks();
    let mut end = 0;
    let folds = (0..k).map(|fold| {
        let start = end;
        end += rows / k + usize::from(fold < rows % k);
        let part = |mut rows: Vec<usize>, part| {
            group_by_block(&mut rows, &blocks);
            let name = format!("{}[fold {} of {k}, {part}]", set.name(), fold + 1);
            Subset::of_rows(set.clone(), rows, name)
        };
        let others = [&order[..start], &order[end..]].concat();
        Split {
            train: part(others, "train"),
            test: part(order[start..end].to_vec(), "test"),
        }
    });
    Ok(folds.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_sets::{Peculiar, numbered};

    #[test]
    fn folds_partition_the_rows() {
        for seed in 0..10 {
            for (rows, k) in [(2, 2), (10, 3), (57, 5), (7, 7)] {
                let folds = k_fold(Arc::new(numbered(rows)), k, seed).unwrap();
                assert_eq!(folds.len(), k);
                let mut held_out = Vec::new();
                for fold in &folds {
                    let mut all = [fold.train.indices(), fold.test.indices()].concat();
                    all.sort_unstable();
                    assert!(all.into_iter().eq(0..rows), "every row once");
                    assert!(fold.test.len().abs_diff(rows / k) <= 1);
                    held_out.extend_from_slice(fold.test.indices());
                }
                held_out.sort_unstable();
                assert!(held_out.into_iter().eq(0..rows), "held out once");
            }
        }
    }

    #[test]
    fn the_seed_alone_decides_the_folds() {
        let folds = |seed| {
            let folds = k_fold(Arc::new(numbered(30)), 3, seed).unwrap();
            folds
                .iter()
                .map(|fold| fold.test.indices().to_vec())
                .collect::<Vec<_>>()
        };
        assert_eq!(folds(1), folds(1));
        assert_ne!(folds(1), folds(2));
    }

    #[test]
    fn rows_of_a_block_stay_together() {
        let folds = k_fold(Peculiar::new(&[10, 1, 20, 19]), 4, 7).unwrap();
        for fold in folds {
            assert!(fold.train.blocks().len() <= 4 && fold.test.blocks().len() <= 4);
        }
    }

    #[test]
    fn a_number_of_folds_that_cant_be_is_a_named_error() {
        for k in [0, 1, 4, usize::MAX] {
            let error = k_fold(Arc::new(numbered(3)), k, 0).unwrap_err().to_string();
            assert_eq!(
                error,
                format!(
                    "the 3 row(s) of `numbered` can't be cut into {k} folds: give a number from 2 to the number of rows"
                )
            );
        }
    }
}
