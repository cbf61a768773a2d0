//! What `custom_model` and `custom_loop` have in common: the creatures, split and made into what a
//! model reads, the settings of the run, and captions to look at.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use captioner::Captioner;
use captioner::creatures::Creatures;
use captioner::data::{CaptionDataset, Picture, Split, Subset, train_test_split};
use captioner::model::Processor;
use captioner::text::{CaptionTokenizer, WordPieceTraining};
use captioner::train::{
    Augmentation, Evaluation, IntervalStrategy, PreparedSet, TrainingArguments, picture_source,
};

/// Side of the pictures that the model reads, in pixels.
pub(crate) const IMAGE_SIZE: usize = 96;
/// Longest caption, in tokens.
pub(crate) const MAX_TOKENS: usize = 40;
/// Seed of everything random.
pub(crate) const SEED: u64 = 42;

pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// A processor, and what it makes of the rows to train on and of those held out.
pub(crate) type Prepared = (Processor, Arc<PreparedSet>, Arc<PreparedSet>);

/// Draws the creatures, holds a tenth of them out, and learns a vocabulary from the captions of the
/// others.
pub(crate) fn prepare() -> Outcome<Prepared> {
    let Split { train, test } = train_test_split(Arc::new(Creatures::new(SEED)), 0.1, SEED)?;
    let captions: Result<Vec<_>, _> = (0..train.len()).map(|row| train.captions(row)).collect();
    let training = WordPieceTraining::default();
    let tokenizer = CaptionTokenizer::train_word_piece(captions?.concat(), &training)?;
    let processor = Processor::clip(IMAGE_SIZE as u32, tokenizer)?;
    let set = |part: Subset| PreparedSet::new(Arc::new(part), processor.clone(), MAX_TOKENS);
    // Few pictures: each is varied every time it is used.
    let train = set(train).with_augmentation(Some(Augmentation::default()));
    let held_out = set(test);
    Ok((processor, Arc::new(train), Arc::new(held_out)))
}

/// The settings of the run.
pub(crate) fn arguments(output_dir: &Path) -> TrainingArguments {
    TrainingArguments {
        output_dir: output_dir.to_owned(),
        num_train_epochs: 20.0,
        gradient_accumulation_steps: 2,
        learning_rate: 2e-3,
        weight_decay: 0.05,
        warmup_steps: 0.05.into(),
        logging_steps: 100.into(),
        eval_strategy: IntervalStrategy::Steps,
        eval_steps: Some(235.into()), // five epochs
        save_steps: 235.into(),
        load_best_model_at_end: true,
        generation_max_length: Some(MAX_TOKENS),
        dataloader_num_workers: 1, // reads ahead while the model learns
        ..TrainingArguments::default()
    }
}

/// Values before and after training, on the held-out pictures.
pub(crate) fn compare(before: &Evaluation, after: &Evaluation) -> String {
    let line = |(name, after): (&String, &f64)| {
        let before = before.score(name).unwrap_or(f64::NAN);
        format!("  {name:<24}{before:>8.3} -> {after:.3}")
    };
    let lines: Vec<_> = after.scores.iter().map(line).collect();
    lines.join("\n")
}

/// The captions that are generated for the first held-out pictures, each with the true one below.
pub(crate) fn captions(captioner: &Captioner, held_out: &PreparedSet) -> Outcome<String> {
    let rows = || 0..held_out.dataset().len().min(3);
    let pictures: Result<Vec<Picture>, _> = rows().map(|r| held_out.dataset().picture(r)).collect();
    let pictures = pictures?;
    let sources: Vec<_> = pictures.iter().map(picture_source).collect();
    let mut lines = Vec::new();
    for (row, caption) in rows().zip(captioner.caption(&sources)?) {
        lines.push(format!("  generated: {}", caption.text));
        lines.push(format!(
            "       true: {}",
            held_out.dataset().captions(row)?[0]
        ));
    }
    Ok(lines.join("\n"))
}
