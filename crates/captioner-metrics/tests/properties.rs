//! What must hold for any captions.

use captioner_metrics::{
    METRIC_NAMES, Metric, Rouge, RougeScore, Scores, Transforms, borrow_captions,
    borrow_references, metric, process_words,
};
use proptest::prelude::*;

/// Sums of floats in another order.
const TOLERANCE: f64 = 1e-9;

fn caption() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        8 => prop::sample::select(vec!["a", "the", "cat", "cats", "dog", "runs", "running", "on"])
            .prop_map(str::to_owned),
        1 => "[a-c]{1,3}",
        1 => "\\PC{0,6}",
        1 => prop::sample::select(vec!["n't", "U.S.", "1,000", "\n", "  ", "🐈", "e\u{301}", "-"])
            .prop_map(str::to_owned),
    ];
    prop::collection::vec(word, 0..9).prop_map(|words| words.join(" "))
}

type Rows = Vec<(String, Vec<String>)>;

fn rows() -> impl Strategy<Value = Rows> {
    let references = prop::collection::vec(caption(), 1..4);
    prop::collection::vec((caption(), references), 1..9)
}

fn filled(name: &str, rows: &[(String, Vec<String>)]) -> Box<dyn Metric> {
    let mut metric = metric(name).unwrap();
    let (predictions, references): (Vec<_>, Vec<_>) = rows.iter().cloned().unzip();
    let references = borrow_references(&references);
    let predictions = borrow_captions(&predictions);
    metric.update(&predictions, &references).unwrap();
    metric
}

fn apart(a: &Scores, b: &Scores) -> Option<String> {
    let names = |scores: &Scores| {
        scores
            .iter()
            .map(|(name, _)| name.to_owned())
            .collect::<Vec<_>>()
    };
    if names(a) != names(b) {
        return Some(format!("{:?} against {:?}", names(a), names(b)));
    }
    let mut differ = a.iter().filter_map(|(name, value)| {
        let other = b.get(name)?;
        let close = (value - other).abs() <= TOLERANCE * value.abs().max(1.0);
        (!close).then(|| format!("{name}: {value} against {other}"))
    });
    differ.next()
}

