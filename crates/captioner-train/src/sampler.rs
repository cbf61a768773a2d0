//! The order in which a run sees its rows.

use std::ops::Range;
use std::sync::Arc;

use captioner_data::CaptionDataset;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Rows that are shuffled together where a set has several natural blocks: at least so many.
const SHUFFLED_TOGETHER: usize = 4096;

/// A row, which of its captions to use, and how to vary its picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The row, counted from 0.
    pub row: usize,
    /// The first caption that is used; the others follow it, and the row's first its last.
    pub caption: usize,
    /// How many captions are used, each at most once.
    pub captions: usize,
    /// Seed of the picture's augmentation; none where pictures stay as they are.
    pub augmentation: Option<u64>,
}

/// Draws each epoch's order of rows, the captions and the augmentations, all from a seed and the
/// number of the epoch: any epoch can be made again without those before it.
///
/// Rows are shuffled as a whole where the set has one natural block
/// ([`CaptionDataset::blocks`]). Otherwise the blocks are shuffled, and then the rows of as many
/// neighbours in that order as hold 4,096 rows, so that each block is read once.
#[derive(Clone)]
pub struct Sampler {
    dataset: Arc<dyn CaptionDataset>,
    batch_size: usize,
    captions: usize,
    seed: u64,
}

/// The batches of one epoch, drawn as they are asked for.
pub struct EpochBatches {
    dataset: Arc<dyn CaptionDataset>,
    batch_size: usize,
    captions: usize,
    random: ChaCha8Rng,
    /// Blocks that are yet to be shuffled, the next one last.
    blocks: Vec<Range<usize>>,
    /// Rows in their order, the next one last.
    rows: Vec<usize>,
}

impl Sampler {
    /// Batches of `batch_size` rows, each with `captions` of its captions. A size of 0 is taken as
    /// 1.
    pub fn new(
        dataset: Arc<dyn CaptionDataset>,
        batch_size: usize,
        captions: usize,
        seed: u64,
    ) -> Self {
        Self {
            dataset,
            batch_size: batch_size.max(1),
            captions: captions.max(1),
            seed,
        }
    }

    /// Batches in an epoch; the last may be short.
    pub fn batches_per_epoch(&self) -> usize {
        self.dataset.len().div_ceil(self.batch_size)
    }

    /// The batches of an epoch, counted from 0.
    pub fn epoch(&self, epoch: u64) -> EpochBatches {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(epoch);
        let mut blocks = self.dataset.blocks();
        if blocks.len() > 1 {
            blocks.shuffle(&mut random);
        }
        EpochBatches {
            dataset: self.dataset.clone(),
            batch_size: self.batch_size,
            captions: self.captions,
            random,
            blocks,
            rows: Vec::new(),
        }
    }
}

impl EpochBatches {
    fn next_row(&mut self) -> Option<usize> {
        if self.rows.is_empty() {
            while self.rows.len() < SHUFFLED_TOGETHER {
                let Some(block) = self.blocks.pop() else {
                    break;
                };
                self.rows.extend(block);
            }
            self.rows.shuffle(&mut self.random);
            self.rows.reverse();
        }
        self.rows.pop()
    }

    fn sample(&mut self, row: usize) -> Sample {
        // A row without captions, or one that can't be read, is a bad row for whoever reads it.
        let caption = match self.dataset.caption_count(row) {
            Ok(0) | Err(_) => 0,
            Ok(all) => self.random.random_range(0..all),
        };
        Sample {
            row,
            caption,
            captions: self.captions,
            augmentation: Some(self.random.random()),
        }
    }
}

impl Iterator for EpochBatches {
    type Item = Vec<Sample>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut batch = Vec::new();
        while batch.len() < self.batch_size {
            let Some(row) = self.next_row() else { break };
            batch.push(self.sample(row));
        }
        (!batch.is_empty()).then_some(batch)
    }
}

/// All rows in their own order, each with its first caption, for evaluation.
pub fn sequential_batches(rows: usize, batch_size: usize) -> impl Iterator<Item = Vec<Sample>> {
    let batch_size = batch_size.max(1);
    let first = |row| Sample {
        row,
        caption: 0,
        captions: 1,
        augmentation: None,
    };
    (0..rows.div_ceil(batch_size)).map(move |batch| {
        let start = batch * batch_size;
        (start..rows.min(start + batch_size)).map(first).collect()
    })
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use captioner_creatures::Creatures;
    use captioner_data::{DataError, Feature, Picture};

    fn batches(epoch: u64) -> Vec<Vec<Sample>> {
        let set = Arc::new(Creatures::with_rows(50, 1));
        let epoch = Sampler::new(set, 8, 1, 7).epoch(epoch);
        epoch.collect()
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

    /// 20 blocks of 1,000 rows, the first row of each without a caption.
    struct Blocks;

    impl CaptionDataset for Blocks {
        fn name(&self) -> &str {
            "blocks"
        }

        fn len(&self) -> usize {
            20_000
        }

        fn features(&self) -> Vec<Feature> {
            Vec::new()
        }

        fn captions(&self, row: usize) -> Result<Cow<'_, [String]>, DataError> {
            let captions = usize::from(!row.is_multiple_of(1000));
            Ok(vec!["a thing".to_owned(); captions].into())
        }

        fn picture(&self, _row: usize) -> Result<Picture, DataError> {
            Ok(Picture::Encoded(Vec::new()))
        }

        fn row_name(&self, row: usize) -> Result<String, DataError> {
            Ok(row.to_string())
        }

        fn blocks(&self) -> Vec<Range<usize>> {
            (0..20)
                .map(|block| block * 1000..(block + 1) * 1000)
                .collect()
        }
    }

    #[test]
    fn blocks_are_shuffled_and_each_is_read_in_one_go() {
        let rows = |epoch| -> Vec<usize> {
            let batches = Sampler::new(Arc::new(Blocks), 100, 1, 7).epoch(epoch);
            batches.flatten().map(|s| s.row).collect()
        };
        let order = rows(0);
        assert_eq!(order, rows(0));
        assert_ne!(order, rows(1));
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..20_000).collect::<Vec<_>>());
        for block in 0..20 {
            let places = order.iter().enumerate();
            let places = places.filter(|(_, row)| **row / 1000 == block);
            let places: Vec<_> = places.map(|(place, _)| place).collect();
            let span = places[999] - places[0];
            // Five blocks are shuffled together.
            assert!(span < 5000, "block {block} is spread over {span} rows");
        }
        assert_ne!(order[..1000].iter().max(), Some(&999));
    }
}
