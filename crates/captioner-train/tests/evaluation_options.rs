//! What an evaluation may be asked for, and how it is refused.

mod by_heart;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;

use by_heart::{CAPTIONS, given};
use captioner_data::{CaptionDataset, DataError, Feature, Picture};
use captioner_metrics::{MetricError, MetricSet, Scores};
use captioner_model::GenerationConfig;
use captioner_train::{
    ComputeMetrics, EvaluatedRow, EvaluationOptions, GuideOptions, PreparedSet, StopHandle,
    TrainError, evaluate, guide_metrics,
};

fn options() -> EvaluationOptions {
    EvaluationOptions {
        batch_size: 3,
        generation: Some(GenerationConfig {
            max_length: Some(64),
            ..GenerationConfig::default()
        }),
        metrics: MetricSet::from_names(["wer", "mean_length"]).unwrap(),
        ..EvaluationOptions::default()
    }
}

/// The share of rows whose caption is right, and their number.
fn closure() -> ComputeMetrics {
    let values = [("own_share", Some(true)), ("own_rows", None)];
    ComputeMetrics::new(values, |rows: &[EvaluatedRow]| {
        let right = |row: &&EvaluatedRow| row.generated[0] == row.tokenizer_references[0];
        let right = rows.iter().filter(right).count() as f64;
        let rows = rows.len() as f64;
        Ok(Scores::from_iter([
            ("own_rows", rows),
            ("own_share", right / rows),
        ]))
    })
}

#[test]
fn the_values_are_known_beforehand() {
    let (model, set) = given(CAPTIONS);
    for generation in [None, options().generation] {
        for compute_metrics in [None, generation.is_some().then(closure)] {
            let options = EvaluationOptions {
                generation: generation.clone(),
                compute_metrics,
                ..options()
            };
            let named: BTreeSet<_> = options
                .values()
                .unwrap()
                .into_iter()
                .map(|v| v.name)
                .collect();
            let evaluation = evaluate(&model, &set, &options).unwrap();
            assert_eq!(named, evaluation.scores.keys().cloned().collect());
        }
    }
    let known = EvaluationOptions {
        compute_metrics: Some(closure()),
        ..options()
    }
    .values()
    .unwrap();
    let direction = |name: &str| {
        known
            .iter()
            .find(|v| v.name == name)
            .unwrap()
            .greater_is_better
    };
    assert_eq!(direction("loss_per_token"), Some(false));
    assert_eq!(direction("token_accuracy"), Some(true));
    assert_eq!(direction("wer"), Some(false));
    assert_eq!(direction("generated_mean_prediction_length"), None);
    assert_eq!(direction("own_share"), Some(true));
    assert_eq!(direction("own_rows"), None);
}

#[test]
fn a_closure_sees_every_row_and_gives_values() {
    let mut learnt = CAPTIONS;
    learnt[6] = "two spaces";
    let (model, set) = given(learnt);
    let options = EvaluationOptions {
        compute_metrics: Some(closure()),
        ..options()
    };
    let evaluation = evaluate(&model, &set, &options.clone()).unwrap();
    assert_eq!(evaluation.score("own_rows"), Some(8.0));
    assert_eq!(evaluation.score("own_share"), Some(7.0 / 8.0));
    assert!(format!("{options:?}").contains("own_share"));
}

#[test]
fn names_that_clash_are_refused_before_anything_is_read() {
    let metrics = |name: &str| MetricSet::from_names([name]).unwrap();
    let closure = |name: &str| {
        let name = name.to_owned();
        Some(ComputeMetrics::new(
            [(name, None)],
            |_: &[EvaluatedRow]| Ok(Scores::default()),
        ))
    };
    let base = EvaluationOptions {
        generation: None,
        ..options()
    };
    for taken in [
        "loss",
        "runtime",
        "steps_per_second",
        "wer",
        "generated_wer",
    ] {
        let options = EvaluationOptions {
            compute_metrics: closure(taken),
            ..base.clone()
        };
        match options.values().unwrap_err() {
            TrainError::ValueName { value, second, .. } => {
                assert_eq!(
                    (value.as_str(), second),
                    (taken, "a value of compute_metrics")
                );
            }
            other => panic!("{taken}: {other}"),
        }
    }
    let (model, _) = given(CAPTIONS);
    let set = Arc::new(Watched::default());
    let options = EvaluationOptions {
        compute_metrics: closure("perplexity"),
        ..base.clone()
    };
    let error = evaluate(&model, &set.prepared(), &options)
        .unwrap_err()
        .to_string();
    assert!(error.contains("'perplexity' twice"), "{error}");
    assert!(set.read.lock().unwrap().is_empty());
    for name in ["", "eval_own"] {
        let options = EvaluationOptions {
            compute_metrics: closure(name),
            ..base.clone()
        };
        let error = options.values().unwrap_err();
        assert!(matches!(error, TrainError::Setting(_)), "{error}");
    }
    // A teacher-forced metric beside the same metric of generated captions is no clash.
    let both = EvaluationOptions {
        metrics: metrics("cer"),
        teacher_forced_metrics: metrics("cer"),
        ..base
    };
    both.values().unwrap();
}

