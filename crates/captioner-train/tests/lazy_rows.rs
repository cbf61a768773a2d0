//! Sets whose rows are read when they are asked for, and may fail then: one policy, wherever a row is
//! read.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use burn::tensor::Device;
use captioner_data::{BadRows, CaptionDataset, DataError, Feature, FeatureType, Picture};
use captioner_git::{GitConfig, GitForCausalLm};
use captioner_model::{ModelSpec, Processor};
use captioner_text::{CaptionTokenizer, WordPieceTraining};
use captioner_train::{
    CaptionChoice, DataLoader, EvaluationOptions, GuideOptions, IntervalStrategy, PreparedSet,
    Sampler, SamplingStrategy, SaveStrategy, Trainer, TrainingArguments, evaluate, find_bad_rows,
    guide_metrics, sequential_batches,
};

const ROWS: usize = 12;
/// Its captions can't be read.
const NO_CAPTIONS: usize = 3;
/// Its picture can't be read.
const NO_PICTURE: usize = 5;
/// Its bytes are no picture.
const BROKEN: usize = 8;
/// It has no caption.
const BARE: usize = 10;
const BAD: [usize; 4] = [NO_CAPTIONS, NO_PICTURE, BROKEN, BARE];

/// Rows in two blocks, as those of a file of row groups.
struct Shards;

fn failed(what: &str, row: usize) -> DataError {
    let shard = format!("train-0000{}.parquet", row / 6);
    let reason = format!("row {}: the {what} can't be read: the page is cut", row + 1);
    DataError::custom(shard, reason)
}

impl CaptionDataset for Shards {
    fn name(&self) -> &str {
        "shards"
    }

    fn len(&self) -> usize {
        ROWS
    }

    fn features(&self) -> Vec<Feature> {
        Feature::image_and("text", FeatureType::TextList)
    }

    fn captions(&self, row: usize) -> Result<Cow<'_, [String]>, DataError> {
        match row {
            NO_CAPTIONS => Err(failed("text", row)),
            BARE => Ok(Vec::new().into()),
            _ => Ok(vec!["a grey square".to_owned(); 1 + row % 2].into()),
        }
    }

    fn picture(&self, row: usize) -> Result<Picture, DataError> {
        match row {
            NO_PICTURE => Err(failed("image", row)),
            BROKEN => Ok(Picture::Encoded(b"no picture".to_vec())),
            _ => Ok(Picture::Rgb8 {
                width: 4,
                height: 4,
                pixels: vec![20 * row as u8; 48],
            }),
        }
    }

    /// As that of a set which has the names in the rows themselves.
    fn row_name(&self, row: usize) -> Result<String, DataError> {
        match row {
            NO_CAPTIONS => Err(failed("path", row)),
            _ => Ok(format!("{row}.png")),
        }
    }

    fn blocks(&self) -> Vec<Range<usize>> {
        vec![0..6, 6..ROWS]
    }
}

fn processor() -> Processor {
    let training = WordPieceTraining::default();
    let tokenizer = CaptionTokenizer::train_word_piece(["a grey square"], &training);
    Processor::clip(32, tokenizer.unwrap()).unwrap()
}

fn prepared(bad_rows: BadRows) -> PreparedSet {
    PreparedSet::new(Arc::new(Shards), processor(), 16).with_bad_rows(bad_rows)
}

fn model() -> GitForCausalLm {
    let spec = ModelSpec::for_tokenizer(&processor().tokenizer, 16);
    let mut config = GitConfig::small_for(&spec);
    config.vision_config.image_size = 32;
    config.vision_config.num_hidden_layers = 1;
    config.num_hidden_layers = 1;
    GitForCausalLm::new(config, 1, &Device::flex().autodiff()).unwrap()
}

fn good() -> Vec<usize> {
    (0..ROWS).filter(|row| !BAD.contains(row)).collect()
}

