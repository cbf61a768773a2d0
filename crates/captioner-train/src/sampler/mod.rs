//! The order in which a run sees its rows.

mod grouped;

use std::ops::Range;
use std::sync::Arc;
use std::vec;

use captioner_data::CaptionDataset;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::arguments::SamplingStrategy;
use crate::prepared::PreparedSet;

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

impl Sample {
    /// The captions that are used where the row has so many.
    pub(crate) fn used(self, all: usize) -> impl Iterator<Item = usize> {
        (0..self.captions.min(all)).map(move |next| (self.caption + next) % all)
    }
}

/// Draws each epoch's order of rows, the captions and the augmentations, all from a seed (a run's
/// `data_seed`) and the number of the epoch: any epoch can be made again without those before it.
///
/// Rows are shuffled as a whole where the set has one natural block
/// ([`CaptionDataset::blocks`]). Otherwise the blocks are shuffled, and then the rows of as many
/// neighbours in that order as hold 4,096 rows, so that each block is read once.
///
/// [`SamplingStrategy::GroupByLength`] does so too, and then sorts groups of up to 50 batches by the
/// tokens of the captions that are used, as transformers' `LengthGroupedSampler` does; the longest
/// row of all comes first. It needs the lengths of all rows: when the first batch of an epoch is asked
/// for, every caption of the set is made into tokens, which the set keeps for later epochs (60,000
/// captions of a dozen words took under 5 s on one thread, and 0.04 s in each later epoch). A set
/// whose rows vary keeps none, and pays each time. An epoch's plan takes 56 bytes a row. A sampler
/// that knows no tokenizer counts words.
#[derive(Clone)]
pub struct Sampler {
    dataset: Arc<dyn CaptionDataset>,
    /// What knows the number of tokens.
    lengths: Option<Arc<PreparedSet>>,
    batch_size: usize,
    captions: usize,
    seed: u64,
    strategy: SamplingStrategy,
    drop_last: bool,
}

/// The batches of one epoch, drawn as they are asked for.
pub struct EpochBatches {
    sampler: Sampler,
    random: ChaCha8Rng,
    order: Order,
}

/// The rows that are still to come.
enum Order {
    /// Blocks that are yet to be shuffled, and rows in their order, each with the next one last.
    Shuffled {
        blocks: Vec<Range<usize>>,
        rows: Vec<usize>,
    },
    Sequential(Range<usize>),
    /// The whole epoch.
    Laid(vec::IntoIter<Sample>),
}

impl Sampler {
    /// Batches of `batch_size` rows in random order, each with `captions` of its captions. A size of
    /// 0 is taken as 1.
    pub fn new(
        dataset: Arc<dyn CaptionDataset>,
        batch_size: usize,
        captions: usize,
        seed: u64,
    ) -> Self {
        Self {
            dataset,
            lengths: None,
            batch_size: batch_size.max(1),
            captions: captions.max(1),
            seed,
            strategy: SamplingStrategy::Random,
            drop_last: false,
        }
    }

    /// As [`new`](Self::new), and knows the number of tokens of each caption.
    pub fn for_set(set: &Arc<PreparedSet>, batch_size: usize, captions: usize, seed: u64) -> Self {
        Self {
            lengths: Some(set.clone()),
            ..Self::new(set.dataset().clone(), batch_size, captions, seed)
        }
    }

