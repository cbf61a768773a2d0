//! The order of rows: strategies, and epochs that are taken up in their middle.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use captioner_data::{CaptionDataset, DataError, Feature, Picture};
use captioner_model::Processor;
use captioner_text::{CaptionTokenizer, WordPieceTraining};
use captioner_train::{CaptionChoice, PreparedSet, Sample, Sampler, SamplingStrategy};

const STRATEGIES: [SamplingStrategy; 3] = [
    SamplingStrategy::Random,
    SamplingStrategy::Sequential,
    SamplingStrategy::GroupByLength,
];

/// Rows in two blocks; row `r` has one to three captions of up to 23 words. Its pictures must not be
/// read.
struct Words {
    rows: usize,
}

fn words(row: usize, caption: usize) -> usize {
    1 + (row * 7 + caption * 11) % 23
}

impl CaptionDataset for Words {
    fn name(&self) -> &str {
        "words"
    }

    fn len(&self) -> usize {
        self.rows
    }

    fn features(&self) -> Vec<Feature> {
        Vec::new()
    }

    fn captions(&self, row: usize) -> Result<Cow<'_, [String]>, DataError> {
        let caption = |caption| vec!["word"; words(row, caption)].join(" ");
        Ok((0..1 + row % 3).map(caption).collect())
    }

    fn picture(&self, _row: usize) -> Result<Picture, DataError> {
        panic!("no sampler reads a picture");
    }

    fn row_name(&self, row: usize) -> Result<String, DataError> {
        Ok(row.to_string())
    }

    fn blocks(&self) -> Vec<Range<usize>> {
        vec![0..self.rows / 3, self.rows / 3..self.rows]
    }
}

fn prepared(rows: usize) -> Arc<PreparedSet> {
    let captions = ["word"];
    let training = WordPieceTraining::default();
    let tokenizer = CaptionTokenizer::train_word_piece(captions, &training).unwrap();
    let processor = Processor::clip(32, tokenizer).unwrap();
    Arc::new(PreparedSet::new(Arc::new(Words { rows }), processor, 20))
}

fn sampler(rows: usize, strategy: SamplingStrategy) -> Sampler {
    Sampler::for_set(&prepared(rows), 4, 2, 9).with_strategy(strategy)
}

fn rows(batches: &[Vec<Sample>]) -> Vec<usize> {
    batches.iter().flatten().map(|sample| sample.row).collect()
}

#[test]
fn what_follows_skipped_batches_is_what_follows_them_in_the_whole_epoch() {
    for strategy in STRATEGIES {
        for drop_last in [false, true] {
            let sampler = sampler(87, strategy).with_drop_last(drop_last);
            let whole: Vec<_> = sampler.epoch(3).collect();
            assert_eq!(whole.len(), sampler.batches_per_epoch());
            for skipped in [0, 1, 5, 20, 21, 22, 100] {
                let mut rest = sampler.epoch(3);
                rest.skip_batches(skipped);
                let rest: Vec<_> = rest.collect();
                assert_eq!(rest, whole[skipped.min(whole.len())..], "{strategy}");
            }
        }
    }
}

#[test]
fn every_epoch_has_each_row_once_and_can_be_made_again() {
    for strategy in STRATEGIES {
        let sampler = sampler(87, strategy);
        let epoch = |epoch| sampler.epoch(epoch).collect::<Vec<_>>();
        let first = epoch(0);
        assert_eq!(first, epoch(0));
        // The order or at least the captions and augmentations differ.
        assert_ne!(first, epoch(1));
        let mut sorted = rows(&first);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..87).collect::<Vec<_>>(), "{strategy}");
        assert_eq!(first.last().map(Vec::len), Some(3));
    }
}

#[test]
fn sequential_rows_are_in_the_sets_own_order() {
    let epoch: Vec<_> = sampler(30, SamplingStrategy::Sequential).epoch(2).collect();
    assert_eq!(rows(&epoch), (0..30).collect::<Vec<_>>());
}

#[test]
fn a_short_last_batch_is_dropped_where_asked() {
    for (rows, batches) in [(3, 0), (4, 1), (11, 2), (12, 3)] {
        let sampler = sampler(rows, SamplingStrategy::Random).with_drop_last(true);
        let epoch: Vec<_> = sampler.epoch(0).collect();
        assert_eq!(epoch.len(), batches, "{rows} rows");
        assert_eq!(sampler.batches_per_epoch(), batches);
        assert!(epoch.iter().all(|batch| batch.len() == 4));
    }
}

/// Tokens of the longest caption that a sample uses: its words, start and end, truncated to 20.
fn length(sample: &Sample) -> usize {
    let all = 1 + sample.row % 3;
    let used = (0..sample.captions.min(all)).map(|next| (sample.caption + next) % all);
    let tokens = used.map(|caption| (words(sample.row, caption) + 2).min(20));
    tokens.max().unwrap_or(0)
}

/// Pads of all batches.
fn pads(batches: &[Vec<Sample>]) -> usize {
    let pads = batches.iter().map(|batch| {
        let longest = batch.iter().map(length).max().unwrap_or(0);
        batch.iter().map(|s| longest - length(s)).sum::<usize>()
    });
    pads.sum()
}