#[test]
fn every_order_and_choice_skips_the_same_rows_and_says_why() {
    for strategy in [
        SamplingStrategy::Random,
        SamplingStrategy::Sequential,
        SamplingStrategy::GroupByLength,
    ] {
        for choice in [
            CaptionChoice::Random,
            CaptionChoice::First,
            CaptionChoice::All,
        ] {
            let set = Arc::new(prepared(BadRows::Skip).with_caption_choice(choice));
            let sampler = Sampler::for_set(&set, 3, 1, 7).with_strategy(strategy);
            let planned = sampler.samples_per_epoch();
            let loaded: Result<Vec<_>, _> = DataLoader::new(&set, sampler.epoch(0), 2).collect();
            let mut rows: Vec<_> = loaded.unwrap().into_iter().flat_map(|b| b.rows).collect();
            rows.sort_unstable();
            let of_row = |row: usize| match choice {
                CaptionChoice::All => 1 + row % 2,
                _ => 1,
            };
            let want: Vec<_> = good()
                .into_iter()
                .flat_map(|row| vec![row; of_row(row)])
                .collect();
            assert_eq!(rows, want, "{strategy} {choice}");
            // A row that can't be read is planned once, or as often as it has captions.
            let bad: usize = [1, of_row(NO_PICTURE), of_row(BROKEN), 1].iter().sum();
            assert_eq!(planned, want.len() + bad);
            let skipped = set.skipped();
            let numbers: Vec<_> = skipped.iter().map(|row| row.row).collect();
            assert_eq!(numbers, BAD.map(|row| row + 1), "{strategy} {choice}");
            assert!(
                skipped[0].reason.contains("train-00000.parquet"),
                "{}",
                skipped[0]
            );
            assert!(
                skipped[0].reason.contains("row 4: the text"),
                "{}",
                skipped[0]
            );
            assert!(
                skipped[1].reason.contains("row 6: the image"),
                "{}",
                skipped[1]
            );
        }
    }
}

#[test]
fn a_run_and_its_evaluations_go_on_past_them() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = TrainingArguments {
        output_dir: folder.path().join("run"),
        num_train_epochs: 2.0,
        per_device_train_batch_size: 3,
        eval_strategy: IntervalStrategy::Epoch,
        predict_with_generate: true,
        generation_max_length: Some(6),
        save_strategy: SaveStrategy::No,
        ..TrainingArguments::default()
    };
    let (train, held_out) = (prepared(BadRows::Skip), prepared(BadRows::Skip));
    let (train, held_out) = (Arc::new(train), Arc::new(held_out));
    let mut trainer = Trainer::new(arguments, train.clone(), Some(held_out.clone())).unwrap();
    let model = trainer.train(model()).unwrap().model;
    for set in [&train, &held_out] {
        assert_eq!(set.skipped().len(), BAD.len());
    }
    let evaluation = evaluate(&model, &held_out, &EvaluationOptions::default()).unwrap();
    assert_eq!(evaluation.rows.len(), ROWS - BAD.len());
    assert_eq!(evaluation.skipped.len(), BAD.len());
    let guide = guide_metrics(&model, &held_out, &GuideOptions::default());
    assert!(guide.is_ok());
    // What the rows are can be said, with those that can't be read among them.
    assert_eq!(held_out.description(), held_out.description());
}

#[test]
fn without_skipping_the_first_stops_and_is_named_wherever_it_is_met() {
    let set = Arc::new(prepared(BadRows::Stop));
    let loaded: Vec<_> = DataLoader::new(&set, sequential_batches(ROWS, 1), 0).collect();
    for (row, batch) in loaded.iter().enumerate() {
        assert_eq!(batch.is_err(), BAD.contains(&row), "row {row}");
    }
    let error = loaded[NO_CAPTIONS].as_ref().unwrap_err().to_string();
    assert!(
        error.contains("train-00000.parquet") && error.contains("row 4"),
        "{error}"
    );
    let error = evaluate(&model(), &set, &EvaluationOptions::default()).unwrap_err();
    assert!(error.to_string().contains("row 4"), "{error}");
    assert_eq!(find_bad_rows(&set).len(), BAD.len());
}
