//! Counts, rates and alignments equal jiwer's.

use captioner_metrics::{
    AlignmentChunk, CharErrorRate, EditKind, ErrorRateDetails, Metric, Transforms, WordErrorRate,
    process_words,
};
use serde_json::Value;

use crate::fixture::{CORPUS, ROWS, assert_close, first_references, number, over_all_rows};

fn assert_details(found: &ErrorRateDetails, expected: &Value) {
    let counts = [
        (found.hits, "hits"),
        (found.substitutions, "substitutions"),
        (found.deletions, "deletions"),
        (found.insertions, "insertions"),
    ];
    for (count, name) in counts {
        assert_eq!(Some(count), expected[name].as_u64(), "{name} of {expected}");
    }
    let rates = [
        (found.error_rate, "wer"),
        (found.mer, "mer"),
        (found.wil, "wil"),
        (found.wip, "wip"),
        (found.error_rate, "cer"),
    ];
    for (rate, name) in rates {
        if let Some(expected) = expected.get(name) {
            assert_close(rate, number(expected), name);
        }
    }
}

#[test]
fn corpus_counts_are_exact() {
    let words = over_all_rows(WordErrorRate::new(), &first_references());
    assert_details(&words.details().unwrap(), &CORPUS["words"]);
    let chars = over_all_rows(CharErrorRate::new(), &first_references());
    assert_details(&chars.details().unwrap(), &CORPUS["chars"]);
    assert_eq!(
        chars.compute().unwrap().get("cer"),
        CORPUS["chars"]["cer"].as_f64()
    );
}

#[test]
fn char_counts_of_every_row_are_exact() {
    let metric = over_all_rows(CharErrorRate::new(), &first_references());
    let statistics = metric.row_statistics().unwrap();
    for (place, row) in ROWS.iter().enumerate() {
        let expected = row.chars.map(|count| count as f64);
        assert_eq!(statistics.row(place), Some(&expected[..]), "row {place}");
    }
}

#[test]
fn alignments_of_every_row_are_the_same() {
    let references: Vec<_> = ROWS.iter().map(|row| &row.references[0]).collect();
    let predictions: Vec<_> = ROWS.iter().map(|row| &row.prediction).collect();
    let transforms = Transforms::wer_default();
    let output = process_words(&predictions, &references, &transforms, &transforms).unwrap();
    for (place, (row, found)) in ROWS.iter().zip(&output.alignments).enumerate() {
        let expected = row
            .alignment
            .iter()
            .map(|(kind, a, b, c, d)| AlignmentChunk {
                kind: match kind {
                    'e' => EditKind::Equal,
                    's' => EditKind::Substitute,
                    'i' => EditKind::Insert,
                    _ => EditKind::Delete,
                },
                reference: *a..*b,
                prediction: *c..*d,
            });
        assert_eq!(*found, expected.collect::<Vec<_>>(), "row {place}");
    }
}

#[test]
fn empty_references_are_treated_alike() {
    let cases = CORPUS["empty"].as_object().unwrap();
    assert_eq!(cases.len(), 4);
    let list = |value: &Value| serde_json::from_value::<Vec<String>>(value.clone()).unwrap();
    for case in cases.values() {
        let transforms = Transforms::wer_default();
        let (references, predictions) = (list(&case["references"]), list(&case["predictions"]));
        let output = process_words(&predictions, &references, &transforms, &transforms).unwrap();
        assert_details(&output.details, case);
    }
}

#[test]
fn long_captions_that_split_the_table_are_aligned_alike() {
    let rows = CORPUS["long"]["rows"].as_u64().unwrap() as usize;
    let parts = [0..rows, rows..2 * rows];
    let join = |text: &dyn Fn(usize) -> &'static str| {
        let lines = parts
            .iter()
            .map(|part| part.clone().map(text).collect::<Vec<_>>().join(" "));
        lines.collect::<Vec<_>>()
    };
    let references = join(&|row| &ROWS[row].references[0]);
    let predictions = join(&|row| &ROWS[row].prediction);
    for (transforms, name) in [
        (Transforms::wer_default(), "words"),
        (Transforms::cer_default(), "chars"),
    ] {
        let output = process_words(&predictions, &references, &transforms, &transforms).unwrap();
        assert_details(&output.details, &CORPUS["long"][name]);
    }
}
