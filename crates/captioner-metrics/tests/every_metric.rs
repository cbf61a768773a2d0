//! What every metric promises: which rows and partners it refuses, and that threads change nothing.

use std::collections::BTreeSet;

use captioner_metrics::{
    CharErrorRate, Cider, CiderVariant, CocoBleu, CocoRouge, CocoTokenizer, DistinctN,
    DocumentFrequencies, METRIC_NAMES, Metric, MetricError, Regex, RegexSubstitution, Rouge,
    SacreBleu, SacreBleuSettings, Scores, TokenUnit, Transform, Transforms, WordErrorRate,
    all_metrics, borrow_captions, borrow_references, metric,
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

fn borrowed<'a>(
    predictions: &'a [String],
    references: &'a [Vec<String>],
) -> (Vec<&'a str>, Vec<Vec<&'a str>>) {
    (borrow_captions(predictions), borrow_references(references))
}

fn filled(name: &str, rows: std::ops::Range<usize>) -> Box<dyn Metric> {
    let mut metric = metric(name).unwrap();
    let (predictions, references) = captions(rows);
    let (predictions, references) = borrowed(&predictions, &references);
    metric.update(&predictions, &references).unwrap();
    metric
}

#[test]
fn rows_that_do_not_pair_up_are_refused_and_change_nothing() {
    for name in METRIC_NAMES {
        let mut metric = filled(name, 0..4);
        let before = metric.compute().unwrap();
        let (predictions, references) = captions(4..7);
        let (predictions, references) = borrowed(&predictions, &references);
        let error = metric.update(&predictions, &references[..2]).unwrap_err();
        let expected = "3 predictions but references for 2 rows";
        assert!(error.to_string().starts_with(expected), "{name}: {error}");
        assert_eq!(metric.compute().unwrap(), before, "{name}");

        let mut lacking = references.clone();
        lacking[1].clear();
        let error = metric.update(&predictions, &lacking).unwrap_err();
        let expected = matches!(error, MetricError::NoReferences { row: 1 });
        assert!(expected, "{name}: {error}");
        assert_eq!(metric.compute().unwrap(), before, "{name}");

        metric.update(&predictions, &references).unwrap();
        let [found, expected] = [metric, filled(name, 0..7)].map(|m| m.compute().unwrap());
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn without_rows_there_is_no_score() {
    for name in METRIC_NAMES {
        let mut metric = metric(name).unwrap();
        for _ in 0..2 {
            let error = metric.compute().unwrap_err();
            assert!(matches!(error, MetricError::NoRows { metric } if metric == name));
            metric.update(&[], &[]).unwrap();
        }
    }
}

#[test]
fn value_names_are_those_of_compute_and_known_before_any_row() {
    let mut seen = BTreeSet::new();
    for name in METRIC_NAMES {
        let names = metric(name).unwrap().value_names();
        let scores = filled(name, 0..4).compute().unwrap();
        let computed: Vec<_> = scores.iter().map(|(value, _)| value.to_owned()).collect();
        assert_eq!(names, computed, "{name}");
        for value in names {
            assert!(seen.insert(value.clone()), "{name} gives {value} again");
        }
    }
}

#[test]
fn every_value_knows_which_way_is_better() {
    let lower = [
        "wer",
        "mer",
        "wil",
        "word_substitutions",
        "word_deletions",
        "word_insertions",
        "cer",
        "char_substitutions",
        "char_deletions",
        "char_insertions",
    ];
    let neither = [
        "mean_prediction_length",
        "mean_reference_length",
        "sacrebleu_brevity_penalty",
    ];
    let mut met = 0;
    for name in METRIC_NAMES {
        let metric = metric(name).unwrap();
        for value in metric.value_names() {
            let value = value.as_str();
            let expected = match value {
                _ if lower.contains(&value) => Some(false),
                _ if neither.contains(&value) => None,
                _ => Some(true),
            };
            assert_eq!(metric.greater_is_better(value), expected, "{value}");
            met += usize::from(expected != Some(true));
        }
        assert_eq!(metric.greater_is_better("spice"), None, "{name}");
    }
    assert_eq!(met, lower.len() + neither.len());
}

/// The better of two sets of captions gets the better values.
#[test]
fn right_captions_are_better_than_wrong_ones() {
    let right = "a red cat sits on the green mat";
    let references = [vec![right], vec!["two dogs run in the park"]];
    for name in METRIC_NAMES.into_iter().filter(|name| *name != "distinct") {
        let [good, bad] = [right, "one bird"].map(|first| {
            let mut metric = metric(name).unwrap();
            metric
                .update(&[first, "two dogs run"], &references)
                .unwrap();
            metric
        });
        let better = good.compute().unwrap();
        for (value, worse) in bad.compute().unwrap() {
            let better = better.get(&value).unwrap();
            match good.greater_is_better(&value) {
                Some(true) => assert!(better >= worse, "{value}: {better}, {worse}"),
                Some(false) => assert!(better <= worse, "{value}: {better}, {worse}"),
                None => {}
            }
        }
    }
}

#[test]
fn a_fresh_metric_has_the_settings_and_no_rows() {
    let counts = DocumentFrequencies::from_references(&[["a cat"]], CocoTokenizer::Pretokenized);
    let cider = Cider::new(CiderVariant::Cider, CocoTokenizer::Pretokenized);
    let lower = || Transforms::new(vec![Transform::ToLowerCase], TokenUnit::Words);
    let settings = SacreBleuSettings {
        lowercase: true,
        ..SacreBleuSettings::default()
    };
    let own_settings: [Box<dyn Metric>; 7] = [
        Box::new(cider.with_document_frequencies(counts)),
        Box::new(WordErrorRate::with_transforms(lower(), lower()).unwrap()),
        Box::new(CharErrorRate::with_transforms(lower(), lower()).unwrap()),
        Box::new(SacreBleu::new(settings)),
        Box::new(CocoBleu::new(CocoTokenizer::Pretokenized)),
        Box::new(CocoRouge::new(CocoTokenizer::Pretokenized)),
        Box::new(DistinctN::new(CocoTokenizer::Pretokenized)),
    ];
    for mut metric in own_settings.into_iter().chain(all_metrics()) {
        let name = metric.name().to_owned();
        let update = |metric: &mut Box<dyn Metric>| {
            let references = [vec!["a cat sits"], vec!["Two dogs"]];
            metric.update(&["A cat.", "two dogs"], &references).unwrap();
            metric.compute().unwrap()
        };
        let expected = update(&mut metric);
        let mut fresh = metric.fresh();
        assert_eq!(fresh.name(), name);
        assert!(matches!(fresh.compute(), Err(MetricError::NoRows { .. })));
        assert_eq!(update(&mut fresh), expected, "{name}");
        fresh.merge(metric.fresh()).unwrap(); // refused under other settings
        assert_eq!(metric.clone().compute().unwrap(), expected, "{name}");
    }
}

#[test]
fn another_metric_is_not_merged() {
    for name in METRIC_NAMES {
        let other = if name == "wer" { "cer" } else { "wer" };
        let mut metric = filled(name, 0..4);
        let before = metric.compute().unwrap();
        let error = metric.merge(filled(other, 4..7)).unwrap_err();
        let MetricError::DifferentMetrics { left, right } = error else {
            panic!("{error}");
        };
        assert_eq!((left.as_str(), right.as_str()), (name, other));
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
    let pretokenized = CocoBleu::new(CocoTokenizer::Pretokenized);
    refused(metric("bleu").unwrap(), Box::new(pretokenized));
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
                let expected = matches!(error, MetricError::NoRowStatistics { .. });
                assert!(expected && name == "distinct", "{name}: {error}");
            }
        }
    }
    assert!(filled("distinct", 0..4).row_statistics().is_err());
}

#[test]
fn transforms_that_change_the_number_of_rows_are_refused() {
    let refused = |predictions: Transforms, references: Transforms, step: Transform| {
        let error = WordErrorRate::with_transforms(predictions, references).unwrap_err();
        let MetricError::TransformChangesRows { transform } = error else {
            panic!("{error}");
        };
        assert_eq!(transform, step);
    };
    let standard = Transforms::wer_default;
    let joined = || standard().contiguous();
    let dropping = || Transforms::new(vec![Transform::RemoveEmptyStrings], TokenUnit::Words);
    refused(joined(), standard(), Transform::ReduceToSingleSentence);
    refused(standard(), joined(), Transform::ReduceToSingleSentence);
    refused(dropping(), standard(), Transform::RemoveEmptyStrings);
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
