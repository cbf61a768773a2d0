//! Folders that are taken for a model's.

use std::fs;
use std::path::{Path, PathBuf};

use captioner_files::read_json;
use serde_json::{Map, Value};

use crate::config::CONFIG_FILE;
use crate::error::OtherFolder;

/// The file that only an adapter has.
const ADAPTER: &str = "adapter_config.json";

/// Weights that other libraries read.
const OTHER_WEIGHTS: [&str; 6] = [
    "tf_model.h5",
    "flax_model.msgpack",
    "rust_model.ot",
    "model.onnx",
    "diffusion_pytorch_model.safetensors",
    "consolidated.safetensors",
];

/// Files that a data set has and no model.
const OF_DATASETS: [&str; 5] = [
    "metadata.jsonl",
    "metadata.csv",
    "metadata.parquet",
    "dataset_info.json",
    "dataset_dict.json",
];

/// Endings of the files of a data set.
const ENDINGS: [&str; 3] = [".parquet", ".arrow", ".tar"];

/// The folders of a data set's splits, or of its files.
const OF_SPLITS: [&str; 4] = ["train", "validation", "test", "data"];

/// Entries of a folder that are looked at.
const LOOKED_AT: usize = 10_000;

/// What a folder without a model holds, as far as it is known.
pub(crate) fn other_folder(folder: &Path) -> Option<OtherFolder> {
    if folder.join(ADAPTER).is_file() {
        let base = base_of(&folder.join(ADAPTER));
        return Some(OtherFolder::Adapter { base });
    }
    let names = names(folder);
    let inner = inner_model(folder, &names);
    inner
        .map(|inner| OtherFolder::Inside { inner })
        .or_else(|| other_weights(&names))
        .or_else(|| dataset(folder, &names))
}

/// The model that an adapter belongs to.
fn base_of(path: &Path) -> String {
    let config = read_json::<Map<String, Value>>(path).unwrap_or_default();
    let base = config.get("base_model_name_or_path");
    match base.and_then(Value::as_str) {
        Some(base) => format!("'{base}'"),
        None => "a model that its configuration does not name".to_owned(),
    }
}

/// The sorted names of a folder's entries.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.take(LOOKED_AT).map(|entry| entry.file_name());
    let mut names: Vec<_> = names.filter_map(|name| name.into_string().ok()).collect();
    names.sort();
    names
}

/// The model in a run's folder, the last checkpoint of one, or a snapshot in the Hub's cache.
fn inner_model(folder: &Path, names: &[String]) -> Option<PathBuf> {
    let checkpoints = names.iter().filter_map(|name| {
        let step: u64 = name.strip_prefix("checkpoint-")?.parse().ok()?;
        Some((step, folder.join(name)))
    });
    let last = checkpoints.max().map(|(_, path)| path);
    let snapshots = folder.join("snapshots");
    let snapshots_in = self::names(&snapshots).into_iter();
    let snapshots = snapshots_in.map(|name| snapshots.join(name));
    let mut places = std::iter::once(folder.join("model"))
        .chain(last)
        .chain(snapshots);
    places.find(|place| place.join(CONFIG_FILE).is_file())
}

fn other_weights(names: &[String]) -> Option<OtherFolder> {
    let other = |name: &&String| OTHER_WEIGHTS.contains(&name.as_str()) || name.ends_with(".gguf");
    let file = names.iter().find(other)?.clone();
    Some(OtherFolder::OtherWeights { file })
}

fn dataset(folder: &Path, names: &[String]) -> Option<OtherFolder> {
    let of_dataset = |name: &&String| {
        OF_DATASETS.contains(&name.as_str())
            || ENDINGS.iter().any(|ending| name.ends_with(ending))
            || (OF_SPLITS.contains(&name.as_str()) && folder.join(name).is_dir())
    };
    let file = names.iter().find(of_dataset)?.clone();
    Some(OtherFolder::Dataset { file })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with these files, each of which may be in a folder of its own.
    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    fn found(files: &[(&str, &str)]) -> Option<OtherFolder> {
        other_folder(folder(files).path())
    }

    #[test]
    fn an_adapter_names_its_model() {
        let base = r#"{"base_model_name_or_path": "microsoft/git-base"}"#;
        let adapter = found(&[(ADAPTER, base), ("adapter_model.safetensors", "")]);
        let message = adapter.unwrap().to_string();
        assert!(
            message.contains("adapter of 'microsoft/git-base'"),
            "{message}"
        );
        let broken = found(&[(ADAPTER, "{")]).unwrap().to_string();
        assert!(broken.contains("does not name"), "{broken}");
    }

    #[test]
    fn a_data_set_is_told_by_its_files() {
        for file in [
            "metadata.jsonl",
            "metadata.csv",
            "dataset_dict.json",
            "train-00000-of-00001.parquet",
            "00000.tar",
            "data/train-00000-of-00001.parquet",
            "train/a.png",
        ] {
            let other = found(&[(file, "")]);
            assert!(matches!(other, Some(OtherFolder::Dataset { .. })), "{file}");
        }
        assert_eq!(found(&[("notes.txt", ""), ("train", "a file")]), None);
    }

    #[test]
    fn a_model_within_is_named() {
        for (files, inner) in [
            (
                &["model/config.json", "checkpoint-9/config.json"][..],
                "model",
            ),
            (
                &["checkpoint-9/config.json", "checkpoint-10/config.json"],
                "checkpoint-10",
            ),
            (
                &["snapshots/4f2a/config.json", "refs/main"],
                "snapshots/4f2a",
            ),
        ] {
            let files: Vec<_> = files.iter().map(|file| (*file, "{}")).collect();
            let root = folder(&files);
            let inner = root.path().join(inner);
            assert_eq!(
                other_folder(root.path()),
                Some(OtherFolder::Inside { inner })
            );
        }
    }

    #[test]
    fn weights_of_other_libraries_are_named() {
        for file in ["tf_model.h5", "flax_model.msgpack", "git-base.Q4_K_M.gguf"] {
            let other = found(&[("config.json", "{}"), (file, "")]);
            let file = file.to_owned();
            assert_eq!(other, Some(OtherFolder::OtherWeights { file }));
        }
    }
}
