//! Values by name, from several metrics at once.

use captioner_metrics::{
    Cider, CiderVariant, CocoTokenizer, DocumentFrequencies, METRIC_NAMES, Metric, MetricError,
    MetricSet, RowStatistics, WordErrorRate, all_metrics, check_rows, metric, same_metric,
};

const PREDICTIONS: [&str; 3] = ["a cat on a mat", "two dogs", "a red bird"];
const REFERENCES: [[&str; 2]; 3] = [
    ["a cat on the mat", "the cat"],
    ["two dogs run", "dogs"],
    ["a bird", "a red bird sings"],
];

/// Words of the predictions; under another name it gives values of other names.
#[derive(Clone)]
struct Words {
    value: &'static str,
    gives: &'static str,
    rows: Vec<f64>,
}

impl Words {
    fn boxed(value: &'static str) -> Box<dyn Metric> {
        Self::giving(value, value)
    }

    fn giving(value: &'static str, gives: &'static str) -> Box<dyn Metric> {
        let rows = Vec::new();
        Box::new(Words { value, gives, rows })
    }
}

impl Metric for Words {
    fn name(&self) -> &str {
        "words"
    }

    fn value_names(&self) -> Vec<String> {
        vec![self.value.to_owned()]
    }

    fn greater_is_better(&self, _value: &str) -> Option<bool> {
        Some(true)
    }

    fn fresh(&self) -> Box<dyn Metric> {
        Self::giving(self.value, self.gives)
    }

    fn update(
        &mut self,
        predictions: &[&str],
        references: &[Vec<&str>],
    ) -> Result<(), MetricError> {
        check_rows(predictions, references)?;
        if predictions.contains(&"") {
            return Err(MetricError::Custom {
                metric: self.name().to_owned(),
                message: "an empty caption; leave it out".to_owned(),
            });
        }
        let words = predictions.iter().map(|caption| caption.split(' ').count());
        self.rows.extend(words.map(|words| words as f64));
        Ok(())
    }

    fn merge(&mut self, other: Box<dyn Metric>) -> Result<(), MetricError> {
        self.rows.extend(same_metric(self, other)?.rows);
        Ok(())
    }

    fn row_statistics(&self) -> Result<RowStatistics, MetricError> {
        Ok(RowStatistics::means([self.gives], self.rows.clone()))
    }
}

fn filled(names: &[&str]) -> MetricSet {
    let mut set = MetricSet::from_names(names).unwrap();
    set.update(&PREDICTIONS, &REFERENCES).unwrap();
    set
}

#[test]
fn only_the_values_asked_for_are_given_in_their_order() {
    let names = [
        "rouge1_precision",
        "bleu_4",
        "wer",
        "cider_d",
        "mer",
        "bleu_1",
    ];
    let set = filled(&names);
    assert_eq!(set.value_names(), names);
    let scores = set.compute().unwrap();
    assert!(scores.iter().map(|(name, _)| name).eq(names));
    for (name, family) in names
        .iter()
        .zip(["rouge", "bleu", "wer", "cider_d", "wer", "bleu"])
    {
        let mut alone = metric(family).unwrap();
        alone
            .update(&PREDICTIONS, &REFERENCES.map(Vec::from))
            .unwrap();
        assert_eq!(
            scores.get(name),
            alone.compute().unwrap().get(name),
            "{name}"
        );
    }
}

#[test]
fn a_metric_of_several_values_is_computed_once() {
    let set = filled(&["bleu_4", "wer", "bleu", "bleu_4", "wip"]);
    let names = ["bleu_4", "wer", "bleu_1", "bleu_2", "bleu_3", "wip"];
    assert_eq!(set.value_names(), names);
    assert!(set.metrics().map(|m| m.name()).eq(["bleu", "wer"]));
}

#[test]
fn every_value_of_every_metric_can_be_asked_for() {
    for family in all_metrics() {
        for value in family.value_names() {
            let set = filled(&[&value]);
            assert_eq!(set.value_names(), [value.as_str()]);
            assert_eq!(
                set.greater_is_better(&value),
                family.greater_is_better(&value)
            );
            assert!(set.compute().unwrap().get(&value).is_some());
        }
    }
    for name in METRIC_NAMES {
        assert!(!MetricSet::from_names([name]).unwrap().is_empty());
    }
}

#[test]
fn an_unknown_name_lists_metrics_and_values_nearest_first() {
    let error = MetricSet::from_names(["wer", "blue_4"]).unwrap_err();
    let MetricError::UnknownMetric { name, known } = &error else {
        panic!("{error}");
    };
    assert_eq!((name.as_str(), known[0].as_str()), ("blue_4", "bleu_4"));
    for name in ["bleu", "rougeL_stemmed", "wer", "mean_prediction_length"] {
        let times = known.iter().filter(|known| *known == name).count();
        assert_eq!(times, 1, "{name} in {known:?}");
    }
    assert!(!error.to_string().contains('\n'), "{error}");
}

#[test]
fn a_metric_of_ones_own_joins_the_others() {
    let set = MetricSet::from_names(["wer"]).unwrap();
    let mut set = set.with(Words::boxed("words_each")).unwrap();
    assert_eq!(set.value_names(), ["wer", "words_each"]);
    assert_eq!(set.greater_is_better("words_each"), Some(true));
    assert_eq!(set.greater_is_better("wer"), Some(false));
    assert_eq!(set.greater_is_better("mer"), None); // not asked for
    set.update(&PREDICTIONS, &REFERENCES).unwrap();
    assert_eq!(set.compute().unwrap().get("words_each"), Some(10.0 / 3.0));
    let error = set.update(&[""], &[["a cat"]]).unwrap_err();
    assert_eq!(error.to_string(), "words: an empty caption; leave it out");

    let own = || {
        all_metrics()
            .into_iter()
            .chain([Words::boxed("words_each")])
    };
    let set = MetricSet::select(["words_each", "cer"], own()).unwrap();
    assert_eq!(set.value_names(), ["words_each", "cer"]);
    let set = MetricSet::select(["words"], own()).unwrap();
    assert_eq!(set.value_names(), ["words_each"]);
}

