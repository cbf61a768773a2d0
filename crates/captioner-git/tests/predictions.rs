//! Predictions over a large vocabulary, which are made a few rows at a time.

use burn::tensor::{Device, Tensor};
use captioner_git::{GitConfig, GitForCausalLm, GitVisionConfig};
use captioner_model::{
    BatchError, CaptionBatch, CaptionModel, EncodeOptions, ModelError, Padding, PixelValues,
    TokenBatch, counted_logits, predict_rows,
};

/// 16 rows of logits over this vocabulary are held at once.
const VOCABULARY: usize = 500_000;

fn model() -> GitForCausalLm {
    let vision_config = GitVisionConfig {
        hidden_size: 4,
        intermediate_size: 8,
        num_hidden_layers: 1,
        num_attention_heads: 1,
        image_size: 8,
        patch_size: 8,
        ..GitVisionConfig::default()
    };
    let config = GitConfig {
        vision_config,
        vocab_size: VOCABULARY,
        hidden_size: 4,
        intermediate_size: 8,
        num_hidden_layers: 1,
        num_attention_heads: 1,
        max_position_embeddings: 32,
        initializer_range: 0.5,
        ..GitConfig::default()
    };
    GitForCausalLm::new(config, 3, &Device::flex()).unwrap()
}

fn batch() -> CaptionBatch {
    let rows: Vec<Vec<u32>> = (0..3u32)
        .map(|row| (0..15 + row).map(|at| 100_000 * row + 7001 * at).collect())
        .collect();
    let options = EncodeOptions {
        padding: Padding::Longest,
        ..EncodeOptions::default()
    };
    let values = (0..3 * 192).map(|value| (value % 13) as f32 - 6.0);
    let pixels = PixelValues::new(values.collect(), &[3, 3, 8, 8]).unwrap();
    CaptionBatch::new(pixels, TokenBatch::from_rows(&rows, 0, &options).unwrap()).unwrap()
}

#[test]
fn rows_a_few_at_a_time_are_predicted_as_all_together() {
    let (model, batch) = (model(), batch());
    let prefix = model.encode_batch(&batch).unwrap();
    let (logits, targets) = counted_logits(&model, &prefix, &batch).unwrap();
    let [count, _] = logits.dims();
    assert_eq!(count, 14 + 15 + 16); // more than twice what is held at once
    let predictions = model.predict(&prefix, &batch).unwrap();
    assert_eq!(predictions.count, count);
    let best = logits.clone().argmax(1).into_data();
    let best: Vec<u32> = best.iter::<i64>().map(|id| id as u32).collect();
    assert_eq!(predictions.predicted.concat(), best);
    let expected: Vec<u32> = targets
        .into_data()
        .iter::<i64>()
        .map(|id| id as u32)
        .collect();
    assert_eq!(predictions.expected.concat(), expected);
    let losses = model.losses(&batch, 0.0).unwrap().into_data();
    let sum: f64 = losses.iter::<f32>().map(f64::from).sum();
    let off = (predictions.loss_sum - sum).abs() / sum;
    assert!(off < 1e-6, "{} is not {sum}", predictions.loss_sum);
}

#[test]
fn targets_that_fit_neither_rows_nor_vocabulary_are_refused() {
    let model = model();
    let hidden = || Tensor::<2>::zeros([2, 4], &model.device());
    let error = predict_rows(&model, hidden(), &[1]);
    assert!(matches!(
        error,
        Err(ModelError::Batch(BatchError::Targets {
            targets: 1,
            rows: 2
        }))
    ));
    for id in [-1, VOCABULARY as i64] {
        let error = predict_rows(&model, hidden(), &[1, id]);
        assert!(matches!(
            error,
            Err(ModelError::Batch(BatchError::Token { .. }))
        ));
    }
}
