//! The Hugging Face image-captioning guide as a program, section by section; `docs/guide.md` explains
//! each step: `cargo run --release --example guide`

#[path = "cli/lines.rs"]
mod lines;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use captioner::burn::module::Module;
use captioner::data::{CaptionDataset, OpenOptions, Split, Subset, train_test_split};
use captioner::git::{GitConfig, GitForCausalLm};
use captioner::image::{DecodeOptions, Source};
use captioner::model::{ModelSpec, Pretrained, Processor, save_pretrained};
use captioner::ops::DeviceSpec;
use captioner::report::{Captioned, GridOptions, sample_grid, write_png};
use captioner::text::{CaptionTokenizer, WordPieceTraining};
use captioner::train::{
    Augmentation, IntervalStrategy, PreparedSet, ProgressCallback, Trainer, TrainingArguments,
    decode_row,
};
use captioner::{Captioner, open_dataset};

fn main() -> ExitCode {
    lines::end(run)
}

fn run() -> Result<(), Box<dyn Error>> {
    lines::out("Load the dataset");
    let dataset = open_dataset("creatures", 42, &OpenOptions::default())?;
    for feature in dataset.features() {
        lines::out(format_args!("  {}: {}", feature.name, feature.kind));
    }
    lines::out(format_args!("  num_rows: {}", dataset.len()));
    let Split { train, test } = train_test_split(dataset, 0.1, 42)?;

    let folder = next_free("git-creatures-guide");
    std::fs::create_dir(&folder)?;
    let mut pictures = Vec::new();
    for row in 0..5 {
        let picture = decode_row(&train, row, &DecodeOptions::default())?;
        pictures.push((picture, train.captions(row)?[0].clone()));
    }
    let samples = pictures.iter().map(|(p, c)| Captioned::new(p, c));
    let grid = sample_grid(&samples.collect::<Vec<_>>(), &GridOptions::default())?;
    write_png(&grid, folder.join("samples.png"))?;

    lines::out("Preprocess the dataset");
    let captions: Result<Vec<_>, _> = (0..train.len()).map(|row| train.captions(row)).collect();
    let vocabulary = WordPieceTraining::default();
    let tokenizer = CaptionTokenizer::train_word_piece(captions?.concat(), &vocabulary)?;
    let spec = ModelSpec::for_tokenizer(&tokenizer, 64);
    let processor = Processor::clip(96, tokenizer)?; // pictures of 96 x 96 pixels
    let prepare = |part: Subset| PreparedSet::new(Arc::new(part), processor.clone(), 64);
    let train_set = prepare(train).with_augmentation(Some(Augmentation::default()));
    let (train_set, test_set) = (Arc::new(train_set), Arc::new(prepare(test.clone())));

    lines::out("Load a base model");
    let device = DeviceSpec::AUTO.open()?.autodiff();
    let config = GitConfig::small_for(&spec);
    let model = GitForCausalLm::with_fresh_weights(config, 42, &device)?;
    lines::out(format_args!("  {} parameters", model.num_params()));

    lines::out("Evaluate");
    let arguments = TrainingArguments {
        output_dir: folder.join("checkpoints"),
        learning_rate: 2e-3,
        num_train_epochs: 20.0,
        per_device_train_batch_size: 16,
        per_device_eval_batch_size: 32,
        warmup_steps: 0.05.into(),
        logging_steps: 94.into(),
        eval_strategy: IntervalStrategy::Steps,
        save_steps: 94.into(),
        save_total_limit: Some(3),
        load_best_model_at_end: true,
        metrics: vec!["wer".into()],
        generation_max_length: Some(40),
        dataloader_num_workers: 1, // reads ahead while the model learns
        ..TrainingArguments::default()
    };
    let mut trainer = Trainer::new(arguments, train_set, Some(test_set))?
        .with_callback(ProgressCallback::default());
    let before = trainer.evaluate(&model.valid())?;

    lines::out("Train");
    let model = trainer.train(model)?.model.valid();
    let after = trainer.evaluate(&model)?;
    for (name, value) in &after.scores {
        let before = before.score(name).unwrap_or(f64::NAN);
        lines::out(format_args!("  {name:<16}{before:>8.3} -> {value:.3}"));
    }
    let saved = folder.join("model");
    save_pretrained(&model, &processor, &saved)?;
    lines::out(format_args!("  saved in {}", saved.display()));

    lines::out("Inference");
    let captioner = Captioner::from_pretrained(&saved, DeviceSpec::AUTO)?;
    let picture = decode_row(&test, 0, &DecodeOptions::default())?;
    let caption = captioner.caption(&[Source::Rgb(&picture)])?.remove(0);
    lines::out(format_args!("  {}", caption.text));
    lines::out(format_args!("  true: {}", test.captions(0)?[0]));
    Ok(())
}

/// A name that nothing has, so that the program can be run twice.
fn next_free(name: &str) -> PathBuf {
    let numbered = (2..).map(|run| PathBuf::from(format!("{name}-{run}")));
    let mut names = std::iter::once(PathBuf::from(name)).chain(numbered);
    names.find(|path| !path.exists()).unwrap_or_default()
}
