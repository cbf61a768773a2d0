//! Scores predicted captions against their references.
//!
//! ```text
//! cargo run --release --example score -- --predictions predictions.jsonl --references references.jsonl
//! ```
//!
//! A file's ending says what it holds: `.json` for coco-caption's results and annotations, `.jsonl`
//! for a JSON value on each line, anything else for a caption on each line.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use captioner_metrics::{
    CaptionRows, Cider, CiderVariant, CocoTokenizer, ConfidenceInterval, DocumentFrequencies,
    MetricError, MetricSet, PairedTest, ResampleSettings, Scores, all_metrics,
    confidence_intervals, paired_bootstrap,
};
use clap::Parser;
use serde::Serialize;

#[derive(Parser)]
#[command(about = "Scores predicted captions against their references")]
struct Arguments {
    /// Predicted captions: .json (coco-caption results), .jsonl, or a caption on each line
    #[arg(long)]
    predictions: PathBuf,
    /// Right captions: .json (coco-caption annotations), .jsonl, or a caption on each line
    #[arg(long)]
    references: PathBuf,
    /// Which metrics (bleu, rouge) or single values of them (wer, bleu_4, rouge1_recall), with
    /// commas between [default: all]
    #[arg(long, value_delimiter = ',')]
    metrics: Vec<String>,
    /// For CIDEr: counts saved before, instead of those of these references
    #[arg(long, value_name = "FILE")]
    document_frequencies: Option<PathBuf>,
    /// For CIDEr: saves the counts of these references
    #[arg(long, value_name = "FILE")]
    save_document_frequencies: Option<PathBuf>,
    /// Adds 95 % bootstrap intervals
    #[arg(long)]
    intervals: bool,
    /// Another system's captions: adds a paired bootstrap test against it
    #[arg(long, value_name = "PREDICTIONS")]
    compare: Option<PathBuf>,
    /// Seed of intervals and test
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Default, Serialize)]
struct Report {
    rows: usize,
    scores: Scores,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    intervals: BTreeMap<String, ConfidenceInterval>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    comparison: BTreeMap<String, PairedTest>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match report(&arguments).and_then(|report| print(&report, arguments.json)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn report(arguments: &Arguments) -> Result<Report, Box<dyn std::error::Error>> {
    let rows = CaptionRows::read(&arguments.predictions, &arguments.references)?;
    let other = arguments.compare.as_ref();
    let other = other.map(|path| CaptionRows::read(path, &arguments.references));
    let other = other.transpose()?;
    if let Some(path) = &arguments.save_document_frequencies {
        DocumentFrequencies::from_references(&rows.references, CocoTokenizer::Ptb).save(path)?;
    }
    let mut metrics = metric_set(arguments)?;
    let mut others = metrics.fresh();
    metrics.update(&rows.predictions, &rows.references)?;
    let mut report = Report {
        rows: rows.predictions.len(),
        scores: metrics.compute()?,
        ..Report::default()
    };
    if let Some(other) = &other {
        others.update(&other.predictions, &other.references)?;
    }
    let settings = ResampleSettings {
        seed: arguments.seed,
        ..ResampleSettings::default()
    };
    for (metric, others) in metrics.metrics().zip(others.metrics()) {
        // Some metrics, such as distinct-n, are no sums over rows and can't be resampled.
        let Ok(statistics) = metric.row_statistics() else {
            continue;
        };
        if arguments.intervals {
            let intervals = confidence_intervals(&statistics, &settings)?;
            report.intervals.extend(intervals);
        }
        if other.is_some() {
            let tests = paired_bootstrap(&statistics, &others.row_statistics()?, &settings)?;
            report.comparison.extend(tests);
        }
    }
    // A metric's statistics tell of all its values, also of those that nobody asked for.
    let asked_for = |name: &String| report.scores.get(name).is_some();
    report.intervals.retain(|name, _| asked_for(name));
    report.comparison.retain(|name, _| asked_for(name));
    Ok(report)
}

/// The values that are asked for, CIDEr with the document frequencies that are given.
fn metric_set(arguments: &Arguments) -> Result<MetricSet, MetricError> {
    let mut available = all_metrics();
    if let Some(path) = &arguments.document_frequencies {
        let frequencies = Arc::new(DocumentFrequencies::load(path)?);
        for variant in [CiderVariant::CiderD, CiderVariant::Cider] {
            let cider = Cider::new(variant, CocoTokenizer::Ptb);
            available.push(Box::new(
                cider.with_document_frequencies(frequencies.clone()),
            ));
        }
    }
    match &arguments.metrics[..] {
        [] => {
            let all: Vec<_> = available.iter().flat_map(|m| m.value_names()).collect();
            MetricSet::select(all, available)
        }
        names => MetricSet::select(names, available),
    }
}

fn print(report: &Report, json: bool) -> Result<(), Box<dyn std::error::Error>> {
    let text = match json {
        true => serde_json::to_string_pretty(report)? + "\n",
        false => table(report),
    };
    match std::io::stdout().write_all(text.as_bytes()) {
        // Whoever reads, such as `head`, has read enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        result => Ok(result?),
    }
}

fn table(report: &Report) -> String {
    let mut lines = vec![format!("{} rows", report.rows)];
    for (name, score) in report.scores.iter() {
        let mut line = format!("{name:<28} {score:>12.4}");
        if let Some(interval) = report.intervals.get(name) {
            line += &format!("   [{:.4}, {:.4}]", interval.low, interval.high);
        }
        if let Some(test) = report.comparison.get(name) {
            line += &format!("   other {:.4}, p = {:.4}", test.second, test.p_value);
        }
        lines.push(line);
    }
    lines.join("\n") + "\n"
}
