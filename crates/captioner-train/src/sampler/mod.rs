//! The order in which a run sees its rows.

mod captions;
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

pub use captions::CaptionChoice;
pub(crate) use captions::CaptionPlaces;

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
/// for, every caption of the set is made into tokens on all cores, which the set keeps for later epochs
/// (60,000 captions of a dozen words took under 5 s on one thread, and 0.04 s in each later epoch). A
/// set whose rows vary keeps none, and pays each time. An epoch's plan takes 56 bytes a row. A sampler
/// that knows no tokenizer counts words.
///
/// [`CaptionChoice::All`] needs the number of captions of all rows, which is asked for once. Other
/// choices and orders ask for what they come to: an epoch of a million rows begins at once.
#[derive(Clone)]
pub struct Sampler {
    dataset: Arc<dyn CaptionDataset>,
    choice: CaptionChoice,
    /// Where an epoch has a sample for each caption.
    places: Option<Arc<CaptionPlaces>>,
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

/// What is still to come: rows, or the places of captions.
enum Order {
    /// Blocks that are yet to be shuffled, and places in their order, each with the next one last.
    Shuffled {
        blocks: Vec<Range<usize>>,
        places: Vec<usize>,
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
            choice: CaptionChoice::Random,
            places: None,
            lengths: None,
            batch_size: batch_size.max(1),
            captions: captions.max(1),
            seed,
            strategy: SamplingStrategy::Random,
            drop_last: false,
        }
    }

    /// As [`new`](Self::new), with the [choice of captions](PreparedSet::with_caption_choice) of the set,
    /// and knows the number of tokens of each caption.
    pub fn for_set(set: &Arc<PreparedSet>, batch_size: usize, captions: usize, seed: u64) -> Self {
        Self {
            lengths: Some(set.clone()),
            choice: set.caption_choice(),
            places: set.caption_places(),
            ..Self::new(set.dataset().clone(), batch_size, captions, seed)
        }
    }

    /// Sets which captions an epoch uses. With [`CaptionChoice::All`] every row is asked for its
    /// number of captions here, and each sample has one caption, whatever `captions` says.
    pub fn with_caption_choice(mut self, choice: CaptionChoice) -> Self {
        let all = choice == CaptionChoice::All;
        self.places = all.then(|| Arc::new(CaptionPlaces::of(&self.dataset)));
        self.choice = choice;
        self
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
        let samples = self.samples_per_epoch();
        match self.drop_last {
            true => samples / self.batch_size,
            false => samples.div_ceil(self.batch_size),
        }
    }

    /// Samples in an epoch: rows, or captions with [`CaptionChoice::All`].
    pub fn samples_per_epoch(&self) -> usize {
        self.places_of(0..self.dataset.len()).len()
    }

    fn places_of(&self, rows: Range<usize>) -> Range<usize> {
        match &self.places {
            Some(places) => places.of_rows(rows),
            None => rows,
        }
    }

    /// The batches of an epoch, counted from 0. Reads nothing yet.
    pub fn epoch(&self, epoch: u64) -> EpochBatches {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(epoch);
        let order = match self.strategy {
            SamplingStrategy::Sequential => {
                Order::Sequential(self.places_of(0..self.dataset.len()))
            }
            SamplingStrategy::Random | SamplingStrategy::GroupByLength => {
                let blocks = self.dataset.blocks().into_iter();
                let mut blocks: Vec<_> = blocks.map(|rows| self.places_of(rows)).collect();
                if blocks.len() > 1 {
                    blocks.shuffle(&mut random);
                }
                let places = Vec::new();
                Order::Shuffled { blocks, places }
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

    fn next_place(&mut self) -> Option<usize> {
        match &mut self.order {
            Order::Sequential(places) => places.next(),
            Order::Laid(_) => None,
            Order::Shuffled { blocks, places } => {
                if places.is_empty() {
                    while places.len() < SHUFFLED_TOGETHER {
                        let Some(block) = blocks.pop() else { break };
                        places.extend(block);
                    }
                    places.shuffle(&mut self.random);
                    places.reverse();
                }
                places.pop()
            }
        }
    }

    fn sample(&mut self, place: usize) -> Sample {
        let (row, caption) = match (&self.sampler.places, self.sampler.choice) {
            (Some(places), _) => places.row_and_caption(place),
            (None, CaptionChoice::Random) => (place, self.draw_caption(place)),
            (None, _) => (place, 0),
        };
        Sample {
            row,
            caption,
            captions: match self.sampler.places {
                Some(_) => 1,
                None => self.sampler.captions,
            },
            augmentation: Some(self.random.random()),
        }
    }

    fn draw_caption(&mut self, row: usize) -> usize {
        // A row without captions, or one that can't be read, is a bad row for whoever reads it.
        match self.sampler.dataset.caption_count(row) {
            Ok(0) | Err(_) => 0,
            Ok(all) => self.random.random_range(0..all),
        }
    }

    fn next_sample(&mut self) -> Option<Sample> {
        if let Order::Laid(samples) = &mut self.order {
            return samples.next();
        }
        self.next_place().map(|place| self.sample(place))
    }

    /// Lays the whole epoch out, its rows grouped by length.
    fn lay_out(&mut self) {
        if let Some(set) = &self.sampler.lengths {
            set.read_captions();
        }
        let mut rows = Vec::with_capacity(self.sampler.samples_per_epoch());
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
