//! BLEU equals sacreBLEU's, over the corpus and for single rows.

use captioner_metrics::{BleuSmoothing, BleuTokenizer, Metric, SacreBleu, SacreBleuSettings};

use crate::fixture::{
    CORPUS, ROWS, assert_close, assert_rows, number, over_all_rows, references, value,
};

fn settings(name: &str) -> SacreBleuSettings {
    let default = SacreBleuSettings::default();
    let tokenizer = |tokenizer| SacreBleuSettings {
        tokenizer,
        ..default
    };
    let smoothing = |smoothing| SacreBleuSettings {
        smoothing,
        ..default
    };
    match name {
        "default" => default,
        "lowercase" => SacreBleuSettings {
            lowercase: true,
            ..default
        },
        "intl" => tokenizer(BleuTokenizer::International),
        "char" => tokenizer(BleuTokenizer::Char),
        "none" => tokenizer(BleuTokenizer::None),
        "floor" => smoothing(BleuSmoothing::Floor(0.1)),
        "add_k" => smoothing(BleuSmoothing::AddK(1.0)),
        "unsmoothed" => smoothing(BleuSmoothing::None),
        other => panic!("no settings {other}"),
    }
}

#[test]
fn corpus_scores_are_equal_in_every_setting() {
    let expected = CORPUS["sacrebleu"].as_object().unwrap();
    assert_eq!(expected.len(), 8);
    for (name, expected) in expected {
        let metric = over_all_rows(SacreBleu::new(settings(name)), &references());
        let scores = metric.compute().unwrap();
        assert_close(
            value(&scores, "sacrebleu"),
            number(&expected["score"]),
            name,
        );
        let penalty = value(&scores, "sacrebleu_brevity_penalty");
        assert_close(penalty, number(&expected["bp"]), name);
        for order in 1..=4 {
            let precision = value(&scores, &format!("sacrebleu_precision_{order}"));
            assert_close(precision, number(&expected["precisions"][order - 1]), name);
        }
    }
}

#[test]
fn sentence_scores_are_equal_with_every_smoothing() {
    let smoothings = [
        BleuSmoothing::Exp,
        BleuSmoothing::Floor(0.1),
        BleuSmoothing::AddK(1.0),
        BleuSmoothing::None,
    ];
    for (place, smoothing) in smoothings.into_iter().enumerate() {
        let settings = SacreBleuSettings {
            smoothing,
            effective_order: true,
            ..SacreBleuSettings::default()
        };
        let metric = over_all_rows(SacreBleu::new(settings), &references());
        let expected = ROWS.iter().map(|row| row.sentence_bleu[place]);
        assert_rows(&metric, "sacrebleu", expected);
    }
}
