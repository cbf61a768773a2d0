//! ROUGE equals google's `rouge_score`.

use captioner_metrics::{Metric, Rouge, RougeScore};

use crate::fixture::{ROWS, Row, assert_close, over_all_rows, references, value};

fn assert_equal(use_stemmer: bool, expected: impl Fn(&Row) -> [[f64; 3]; 4]) {
    let metric = over_all_rows(Rouge::new(use_stemmer), &references());
    for (place, (row, found)) in ROWS.iter().zip(metric.rows()).enumerate() {
        let found = [found.rouge1, found.rouge2, found.rouge_l, found.rouge_lsum];
        for (kind, (found, expected)) in found.iter().zip(expected(row)).enumerate() {
            let RougeScore {
                precision,
                recall,
                fmeasure,
            } = *found;
            for (found, expected) in [precision, recall, fmeasure].into_iter().zip(expected) {
                assert_close(found, expected, format_args!("row {place}, kind {kind}"));
            }
        }
    }
    let means = metric.compute().unwrap();
    for (kind, name) in ["rouge1", "rouge2", "rougeL", "rougeLsum"]
        .into_iter()
        .enumerate()
    {
        let name = format!("{name}{}", if use_stemmer { "_stemmed" } else { "" });
        for (place, ending) in ["_precision", "_recall", ""].into_iter().enumerate() {
            let name = format!("{name}{ending}");
            let sum: f64 = ROWS.iter().map(|row| expected(row)[kind][place]).sum();
            assert_close(value(&means, &name), sum / ROWS.len() as f64, name);
        }
    }
}

#[test]
fn every_row_is_equal_without_stemming() {
    assert_equal(false, |row| row.rouge);
}

#[test]
fn every_row_is_equal_with_stemming() {
    assert_equal(true, |row| row.rouge_stemmed);
}