/// The upper bound of a value, if it has one.
fn upper_bound(name: &str) -> Option<f64> {
    let unbounded = [
        "wer",
        "cer",
        "mean_prediction_length",
        "mean_reference_length",
    ];
    if unbounded.contains(&name) || name.starts_with("word_") || name.starts_with("char_") {
        return None;
    }
    let percent = name == "sacrebleu" || name.starts_with("sacrebleu_precision");
    let ten = name.starts_with("cider");
    Some(if percent {
        100.0
    } else if ten {
        10.0
    } else {
        1.0
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn scores_stay_within_their_bounds(rows in rows()) {
        for name in METRIC_NAMES {
            for (value_name, value) in filled(name, &rows).compute().unwrap().iter() {
                prop_assert!(value >= -TOLERANCE, "{} is {}", value_name, value);
                if let Some(most) = upper_bound(value_name) {
                    prop_assert!(value <= most + TOLERANCE, "{} is {}", value_name, value);
                }
            }
        }
    }

    #[test]
    fn merged_parts_are_the_whole(rows in rows(), cut in 0usize..9) {
        let (left, right) = rows.split_at(cut.min(rows.len()));
        for name in METRIC_NAMES {
            let whole = filled(name, &rows).compute().unwrap();
            let mut merged = filled(name, left);
            merged.merge(filled(name, right)).unwrap();
            prop_assert_eq!(apart(&merged.compute().unwrap(), &whole), None);
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter(
        (rows, shuffled) in rows().prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle()))
    ) {
        for name in METRIC_NAMES {
            let scores = [&rows, &shuffled].map(|rows| filled(name, rows).compute().unwrap());
            prop_assert_eq!(apart(&scores[0], &scores[1]), None);
        }
    }

    #[test]
    fn the_order_of_references_changes_no_score(rows in rows()) {
        let mut reversed = rows.clone();
        reversed.iter_mut().for_each(|(_, references)| references.reverse());
        // Of references with equal scores the first counts, so single counts can differ.
        for (name, values) in [
            ("rouge", vec!["rouge1", "rouge2", "rougeL", "rougeLsum"]),
            ("bleu", vec!["bleu_1", "bleu_4"]),
            ("rouge_l", vec!["rouge_l"]),
            ("cider_d", vec!["cider_d"]),
            ("sacrebleu", vec!["sacrebleu"]),
        ] {
            let [a, b] = [&rows, &reversed].map(|rows| filled(name, rows).compute().unwrap());
            for value in values {
                let (a, b) = (a.get(value).unwrap(), b.get(value).unwrap());
                prop_assert!((a - b).abs() <= TOLERANCE, "{}: {} against {}", value, a, b);
            }
        }
    }

    #[test]
    fn edits_are_the_fewest_and_the_same_both_ways(a in caption(), b in caption()) {
        for transforms in [Transforms::wer_default(), Transforms::cer_default()] {
            let one_way = process_words(&[&b], &[&a], &transforms, &transforms).unwrap();
            let other_way = process_words(&[&a], &[&b], &transforms, &transforms).unwrap();
            let errors = |output: &captioner_metrics::WordOutput| {
                let details = output.details;
                details.substitutions + details.deletions + details.insertions
            };
            let fewest = reference_distance(&one_way.references[0], &one_way.predictions[0]);
            prop_assert_eq!(errors(&one_way), fewest);
            prop_assert_eq!(errors(&other_way), fewest);
        }
    }

    #[test]
    fn an_alignment_covers_both_sides_without_gap(a in caption(), b in caption()) {
        let transforms = Transforms::wer_default();
        let output = process_words(&[&b], &[&a], &transforms, &transforms).unwrap();
        let (mut reference, mut prediction) = (0, 0);
        for chunk in &output.alignments[0] {
            prop_assert_eq!(chunk.reference.start, reference);
            prop_assert_eq!(chunk.prediction.start, prediction);
            (reference, prediction) = (chunk.reference.end, chunk.prediction.end);
        }
        prop_assert_eq!(reference, output.references[0].len());
        prop_assert_eq!(prediction, output.predictions[0].len());
    }

    #[test]
    fn rouge_swaps_precision_and_recall_with_its_sides(a in caption(), b in caption()) {
        let row = |prediction: &String, reference: &String| {
            let mut rouge = Rouge::new(true);
            rouge.update(&[prediction.as_str()], &[vec![reference.as_str()]]).unwrap();
            let row = rouge.rows()[0];
            [row.rouge1, row.rouge2, row.rouge_l]
        };
        for (one, other) in row(&a, &b).iter().zip(row(&b, &a)) {
            let swapped = RougeScore {
                precision: other.recall,
                recall: other.precision,
                fmeasure: one.fmeasure,
            };
            prop_assert_eq!(*one, swapped);
            prop_assert!((one.fmeasure - other.fmeasure).abs() <= TOLERANCE);
        }
    }

    #[test]
    fn a_perfect_prediction_gets_the_best_score(words in prop::collection::vec("[a-z]{1,8}", 4..9)) {
        // No tokenizer takes such a caption for anything but words.
        let rows = vec![(words.join(" "), vec![words.join(" ")])];
        let best = [
            ("wer", "wer", 0.0),
            ("cer", "cer", 0.0),
            ("rouge", "rougeL", 1.0),
            ("rouge_l", "rouge_l", 1.0),
            ("sacrebleu", "sacrebleu", 100.0),
            ("exact_match", "exact_match", 1.0),
            ("meteor", "meteor", 1.0),
        ];
        for (name, value, expected) in best {
            let score = filled(name, &rows).compute().unwrap().get(value).unwrap();
            prop_assert!((score - expected).abs() <= TOLERANCE, "{} is {}", value, score);
        }
    }
}

fn reference_distance(a: &[String], b: &[String]) -> u64 {
    let mut row: Vec<u64> = (0..=b.len() as u64).collect();
    for left in a {
        let mut diagonal = std::mem::replace(&mut row[0], 0);
        row[0] = diagonal + 1;
        for (place, right) in b.iter().enumerate() {
            let substituted = diagonal + u64::from(left != right);
            diagonal = row[place + 1];
            row[place + 1] = substituted.min(row[place] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
