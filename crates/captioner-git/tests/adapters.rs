//! Low-rank adapters: training, merging, PEFT's files.

mod fixture;

use std::fs;

use burn::module::Module;
use burn::optim::AdamWConfig;
use burn::tensor::Device;
use captioner_git::{GitConfig, GitForCausalLm};
use captioner_model::{
    AdapterError, CaptionBatch, CaptionModel, LoraConfig, LossOptions, ModelError, PixelValues,
    add_lora, has_adapter, load_adapter, merge_adapter, save_adapter,
};
use serde_json::Value;

const CONFIG_FILE: &str = "adapter_config.json";

fn model(device: &Device) -> GitForCausalLm {
    GitForCausalLm::new(GitConfig::small(30, 0, 1, 2), 1, device).unwrap()
}

fn batch() -> CaptionBatch {
    let values = (0..3 * 96 * 96).map(|i| (i % 7) as f32 / 7.0).collect();
    let pixels = PixelValues::new(values, &[1, 3, 96, 96]).unwrap();
    let rows = [vec![1, 5, 9, 2]];
    CaptionBatch::new(pixels, fixture::tokens(&rows)).unwrap()
}

fn loss(model: &GitForCausalLm) -> f32 {
    let output = model.loss(&batch(), &LossOptions::default()).unwrap();
    output.loss.into_scalar::<f32>()
}

/// A model whose adapter was trained for one step.
fn adapted() -> GitForCausalLm {
    let device = Device::flex().autodiff();
    let model = add_lora(model(&device), &LoraConfig::default(), 3).unwrap();
    let (_, grads) = model.gradients(&batch(), &LossOptions::default()).unwrap();
    AdamWConfig::new().init().step(0.01, model, grads)
}

#[test]
fn a_fresh_adapter_changes_nothing_and_is_all_that_is_trained() {
    let device = Device::flex().autodiff();
    let bare = model(&device);
    let adapted = add_lora(bare.clone(), &LoraConfig::default(), 3).unwrap();
    assert_eq!(loss(&adapted), loss(&bare));
    let (_, grads) = adapted
        .gradients(&batch(), &LossOptions::default())
        .unwrap();
    // Queries and values: two maps in each of 4 vision and 2 decoder layers, two matrices each.
    assert_eq!(grads.len(), 2 * 2 * (4 + 2));
}

#[test]
fn merging_changes_no_result_and_leaves_no_adapter() {
    let adapted = adapted();
    let before = loss(&adapted);
    assert!((before - loss(&model(&Device::flex()))).abs() > 1e-3);
    let merged = merge_adapter(adapted);
    assert!(!has_adapter(&merged));
    let after = loss(&merged.valid());
    assert!(
        (after - before).abs() < 1e-4 * before,
        "{after} is not {before}"
    );
}

#[test]
fn a_target_that_picks_nothing_and_a_second_adapter_are_refused() {
    let device = Device::flex();
    let config = LoraConfig {
        target_modules: vec!["quary".into()],
        ..LoraConfig::default()
    };
    let message = add_lora(model(&device), &config, 1)
        .unwrap_err()
        .to_string();
    assert!(message.contains("quary"), "{message}");
    let twice = add_lora(adapted(), &LoraConfig::default(), 1);
    assert!(matches!(
        twice,
        Err(ModelError::Adapter(AdapterError::Present))
    ));
}

#[test]
fn a_saved_adapter_gives_the_same_results_on_the_bare_model() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("adapter");
    let adapted = adapted();
    save_adapter(&adapted, &folder, Some("microsoft/git-base")).unwrap();
    let loaded = load_adapter(model(&Device::flex()), &folder).unwrap();
    assert_eq!(loss(&loaded), loss(&adapted.valid()));
    let config: Value =
        serde_json::from_slice(&fs::read(folder.join(CONFIG_FILE)).unwrap()).unwrap();
    assert_eq!(config["peft_type"], "LORA");
    let targets = config["target_modules"].as_array().unwrap();
    assert!(targets.contains(&"git.encoder.layer.0.attention.self.query".into()));
}

#[test]
fn an_adapter_of_another_model_is_refused_by_name() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("adapter");
    save_adapter(&adapted(), &folder, None).unwrap();
    let mut config = GitConfig::small(30, 0, 1, 2);
    config.num_hidden_layers = 1;
    let other = GitForCausalLm::new(config, 1, &Device::flex()).unwrap();
    let message = load_adapter(other, &folder).unwrap_err().to_string();
    assert!(message.contains("git.encoder.layer.1"), "{message}");
}

#[test]
fn what_would_compute_something_else_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("adapter");
    save_adapter(&adapted(), &folder, None).unwrap();
    let path = folder.join(CONFIG_FILE);
    let good: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    for (key, value) in [
        ("peft_type", Value::from("IA3")),
        ("use_dora", true.into()),
        ("bias", "all".into()),
        ("r", 0.into()),
        ("r", 4.into()),
    ] {
        let mut config = good.clone();
        config[key] = value;
        fs::write(&path, config.to_string()).unwrap();
        assert!(
            load_adapter(model(&Device::flex()), &folder).is_err(),
            "{key}"
        );
    }
    fs::remove_file(&path).unwrap();
    assert!(load_adapter(model(&Device::flex()), &folder).is_err());
}
