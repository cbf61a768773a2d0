//! Draws a sample grid and two charts from made-up pictures and numbers, to look at.
//!
//! `cargo run -p captioner-report --example sheet -- <folder>`; without a folder the pictures go
//! to the system's temporary folder.

use std::path::PathBuf;

use captioner_report::{
    Captioned, CurveOptions, GridOptions, Note, ReportError, Series, colour, curves, sample_grid,
    write_png,
};
use image::{Rgb, RgbImage};

const CAPTIONS: [&str; 10] = [
    "a drawing of a creature",
    "a drawing of a pink and blue creature with long ears and a smile",
    "a cartoon picture of a very large green dragon with two small yellow wings, a striped tail, \
     round eyes and a red apple held in its left claw",
    "twenty to one: a panorama",
    "one to twenty",
    "one pixel",
    "“Überraschung” – naïve Łódź, 龙 👍🏽…",
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
    "",
    "a black shape on white",
];

fn main() -> Result<(), ReportError> {
    let folder = std::env::args_os()
        .nth(1)
        .map_or_else(std::env::temp_dir, PathBuf::from);
    write_png(&samples()?, folder.join("samples.png"))?;
    write_png(&loss_chart()?, folder.join("loss.png"))?;
    write_png(&metric_chart()?, folder.join("metrics.png"))
}

fn samples() -> Result<RgbImage, ReportError> {
    let sizes = [
        (256, 256),
        (320, 240),
        (240, 320),
        (2000, 100),
        (15, 300),
        (1, 1),
        (64, 64),
        (900, 600),
        (256, 256),
        (128, 128),
    ];
    let pictures: Vec<RgbImage> = sizes.iter().zip(0..).map(|(s, i)| draw(*s, i)).collect();
    let items: Vec<Captioned> = pictures
        .iter()
        .zip(CAPTIONS)
        .map(|(p, c)| Captioned::new(p, c))
        .collect();
    let predicted = Note::new(
        "predicted: a drawing of a pink creature with long horns and a smile",
        colour::VERMILLION,
    );
    let mut items = items;
    items[1] = items[1].clone().with_note(predicted);
    items[9] = items[9].clone().with_note(Note::new(
        "predicted: a black shape on white",
        colour::GREEN,
    ));
    let title = Some("Samples from the training set".to_owned());
    sample_grid(
        &items,
        &GridOptions {
            title,
            ..GridOptions::default()
        },
    )
}

/// A ring on a gradient, or black on white.
fn draw((width, height): (u32, u32), kind: u32) -> RgbImage {
    let (w, h) = (f64::from(width), f64::from(height));
    RgbImage::from_fn(width, height, |x, y| {
        let (u, v) = (
            (f64::from(x) + 0.5) / w - 0.5,
            (f64::from(y) + 0.5) / h - 0.5,
        );
        let inside = ((u * u + v * v).sqrt() - 0.3).abs() < 0.08;
        match (kind % 9 == 8 || kind == 9, inside) {
            (true, inside) => Rgb([if inside { 0 } else { 255 }; 3]),
            (false, true) => Rgb([250, 240, 200]),
            (false, false) => Rgb([
                (100.0 + 150.0 * u) as u8,
                (110.0 + 120.0 * v) as u8,
                (60 + kind * 20) as u8,
            ]),
        }
    })
}

fn loss_chart() -> Result<RgbImage, ReportError> {
    let wobble = |i: u32| f64::from(i.wrapping_mul(2_654_435_761) >> 16) / 65_536.0 - 0.5;
    let fall = |i: u32| 6.0 * (-f64::from(i) / 250.0).exp() + 0.08;
    let train = (1..=2000).map(|i| (f64::from(i), fall(i) * (1.0 + 0.4 * wobble(i))));
    let eval = (1..=20).map(|i| (f64::from(i * 100), fall(i * 100) * 1.2 + 0.03));
    let series = [
        Series::new("training loss", train.collect()),
        Series::new("evaluation loss", eval.collect()),
    ];
    curves(
        &series,
        &CurveOptions {
            title: Some("Fine-tuning on the built-in creatures".to_owned()),
            y_label: "cross entropy (logarithmic)".to_owned(),
            log_y: true,
            ..CurveOptions::default()
        },
    )
}

fn metric_chart() -> Result<RgbImage, ReportError> {
    let names = [
        "WER",
        "CER",
        "ROUGE-1",
        "ROUGE-2",
        "ROUGE-L",
        "BLEU-1",
        "BLEU-2",
        "BLEU-3",
        "BLEU-4",
        "CIDEr",
        "METEOR",
        "exact match",
        "mean length",
        "perplexity",
        "distinct-1",
    ];
    let series: Vec<Series> = (0_u32..)
        .zip(names)
        .map(|(row, name)| {
            let speed = 3.0 + f64::from(row);
            let point = |i: u32| (f64::from(i) * 500.0, 1.0 - (-f64::from(i) / speed).exp());
            Series::new(name, (0..=20).map(point).collect())
        })
        .collect();
    curves(
        &series,
        &CurveOptions {
            title: Some("Held-out metrics".to_owned()),
            y_label: "score".to_owned(),
            ..CurveOptions::default()
        },
    )
}
