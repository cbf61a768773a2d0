//! The order in which a run sees its rows.

use captioner_data::{CaptionDataset, DataError};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::prepared::Sample;

/// The rows of one epoch in batches: shuffled, each with `captions` of its captions and a
/// variation of its picture, all drawn from `seed` and `epoch` alone, so that any epoch can be
/// made again without those before it.
pub(crate) fn epoch_batches(
    dataset: &dyn CaptionDataset,
    batch_size: usize,
    captions: usize,
    seed: u64,
    epoch: u64,
) -> Result<Vec<Vec<Sample>>, DataError> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(epoch);
    let mut rows: Vec<usize> = (0..dataset.len()).collect();
    rows.shuffle(&mut random);
    let samples: Result<Vec<Sample>, DataError> = rows
        .into_iter()
        .map(|row| {
            let all = dataset.captions(row)?.len();
            let caption = random.random_range(0..all);
            let variation = Some(random.random());
            Ok(Sample {
                row,
                caption,
                captions,
                variation,
            })
        })
        .collect();
    Ok(samples?.chunks(batch_size).map(<[_]>::to_vec).collect())
}

/// All rows in their own order, each with its first caption.
pub(crate) fn ordered_batches(rows: usize, batch_size: usize) -> Vec<Vec<Sample>> {
    let first = |row| Sample {
        row,
        caption: 0,
        captions: 1,
        variation: None,
    };
    let samples: Vec<Sample> = (0..rows).map(first).collect();
    samples.chunks(batch_size).map(<[_]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use captioner_data::Creatures;

    fn batches(epoch: u64) -> Vec<Vec<Sample>> {
        epoch_batches(&Creatures::with_rows(50, 1), 8, 1, 7, epoch).unwrap()
    }

    #[test]
    fn an_epoch_has_every_row_once_and_the_last_batch_is_short() {
        let batches = batches(0);
        assert_eq!(batches.len(), 7);
        assert_eq!(batches[6].len(), 2);
        let mut rows: Vec<_> = batches.concat().iter().map(|sample| sample.row).collect();
        rows.sort_unstable();
        assert_eq!(rows, (0..50).collect::<Vec<_>>());
    }

    #[test]
    fn epochs_differ_and_each_can_be_made_again() {
        assert_eq!(batches(3), batches(3));
        assert_ne!(batches(3), batches(4));
    }
}
