//! One model in every form that transformers and PyTorch store weights in, and what is wrong with
//! damaged ones.
//!
//! The fixtures are made by `tools/reference/storage_fixtures.py`.

mod fixture;

use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use captioner_git::GitForCausalLm;
use captioner_model::{ModelError, Pretrained};
use half::{bf16, f16};
use safetensors::tensor::{Dtype, TensorView};
use serde_json::Value;

use fixture::{Fixture, Tensors, difference};

/// Folders of 32-bit weights beside `new`, which holds them in one safetensors file: several such
/// files; PyTorch's file of today, its file before 1.6, and several files.
const WHOLE: [&str; 4] = ["sharded", "old", "bin-legacy", "bin-sharded"];

/// What storing a value in 16 bits makes of it.
type Rounding = fn(f32) -> f32;

const INDEX: &str = "model.safetensors.index.json";

fn storage() -> Fixture {
    Fixture::open("storage")
}

fn load(folder: &Path) -> Result<GitForCausalLm, ModelError> {
    GitForCausalLm::from_pretrained(folder, &Device::flex())
}

fn logits(name: &str) -> Vec<f32> {
    let fixture = storage();
    fixture.logits(&load(&fixture.folder.join(name)).unwrap())
}

fn message(folder: &Path) -> String {
    load(folder).unwrap_err().to_string()
}

/// A folder of the fixture that can be changed.
fn copy(name: &str) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(storage().folder.join(name)).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, root.path().join(path.file_name().unwrap())).unwrap();
    }
    root
}

fn edit_json(path: &Path, edit: impl FnOnce(&mut Value)) {
    let mut json = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    edit(&mut json);
    fs::write(path, json.to_string()).unwrap();
}

/// The file that the index says a tensor is in.
fn shard_of(folder: &Path, tensor: &str) -> PathBuf {
    let json: Value = serde_json::from_slice(&fs::read(folder.join(INDEX)).unwrap()).unwrap();
    folder.join(json["weight_map"][tensor].as_str().unwrap())
}

/// Writes a file's tensors again, each value changed, and one tensor more.
fn rewrite(
    from: &Path,
    to: &Path,
    change: impl Fn(f32) -> f32,
    more: Option<(&str, Vec<usize>, Vec<f32>)>,
) {
    let file = Tensors::open(from);
    let mut tensors: Vec<(String, Vec<usize>, Vec<u8>)> = file
        .names()
        .into_iter()
        .map(|name| {
            let values = file.values(&name).into_iter().map(&change);
            let bytes = values.flat_map(f32::to_le_bytes).collect();
            (name.clone(), file.shape(&name), bytes)
        })
        .collect();
    tensors.extend(more.map(|(name, shape, values)| {
        let bytes = values.into_iter().flat_map(f32::to_le_bytes).collect();
        (name.to_owned(), shape, bytes)
    }));
    let views = tensors.iter().map(|(name, shape, bytes)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap();
        (name.as_str(), view)
    });
    safetensors::serialize_to_file(views, None, to).unwrap();
}

#[test]
fn every_form_of_32_bits_gives_the_same_logits() {
    let want = logits("new");
    let apart = difference(&want, &storage().values("logits"));
    assert!(apart < 2e-5, "{apart:e}");
    for name in WHOLE {
        assert_eq!(logits(name), want, "{name}");
    }
}

#[test]
fn half_precision_gives_the_logits_of_rounded_weights() {
    let round: [(&str, Rounding); 2] = [
        ("f16", |value| f16::from_f32(value).to_f32()),
        ("bf16", |value| bf16::from_f32(value).to_f32()),
    ];
    let exact = logits("new");
    for (name, round) in round {
        let rounded = copy("new");
        let file = rounded.path().join("model.safetensors");
        rewrite(
            &storage().folder.join("new/model.safetensors"),
            &file,
            round,
            None,
        );
        let want = storage().logits(&load(rounded.path()).unwrap());
        assert!(difference(&want, &exact) > 1e-4, "{name} rounds nothing");
        assert_eq!(logits(name), want, "{name}");
        assert_eq!(logits(&format!("bin-{name}")), want, "bin-{name}");
        let apart = difference(&want, &storage().values(&format!("logits.{name}")));
        assert!(apart < 2e-5, "{name}: {apart:e}");
    }
}

#[test]
fn buffers_of_old_checkpoints_are_left_out_and_named() {
    for (name, want) in [
        ("new", &[][..]),
        (
            "old",
            &[
                "git.embeddings.position_ids",
                "git.image_encoder.vision_model.embeddings.position_ids",
            ],
        ),
    ] {
        let folder = storage().folder.join(name);
        let loaded = GitForCausalLm::from_pretrained_with_report(&folder, &Device::flex());
        assert_eq!(loaded.unwrap().1.ignored, want, "{name}");
    }
}

