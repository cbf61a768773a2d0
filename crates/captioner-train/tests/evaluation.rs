//! What an evaluation measures, shown on a model that has learnt its captions by heart.

mod by_heart;

use std::sync::Arc;

use by_heart::{CAPTIONS, given};
use captioner_data::{InMemoryDataset, Picture};
use captioner_metrics::{MetricSet, single_references};
use captioner_model::GenerationConfig;
use captioner_train::{EvaluationOptions, MetricSpelling, PreparedSet, evaluate};

fn options(spelling: MetricSpelling) -> EvaluationOptions {
    EvaluationOptions {
        batch_size: 3,
        generation: Some(GenerationConfig {
            max_length: Some(64),
            ..GenerationConfig::default()
        }),
        metrics: MetricSet::from_names(["wer", "exact_match", "cider_d", "bleu_4"]).unwrap(),
        spelling,
        ..EvaluationOptions::default()
    }
}

#[test]
fn a_caption_learnt_by_heart_is_right_in_the_tokenizers_spelling() {
    let (model, set) = given(CAPTIONS);
    let evaluation = evaluate(&model, &set, &options(MetricSpelling::Tokenizer)).unwrap();
    let score = |name: &str| evaluation.score(name).unwrap();
    assert_eq!(score("generated_wer"), 0.0);
    assert_eq!(score("generated_exact_match"), 1.0);
    assert_eq!(score("wer"), 0.0);
    assert!((score("generated_bleu_4") - 1.0).abs() < 1e-6);
    assert!(score("loss_per_token") < 1e-6);
    // As they are in the set they are spelled otherwise; that is written too, and shown to people.
    assert!(evaluation.scores_in_other_spelling["generated_wer"] > 0.3);
    assert_eq!(evaluation.rows[0].references, [CAPTIONS[0]]);
    assert_eq!(evaluation.rows[0].generated, ["a drawing of a green cat"]);
    let raw = evaluate(&model, &set, &options(MetricSpelling::Raw)).unwrap();
    assert_eq!(
        raw.scores["generated_wer"],
        evaluation.scores_in_other_spelling["generated_wer"]
    );
    assert_eq!(raw.scores_in_other_spelling["generated_wer"], 0.0);
}

#[test]
fn a_wrong_caption_is_wrong_in_either_spelling() {
    let mut learnt = CAPTIONS;
    learnt[0] = "a drawing of a green dog";
    let (model, set) = given(learnt);
    for spelling in [MetricSpelling::Tokenizer, MetricSpelling::Raw] {
        let evaluation = evaluate(&model, &set, &options(spelling)).unwrap();
        let exact = evaluation.score("generated_exact_match").unwrap();
        assert!(exact <= 7.0 / 8.0, "{spelling}: {exact}");
        assert!(evaluation.score("generated_wer").unwrap() > 0.0);
    }
}

#[test]
fn several_captions_a_picture_are_scored_by_the_first() {
    let (model, set) = given(CAPTIONS);
    let mut options = options(MetricSpelling::Tokenizer);
    options.generation = Some(GenerationConfig {
        max_length: Some(64),
        num_beams: 2,
        num_return_sequences: 2,
        ..GenerationConfig::default()
    });
    let evaluation = evaluate(&model, &set, &options).unwrap();
    assert_eq!(evaluation.rows.len(), 8);
    assert_eq!(evaluation.score("generated_exact_match"), Some(1.0));
    for row in &evaluation.rows {
        assert_eq!(row.generated.len(), 2);
        assert_eq!(row.generated[0], row.tokenizer_references[0]);
    }
}

#[test]
fn any_metric_is_computed_of_teacher_forced_predictions() {
    let mut learnt = CAPTIONS;
    learnt[0] = "a drawing of a green dog";
    let (model, set) = given(learnt);
    let names = ["cer", "bleu_1", "exact_match"];
    let options = EvaluationOptions {
        generation: None,
        teacher_forced_metrics: MetricSet::from_names(names).unwrap(),
        ..options(MetricSpelling::Raw)
    };
    let evaluation = evaluate(&model, &set, &options).unwrap();
    assert_eq!(evaluation.score("exact_match"), Some(7.0 / 8.0));
    assert_eq!(evaluation.score("wer"), None);
    // Of the same texts, whatever spelling generated captions are compared in.
    let rows = evaluation.rows.iter();
    let predictions: Vec<&str> = rows.map(|row| row.teacher_forced.as_str()).collect();
    let references = evaluation
        .rows
        .iter()
        .map(|row| row.tokenizer_references[0].as_str());
    let mut metrics = MetricSet::from_names(names).unwrap();
    let references: Vec<&str> = references.collect();
    let references = single_references(&references);
    metrics.update(&predictions, &references).unwrap();
    for (name, value) in metrics.compute().unwrap().iter() {
        assert_eq!(evaluation.score(name), Some(value), "{name}");
    }
}

#[test]
fn the_values_of_tokens_agree_with_each_other() {
    let mut learnt = CAPTIONS;
    learnt[0] = "a drawing of a green dog";
    let (model, set) = given(learnt);
    let evaluation = evaluate(&model, &set, &options(MetricSpelling::Raw)).unwrap();
    let score = |name: &str| evaluation.score(name).unwrap();
    assert_eq!(score("perplexity"), score("loss_per_token").exp());
    // One token of all is wrong: "dog" for "cat".
    let tokenizer = &set.processor().tokenizer;
    let tokens = CAPTIONS
        .iter()
        .map(|text| tokenizer.encode(text).unwrap().len() - 1);
    let tokens = tokens.sum::<usize>() as f64;
    assert_eq!(score("token_accuracy"), (tokens - 1.0) / tokens);
    // It costs 50 nats and all others nearly nothing; it is one of 3 pictures' in a batch of 8.
    let in_batch = CAPTIONS[..3]
        .iter()
        .map(|text| tokenizer.encode(text).unwrap().len() - 1);
    let in_batch = in_batch.sum::<usize>() as f64;
    assert!((score("loss_per_token") - 50.0 / tokens).abs() < 1e-5);
    let mean = 50.0 / in_batch * 3.0 / 8.0;
    assert!((score("loss") - mean).abs() < 1e-5);
    assert_eq!(evaluation.steps, 3);
    let times = evaluation.seconds;
    assert_eq!(evaluation.samples_per_second(), 8.0 / times);
    assert_eq!(evaluation.steps_per_second(), 3.0 / times);
}

#[test]
fn references_with_unknown_tokens_are_counted() {
    let (model, set) = given(CAPTIONS);
    let evaluation = evaluate(&model, &set, &options(MetricSpelling::Tokenizer)).unwrap();
    assert_eq!(evaluation.references_with_unknown_tokens, 0);
    let mut foreign = InMemoryDataset::new("foreign");
    for caption in ["a drawing of a 🐈", "a drawing"] {
        let picture = Picture::Rgb8 {
            width: 1,
            height: 1,
            pixels: vec![0; 3],
        };
        foreign.push(picture, [caption]);
    }
    let foreign = PreparedSet::new(Arc::new(foreign), set.processor().clone(), 64);
    let evaluation = evaluate(
        &model,
        &Arc::new(foreign),
        &options(MetricSpelling::Tokenizer),
    );
    assert_eq!(evaluation.unwrap().references_with_unknown_tokens, 1);
}
