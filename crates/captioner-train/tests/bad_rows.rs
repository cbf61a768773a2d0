//! Rows that can't be used: one policy, whatever is wrong with them.

use std::borrow::Cow;
use std::sync::Arc;

use burn::tensor::Device;
use captioner_data::{
    BadRows, CaptionDataset, DataError, Feature, InMemoryDataset, OpenOptions, Picture,
    PictureFolder, SkippedRow,
};
use captioner_git::{GitConfig, GitForCausalLm};
use captioner_model::Processor;
use captioner_text::{CaptionTokenizer, WordPieceTraining};
use captioner_train::{
    DataLoader, EvaluationOptions, IntervalStrategy, PreparedSet, Sampler, SaveStrategy,
    TrainError, Trainer, TrainingArguments, evaluate, find_bad_rows, sequential_batches,
};

fn processor() -> Processor {
    let captions = ["a grey square"];
    let training = WordPieceTraining::default();
    let tokenizer = CaptionTokenizer::train_word_piece(captions, &training).unwrap();
    Processor::clip(32, tokenizer).unwrap()
}

fn square(grey: u8) -> Picture {
    Picture::Rgb8 {
        width: 4,
        height: 4,
        pixels: vec![grey; 48],
    }
}

/// Ten rows: the third picture can't be decoded, the sixth row has no caption.
fn dataset() -> InMemoryDataset {
    let mut set = InMemoryDataset::new("squares");
    for row in 0..10u8 {
        let picture = match row {
            2 => Picture::Encoded(b"no picture".to_vec()),
            _ => square(row * 20),
        };
        let captions = usize::from(row != 5);
        set.push(picture, vec!["a grey square".to_owned(); captions]);
    }
    set
}

fn prepared(set: impl CaptionDataset + 'static, bad_rows: BadRows) -> Arc<PreparedSet> {
    let set = PreparedSet::new(Arc::new(set), processor(), 16);
    Arc::new(set.with_bad_rows(bad_rows))
}

fn model() -> GitForCausalLm {
    let processor = processor();
    let tokenizer = &processor.tokenizer;
    let (pad, bos, eos) = (tokenizer.pad_id(), tokenizer.cls_id(), tokenizer.sep_id());
    let mut config = GitConfig::small(tokenizer.vocab_size(), pad, bos, eos);
    config.vision_config.image_size = 32;
    config.vision_config.num_hidden_layers = 1;
    config.num_hidden_layers = 1;
    GitForCausalLm::new(config, 1, &Device::flex().autodiff()).unwrap()
}

fn arguments(folder: &tempfile::TempDir) -> TrainingArguments {
    TrainingArguments {
        output_dir: folder.path().join("run"),
        num_train_epochs: 2.0,
        per_device_train_batch_size: 2,
        eval_strategy: IntervalStrategy::Epoch,
        save_strategy: SaveStrategy::No,
        ..TrainingArguments::default()
    }
}

#[test]
fn by_default_the_first_bad_row_stops_and_is_named() {
    for workers in [0, 1, 3] {
        let set = prepared(dataset(), BadRows::Stop);
        let plan = sequential_batches(10, 2);
        let batches: Vec<_> = DataLoader::new(&set, plan, workers).collect();
        assert_eq!(batches.len(), 5);
        let message = batches[1].as_ref().unwrap_err().to_string();
        assert!(
            message.contains("row 3") && !message.contains("--"),
            "{message}"
        );
        let message = batches[2].as_ref().unwrap_err().to_string();
        assert!(message.contains("row 6"), "{message}");
        assert!(set.skipped().is_empty());
    }
}

#[test]
fn skipped_rows_shorten_batches_and_are_listed_once() {
    for workers in [0, 1, 3] {
        let set = prepared(dataset(), BadRows::Skip);
        for _ in 0..2 {
            let plan = sequential_batches(10, 2);
            let rows: Result<Vec<_>, _> = DataLoader::new(&set, plan, workers).collect();
            let rows: Vec<_> = rows.unwrap().into_iter().map(|batch| batch.rows).collect();
            assert_eq!(rows, [vec![0, 1], vec![3], vec![4], vec![6, 7], vec![8, 9]]);
        }
        let skipped: Vec<_> = set.skipped().iter().map(|row| row.row).collect();
        assert_eq!(skipped, [3, 6]);
        assert!(set.skipped()[0].to_string().contains("squares"));
    }
}

#[test]
fn a_run_over_bad_rows_keeps_its_steps() {
    let folder = tempfile::tempdir().unwrap();
    let (train, eval) = (
        prepared(dataset(), BadRows::Skip),
        prepared(dataset(), BadRows::Skip),
    );
    let mut trainer = Trainer::new(arguments(&folder), train.clone(), Some(eval)).unwrap();
    assert_eq!(trainer.total_steps(), 10);
    let output = trainer.train(model()).unwrap();
    assert_eq!(output.state.global_step, 10);
    assert_eq!(train.skipped().len(), 2);
    let evaluation = trainer.evaluate(&output.model).unwrap();
    assert_eq!((evaluation.rows.len(), evaluation.skipped.len()), (8, 2));
}

