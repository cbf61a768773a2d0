//! A set of a million rows: a run begins without reading them all.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use burn::tensor::Device;
use captioner_data::{
    CaptionDataset, DataError, Feature, FeatureType, Picture, Split, Subset, train_test_split,
};
use captioner_git::{GitConfig, GitForCausalLm};
use captioner_model::{ModelSpec, Processor};
use captioner_text::{CaptionTokenizer, WordPieceTraining};
use captioner_train::{
    CaptionChoice, IntervalStrategy, PreparedSet, Sampler, SamplingStrategy, SaveStrategy, Trainer,
    TrainingArguments,
};

const ROWS: usize = 1_000_000;
/// Rows of a block.
const BLOCK: usize = 1000;

/// Rows that are made when they are asked for, and counts of what was asked for.
#[derive(Default)]
struct Million {
    captions: AtomicUsize,
    counts: AtomicUsize,
    pictures: AtomicUsize,
}

impl Million {
    /// What was read since it was asked last: captions, numbers of captions, pictures.
    fn read(&self) -> [usize; 3] {
        [&self.captions, &self.counts, &self.pictures].map(|count| count.swap(0, Ordering::Relaxed))
    }
}

impl CaptionDataset for Million {
    fn name(&self) -> &str {
        "million"
    }

    fn len(&self) -> usize {
        ROWS
    }

    fn features(&self) -> Vec<Feature> {
        Feature::image_and("text", FeatureType::TextList)
    }

    fn captions(&self, row: usize) -> Result<Cow<'_, [String]>, DataError> {
        self.captions.fetch_add(1, Ordering::Relaxed);
        Ok(vec![format!("square {row}"); 1 + row % 2].into())
    }

    fn caption_count(&self, row: usize) -> Result<usize, DataError> {
        self.counts.fetch_add(1, Ordering::Relaxed);
        Ok(1 + row % 2)
    }

    fn picture(&self, row: usize) -> Result<Picture, DataError> {
        self.pictures.fetch_add(1, Ordering::Relaxed);
        Ok(Picture::Rgb8 {
            width: 4,
            height: 4,
            pixels: vec![row as u8; 48],
        })
    }

    fn row_name(&self, row: usize) -> Result<String, DataError> {
        Ok(row.to_string())
    }

    fn blocks(&self) -> Vec<Range<usize>> {
        let starts = (0..ROWS).step_by(BLOCK);
        starts.map(|start| start..start + BLOCK).collect()
    }
}

fn processor() -> Processor {
    let training = WordPieceTraining::default();
    let tokenizer = CaptionTokenizer::train_word_piece(["square 0123456789"], &training);
    Processor::clip(32, tokenizer.unwrap()).unwrap()
}

fn model() -> GitForCausalLm {
    let spec = ModelSpec::for_tokenizer(&processor().tokenizer, 32);
    let mut config = GitConfig::small_for(&spec);
    config.vision_config.image_size = 32;
    config.vision_config.num_hidden_layers = 1;
    config.num_hidden_layers = 1;
    GitForCausalLm::new(config, 1, &Device::flex().autodiff()).unwrap()
}

#[test]
fn a_run_reads_what_its_steps_need_and_no_more() {
    let started = Instant::now();
    let set = Arc::new(Million::default());
    let Split { train, test } = train_test_split(set.clone(), 0.1, 42).unwrap();
    let prepare = |part| PreparedSet::new(Arc::new(part), processor(), 16);
    let folder = tempfile::tempdir().unwrap();
    let arguments = TrainingArguments {
        output_dir: folder.path().join("run"),
        max_steps: Some(2),
        eval_strategy: IntervalStrategy::No,
        save_strategy: SaveStrategy::Steps,
        save_steps: 1.into(),
        dataloader_num_workers: 1,
        ..TrainingArguments::default()
    };
    let held_out = Arc::new(prepare(test));
    let mut trainer = Trainer::new(arguments, Arc::new(prepare(train)), Some(held_out)).unwrap();
    trainer.check(&model()).unwrap();
    trainer.train(model()).unwrap();
    let [captions, counts, pictures] = set.read();
    eprintln!(
        "{captions} captions, {counts} counts, {pictures} pictures, {:?}",
        started.elapsed()
    );
    // Batches of 8: two checks of both sets, two steps, three batches ahead.
    assert!(pictures <= 8 * 10, "{pictures} pictures");
    // 102 rows of each set for each of two checkpoints, and those of the pictures.
    assert!(
        captions + counts <= 2 * 2 * 102 + 3 * pictures,
        "{captions} and {counts}"
    );
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

#[test]
fn what_must_be_known_of_every_row_is_read_once_and_without_pictures() {
    let set = Arc::new(Million::default());
    let prepared = PreparedSet::new(set.clone(), processor(), 16);
    let all = Arc::new(prepared.with_caption_choice(CaptionChoice::All));
    for _ in 0..3 {
        let sampler = Sampler::for_set(&all, 100, 1, 1);
        assert_eq!(sampler.samples_per_epoch(), ROWS + ROWS / 2);
        assert_eq!(sampler.epoch(0).next().map(|batch| batch.len()), Some(100));
    }
    assert_eq!(set.read(), [0, ROWS, 0]);

    let first = PreparedSet::new(set.clone(), processor(), 16);
    let first = Arc::new(first.with_caption_choice(CaptionChoice::First));
    let epoch = Sampler::for_set(&first, 100, 1, 1).epoch(0);
    assert_eq!(
        epoch.take(1000).map(|batch| batch.len()).sum::<usize>(),
        100_000
    );
    assert_eq!(set.read(), [0, 0, 0]);

    const FEWER: usize = 50_000;
    let fewer = Subset::new(set.clone(), (0..FEWER).collect(), "fewer").unwrap();
    let fewer = PreparedSet::new(Arc::new(fewer), processor(), 16);
    let fewer = Arc::new(fewer.with_caption_choice(CaptionChoice::First));
    let grouped =
        Sampler::for_set(&fewer, 100, 1, 1).with_strategy(SamplingStrategy::GroupByLength);
    for _ in 0..2 {
        grouped.epoch(0).next().unwrap();
    }
    assert_eq!(set.read(), [FEWER, 0, 0]);
}
