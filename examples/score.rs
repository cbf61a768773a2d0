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

use captioner_metrics::{
    CaptionRows, Cider, CiderVariant, CocoTokenizer, ConfidenceInterval, DocumentFrequencies,
    METRIC_NAMES, Metric, MetricError, PairedTest, ResampleSettings, Scores, confidence_intervals,
    metric, paired_bootstrap,
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
    /// Which scores, with commas between [default: all]
    #[arg(long, value_delimiter = ',', default_values = METRIC_NAMES, hide_default_value = true)]
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
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn report(arguments: &Arguments) -> Result<Report, Box<dyn std::error::Error>> {
    let rows = CaptionRows::read(&arguments.predictions, &arguments.references)?;
    let other = arguments.compare.as_ref();
    let other = other.map(|path| CaptionRows::read(path, &arguments.references));
    let other = other.transpose()?;
    let settings = ResampleSettings {
        seed: arguments.seed,
        ..ResampleSettings::default()
    };
    if let Some(path) = &arguments.save_document_frequencies {
        DocumentFrequencies::from_references(&rows.references, CocoTokenizer::Ptb).save(path)?;
    }
    let frequencies = arguments.document_frequencies.as_ref();
    let frequencies = frequencies.map(DocumentFrequencies::load).transpose()?;
    let mut report = Report {
        rows: rows.predictions.len(),
        ..Report::default()
    };
    for name in &arguments.metrics {
        let metric = filled(name, frequencies.as_ref(), &rows)?;
        report.scores.extend(metric.compute()?);
        // Some metrics, such as distinct-n, are no sums over rows and can't be resampled.
        let Ok(statistics) = metric.row_statistics() else {
            continue;
        };
        if arguments.intervals {
            report
                .intervals
                .extend(confidence_intervals(&statistics, &settings)?);
        }
        if let Some(other) = &other {
            let other = filled(name, frequencies.as_ref(), other)?.row_statistics()?;
            report
                .comparison
                .extend(paired_bootstrap(&statistics, &other, &settings)?);
        }
    }
    Ok(report)
}

/// The metric of this name with all rows.
fn filled(
    name: &str,
    frequencies: Option<&DocumentFrequencies>,
    rows: &CaptionRows,
) -> Result<Box<dyn Metric>, MetricError> {
    let cider = |variant, counts: &DocumentFrequencies| {
        Box::new(Cider::new(variant, CocoTokenizer::Ptb).with_frequencies(counts.clone()))
    };
    let mut metric = match (name, frequencies) {
        ("cider_d", Some(counts)) => cider(CiderVariant::CiderD, counts),
        ("cider", Some(counts)) => cider(CiderVariant::Cider, counts),
        _ => metric(name)?,
    };
    metric.update(&rows.predictions, &rows.references)?;
    Ok(metric)
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
