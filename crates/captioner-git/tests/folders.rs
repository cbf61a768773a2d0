//! Checkpoint folders as transformers 4 and 5 write them: both open, and give the same.
//!
//! The fixtures are made by `tools/reference/storage_fixtures.py`.

mod fixture;

use std::fs;
use std::path::Path;

use burn::tensor::Device;
use captioner_git::GitForCausalLm;
use captioner_image::{DecodeOptions, RgbImage, Source, Workers, open};
use captioner_model::{CaptionModel, GenerationConfig, Pretrained, Processor, save_pretrained};
use serde_json::Value;

use fixture::Fixture;

/// The captions whose tokens the fixture holds.
const TEXTS: [&str; 2] = [
    "a drawing of a cat",
    "a Drawing of a PINK dog, with long ears!",
];

fn storage() -> Fixture {
    Fixture::open("storage")
}

fn picture() -> RgbImage {
    let path = storage().folder.join("picture.png");
    open(path, &DecodeOptions::default()).unwrap()
}

fn copy(name: &str, files: &[&str]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for file in files {
        let from = storage().folder.join(name).join(file);
        fs::copy(from, root.path().join(file)).unwrap();
    }
    root
}

/// Checks a folder's processor and model against the reference, the model on the processor's own
/// pixel values.
fn check(folder: &Path) {
    let want = storage();
    let processor = Processor::from_pretrained(folder).unwrap();
    check_processor(&processor);
    let model = GitForCausalLm::from_pretrained(folder, &Device::flex()).unwrap();
    let apart = fixture::difference(&want.logits(&model), &want.values("logits"));
    assert!(apart < 2e-5, "{}: {apart:e}", folder.display());
    let config = GenerationConfig {
        max_new_tokens: Some(6),
        ..GenerationConfig::from_pretrained(folder).unwrap()
    };
    let (picture, workers) = (picture(), Workers::new(1).unwrap());
    let pixels = processor.pixel_values(&[Source::Rgb(&picture)], &workers);
    let prefix = model.encode_pixels(&pixels.unwrap()).unwrap();
    let captions = model.generate(&prefix, &[], &config).unwrap();
    assert_eq!(captions[0].ids, want.sequences()[0]);
}

fn check_processor(processor: &Processor) {
    let want = storage();
    let (picture, workers) = (picture(), Workers::new(1).unwrap());
    let pixels = processor.pixel_values(&[Source::Rgb(&picture); 2], &workers);
    let pixels = pixels.unwrap();
    assert_eq!(pixels, want.pixels());
    let (rows, _) = want.captions();
    for (text, mut row) in TEXTS.into_iter().zip(rows) {
        let pad = processor.tokenizer.pad_id();
        row.truncate(row.iter().take_while(|id| **id != pad).count());
        assert_eq!(processor.tokenizer.encode(text).unwrap(), row, "{text}");
    }
}

#[test]
fn a_folder_of_transformers_4_opens() {
    let folder = storage().folder.join("old");
    assert!(!folder.join("tokenizer.json").exists());
    assert!(!folder.join("processor_config.json").exists());
    check(&folder);
}

#[test]
fn a_folder_of_transformers_5_opens() {
    let folder = storage().folder.join("new");
    assert!(!folder.join("vocab.txt").exists());
    assert!(!folder.join("preprocessor_config.json").exists());
    check(&folder);
}

#[test]
fn a_tokenizer_and_picture_settings_alone_are_a_processor() {
    for (name, files) in [
        ("new", ["processor_config.json", "tokenizer.json"]),
        ("old", ["preprocessor_config.json", "vocab.txt"]),
    ] {
        let folder = copy(name, &files);
        check_processor(&Processor::from_pretrained(folder.path()).unwrap());
    }
}

#[test]
fn what_is_saved_here_of_either_folder_opens_again() {
    for name in ["old", "new"] {
        let from = storage().folder.join(name);
        let processor = Processor::from_pretrained(&from).unwrap();
        let model = GitForCausalLm::from_pretrained(&from, &Device::flex()).unwrap();
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("saved");
        save_pretrained(&model, &processor, &folder).unwrap();
        check(&folder);
        let weights = fs::read(folder.join("model.safetensors")).unwrap();
        let file = safetensors::SafeTensors::deserialize(&weights).unwrap();
        assert!(
            !file
                .names()
                .iter()
                .any(|name| name.ends_with("position_ids"))
        );
    }
}

#[test]
fn positions_of_another_kind_are_refused_with_the_files_name() {
    let folder = copy("old", &["config.json", "pytorch_model.bin"]);
    let path = folder.path().join("config.json");
    let good: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let load = |kind: Value| {
        let mut json = good.clone();
        json["position_embedding_type"] = kind;
        fs::write(&path, json.to_string()).unwrap();
        GitForCausalLm::from_pretrained(folder.path(), &Device::flex())
    };
    assert!(load(Value::Null).is_ok());
    assert!(load("absolute".into()).is_ok());
    for kind in ["relative_key", "relative_key_query"] {
        let text = load(kind.into()).unwrap_err().to_string();
        assert!(
            text.contains("config.json: position_embedding_type is"),
            "{text}"
        );
        assert!(text.contains(kind) && text.contains("`absolute`"), "{text}");
    }
}

#[test]
fn saving_removes_nothing_that_is_not_its_own_and_keeps_the_decoding_settings() {
    let from = storage().folder.join("new");
    let processor = Processor::from_pretrained(&from).unwrap();
    let mut model = GitForCausalLm::from_pretrained(&from, &Device::flex()).unwrap();
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("notes.txt"), "mine").unwrap();
    fs::create_dir(root.path().join("checkpoint-7")).unwrap();
    processor.save_pretrained(root.path()).unwrap();
    model.set_generation_config(GenerationConfig {
        num_beams: 4,
        ..model.generation_config().clone()
    });
    model.save_pretrained(root.path()).unwrap();
    check_processor(&Processor::from_pretrained(root.path()).unwrap());
    assert_eq!(fs::read(root.path().join("notes.txt")).unwrap(), b"mine");
    assert!(root.path().join("checkpoint-7").is_dir());
    let again = GitForCausalLm::from_pretrained(root.path(), &Device::flex()).unwrap();
    assert_eq!(again.generation_config().num_beams, 4);
    // Every file is there, and nothing that was only on the way to be one.
    let hidden = fs::read_dir(root.path()).unwrap().filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().starts_with('.')
    });
    assert_eq!(hidden.count(), 0);
}

#[cfg(unix)]
#[test]
fn saved_files_have_the_mode_of_any_new_file() {
    use std::os::unix::fs::PermissionsExt;
    let root = tempfile::tempdir().unwrap();
    let mode = |name: &str| {
        let file = fs::metadata(root.path().join(name)).unwrap();
        file.permissions().mode() & 0o777
    };
    fs::write(root.path().join("any"), "").unwrap();
    let from = storage().folder.join("new");
    let model = GitForCausalLm::from_pretrained(&from, &Device::flex()).unwrap();
    model.save_pretrained(root.path()).unwrap();
    for name in ["model.safetensors", "config.json", "generation_config.json"] {
        assert_eq!(mode(name), mode("any"), "{name}");
    }
}