#[test]
fn a_later_metric_of_the_same_name_replaces_the_earlier() {
    let counts = DocumentFrequencies::from_references(&REFERENCES[..2], CocoTokenizer::Ptb);
    let cider =
        Cider::new(CiderVariant::CiderD, CocoTokenizer::Ptb).with_document_frequencies(counts);
    let mut expected: Box<dyn Metric> = Box::new(cider);
    let available = all_metrics().into_iter().chain([expected.clone()]);
    let mut set = MetricSet::select(["cider_d"], available).unwrap();
    set.update(&PREDICTIONS, &REFERENCES).unwrap();
    expected
        .update(&PREDICTIONS, &REFERENCES.map(Vec::from))
        .unwrap();
    assert_eq!(set.compute().unwrap(), expected.compute().unwrap());
    assert_ne!(
        set.compute().unwrap(),
        filled(&["cider_d"]).compute().unwrap()
    );
}

#[test]
fn two_metrics_with_a_value_of_one_name_are_refused() {
    let refused = |result: Result<MetricSet, MetricError>| {
        let error = result.unwrap_err();
        let MetricError::DuplicateValue { value, metrics } = &error else {
            panic!("{error}");
        };
        assert_eq!(
            (value.as_str(), &metrics[..]),
            ("wer", &["wer".into(), "words".into()][..])
        );
    };
    refused(filled(&["wer"]).with(Words::boxed("wer")));
    let available = all_metrics().into_iter().chain([Words::boxed("wer")]);
    refused(MetricSet::select(["cer"], available));
}

#[test]
fn a_value_that_is_named_but_not_given_is_a_named_error() {
    let set = MetricSet::default().with(Words::giving("words_each", "other"));
    let mut set = set.unwrap();
    set.update(&PREDICTIONS, &REFERENCES).unwrap();
    let error = set.compute().unwrap_err();
    assert!(matches!(error, MetricError::MissingValue { .. }), "{error}");
}

#[test]
fn merged_sets_are_the_whole_and_a_fresh_one_begins_again() {
    let names = ["wer", "bleu_4", "cider_d", "distinct_2"];
    let whole = filled(&names).compute().unwrap();
    let mut parts = MetricSet::from_names(names).unwrap();
    for row in 0..3 {
        let mut part = parts.fresh();
        part.update(&PREDICTIONS[row..=row], &REFERENCES[row..=row])
            .unwrap();
        parts.merge(part).unwrap();
    }
    assert_eq!(parts.compute().unwrap(), whole);
    assert_eq!(parts.clone().compute().unwrap(), whole);
    let fresh = parts.fresh();
    assert_eq!(fresh.value_names(), names);
    assert!(matches!(fresh.compute(), Err(MetricError::NoRows { .. })));
}

#[test]
fn sets_that_differ_are_not_merged_and_stay_as_they_were() {
    let lower = || captioner_metrics::Transforms::wer_standardize();
    let other_wer: Box<dyn Metric> =
        Box::new(WordErrorRate::with_transforms(lower(), lower()).unwrap());
    let other = || all_metrics().into_iter().chain([other_wer.clone()]);
    // BLEU would take the rows before WER refuses them.
    let mut set = filled(&["bleu_4", "wer"]);
    let before = set.compute().unwrap();
    let mut settings = MetricSet::select(["bleu_4", "wer"], other()).unwrap();
    settings.update(&["x"], &[["y"]]).unwrap();
    let error = set.merge(settings).unwrap_err();
    assert!(
        matches!(error, MetricError::DifferentSettings { .. }),
        "{error}"
    );
    assert_eq!(set.compute().unwrap(), before);
    let error = set.merge(filled(&["wer", "bleu_4"])).unwrap_err();
    assert!(
        matches!(error, MetricError::DifferentMetrics { .. }),
        "{error}"
    );
    assert_eq!(set.compute().unwrap(), before);
}

#[test]
fn rows_that_do_not_pair_up_are_refused_and_change_nothing() {
    let mut set = filled(&["bleu_4", "wer"]);
    let before = set.compute().unwrap();
    let error = set.update(&PREDICTIONS, &REFERENCES[..2]).unwrap_err();
    assert!(
        matches!(error, MetricError::RowCountMismatch { .. }),
        "{error}"
    );
    let none: [Vec<String>; 1] = [Vec::new()];
    let error = set.update(&["a"], &none).unwrap_err();
    assert!(
        matches!(error, MetricError::NoReferences { row: 0 }),
        "{error}"
    );
    assert_eq!(set.compute().unwrap(), before);
}

#[test]
fn strings_are_taken_owned_or_borrowed() {
    let owned: Vec<String> = PREDICTIONS.map(str::to_owned).to_vec();
    let references = REFERENCES.map(|row| row.map(str::to_owned).to_vec());
    let mut set = MetricSet::from_names(["wer"]).unwrap();
    set.update(&owned, &references).unwrap();
    assert_eq!(set.compute().unwrap(), filled(&["wer"]).compute().unwrap());
}