#[test]
fn rows_are_grouped_by_the_tokens_of_the_captions_that_are_used() {
    let grouped: Vec<_> = sampler(330, SamplingStrategy::GroupByLength)
        .epoch(0)
        .collect();
    let random: Vec<_> = sampler(330, SamplingStrategy::Random).epoch(0).collect();
    let all = || grouped.iter().flatten();
    assert_eq!(Some(length(&grouped[0][0])), all().map(length).max());
    // Groups of 20 batches of 4, each from long to short; the first row of all and one other have
    // changed places.
    let samples: Vec<_> = all().collect();
    let rises = samples.windows(2).enumerate();
    let rises = rises.filter(|(at, pair)| (at + 1) % 80 != 0 && length(pair[0]) < length(pair[1]));
    assert!(rises.count() <= 2);
    assert!(pads(&grouped) * 5 < pads(&random), "{}", pads(&grouped));
    // The captions are those of the same draw, in another order.
    let drawn = |batches: &[Vec<Sample>]| {
        let mut all = batches.concat();
        all.sort_by_key(|sample| sample.row);
        all
    };
    assert_eq!(drawn(&grouped), drawn(&random));
}

#[test]
fn without_a_tokenizer_words_are_counted() {
    let sampler = Sampler::new(Arc::new(Words { rows: 60 }), 60, 1, 1)
        .with_strategy(SamplingStrategy::GroupByLength);
    let batch = sampler.epoch(0).next().unwrap();
    let lengths = batch.iter().map(|s| words(s.row, s.caption));
    assert!(lengths.is_sorted_by(|a, b| a >= b));
}

#[test]
fn strategies_have_the_names_of_transformers() {
    for (strategy, name) in STRATEGIES
        .into_iter()
        .zip(["random", "sequential", "group_by_length"])
    {
        assert_eq!(strategy.to_string(), name);
        assert_eq!(name.parse::<SamplingStrategy>().unwrap(), strategy);
        let json = serde_json::to_string(&strategy).unwrap();
        assert_eq!(json, format!("\"{name}\""));
    }
    let message = "shuffled".parse::<SamplingStrategy>().unwrap_err();
    assert!(message.to_string().contains("group_by_length"));
}

/// Rows and captions, sorted.
fn pairs(batches: &[Vec<Sample>]) -> Vec<(usize, usize)> {
    let all = batches.iter().flatten();
    let mut pairs: Vec<_> = all.map(|sample| (sample.row, sample.caption)).collect();
    pairs.sort_unstable();
    pairs
}

#[test]
fn all_captions_of_an_epoch_are_each_row_with_each_of_its_captions() {
    for strategy in STRATEGIES {
        let sampler = sampler(87, strategy).with_caption_choice(CaptionChoice::All);
        let epoch: Vec<_> = sampler.epoch(1).collect();
        assert_eq!(epoch.len(), sampler.batches_per_epoch());
        let want = (0..87).flat_map(|row| (0..1 + row % 3).map(move |caption| (row, caption)));
        assert_eq!(pairs(&epoch), want.collect::<Vec<_>>(), "{strategy}");
        assert_eq!(sampler.samples_per_epoch(), 29 * (1 + 2 + 3));
        assert!(epoch.iter().flatten().all(|sample| sample.captions == 1));
        // Each sample varies its picture in its own way.
        let seeds: std::collections::BTreeSet<_> = epoch
            .iter()
            .flatten()
            .map(|sample| sample.augmentation)
            .collect();
        assert_eq!(seeds.len(), sampler.samples_per_epoch());
        let mut rest = sampler.epoch(1);
        rest.skip_batches(7);
        assert_eq!(rest.collect::<Vec<_>>(), epoch[7..], "{strategy}");
    }
    let shuffled = sampler(87, SamplingStrategy::Random).with_caption_choice(CaptionChoice::All);
    let epochs = [0, 1].map(|epoch| shuffled.epoch(epoch).collect::<Vec<_>>());
    assert_ne!(rows(&epochs[0]), rows(&epochs[1]));
    assert!(!rows(&epochs[0]).is_sorted());
}

#[test]
fn the_first_caption_is_the_first_and_one_at_random_is_any() {
    for strategy in STRATEGIES {
        let first = sampler(87, strategy).with_caption_choice(CaptionChoice::First);
        for sample in first.epoch(2).flatten() {
            assert_eq!((sample.caption, sample.captions), (0, 2));
        }
        let random: Vec<_> = sampler(87, strategy).epoch(2).flatten().collect();
        let others = random.iter().filter(|sample| sample.caption > 0).count();
        assert!(others > 20, "{others}");
    }
}

#[test]
fn a_sampler_of_a_set_has_the_sets_choice() {
    let set = |choice| {
        let words: Arc<dyn CaptionDataset> = Arc::new(Words { rows: 9 });
        let processor = prepared(9).processor().clone();
        Arc::new(PreparedSet::new(words, processor, 20).with_caption_choice(choice))
    };
    for (choice, samples) in [
        (CaptionChoice::Random, 9),
        (CaptionChoice::First, 9),
        (CaptionChoice::All, 18),
    ] {
        assert_eq!(
            Sampler::for_set(&set(choice), 4, 1, 1).samples_per_epoch(),
            samples
        );
    }
}

/// Rows and captions that the sampler drew before there was a choice.
const DRAWN: [(usize, usize); 12] = [
    (5, 2),
    (7, 0),
    (4, 1),
    (11, 2),
    (6, 0),
    (2, 2),
    (1, 1),
    (8, 1),
    (3, 0),
    (10, 1),
    (0, 0),
    (9, 0),
];

/// The seed of the first sample's augmentation.
const FIRST_SEED: u64 = 8_074_591_699_038_999_390;

/// Runs of earlier versions go on with what they drew.
#[test]
fn the_default_draws_what_it_always_drew() {
    let epoch: Vec<_> = sampler(12, SamplingStrategy::Random)
        .epoch(3)
        .flatten()
        .collect();
    let drawn: Vec<_> = epoch.iter().map(|s| (s.row, s.caption)).collect();
    assert_eq!(drawn, DRAWN);
    assert_eq!(epoch[0].augmentation, Some(FIRST_SEED));
}
