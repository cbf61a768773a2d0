//! What the fine-tuning example shows on the terminal and draws.

use std::error::Error;
use std::path::Path;

use burn::module::Module;
use burn::tensor::Device;
use captioner::Captioner;
use captioner::data::{CaptionDataset, DatasetSplits, SkippedRow, Subset};
use captioner::git::GitForCausalLm;
use captioner::image::{RgbImage, Source};
use captioner::model::{Pretrained, Processor};
use captioner::report::{
    Captioned, CurveOptions, GridOptions, Note, Series, colour, curves_svg, sample_grid, write_png,
    write_svg,
};
use captioner::train::{Evaluation, TrainError, TrainerState, decode_row};

type Outcome = Result<(), Box<dyn Error>>;

/// Held-out pictures that are captioned and drawn at the end.
const CAPTIONED: usize = 6;

pub(crate) fn step(title: &str) {
    say!("\n{title}");
}

/// Features and row count of each split, as `datasets` prints them.
pub(crate) fn splits(splits: &DatasetSplits) {
    for (split, set) in splits.iter() {
        match splits.names().len() {
            1 => say!("{}", set.name()),
            _ => say!("{}, {split}", splits.name()),
        }
        for feature in set.features() {
            say!("  {}: {}", feature.name, feature.kind);
        }
        say!("  num_rows: {}", set.len());
    }
}

pub(crate) fn model(model: &GitForCausalLm, device: &Device) {
    let (config, vision) = (model.config(), &model.config().vision_config);
    let (size, patch) = (vision.image_size, vision.patch_size);
    say!(
        "GIT with {:.1} M parameters on {device:?}: {} vision and {} decoder layers, \
         {size} x {size} pixels in patches of {patch}, vocabulary of {}",
        model.num_params() as f64 / 1e6,
        vision.num_hidden_layers,
        config.num_hidden_layers,
        config.vocab_size,
    );
}

/// How many rows can't be used, and the first of them.
pub(crate) fn skipped(when: &str, rows: &[SkippedRow]) {
    if let Some(first) = rows.first() {
        say!("{} rows were skipped {when}, such as:", rows.len());
        say!("  {first}");
    }
}

/// The first pictures of a set that can be decoded, each with its first caption.
fn pictures(
    set: &Subset,
    processor: &Processor,
    count: usize,
) -> Result<Vec<(RgbImage, String)>, Box<dyn Error>> {
    let (mut found, mut first_error) = (Vec::new(), None);
    for row in 0..set.len() {
        if found.len() == count {
            break;
        }
        // One that can't be read is for the loader to stop at or to skip.
        match captioned(set, row, processor) {
            Ok(Some(captioned)) => found.push(captioned),
            Ok(None) => {}
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    match first_error {
        Some(error) if found.is_empty() => Err(error.into()),
        _ => Ok(found),
    }
}

/// A row's picture with its first caption, where it has one.
fn captioned(
    set: &Subset,
    row: usize,
    processor: &Processor,
) -> Result<Option<(RgbImage, String)>, TrainError> {
    let captions = set.captions(row)?;
    let Some(caption) = captions.first() else {
        return Ok(None);
    };
    let picture = decode_row(set, row, &processor.decoding)?;
    Ok(Some((picture, caption.clone())))
}

/// Five samples with their captions.
pub(crate) fn samples(
    train: &Subset,
    processor: &Processor,
) -> Result<Vec<(RgbImage, String)>, Box<dyn Error>> {
    pictures(train, processor, 5)
}

/// Draws samples with their captions.
pub(crate) fn draw(samples: &[(RgbImage, String)], path: &Path) -> Outcome {
    let captioned = samples
        .iter()
        .map(|(picture, text)| Captioned::new(picture, text));
    let items: Vec<_> = captioned.collect();
    let options = GridOptions {
        columns: 5,
        ..GridOptions::default()
    };
    write_png(&sample_grid(&items, &options)?, path)?;
    say!("drawn in {}", path.display());
    Ok(())
}

/// Training loss and held-out loss over the steps.
pub(crate) fn curves(state: &TrainerState, path: &Path) -> Outcome {
    let course = |name: &'static str, value| Series::new(name, state.curve(value));
    let mut series = vec![course("training", "loss"), course("held out", "eval_loss")];
    series.retain(|series| !series.points.is_empty());
    let options = CurveOptions {
        title: Some("Loss, nats per token".into()),
        x_label: "step".into(),
        y_label: "loss".into(),
        log_y: true,
        ..CurveOptions::default()
    };
    write_svg(&curves_svg(&series, &options)?, path)?;
    say!("loss curve drawn in {}", path.display());
    Ok(())
}

pub(crate) fn before_and_after(before: &Evaluation, after: &Evaluation) {
    say!("{:<28}{:>10}{:>10}", "held-out rows", "before", "after");
    let label = |name: &str| match name {
        "loss_per_token" => "loss, nats a token".to_owned(),
        "wer" => "WER, teacher-forced".to_owned(),
        "generated_wer" => "WER of generated captions".to_owned(),
        "generated_exact_match" => "generated, right to the word".to_owned(),
        other => other.to_owned(),
    };
    let (first, rest): (Vec<_>, Vec<_>) = after
        .scores
        .iter()
        .partition(|(name, _)| ["loss_per_token", "wer"].contains(&name.as_str()));
    for (name, after) in first.into_iter().chain(rest) {
        let before = before.score(name).unwrap_or(f64::NAN);
        say!("{:<28}{before:>10.4}{after:>10.4}", label(name));
    }
}

/// Whether training rows were learnt.
pub(crate) fn learnt(evaluation: &Evaluation) {
    let value = evaluation.score("generated_wer").unwrap_or(f64::NAN);
    let rows = evaluation.rows.len();
    say!("WER of captions generated for {rows} training pictures: {value:.4}");
}

/// Captions held-out pictures and draws them with the true and the generated caption.
pub(crate) fn captions(
    captioner: &Captioner,
    test: &Subset,
    processor: &Processor,
    path: &Path,
) -> Outcome {
    let pictures = pictures(test, processor, CAPTIONED)?;
    let sources: Vec<Source<'_>> = pictures
        .iter()
        .map(|(image, _)| Source::Rgb(image))
        .collect();
    let generated = captioner.caption(&sources)?;
    let mut items = Vec::new();
    for ((picture, truth), caption) in pictures.iter().zip(&generated) {
        say!("generated: {}\n     true: {truth}", caption.text);
        // In the tokenizer's spelling, as metrics compare them.
        let truth_spelled = processor.tokenizer.spelling(truth)?.text;
        let right = caption.text == truth_spelled;
        let ink = if right {
            colour::GREEN
        } else {
            colour::VERMILLION
        };
        let note = Note::new(&caption.text, ink);
        items.push(Captioned::new(picture, truth).with_note(note));
    }
    let options = GridOptions {
        columns: 3,
        title: Some("Held out: true caption, and below it the generated one".into()),
        ..GridOptions::default()
    };
    write_png(&sample_grid(&items, &options)?, path)?;
    say!("drawn in {}", path.display());
    Ok(())
}
