//! Parts of the model that stay as they are, and what can't be trained.

mod fixture;

use burn::tensor::Device;
use captioner_git::{GitConfig, GitForCausalLm};
use captioner_model::{
    CaptionBatch, CaptionModel, FeatureRows, LossOptions, ModelError, NamePattern, PixelValues,
    Pretrained, freeze, parameter_names,
};

fn trained(model: &GitForCausalLm) -> usize {
    let pixels = PixelValues::new(vec![0.5; 3 * 96 * 96], &[1, 3, 96, 96]).unwrap();
    let rows = [vec![1, 5, 2]];
    let batch = CaptionBatch::new(pixels, fixture::tokens(&rows)).unwrap();
    let (_, grads) = model.gradients(&batch, &LossOptions::default()).unwrap();
    grads.len()
}

#[test]
fn frozen_parts_get_no_gradient_and_the_rest_does() {
    let device = Device::flex().autodiff();
    let config = GitConfig::small(30, 0, 1, 2);
    let model = GitForCausalLm::new(config, 1, &device).unwrap();
    let all = parameter_names(&model).len();
    assert_eq!(trained(&model), all);
    let patterns = ["image_encoder", "embeddings"].map(|p| NamePattern::new(p).unwrap());
    let frozen = freeze(model.clone(), &patterns).unwrap();
    let layout = GitForCausalLm::layout();
    let picked = parameter_names(&model);
    let picked = picked
        .iter()
        .filter(|n| patterns.iter().any(|p| p.matches(n, &layout)))
        .count();
    assert!(picked > 0);
    assert_eq!(trained(&frozen), all - picked);
}

#[test]
fn a_pattern_that_picks_nothing_is_named() {
    let config = GitConfig::small(30, 0, 1, 2);
    let model = GitForCausalLm::new(config, 1, &Device::flex()).unwrap();
    let pattern = NamePattern::new("image_encodr").unwrap();
    let message = freeze(model, &[pattern]).unwrap_err().to_string();
    assert!(message.contains("image_encodr"), "{message}");
}

#[test]
fn a_model_of_frozen_parts_alone_is_an_error_and_no_panic() {
    let config = GitConfig::small(30, 0, 1, 2);
    let model = GitForCausalLm::new(config, 1, &Device::flex().autodiff()).unwrap();
    let all = ["git", "output"].map(|p| NamePattern::new(p).unwrap());
    let frozen = freeze(model, &all).unwrap();
    let pixels = PixelValues::new(vec![0.5; 3 * 96 * 96], &[1, 3, 96, 96]).unwrap();
    let batch = CaptionBatch::new(pixels, fixture::tokens(&[vec![1, 5, 2]])).unwrap();
    let error = frozen.gradients(&batch, &LossOptions::default());
    assert!(matches!(error, Err(ModelError::NothingToTrain { .. })));
}

#[test]
fn a_model_without_autodiff_is_an_error_and_no_panic() {
    let config = GitConfig::small(30, 0, 1, 2);
    let model = GitForCausalLm::new(config, 1, &Device::flex()).unwrap();
    let pixels = PixelValues::new(vec![0.5; 3 * 96 * 96], &[1, 3, 96, 96]).unwrap();
    let batch = CaptionBatch::new(pixels, fixture::tokens(&[vec![1, 5, 2]])).unwrap();
    let error = model.gradients(&batch, &LossOptions::default());
    assert!(matches!(error, Err(ModelError::NoAutodiff)));
}

#[test]
fn the_encoder_is_frozen_when_nothing_before_the_decoder_is_trained() {
    let config = GitConfig::small(30, 0, 1, 2);
    let model = GitForCausalLm::new(config, 1, &Device::flex().autodiff()).unwrap();
    assert!(!model.encoder_is_frozen());
    let encoder = [NamePattern::new("image_encoder").unwrap()];
    assert!(freeze(model.clone(), &encoder).unwrap().encoder_is_frozen());
    let decoder = [NamePattern::new("decoder").unwrap()];
    assert!(!freeze(model, &decoder).unwrap().encoder_is_frozen());
}

#[test]
fn an_encoder_with_dropout_is_not_frozen_as_its_features_differ_each_time() {
    let mut config = GitConfig::small(30, 0, 1, 2);
    config.vision_config.attention_dropout = 0.1;
    let model = GitForCausalLm::new(config, 1, &Device::flex().autodiff()).unwrap();
    let encoder = [NamePattern::new("image_encoder").unwrap()];
    let model = freeze(model, &encoder).unwrap();
    assert!(!model.encoder_is_frozen());
    let pixels = PixelValues::new(vec![0.5; 3 * 96 * 96], &[1, 3, 96, 96]).unwrap();
    let features = |seed| {
        model.device().seed(seed);
        FeatureRows::from_tensor(model.encode(&pixels).unwrap()).unwrap()
    };
    assert_ne!(features(1), features(2));
}
