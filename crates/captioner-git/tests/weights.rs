//! Names of weights, round trips and damaged files.

use std::fs;

use burn::tensor::Device;
use captioner_git::{GitConfig, GitForCausalLm};
use captioner_model::{LoadReport, Pretrained};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};

const WEIGHTS_FILE: &str = "model.safetensors";

fn model(seed: u64) -> GitForCausalLm {
    let config = GitConfig::small(30, 0, 2, 3);
    GitForCausalLm::new(config, seed, &Device::flex()).unwrap()
}

fn bytes_of(model: &GitForCausalLm) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    model.save_pretrained(folder.path()).unwrap();
    fs::read(folder.path().join(WEIGHTS_FILE)).unwrap()
}

#[test]
fn names_and_shapes_are_those_of_transformers() {
    let bytes = bytes_of(&model(1));
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let shape = |name: &str| file.tensor(name).unwrap().shape().to_vec();
    assert_eq!(shape("output.weight"), [30, 128]);
    assert_eq!(
        shape("git.encoder.layer.1.intermediate.dense.weight"),
        [512, 128]
    );
    let vision = "git.image_encoder.vision_model";
    for (name, dims) in [
        ("git.embeddings.LayerNorm.weight", vec![128]),
        ("git.encoder.layer.0.attention.self.query.bias", vec![128]),
        (
            "git.encoder.layer.0.attention.output.LayerNorm.bias",
            vec![128],
        ),
        (
            "git.visual_projection.visual_projection.0.weight",
            vec![128, 128],
        ),
        (
            "git.visual_projection.visual_projection.1.weight",
            vec![128],
        ),
        (&format!("{vision}.embeddings.class_embedding"), vec![128]),
        (
            &format!("{vision}.embeddings.patch_embedding.weight"),
            vec![128, 3, 16, 16],
        ),
        (
            &format!("{vision}.embeddings.position_embedding.weight"),
            vec![37, 128],
        ),
        (&format!("{vision}.pre_layrnorm.weight"), vec![128]),
        (
            &format!("{vision}.encoder.layers.3.self_attn.out_proj.weight"),
            vec![128, 128],
        ),
        (
            &format!("{vision}.encoder.layers.0.layer_norm2.bias"),
            vec![128],
        ),
    ] {
        assert_eq!(shape(name), dims, "{name}");
    }
}

#[test]
fn a_round_trip_keeps_every_bit() {
    let folder = tempfile::tempdir().unwrap();
    let saved = model(1);
    saved.save_pretrained(folder.path()).unwrap();
    let device = Device::flex();
    let loaded = GitForCausalLm::from_pretrained_with_report(folder.path(), &device);
    let (loaded, report) = loaded.unwrap();
    assert_eq!(report, LoadReport::default());
    assert_eq!(bytes_of(&loaded), bytes_of(&saved));
    assert_ne!(bytes_of(&loaded), bytes_of(&model(2)));
}

fn message_of(file: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    model(1).save_pretrained(folder.path()).unwrap();
    fs::write(folder.path().join(WEIGHTS_FILE), file).unwrap();
    let loaded = GitForCausalLm::from_pretrained(folder.path(), &Device::flex());
    loaded.unwrap_err().to_string()
}

#[test]
fn a_truncated_file_is_named() {
    let bytes = bytes_of(&model(1));
    for length in [0, 4, 100, bytes.len() - 1] {
        let message = message_of(&bytes[..length]);
        assert!(
            message.contains("model.safetensors is damaged"),
            "{message}"
        );
    }
}

#[test]
fn missing_extra_and_misshapen_tensors_are_named() {
    let bytes = bytes_of(&model(1));
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let mut tensors: Vec<(String, Vec<usize>, &[u8])> = file
        .iter()
        .map(|(name, tensor)| (name.to_owned(), tensor.shape().to_vec(), tensor.data()))
        .collect();
    tensors.retain(|(name, ..)| name != "output.bias");
    for (name, shape, _) in &mut tensors {
        if name == "output.weight" {
            shape.reverse();
        }
    }
    tensors.push(("stray".into(), vec![1], &[0; 4]));
    tensors.push(("git.embeddings.position_ids".into(), vec![1], &[0; 4]));
    let views = tensors.into_iter().map(|(name, shape, data)| {
        let view = TensorView::new(Dtype::F32, shape, data).unwrap();
        (name, view)
    });
    let message = message_of(&safetensors::serialize(views, None).unwrap());
    assert!(message.contains("1 missing: output.bias"), "{message}");
    assert!(message.contains("1 unexpected: stray;"), "{message}");
    assert!(
        message.contains("output.weight (should be [30, 128]"),
        "{message}"
    );
}
