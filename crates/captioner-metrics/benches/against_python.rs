//! The Python packages and this crate on the same captions, in one run.
//!
//! ```text
//! CAPTIONER_PYTHON=python cargo bench -p captioner-metrics --bench against_python
//! ```
//!
//! `CAPTIONER_PYTHON` is a Python with jiwer, rouge_score, sacrebleu and pycocoevalcap. One thread
//! on both sides; medians of an odd number of runs. Scores of both sides are compared too.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

mod made_up;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use captioner_metrics::{
    CharErrorRate, Cider, CiderVariant, CocoBleu, CocoRouge, CocoTokenizer, Metric, Rouge,
    SacreBleu, SacreBleuSettings, WordErrorRate, metric, ptb_tokenize,
};

type Captions = (Vec<String>, Vec<Vec<String>>);
type Measured = (f64, f64); // seconds, score

fn main() {
    let python = std::env::var("CAPTIONER_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    for (rows, runs) in [(5_000, 3), (40_000, 1)] {
        let captions = made_up::rows(rows);
        let theirs = run_python(&python, &captions, runs);
        println!("\n{rows} captions, 5 references each (WER, CER and ROUGE: the first of them)");
        println!(
            "{:<26} {:>10} {:>10} {:>8}   score",
            "", "Python s", "ours s", "ratio"
        );
        for (name, ours) in ours(&captions, 2 * runs + 1) {
            compare(name, ours, theirs.get(name).copied());
        }
    }
}

fn compare(name: &str, (seconds, score): Measured, theirs: Option<Measured>) {
    let Some((python, expected)) = theirs else {
        println!(
            "{name:<26} {:>10} {seconds:>10.4} {:>8}   {score:.6}",
            "-", "-"
        );
        return;
    };
    let agreement = match (score - expected).abs() <= 1e-9 * expected.abs().max(1.0) {
        true => "the same".to_owned(),
        false => format!("theirs {expected}"),
    };
    let ratio = python / seconds;
    println!("{name:<26} {python:>10.3} {seconds:>10.4} {ratio:>7.1}x   {score:.6}, {agreement}");
}

fn ours(captions: &Captions, runs: usize) -> Vec<(&'static str, Measured)> {
    let (predictions, references) = captions;
    let firsts: Vec<_> = references.iter().map(|row| vec![row[0].clone()]).collect();
    let one = (predictions.clone(), firsts);
    let split = |caption: &String| ptb_tokenize(caption).join(" ");
    let presplit = (
        predictions.iter().map(split).collect(),
        references
            .iter()
            .map(|row| row.iter().map(split).collect())
            .collect(),
    );
    let pre = CocoTokenizer::Presplit;
    vec![
        (
            "wer",
            median(runs, || scored(WordErrorRate::new(), &one, "wer")),
        ),
        (
            "cer",
            median(runs, || scored(CharErrorRate::new(), &one, "cer")),
        ),
        (
            "rouge",
            median(runs, || scored(Rouge::new(false), &one, "rougeLsum")),
        ),
        (
            "rouge_stemmed",
            median(runs, || scored(Rouge::new(true), &one, "rougeLsum")),
        ),
        (
            "sacrebleu",
            median(runs, || {
                scored(
                    SacreBleu::new(SacreBleuSettings::default()),
                    captions,
                    "sacrebleu",
                )
            }),
        ),
        ("ptb_tokenize (Java)", median(runs, || tokens(captions))),
        (
            "bleu",
            median(runs, || scored(CocoBleu::new(pre), &presplit, "bleu_4")),
        ),
        (
            "rouge_l",
            median(runs, || scored(CocoRouge::new(pre), &presplit, "rouge_l")),
        ),
        (
            "cider_d",
            median(runs, || {
                scored(Cider::new(CiderVariant::CiderD, pre), &presplit, "cider_d")
            }),
        ),
        (
            "bleu with tokenizer",
            median(runs, || by_name("bleu", captions, "bleu_4")),
        ),
        (
            "cider_d with tokenizer",
            median(runs, || by_name("cider_d", captions, "cider_d")),
        ),
        (
            "meteor with tokenizer",
            median(runs, || by_name("meteor", captions, "meteor")),
        ),
    ]
}

fn scored(mut metric: impl Metric, (predictions, references): &Captions, figure: &str) -> f64 {
    metric.update(predictions, references).expect("paired rows");
    let scores = metric.compute().expect("rows came");
    scores.get(figure).expect("a figure of this metric")
}

fn by_name(name: &str, (predictions, references): &Captions, figure: &str) -> f64 {
    let mut metric = metric(name).expect("a listed name");
    metric.update(predictions, references).expect("paired rows");
    metric
        .compute()
        .expect("rows came")
        .get(figure)
        .expect("a figure of this metric")
}

fn tokens((predictions, references): &Captions) -> f64 {
    let captions = predictions.iter().chain(references.iter().flatten());
    captions
        .map(|caption| ptb_tokenize(caption).len())
        .sum::<usize>() as f64
}

fn median(runs: usize, work: impl Fn() -> f64) -> Measured {
    let mut score = 0.0;
    let mut seconds: Vec<f64> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            score = work();
            start.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    (seconds[runs / 2], score)
}

/// Seconds and score by name; nothing where Python or its packages are missing.
fn run_python(
    python: &str,
    (predictions, references): &Captions,
    runs: usize,
) -> BTreeMap<String, Measured> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../benches/peers/metrics.py");
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    let rows = predictions.iter().zip(references);
    for (prediction, references) in rows {
        let row = serde_json::json!({"prediction": prediction, "references": references});
        writeln!(file, "{row}").expect("room on the disk");
    }
    let output = Command::new(python)
        .args([script.as_os_str(), file.path().as_os_str()])
        .arg(runs.to_string())
        .output();
    match output {
        Ok(output) if output.status.success() => {
            serde_json::from_slice(&output.stdout).expect("the script prints JSON")
        }
        Ok(output) => {
            println!(
                "the Python side failed: {}",
                String::from_utf8_lossy(&output.stderr)
            );
            BTreeMap::new()
        }
        Err(error) => {
            println!("no Python side: {python}: {error}");
            BTreeMap::new()
        }
    }
}
