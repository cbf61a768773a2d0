//! Evaluations give what transformers' `Trainer.evaluate` gives: `tools/reference/evaluation.py` made
//! the values, of the checkpoint of captioner-git's `storage/new` fixture.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::tensor::Device;
use captioner_data::{InMemoryDataset, Picture};
use captioner_git::{GitConfig, GitForCausalLm};
use captioner_metrics::MetricSet;
use captioner_model::{GenerationConfig, ModelSpec, Pretrained, Processor};
use captioner_text::{CaptionTokenizer, WordPieceTraining};
use captioner_train::{
    EvaluationOptions, GuideOptions, PreparedSet, TrainError, evaluate, guide_metrics,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Expected {
    captions: Vec<String>,
    max_length: usize,
    loss: f64,
    perplexity: f64,
    token_accuracy: f64,
    wer: f64,
    teacher_forced: Vec<String>,
    /// `eval_loss` of `Trainer.evaluate` by batch size, pads left out of the loss.
    trainer_eval_loss: BTreeMap<usize, f64>,
    /// What the guide logs, by batch size.
    guide: BTreeMap<usize, Guide>,
}

#[derive(Deserialize)]
struct Guide {
    loss: f64,
    wer_score: f64,
    /// Of the text's positions alone.
    wer_score_of_text: f64,
}

fn path(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Pictures of the script's formula, with captions.
fn pictures(side: usize, captions: &[String]) -> InMemoryDataset {
    let mut set = InMemoryDataset::new("formula");
    for (row, caption) in captions.iter().enumerate() {
        // As `picture` in the script.
        let value = |index: usize| (index * (2 * row + 3) * 31 + index / 7 * 17 + 40 * row) % 256;
        let picture = Picture::Rgb8 {
            width: side as u32,
            height: side as u32,
            pixels: (0..side * side * 3)
                .map(|index| value(index) as u8)
                .collect(),
        };
        set.push(picture, [caption.as_str()]);
    }
    set
}

/// What Python gave, the model, and the set.
fn given() -> (Expected, GitForCausalLm, Arc<PreparedSet>) {
    let text = std::fs::read_to_string(path("tests/fixtures/evaluation.json")).unwrap();
    let expected: Expected = serde_json::from_str(&text).unwrap();
    let folder = path("../captioner-git/tests/fixtures/storage/new");
    // With autodiff, as after training: the checkpoint's dropout of 0.1 must stay out.
    let model = GitForCausalLm::from_pretrained(&folder, &Device::flex().autodiff()).unwrap();
    let set = pictures(16, &expected.captions);
    let processor = Processor::from_pretrained(&folder).unwrap();
    let set = PreparedSet::new(Arc::new(set), processor, 32);
    (expected, model, Arc::new(set))
}

fn close(what: &str, got: f64, want: f64) {
    let off = (got - want).abs() / want;
    eprintln!("{what}: {got} for {want}, {off:.1e} off");
    assert!(off < 1e-5, "{what}: {got} is not {want}");
}

#[test]
fn losses_accuracy_and_error_rate_are_the_references_at_every_batch_size() {
    let (expected, model, set) = given();
    for (&batch_size, &eval_loss) in &expected.trainer_eval_loss {
        for num_workers in [0, 2] {
            let options = EvaluationOptions {
                batch_size,
                num_workers,
                generation: None,
                ..EvaluationOptions::default()
            };
            let evaluation = evaluate(&model, &set, &options).unwrap();
            let score = |name: &str| evaluation.score(name).unwrap();
            close("eval_loss", score("loss"), eval_loss);
            close("loss", score("loss_per_token"), expected.loss);
            close("perplexity", score("perplexity"), expected.perplexity);
            assert_eq!(score("token_accuracy"), expected.token_accuracy);
            assert_eq!(score("wer"), expected.wer);
            let texts = evaluation.rows.iter().map(|row| &row.teacher_forced);
            assert!(texts.eq(&expected.teacher_forced));
        }
    }
}

#[test]
fn the_guides_numbers_are_what_its_trainer_logs() {
    let (expected, model, set) = given();
    for (&batch_size, guide) in &expected.guide {
        let options = GuideOptions {
            batch_size,
            max_length: Some(expected.max_length),
            ..GuideOptions::default()
        };
        let metrics = guide_metrics(&model, &set, &options).unwrap();
        close("the guide's eval_loss", metrics.loss, guide.loss);
        close("the guide's eval_wer_score", metrics.wer, guide.wer_score);
        // The picture's positions make a difference.
        assert!(metrics.wer > guide.wer_score_of_text);
    }
}

#[test]
fn the_guides_padding_must_hold_every_caption() {
    let (_, model, set) = given();
    let options = GuideOptions {
        max_length: Some(8),
        ..GuideOptions::default()
    };
    let error = guide_metrics(&model, &set, &options).unwrap_err();
    assert!(matches!(error, TrainError::Setting(_)), "{error}");
    assert!(error.to_string().contains("max_length"), "{error}");
}

#[test]
fn pictures_that_pass_the_model_in_parts_give_what_they_give_together() {
    let captions: Vec<String> = (1..=11).map(|words| "a cat ".repeat(words)).collect();
    let tokenizer =
        CaptionTokenizer::train_word_piece(&captions, &WordPieceTraining::default()).unwrap();
    let mut config = GitConfig::small_for(&ModelSpec::for_tokenizer(&tokenizer, 32));
    // 8 pictures of this size pass the model at once.
    config.vision_config.image_size = 224;
    config.vision_config.patch_size = 56;
    config.initializer_range = 0.3;
    let model = GitForCausalLm::new(config, 5, &Device::flex()).unwrap();
    let processor = Processor::clip(224, tokenizer).unwrap();
    let set = Arc::new(PreparedSet::new(
        Arc::new(pictures(224, &captions)),
        processor,
        32,
    ));
    let measure = |batch_size| {
        let generation = GenerationConfig {
            max_length: Some(12),
            num_beams: 2,
            num_return_sequences: 2,
            ..GenerationConfig::default()
        };
        let options = EvaluationOptions {
            batch_size,
            generation: Some(generation),
            metrics: MetricSet::from_names(["cer"]).unwrap(),
            ..EvaluationOptions::default()
        };
        evaluate(&model, &set, &options).unwrap()
    };
    let (together, in_parts) = (measure(6), measure(11));
    assert_eq!(together.rows, in_parts.rows);
    assert!(in_parts.rows.iter().all(|row| row.generated.len() == 2));
    for name in ["loss_per_token", "perplexity", "token_accuracy", "wer"] {
        let (want, got) = (together.scores[name], in_parts.scores[name]);
        assert!(
            (got - want).abs() <= 1e-6 * want,
            "{name}: {got} is not {want}"
        );
    }
    // Of the two captions of a picture, the first is scored.
    let cer = |caption: usize| {
        let rows = &in_parts.rows;
        let predictions: Vec<_> = rows.iter().map(|row| &row.generated[caption]).collect();
        let references: Vec<_> = rows.iter().map(|row| &row.tokenizer_references).collect();
        let mut metrics = MetricSet::from_names(["cer"]).unwrap();
        metrics.update(&predictions, &references).unwrap();
        metrics.compute().unwrap().get("cer").unwrap()
    };
    assert_eq!(in_parts.scores["generated_cer"], cer(0));
    assert_ne!(cer(0), cer(1));
    // One batch holds all rows: its mean is that of all tokens.
    let (mean, loss) = (in_parts.scores["loss"], in_parts.scores["loss_per_token"]);
    assert!((mean - loss).abs() <= 1e-12 * loss);
}
