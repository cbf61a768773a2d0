//! Which files of a repository a model needs.

use crate::{HubError, RepoId};

use super::listing::RemoteFile;

/// Endings of files that describe a model, its processor and its tokenizer.
const DESCRIPTIONS: [&str; 5] = [".json", ".txt", ".jinja", ".model", "README.md"];
/// Weights in the order in which `transformers` looks for them: one file, or an index of shards.
const WEIGHTS: [(&str, &str); 6] = [
    ("model.safetensors", ""),
    ("model.safetensors.index.json", "model-"),
    ("adapter_model.safetensors", ""),
    ("pytorch_model.bin", ""),
    ("pytorch_model.bin.index.json", "pytorch_model-"),
    ("adapter_model.bin", ""),
];

/// The files of a model: its description, and its weights in one form only. A repository often
/// holds the same weights for PyTorch, TensorFlow, Flax and ONNX.
///
/// # Errors
/// [`HubError::NoWeights`] where there are none that can be read here.
pub(crate) fn model_files(id: &RepoId, files: &[RemoteFile]) -> Result<Vec<RemoteFile>, HubError> {
    let present = |name: &str| files.iter().any(|file| file.path == name);
    let weights = WEIGHTS.iter().find(|(name, _)| present(name));
    let (main, shards) = weights.ok_or_else(|| HubError::NoWeights { id: id.to_string() })?;
    let ending = if main.contains(".bin") {
        ".bin"
    } else {
        ".safetensors"
    };
    let wanted = |file: &&RemoteFile| {
        let path = file.path.as_str();
        let shard = !shards.is_empty() && path.starts_with(shards) && path.ends_with(ending);
        let index = path.ends_with(".index.json");
        let described = !index && DESCRIPTIONS.iter().any(|ending| path.ends_with(ending));
        !path.contains('/') && (path == *main || shard || described)
    };
    Ok(files.iter().filter(wanted).cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(names: &[&str]) -> Result<Vec<String>, HubError> {
        let file = |name: &&str| RemoteFile {
            path: (*name).to_owned(),
            size: 1,
            blob_id: String::new(),
            sha256: None,
            xet_hash: None,
        };
        let files: Vec<_> = names.iter().map(file).collect();
        let chosen = model_files(&RepoId::parse("a/b").unwrap(), &files)?;
        Ok(chosen.into_iter().map(|file| file.path).collect())
    }

    #[test]
    fn weights_are_fetched_in_one_form() {
        let description = ["README.md", "config.json", "vocab.txt"];
        let others = [
            "tf_model.h5",
            "flax_model.msgpack",
            "onnx/model.onnx",
            "logs/x.json",
        ];
        let shards = [
            "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors",
        ];
        let index = ["model.safetensors.index.json"];
        let bins = [
            "pytorch_model.bin",
            "training_args.bin",
            "pytorch_model.bin.index.json",
        ];
        let all = [&description[..], &others, &shards, &index, &bins].concat();
        let wanted = [&description[..], &shards, &index].concat();
        assert_eq!(chosen(&all).unwrap(), wanted);
        let single = [&all[..], &["model.safetensors"]].concat();
        let wanted = [&description[..], &["model.safetensors"]].concat();
        assert_eq!(chosen(&single).unwrap(), wanted);
        let former = [&description[..], &bins].concat();
        let wanted = [&description[..], &["pytorch_model.bin"]].concat();
        assert_eq!(chosen(&former).unwrap(), wanted);
    }

    #[test]
    fn a_repository_without_weights_is_no_model() {
        let error = chosen(&["config.json", "tf_model.h5"]).unwrap_err();
        assert!(matches!(error, HubError::NoWeights { .. }), "{error}");
    }
}