#[test]
fn a_full_check_lists_every_bad_row_in_order() {
    let set = prepared(dataset(), BadRows::Stop);
    let bad: Vec<_> = find_bad_rows(&set)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(bad.len(), 2);
    assert!(
        bad[0].contains("row 3") && bad[1].contains("row 6"),
        "{bad:?}"
    );
}

#[test]
fn sets_without_a_usable_row_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let empty = prepared(InMemoryDataset::new("nothing"), BadRows::Skip);
    let error = Trainer::new(arguments(&folder), empty.clone(), None);
    assert!(matches!(error.err(), Some(TrainError::EmptySet { .. })));
    let some = prepared(dataset(), BadRows::Skip);
    let error = Trainer::new(arguments(&folder), some, None);
    assert!(matches!(error.err(), Some(TrainError::NoEvaluationSet)));
    let error = evaluate(&model(), &empty, &EvaluationOptions::default());
    assert!(matches!(error.err(), Some(TrainError::EmptySet { .. })));

    let mut broken = InMemoryDataset::new("broken");
    broken.push(Picture::Encoded(Vec::new()), ["a square"]);
    let broken = prepared(broken, BadRows::Skip);
    for max_steps in [None, Some(1)] {
        let arguments = TrainingArguments {
            output_dir: folder.path().join(format!("run-{max_steps:?}")),
            eval_strategy: IntervalStrategy::No,
            max_steps,
            ..arguments(&folder)
        };
        let mut trainer = Trainer::new(arguments, broken.clone(), None).unwrap();
        let error = trainer.train(model()).err().unwrap();
        assert!(matches!(error, TrainError::NoGoodRows { .. }), "{error}");
    }
    let error = evaluate(&model(), &broken, &EvaluationOptions::default());
    assert!(matches!(error.err(), Some(TrainError::NoGoodRows { .. })));
}

#[test]
fn rows_that_were_left_out_when_a_folder_was_opened_are_listed_too() {
    let root = tempfile::tempdir().unwrap();
    captioner_image::RgbImage::new(3, 2)
        .save(root.path().join("a.png"))
        .unwrap();
    std::fs::write(root.path().join("b.png"), "no png").unwrap();
    let lines = [
        r#"{"file_name": "a.png", "text": "a grey square"}"#,
        r#"{"file_name": "missing.png", "text": "a grey square"}"#,
        r#"{"file_name": "b.png", "text": "a grey square"}"#,
        r#"{"file_name": "a.png", "text": " "}"#,
    ];
    std::fs::write(root.path().join("metadata.jsonl"), lines.join("\n")).unwrap();
    let options = OpenOptions::default().with_bad_rows(BadRows::Skip);
    let folder = PictureFolder::open_with(root.path(), &options).unwrap();
    let set = prepared(folder, BadRows::Skip);
    let plan = Sampler::new(set.dataset().clone(), 8, 1, 0).epoch(0);
    let loaded: Result<Vec<_>, _> = DataLoader::new(&set, plan, 1).collect();
    assert_eq!(loaded.unwrap()[0].rows, [0]);
    let rows = |skipped: &[SkippedRow]| -> Vec<usize> { skipped.iter().map(|r| r.row).collect() };
    assert_eq!(rows(set.dataset().skipped()), [2, 4]);
    assert_eq!(rows(&set.skipped()), [3]);
}

/// A set whose pictures come from somewhere that fails in its own way, and differ at each reading.
struct Remote;

impl CaptionDataset for Remote {
    fn name(&self) -> &str {
        "remote"
    }

    fn len(&self) -> usize {
        2
    }

    fn features(&self) -> Vec<Feature> {
        Vec::new()
    }

    fn captions(&self, _row: usize) -> Result<Cow<'_, [String]>, DataError> {
        Ok(vec!["a grey square".to_owned()].into())
    }

    fn picture(&self, row: usize) -> Result<Picture, DataError> {
        match row {
            0 => Ok(square(7)),
            _ => Err(DataError::custom("remote", "the server is down")),
        }
    }

    fn row_name(&self, row: usize) -> Result<String, DataError> {
        Ok(format!("picture-{row}"))
    }

    fn rows_vary(&self) -> bool {
        true
    }
}

#[test]
fn a_sets_own_error_is_handed_on_and_obeys_the_policy() {
    let error = prepared(Remote, BadRows::Stop);
    let plan = sequential_batches(2, 2);
    let error = DataLoader::new(&error, plan, 0)
        .next()
        .unwrap()
        .err()
        .unwrap();
    assert!(error.to_string().contains("the server is down"), "{error}");
    let set = prepared(Remote, BadRows::Skip);
    let loaded = DataLoader::new(&set, sequential_batches(2, 2), 0).next();
    assert_eq!(loaded.unwrap().unwrap().rows, [0]);
    assert!(set.skipped()[0].reason.contains("the server is down"));
}
