//! Reads what `tools/reference/metric_fixtures.py` wrote.

use std::io::Read;
use std::path::Path;
use std::sync::LazyLock;

use captioner_metrics::{Metric, Scores, borrow_captions, borrow_references};
use serde::Deserialize;
use serde_json::Value;

/// Scores may differ by this much: sums of a few thousand terms in another order.
pub(crate) const TOLERANCE: f64 = 1e-9;

/// One row and its expected values.
#[derive(Deserialize)]
pub(crate) struct Row {
    pub(crate) prediction: String,
    pub(crate) references: Vec<String>,
    /// Kind, and start and end on both sides.
    pub(crate) alignment: Vec<(char, usize, usize, usize, usize)>,
    /// Hits, substitutions, deletions, insertions.
    pub(crate) chars: [u64; 4],
    /// For ROUGE-1, -2, -L and -Lsum precision, recall and F-measure.
    pub(crate) rouge: [[f64; 3]; 4],
    pub(crate) rouge_stemmed: [[f64; 3]; 4],
    /// By smoothing: exp, floor, add-k, none.
    pub(crate) sentence_bleu: [f64; 4],
    /// The prediction's tokens, then those of the references.
    pub(crate) tokens: Vec<String>,
    /// ROUGE-L, CIDEr-D, CIDEr, METEOR by exact and stem stages, METEOR by all stages.
    pub(crate) coco: [f64; 5],
    /// CIDEr-D of the second half with document frequencies of the first.
    pub(crate) cider_d_other_frequencies: Option<f64>,
}

pub(crate) static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let text = unpacked("rows.jsonl.gz");
    let rows: Vec<Row> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("a row of values"))
        .collect();
    assert!(rows.len() >= 2000, "only {} rows", rows.len());
    rows
});

pub(crate) static CORPUS: LazyLock<Value> = LazyLock::new(|| json(&read("corpus.json")));

pub(crate) fn read(name: &str) -> String {
    String::from_utf8(bytes(name)).expect("fixtures are UTF-8")
}

pub(crate) fn unpacked(name: &str) -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes(name).as_slice())
        .read_to_string(&mut text)
        .expect("fixtures are gzip");
    text
}

fn bytes(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    std::fs::read(folder.join(name)).expect("the fixtures are in git")
}

pub(crate) fn json<T: for<'a> Deserialize<'a>>(text: &str) -> T {
    serde_json::from_str(text).expect("fixtures are JSON")
}

pub(crate) fn predictions() -> Vec<String> {
    ROWS.iter().map(|row| row.prediction.clone()).collect()
}

pub(crate) fn references() -> Vec<Vec<String>> {
    ROWS.iter().map(|row| row.references.clone()).collect()
}

/// Each row's first reference.
pub(crate) fn first_references() -> Vec<Vec<String>> {
    ROWS.iter()
        .map(|row| vec![row.references[0].clone()])
        .collect()
}

/// The metric over all rows, fed in batches of odd sizes.
pub(crate) fn over_all_rows<M: Metric>(mut metric: M, references: &[Vec<String>]) -> M {
    let predictions = predictions();
    for (predictions, references) in predictions.chunks(337).zip(references.chunks(337)) {
        let predictions = borrow_captions(predictions);
        metric
            .update(&predictions, &borrow_references(references))
            .unwrap();
    }
    metric
}

pub(crate) fn assert_close(found: f64, expected: f64, what: impl std::fmt::Display) {
    let apart = (found - expected).abs();
    assert!(apart <= TOLERANCE, "{what}: {found} instead of {expected}");
}

/// Compares one score of each row alone.
pub(crate) fn assert_rows(metric: &dyn Metric, name: &str, expected: impl Iterator<Item = f64>) {
    let statistics = metric.row_statistics().unwrap();
    let mut rows = 0;
    for (row, expected) in expected.enumerate() {
        let found = value(&statistics.of_rows([row]), name);
        assert_close(found, expected, format_args!("{name} of row {row}"));
        rows += 1;
    }
    assert_eq!(rows, statistics.len());
}

pub(crate) fn value(scores: &Scores, name: &str) -> f64 {
    scores
        .get(name)
        .unwrap_or_else(|| panic!("no value {name}"))
}

pub(crate) fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}