#[test]
fn tensors_that_do_not_fit_are_named_with_both_shapes_in_every_form() {
    let halves = ["f16", "bf16", "bin-f16", "bin-bf16"];
    for name in WHOLE.into_iter().chain(halves) {
        let folder = copy(name);
        let config = folder.path().join("config.json");
        edit_json(&config, |json| {
            json["num_hidden_layers"] = 3.into();
            json["vocab_size"] = 70.into();
        });
        let text = message(folder.path());
        assert!(
            text.contains("16 missing: git.encoder.layer.2.attention"),
            "{name}: {text}"
        );
        let output = "output.weight (should be [70, 16] of F32, F16 or BF16, is [64, 16] of ";
        assert!(text.contains(output), "{name}: {text}");
        edit_json(&config, |json| {
            json["num_hidden_layers"] = 1.into();
            json["vocab_size"] = 64.into();
        });
        let text = message(folder.path());
        assert!(
            text.contains("16 unexpected: git.encoder.layer.1.attention"),
            "{name}: {text}"
        );
    }
}

#[test]
fn a_shard_that_is_missing_cut_or_elsewhere_is_named() {
    let folder = copy("sharded");
    let shard = shard_of(folder.path(), "output.weight");
    let file = shard.file_name().unwrap().to_str().unwrap();
    let bytes = fs::read(&shard).unwrap();
    for length in [0, 7, 300, bytes.len() - 1] {
        fs::write(&shard, &bytes[..length]).unwrap();
        let text = message(folder.path());
        assert!(text.contains(&format!("{file} is damaged")), "{text}");
    }
    fs::remove_file(&shard).unwrap();
    let text = message(folder.path());
    assert!(
        text.contains(&format!("'{file}', which is missing")),
        "{text}"
    );

    // Outside the folder there is a sound file, which must not be read all the same.
    fs::write(&shard, &bytes).unwrap();
    let outside = folder.path().with_extension("safetensors");
    fs::write(&outside, &bytes).unwrap();
    let name = outside.file_name().unwrap().to_str().unwrap();
    let places = [
        format!("../{name}"),
        format!("./../{name}"),
        outside.display().to_string(),
        "..".to_owned(),
        String::new(),
    ];
    for place in places {
        edit_json(&folder.path().join(INDEX), |json| {
            json["weight_map"]["output.weight"] = place.clone().into();
        });
        let text = message(folder.path());
        let want = format!("'output.weight' is said to be in '{place}', which is no file name");
        assert!(text.contains(&want), "{text}");
    }
    fs::remove_file(outside).unwrap();
}

#[test]
fn an_index_that_does_not_fit_its_shards_is_named() {
    let folder = copy("sharded");
    let index = folder.path().join(INDEX);
    let good = fs::read(&index).unwrap();
    let shard = shard_of(folder.path(), "output.weight");
    let other = shard_of(folder.path(), "git.embeddings.word_embeddings.weight");
    assert_ne!(shard, other);

    edit_json(&index, |json| {
        json["weight_map"]["output.weight"] = other.file_name().unwrap().to_str().into();
    });
    let text = message(folder.path());
    assert!(text.contains("'output.weight' is said to be in"), "{text}");
    assert!(text.contains("but is not there"), "{text}");

    fs::write(&index, "{\"weight_map\": 3}").unwrap();
    let text = message(folder.path());
    assert!(text.contains(INDEX), "{text}");

    // What the index does not list is read as well, and so is found to be too much.
    fs::write(&index, good).unwrap();
    let bytes = fs::read(&shard).unwrap();
    let scratch = folder.path().join("scratch");
    let rewrite = |name: &str| {
        let more = Some((name, vec![1], vec![0.0]));
        rewrite(&shard, &scratch, |value| value, more);
        fs::rename(&scratch, &shard).unwrap();
        let text = message(folder.path());
        fs::write(&shard, &bytes).unwrap();
        text
    };
    let text = rewrite("stray");
    assert!(text.contains("1 unexpected: stray"), "{text}");
    let text = rewrite("git.embeddings.word_embeddings.weight");
    assert!(text.contains("and is in another file"), "{text}");
    assert!(load(folder.path()).is_ok());
}

#[test]
fn a_cut_pytorch_file_is_named() {
    for (name, file) in [
        ("old", "pytorch_model.bin"),
        ("bin-legacy", "pytorch_model.bin"),
        ("bin-sharded", "pytorch_model-00002-of-00005.bin"),
    ] {
        let folder = copy(name);
        let path = folder.path().join(file);
        let good = fs::read(&path).unwrap();
        for length in (0..good.len()).step_by(1499).chain([good.len() - 1]) {
            fs::write(&path, &good[..length]).unwrap();
            let text = message(folder.path());
            assert!(text.contains(file), "{name}, {length}: {text}");
        }
    }
}

#[test]
fn a_flipped_bit_in_a_pytorch_file_is_an_error_that_names_it_or_changes_a_value() {
    for name in ["old", "bin-legacy"] {
        let folder = copy(name);
        let path = folder.path().join("pytorch_model.bin");
        let good = fs::read(&path).unwrap();
        let mut refused = 0;
        for at in (0..good.len()).step_by(173) {
            let mut bytes = good.clone();
            bytes[at] ^= 1 << (at % 8);
            fs::write(&path, &bytes).unwrap();
            if let Err(error) = load(folder.path()) {
                refused += 1;
                assert!(error.to_string().contains("pytorch_model.bin"), "{error}");
            }
        }
        assert!(refused > 0, "{name}");
    }
}
