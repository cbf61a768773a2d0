//! The Python packages and this crate on the same captions, in one run.
//!
//! ```text
//! CAPTIONER_PYTHON=python cargo bench -p captioner-metrics --bench against_python
//! ```
//!
//! Other numbers of captions than 5,000 and 40,000 can be given behind `--`.
//! `CAPTIONER_PYTHON` is a Python with jiwer, rouge_score, sacrebleu and pycocoevalcap. One thread
//! on both sides; medians of an odd number of runs. Ratios are given for the wall clock and for
//! processor time, which other work on the machine disturbs less. Scores are compared too.

#![expect(clippy::print_stdout, reason = "a bench prints its measurements")]

mod stopwatch;
mod synthetic;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use captioner_metrics::{
    CharErrorRate, Cider, CiderVariant, CocoBleu, CocoRouge, CocoTokenizer, Metric, Rouge,
    SacreBleu, SacreBleuSettings, WordErrorRate, borrow_captions, borrow_references, metric,
    ptb_tokenize,
};

type Captions = (Vec<String>, Vec<Vec<String>>);

/// Wall clock and processor seconds, and the score.
type Measured = (f64, f64, f64);

fn main() {
    let python = std::env::var("CAPTIONER_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let sizes: Vec<usize> = std::env::args()
        .filter_map(|size| size.parse().ok())
        .collect();
    let sizes = if sizes.is_empty() {
        vec![5_000, 40_000]
    } else {
        sizes
    };
    for rows in sizes {
        let runs = if rows < 10_000 { 3 } else { 1 };
        let captions = synthetic::rows(rows);
        let theirs = run_python(&python, &captions, runs);
        println!("\n{rows} captions, 5 references each (WER, CER and ROUGE: the first of them)");
        let [a, b, c, d] = ["Python s", "ours s", "ratio", "by CPU"];
        println!("{:<24} {a:>9} {b:>9} {c:>8} {d:>8}   score", "");
        for (name, ours) in ours(&captions, 2 * runs + 1) {
            compare(name, ours, theirs.get(name).copied());
        }
    }
}

fn compare(name: &str, (wall, processor, score): Measured, theirs: Option<Measured>) {
    let Some((their_wall, their_processor, expected)) = theirs else {
        println!(
            "{name:<24} {:>9} {wall:>9.4} {:>8} {:>8}   {score:.6}",
            "-", "-", "-"
        );
        return;
    };
    let agreement = match (score - expected).abs() <= 1e-9 * expected.abs().max(1.0) {
        true => "the same".to_owned(),
        false => format!("theirs {expected}"),
    };
    let [ratio, by_processor] = [their_wall / wall, their_processor / processor];
    print!("{name:<24} {their_wall:>9.3} {wall:>9.4} {ratio:>7.1}x {by_processor:>7.1}x");
    println!("   {score:.6}, {agreement}");
}

fn ours(captions: &Captions, runs: usize) -> Vec<(&'static str, Measured)> {
    let (predictions, references) = captions;
    let firsts: Vec<_> = references.iter().map(|row| vec![row[0].clone()]).collect();
    let one = (predictions.clone(), firsts);
    let split = |caption: &String| ptb_tokenize(caption).join(" ");
    let pretokenized = (
        predictions.iter().map(split).collect(),
        references
            .iter()
            .map(|row| row.iter().map(split).collect())
            .collect(),
    );
    let pre = CocoTokenizer::Pretokenized;
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
            median(runs, || scored(Rouge::new(true), &one, "rougeLsum_stemmed")),
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
            median(runs, || scored(CocoBleu::new(pre), &pretokenized, "bleu_4")),
        ),
        (
            "rouge_l",
            median(runs, || {
                scored(CocoRouge::new(pre), &pretokenized, "rouge_l")
            }),
        ),
        (
            "cider_d",
            median(runs, || {
                scored(
                    Cider::new(CiderVariant::CiderD, pre),
                    &pretokenized,
                    "cider_d",
                )
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

fn scored(mut metric: impl Metric, captions: &Captions, value: &str) -> f64 {
    score(&mut metric, captions, value)
}

fn by_name(name: &str, captions: &Captions, value: &str) -> f64 {
    score(&mut *metric(name).expect("a listed name"), captions, value)
}

fn score(metric: &mut dyn Metric, (predictions, references): &Captions, value: &str) -> f64 {
    metric
        .update(
            &borrow_captions(predictions),
            &borrow_references(references),
        )
        .expect("paired rows");
    let scores = metric.compute().expect("rows came");
    scores.get(value).expect("a value of this metric")
}

fn tokens((predictions, references): &Captions) -> f64 {
    let captions = predictions.iter().chain(references.iter().flatten());
    captions
        .map(|caption| ptb_tokenize(caption).len())
        .sum::<usize>() as f64
}

/// Each run repeats the work for a tenth of a second: processor time is counted in coarse steps.
fn median(runs: usize, work: impl Fn() -> f64) -> Measured {
    let (first, score) = stopwatch::time(&work);
    let repeats = (0.1 / first.wall).clamp(1.0, 100.0) as usize;
    let repeat = || {
        for _ in 0..repeats {
            std::hint::black_box(work());
        }
    };
    let run = |_| stopwatch::time(repeat).0;
    let measured: Vec<stopwatch::Seconds> = (0..runs).map(run).collect();
    let middle = |seconds: &dyn Fn(&stopwatch::Seconds) -> f64| {
        let mut seconds: Vec<f64> = measured.iter().map(seconds).collect();
        seconds.sort_by(f64::total_cmp);
        seconds[runs / 2] / repeats as f64
    };
    (
        middle(&|time| time.wall),
        middle(&|time| time.processor),
        score,
    )
}

/// Seconds and scores by name; nothing where Python or its packages are missing.
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
        writeln!(file, "{row}").expect("space on the disk");
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
