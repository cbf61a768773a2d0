//! What is taken for a model's folder and is none: one line that says what it is, and what helps.

mod fixture;

use std::fs;
use std::path::Path;

use burn::tensor::Device;
use captioner_git::GitForCausalLm;
use captioner_model::{ModelError, Pretrained, Processor};

use fixture::Fixture;

const POINTER: &str = "version https://git-lfs.github.com/spec/v1\n\
                       oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\n\
                       size 706530264\n";

/// A whole folder of model and processor.
fn model() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let folder = Fixture::open("storage").folder.join("new");
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), root.path().join(entry.file_name())).unwrap();
    }
    root
}

fn with(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(root.path().join(name), text).unwrap();
    }
    root
}

fn open(folder: &Path) -> ModelError {
    GitForCausalLm::from_pretrained(folder, &Device::flex()).unwrap_err()
}

/// One line, with all of these words.
fn says(error: ModelError, words: &[&str]) {
    let message = error.to_string();
    assert_eq!(message.lines().count(), 1, "{message}");
    for word in words {
        assert!(message.contains(word), "{word}: {message}");
    }
}

#[test]
fn an_adapter_is_no_model_and_names_its_own() {
    let config = r#"{"peft_type": "LORA", "base_model_name_or_path": "microsoft/git-base"}"#;
    let adapter = with(&[
        ("adapter_config.json", config),
        ("adapter_model.safetensors", ""),
    ]);
    let words = ["adapter of 'microsoft/git-base'", "load_adapter"];
    says(open(adapter.path()), &words);
    says(
        Processor::from_pretrained(adapter.path()).unwrap_err(),
        &words,
    );
}

#[test]
fn another_architecture_is_named_before_anything_is_missed_of_it() {
    for kind in ["blip", "bert", "vit-gpt2", "qwen2_vl"] {
        let config = format!(r#"{{"model_type": "{kind}"}}"#);
        let other = with(&[("config.json", &config)]);
        says(
            open(other.path()),
            &[&format!("'{kind}'"), "only git", "config.json"],
        );
    }
    let blip = with(&[
        ("config.json", r#"{"model_type": "blip"}"#),
        (
            "preprocessor_config.json",
            r#"{"image_processor_type": "BlipImageProcessor"}"#,
        ),
    ]);
    let error = Processor::from_pretrained(blip.path()).unwrap_err();
    says(error, &["BlipImageProcessor", "preprocessor_config.json"]);
}

#[test]
fn a_git_lfs_pointer_in_place_of_any_file_is_named() {
    for file in [
        "model.safetensors",
        "config.json",
        "tokenizer.json",
        "processor_config.json",
        "generation_config.json",
    ] {
        let folder = model();
        fs::write(folder.path().join(file), POINTER).unwrap();
        let error = GitForCausalLm::from_pretrained(folder.path(), &Device::flex()).err();
        let error = error.or_else(|| Processor::from_pretrained(folder.path()).err());
        says(error.unwrap(), &[file, "Git LFS pointer", "git lfs pull"]);
    }
    let config = fs::read_to_string(model().path().join("config.json")).unwrap();
    let pickle = with(&[("config.json", &config), ("pytorch_model.bin", POINTER)]);
    says(
        open(pickle.path()),
        &["pytorch_model.bin", "Git LFS pointer"],
    );
    let vocabulary = with(&[("vocab.txt", POINTER), ("preprocessor_config.json", "{}")]);
    let error = Processor::from_pretrained(vocabulary.path()).unwrap_err();
    says(error, &["vocab.txt", "Git LFS pointer"]);
}

#[test]
fn an_index_without_its_shards_names_the_first_that_is_missing() {
    let config = fs::read_to_string(model().path().join("config.json")).unwrap();
    let shard = "model-00001-of-00002.safetensors";
    let index = format!(r#"{{"weight_map": {{"output.bias": "{shard}"}}}}"#);
    let folder = with(&[
        ("config.json", &config),
        ("model.safetensors.index.json", &index),
    ]);
    let words = [
        "model.safetensors.index.json",
        shard,
        "is missing",
        "fetch it again",
    ];
    says(open(folder.path()), &words);
    fs::write(folder.path().join(shard), POINTER).unwrap();
    says(open(folder.path()), &[shard, "Git LFS pointer"]);
}

#[test]
fn a_data_set_is_no_model() {
    let line = r#"{"file_name": "a.png", "text": "a cat"}"#;
    for name in [
        "metadata.jsonl",
        "train-00000-of-00001.parquet",
        "dataset_dict.json",
    ] {
        let set = with(&[(name, line)]);
        says(open(set.path()), &["it is a data set", name]);
        says(
            Processor::from_pretrained(set.path()).unwrap_err(),
            &["it is a data set"],
        );
    }
}

#[test]
fn a_runs_folder_says_where_its_model_is() {
    let run = tempfile::tempdir().unwrap();
    fs::create_dir(run.path().join("model")).unwrap();
    fs::write(run.path().join("model/config.json"), "{}").unwrap();
    let inner = run.path().join("model").display().to_string();
    says(open(run.path()), &["the model is in", &inner]);
}

#[test]
fn weights_of_another_library_are_named() {
    let config = fs::read_to_string(model().path().join("config.json")).unwrap();
    let folder = with(&[("config.json", &config), ("tf_model.h5", "")]);
    says(open(folder.path()), &["tf_model.h5", "model.safetensors"]);
    let folder = with(&[("config.json", &config)]);
    says(
        open(folder.path()),
        &["model.safetensors (or pytorch_model.bin) is missing"],
    );
}
