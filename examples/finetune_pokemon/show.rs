//! What the fine-tuning example shows on the terminal and draws.

use std::error::Error;
use std::path::Path;

use burn::module::Module;
use burn::tensor::Device;
use captioner::Captioner;
use captioner::data::{CaptionDataset, Subset};
use captioner::git::GitForCausalLm;
use captioner::image::{DecodeOptions, RgbImage};
use captioner::report::{
    Captioned, CurveOptions, GridOptions, Note, Series, colour, sample_grid, write_png,
};
use captioner::train::{Evaluation, TrainerState, decode_row};

type Outcome = Result<(), Box<dyn Error>>;

/// Held-out pictures that are captioned and drawn at the end.
const CAPTIONED: usize = 6;

pub(crate) fn step(title: &str) {
    println!("\n{title}");
}

/// Features and row count, as `datasets` prints them.
pub(crate) fn features(dataset: &dyn CaptionDataset) {
    println!("{}", dataset.name());
    for feature in dataset.features() {
        println!("  {}: {}", feature.name, feature.kind);
    }
    println!("  num_rows: {}", dataset.len());
}

pub(crate) fn model(model: &GitForCausalLm, device: &Device) {
    let (config, vision) = (model.config(), &model.config().vision_config);
    let (size, patch) = (vision.image_size, vision.patch_size);
    println!(
        "GIT with {:.1} M parameters on {device:?}: {} vision and {} decoder layers, \
         {size} x {size} pixels in patches of {patch}, vocabulary of {}",
        model.num_params() as f64 / 1e6,
        vision.num_hidden_layers,
        config.num_hidden_layers,
        config.vocab_size,
    );
}

fn pictures(set: &Subset, count: usize) -> Result<Vec<(RgbImage, String)>, Box<dyn Error>> {
    let rows = 0..count.min(set.len());
    rows.map(|row| {
        let picture = decode_row(set, row, &DecodeOptions::default())?;
        Ok((picture, set.captions(row)?[0].clone()))
    })
    .collect()
}

/// Five samples with their captions.
pub(crate) fn samples(train: &Subset, path: &Path) -> Outcome {
    let pictures = pictures(train, 5)?;
    let captioned = pictures
        .iter()
        .map(|(picture, text)| Captioned::new(picture, text));
    let items: Vec<_> = captioned.collect();
    let options = GridOptions {
        columns: 5,
        ..GridOptions::default()
    };
    write_png(&sample_grid(&items, &options)?, path)?;
    println!("drawn in {}", path.display());
    Ok(())
}

/// Training loss and held-out loss over the steps.
pub(crate) fn curves(state: &TrainerState, path: &Path) -> Outcome {
    let course = |name: &'static str, figure| Series::new(name, state.curve(figure));
    let mut series = vec![course("training", "loss"), course("held out", "eval_loss")];
    series.retain(|series| !series.points.is_empty());
    let options = CurveOptions {
        title: Some("Loss, nats per token".into()),
        x_label: "step".into(),
        y_label: "loss".into(),
        log_y: true,
        ..CurveOptions::default()
    };
    write_png(&captioner::report::curves(&series, &options)?, path)?;
    println!("loss curve drawn in {}", path.display());
    Ok(())
}

pub(crate) fn before_and_after(before: &Evaluation, after: &Evaluation) {
    println!("{:<28}{:>10}{:>10}", "held-out rows", "before", "after");
    for (name, label) in [
        ("loss", "loss, nats a token"),
        ("wer", "WER, teacher forced"),
        ("generated_wer", "WER of generated captions"),
        ("generated_exact_match", "generated, right to the word"),
    ] {
        let value = |evaluation: &Evaluation| evaluation.score(name).unwrap_or(f64::NAN);
        println!("{label:<28}{:>10.4}{:>10.4}", value(before), value(after));
    }
}

/// Whether training rows were learnt.
pub(crate) fn learnt(evaluation: &Evaluation) {
    let value = evaluation.score("generated_wer").unwrap_or(f64::NAN);
    let rows = evaluation.rows.len();
    println!("WER of captions generated for {rows} training pictures: {value:.4}");
}

/// Captions held-out pictures and draws them with the true and the written caption.
pub(crate) fn captions(captioner: &Captioner, test: &Subset, path: &Path) -> Outcome {
    let pictures = pictures(test, CAPTIONED)?;
    let images: Vec<RgbImage> = pictures.iter().map(|(image, _)| image.clone()).collect();
    let written = captioner.caption(&images)?;
    let mut items = Vec::new();
    for ((picture, truth), caption) in pictures.iter().zip(&written) {
        println!("written: {}\n   true: {truth}", caption.text);
        let right = caption.text == *truth;
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
        title: Some("Held out: true caption, and below it the written one".into()),
        ..GridOptions::default()
    };
    write_png(&sample_grid(&items, &options)?, path)?;
    println!("drawn in {}", path.display());
    Ok(())
}