#[test]
fn a_closure_that_breaks_its_word_or_fails_is_an_error() {
    let (model, set) = given(CAPTIONS);
    let run = |own: ComputeMetrics| {
        let options = EvaluationOptions {
            compute_metrics: Some(own),
            ..options()
        };
        evaluate(&model, &set, &options).unwrap_err()
    };
    let declared = [("one", None), ("two", None)];
    let other = run(ComputeMetrics::new(declared, |_| {
        Ok(Scores::from_iter([("one", 1.0)]))
    }));
    assert!(
        matches!(other, TrainError::ComputeMetrics { .. }),
        "{other}"
    );
    assert!(
        other.to_string().contains("[one, two] but gave [one]"),
        "{other}"
    );
    let fails = run(ComputeMetrics::new(declared, |_| {
        Err(MetricError::Custom {
            metric: "mine".into(),
            message: "no dictionary".into(),
        })
    }));
    assert!(fails.to_string().contains("no dictionary"), "{fails}");
}

#[test]
fn values_that_are_no_numbers_are_written() {
    let (model, set) = given(CAPTIONS);
    let own = ComputeMetrics::new([("own", None)], |_| {
        Ok(Scores::from_iter([("own", f64::INFINITY)]))
    });
    let options = EvaluationOptions {
        compute_metrics: Some(own),
        ..options()
    };
    let evaluation = evaluate(&model, &set, &options).unwrap();
    let written = serde_json::to_value(&evaluation).unwrap();
    assert_eq!(written["scores"]["own"], "Infinity");
    assert_eq!(written["scores"]["wer"], 0.0);
}

#[test]
fn options_out_of_range_are_refused_before_anything_is_read() {
    let (model, _) = given(CAPTIONS);
    let set = Arc::new(Watched::default());
    let no_beams = GenerationConfig {
        num_beams: 0,
        ..GenerationConfig::default()
    };
    let too_long = GenerationConfig {
        max_length: Some(65),
        ..GenerationConfig::default()
    };
    for (name, options) in [
        (
            "batch_size",
            EvaluationOptions {
                batch_size: 0,
                ..options()
            },
        ),
        (
            "batch_size",
            EvaluationOptions {
                batch_size: 2_000_000,
                ..options()
            },
        ),
        (
            "num_workers",
            EvaluationOptions {
                num_workers: 5000,
                ..options()
            },
        ),
        (
            "num_beams",
            EvaluationOptions {
                generation: Some(no_beams),
                ..options()
            },
        ),
        (
            "65",
            EvaluationOptions {
                generation: Some(too_long),
                ..options()
            },
        ),
    ] {
        let error = evaluate(&model, &set.prepared(), &options)
            .unwrap_err()
            .to_string();
        assert!(error.contains(name), "{error}");
    }
    for (name, options) in [
        (
            "batch_size",
            GuideOptions {
                batch_size: 0,
                ..GuideOptions::default()
            },
        ),
        (
            "max_length",
            GuideOptions {
                max_length: Some(1),
                ..GuideOptions::default()
            },
        ),
        (
            "64 positions",
            GuideOptions {
                max_length: Some(65),
                ..GuideOptions::default()
            },
        ),
    ] {
        let error = guide_metrics(&model, &set.prepared(), &options)
            .unwrap_err()
            .to_string();
        assert!(error.contains(name), "{error}");
    }
    assert!(set.read.lock().unwrap().is_empty());
}

/// The rows of `given`; notes the pictures that are read, and asks for a stop at the fifth.
#[derive(Default)]
struct Watched {
    read: Mutex<Vec<usize>>,
    stop: StopHandle,
}

impl Watched {
    fn prepared(self: &Arc<Self>) -> Arc<PreparedSet> {
        let processor = given(CAPTIONS).1.processor().clone();
        Arc::new(PreparedSet::new(self.clone(), processor, 64))
    }
}

impl CaptionDataset for Watched {
    fn name(&self) -> &str {
        "watched"
    }

    fn len(&self) -> usize {
        CAPTIONS.len()
    }

    fn features(&self) -> Vec<Feature> {
        Vec::new()
    }

    fn captions(&self, row: usize) -> Result<Cow<'_, [String]>, DataError> {
        Ok(vec![CAPTIONS[row].to_owned()].into())
    }

    fn picture(&self, row: usize) -> Result<Picture, DataError> {
        self.read.lock().unwrap().push(row);
        if row == 4 {
            self.stop.stop();
        }
        Ok(Picture::Rgb8 {
            width: 4,
            height: 4,
            pixels: vec![20 * row as u8; 48],
        })
    }

    fn row_name(&self, row: usize) -> Result<String, DataError> {
        Ok(row.to_string())
    }
}

#[test]
fn an_evaluation_stops_between_batches() {
    let (model, _) = given(CAPTIONS);
    let set = Arc::new(Watched::default());
    let stopping = EvaluationOptions {
        num_workers: 0,
        stop: Some(set.stop.clone()),
        ..options()
    };
    let error = evaluate(&model, &set.prepared(), &stopping).unwrap_err();
    assert!(matches!(error, TrainError::Stopped), "{error}");
    // The second batch of three was read, the third was not.
    assert_eq!(*set.read.lock().unwrap(), [0, 1, 2, 3, 4, 5]);

    let set = Arc::new(Watched::default());
    let guide = GuideOptions {
        batch_size: 3,
        num_workers: 0,
        stop: Some(set.stop.clone()),
        ..GuideOptions::default()
    };
    let error = guide_metrics(&model, &set.prepared(), &guide).unwrap_err();
    assert!(matches!(error, TrainError::Stopped), "{error}");
    assert_eq!(set.read.lock().unwrap().len(), 6);
}