    /// Sets the order of rows.
    pub fn with_strategy(mut self, strategy: SamplingStrategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// Whether an epoch ends before a last batch that is short (`dataloader_drop_last`). A set
    /// smaller than one batch then has none.
    pub fn with_drop_last(mut self, drop_last: bool) -> Self {
        self.drop_last = drop_last;
        self
    }

    /// Batches in an epoch; the last may be short.
    pub fn batches_per_epoch(&self) -> usize {
        let rows = self.dataset.len();
        match self.drop_last {
            true => rows / self.batch_size,
            false => rows.div_ceil(self.batch_size),
        }
    }

    /// The batches of an epoch, counted from 0. Reads nothing yet.
    pub fn epoch(&self, epoch: u64) -> EpochBatches {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(epoch);
        let order = match self.strategy {
            SamplingStrategy::Sequential => Order::Sequential(0..self.dataset.len()),
            SamplingStrategy::Random | SamplingStrategy::GroupByLength => {
                let mut blocks = self.dataset.blocks();
                if blocks.len() > 1 {
                    blocks.shuffle(&mut random);
                }
                let rows = Vec::new();
                Order::Shuffled { blocks, rows }
            }
        };
        EpochBatches {
            sampler: self.clone(),
            random,
            order,
        }
    }

    /// The longest of the captions that a sample uses; 0 where they can't be read, which is for the
    /// loader to say.
    fn length(&self, sample: Sample) -> usize {
        let lengths = match &self.lengths {
            Some(set) => set.caption_lengths(sample.row).unwrap_or_default(),
            None => {
                let captions = self.dataset.captions(sample.row).unwrap_or_default();
                let words = captions.iter().map(|c| c.split_whitespace().count());
                words.collect()
            }
        };
        let used = sample.used(lengths.len()).map(|caption| lengths[caption]);
        used.max().unwrap_or(0)
    }
}

impl EpochBatches {
    /// Leaves out the next `batches`, as if they had been asked for: what follows is what follows
    /// them in the whole epoch. No picture is read; of captions, only how many a row has (by length,
    /// all of them, as without a skip).
    pub fn skip_batches(&mut self, batches: usize) {
        for _ in 0..batches {
            if self.next().is_none() {
                return;
            }
        }
    }

    fn next_row(&mut self) -> Option<usize> {
        match &mut self.order {
            Order::Sequential(rows) => rows.next(),
            Order::Laid(_) => None,
            Order::Shuffled { blocks, rows } => {
                if rows.is_empty() {
                    while rows.len() < SHUFFLED_TOGETHER {
                        let Some(block) = blocks.pop() else { break };
                        rows.extend(block);
                    }
                    rows.shuffle(&mut self.random);
                    rows.reverse();
                }
                rows.pop()
            }
        }
    }

    fn sample(&mut self, row: usize) -> Sample {
        // A row without captions, or one that can't be read, is a bad row for whoever reads it.
        let caption = match self.sampler.dataset.caption_count(row) {
            Ok(0) | Err(_) => 0,
            Ok(all) => self.random.random_range(0..all),
        };
        Sample {
            row,
            caption,
            captions: self.sampler.captions,
            augmentation: Some(self.random.random()),
        }
    }

    fn next_sample(&mut self) -> Option<Sample> {
        if let Order::Laid(samples) = &mut self.order {
            return samples.next();
        }
        self.next_row().map(|row| self.sample(row))
    }

    /// Lays the whole epoch out, its rows grouped by length.
    fn lay_out(&mut self) {
        let mut rows = Vec::with_capacity(self.sampler.dataset.len());
        while let Some(sample) = self.next_sample() {
            rows.push((sample, self.sampler.length(sample)));
        }
        let samples = grouped::group_by_length(rows, self.sampler.batch_size);
        self.order = Order::Laid(samples.into_iter());
    }
}

impl Iterator for EpochBatches {
    type Item = Vec<Sample>;

    fn next(&mut self) -> Option<Self::Item> {
        let grouped = self.sampler.strategy == SamplingStrategy::GroupByLength;
        if grouped && !matches!(self.order, Order::Laid(_)) {
            self.lay_out();
        }
        let size = self.sampler.batch_size;
        let mut batch = Vec::new();
        while batch.len() < size {
            let Some(sample) = self.next_sample() else {
                break;
            };
            batch.push(sample);
        }
        let least = if self.sampler.drop_last { size } else { 1 };
        (batch.len() >= least).then_some(batch)
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
