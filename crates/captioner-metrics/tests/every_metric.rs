//! What every metric promises: which rows and partners it refuses, and that threads change nothing.

use captioner_metrics::{
    CocoTokenizer, METRIC_NAMES, Metric, MetricError, Regex, RegexSubstitution, Rouge, Scores,
    TokenUnit, Transform, Transforms, WordErrorRate, metric,
};

fn captions(rows: std::ops::Range<usize>) -> (Vec<String>, Vec<Vec<String>>) {
    let colours = ["red", "green", "blue", "yellow", "grey"];
    let things = ["cat", "dog", "bird"];
    let caption = |n: usize| format!("a {} {} on the mat", colours[n % 5], things[n % 3]);
    let references = |n: usize| vec![caption(n * 2), format!("the {}", things[n * 2 % 3])];
    (
        rows.clone().map(caption).collect(),
        rows.map(references).collect(),
    )
}

fn filled(name: &str, rows: std::ops::Range<usize>) -> Box<dyn Metric> {
    let mut metric = metric(name).unwrap();
    let (predictions, references) = captions(rows);
    metric.update(&predictions, &references).unwrap();
    metric
}

#[test]
fn rows_that_do_not_pair_up_are_refused_and_change_nothing() {
    for name in METRIC_NAMES {
        let mut metric = filled(name, 0..4);
        let before = metric.compute().unwrap();
        let (predictions, references) = captions(4..7);
        let error = metric.update(&predictions, &references[..2]).unwrap_err();
        let expected = MetricError::RowCountMismatch {
            predictions: 3,
            references: 2,
        };
        assert_eq!(error, expected, "{name}");
        assert_eq!(metric.compute().unwrap(), before, "{name}");

        let mut lacking = references.clone();
        lacking[1].clear();
        let error = metric.update(&predictions, &lacking).unwrap_err();
        assert_eq!(error, MetricError::NoReferences { row: 1 }, "{name}");
        assert_eq!(metric.compute().unwrap(), before, "{name}");

        metric.update(&predictions, &references).unwrap();
        assert_eq!(metric.compute(), filled(name, 0..7).compute(), "{name}");
    }
}

#[test]
fn without_rows_there_is_no_score() {
    for name in METRIC_NAMES {
        let mut metric = metric(name).unwrap();
        let expected = MetricError::NoRows {
            metric: metric.name().to_owned(),
        };
        assert_eq!(metric.compute().unwrap_err(), expected);
        metric.update(&[], &[]).unwrap();
        assert_eq!(metric.compute().unwrap_err(), expected);
    }
}

#[test]
fn another_metric_is_not_merged() {
    for name in METRIC_NAMES {
        let other = if name == "wer" { "cer" } else { "wer" };
        let mut metric = filled(name, 0..4);
        let before = metric.compute().unwrap();
        let error = metric.merge(filled(other, 4..7)).unwrap_err();
        let expected = MetricError::DifferentMetrics {
            left: metric.name().to_owned(),
            right: other.to_owned(),
        };
        assert_eq!(error, expected);
        assert_eq!(metric.compute().unwrap(), before, "{name}");
    }
}

#[test]
fn a_metric_under_another_setting_is_not_merged() {
    let refused = |mut left: Box<dyn Metric>, right: Box<dyn Metric>| {
        let error = left.merge(right).unwrap_err();
        let settings = matches!(error, MetricError::DifferentSettings { .. });
        assert!(settings, "{error}");
    };
    refused(metric("rouge").unwrap(), Box::new(Rouge::new(true)));
    refused(metric("cider").unwrap(), metric("cider_d").unwrap());
    let presplit = captioner_metrics::CocoBleu::new(CocoTokenizer::Presplit);
    refused(metric("bleu").unwrap(), Box::new(presplit));
    let standardized = || Transforms::wer_standardize();
    let standardized = WordErrorRate::with_transforms(standardized(), standardized()).unwrap();
    refused(metric("wer").unwrap(), Box::new(standardized));
}

#[test]
fn only_distinct_n_cannot_be_resampled() {
    for name in METRIC_NAMES {
        match filled(name, 0..4).row_statistics() {
            Ok(statistics) => assert_eq!(statistics.len(), 4, "{name}"),
            Err(error) => {
                let metric = "distinct".to_owned();
                assert_eq!(error, MetricError::NoRowStatistics { metric }, "{name}");
                assert_eq!(name, "distinct");
            }
        }
    }
    assert!(filled("distinct", 0..4).row_statistics().is_err());
}

#[test]
fn transforms_that_change_the_number_of_rows_are_refused() {
    let refused = |references: Transforms, predictions: Transforms, step: &str| {
        let error = WordErrorRate::with_transforms(references, predictions).unwrap_err();
        let transform = step.to_owned();
        assert_eq!(error, MetricError::TransformChangesRows { transform });
    };
    let plain = Transforms::wer_default;
    let joined = || plain().contiguous();
    let dropping = || Transforms::new(vec![Transform::RemoveEmptyStrings], TokenUnit::Words);
    refused(joined(), plain(), "ReduceToSingleSentence");
    refused(plain(), joined(), "ReduceToSingleSentence");
    refused(dropping(), plain(), "RemoveEmptyStrings");
}

/// With nothing but this crate at hand.
#[test]
fn patterns_are_made_with_the_type_exported_here() {
    let substitution = RegexSubstitution {
        pattern: Regex::new("c(at|ow)s").unwrap(),
        replacement: "c$1".to_owned(),
    };
    let steps = vec![Transform::SubstituteRegexes(vec![substitution])];
    let transforms = Transforms::new(steps, TokenUnit::Words);
    assert_eq!(transforms.apply(&["cats cows"]), [["cat", "cow"]]);
}

fn apart(a: &Scores, b: &Scores) -> Option<String> {
    let mut pairs = a.iter().zip(b.iter());
    let differ = pairs.find(|((name, x), (other, y))| name != other || (x - y).abs() > 1e-9);
    differ.map(|pair| format!("{pair:?}"))
}

#[test]
fn parts_scored_in_threads_merge_to_the_whole() {
    for name in METRIC_NAMES {
        let parts = std::thread::scope(|scope| {
            let parts = [0..7, 7..8, 8..20, 20..40];
            let threads = parts.map(|rows| scope.spawn(move || filled(name, rows)));
            threads.map(|thread| thread.join().unwrap())
        });
        let mut merged = metric(name).unwrap();
        for part in parts {
            merged.merge(part).unwrap();
        }
        let (merged, whole) = (
            merged.compute().unwrap(),
            filled(name, 0..40).compute().unwrap(),
        );
        assert_eq!(merged.iter().count(), whole.iter().count());
        assert_eq!(apart(&merged, &whole), None, "{name}");
    }
}
