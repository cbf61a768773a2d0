//! `model.safetensors`, with the names and layout that transformers uses.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs;
use std::path::{Path as FilePath, PathBuf};

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};
use half::{bf16, f16};
use safetensors::tensor::{Dtype, SafeTensorError, SafeTensors, TensorView, View};
use thiserror::Error;

use super::names::Path;
use crate::files::FileError;
use crate::model::GitForCausalLm;

/// The file that holds the weights.
pub(crate) const WEIGHTS_FILE: &str = "model.safetensors";

/// How many names a message lists before it only counts.
const LISTED: usize = 5;

/// Why weights can't be loaded or saved.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// The file itself.
    #[error(transparent)]
    File(#[from] FileError),
    /// Not a safetensors file, or a damaged one.
    #[error("{path} is damaged or no safetensors file: {source}; fetch or save it again", path = .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: SafeTensorError,
    },
    /// The file and the configuration do not belong together.
    #[error("{path} does not fit config.json beside it: {}", .mismatches.summary(), path = .path.display())]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// Every difference.
        mismatches: Mismatches,
    },
    /// The file can't be written.
    #[error("can't write {path}: {source}", path = .path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: SafeTensorError,
    },
    /// The device did not hand out its values.
    #[error("can't read '{name}' from the device: {reason}")]
    Device {
        /// The parameter.
        name: String,
        /// What the device said.
        reason: String,
    },
}

/// How a file's tensors differ from those that a configuration asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mismatches {
    /// Asked for and not in the file.
    pub missing: Vec<String>,
    /// In the file and not asked for.
    pub unexpected: Vec<String>,
    /// Of another shape or type: name, what the configuration asks for, what the file has.
    pub different: Vec<(String, String, String)>,
}

impl Mismatches {
    fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.unexpected.is_empty() && self.different.is_empty()
    }

    fn summary(&self) -> String {
        let different: Vec<String> = self
            .different
            .iter()
            .map(|(name, want, have)| format!("{name} (should be {want}, is {have})"))
            .collect();
        [
            ("missing", &self.missing),
            ("unexpected", &self.unexpected),
            ("different", &different),
        ]
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(kind, names)| format!("{} {kind}: {}", names.len(), list(names)))
        .collect::<Vec<_>>()
        .join("; ")
    }
}

fn list(names: &[String]) -> String {
    let shown = names[..names.len().min(LISTED)].join(", ");
    match names.len().saturating_sub(LISTED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Loads the weights of `folder`, all of them or none.
pub(crate) fn load(
    model: GitForCausalLm,
    folder: &FilePath,
) -> Result<GitForCausalLm, WeightsError> {
    let path = folder.join(WEIGHTS_FILE);
    let bytes = fs::read(&path).map_err(FileError::io("read", &path))?;
    let file = SafeTensors::deserialize(&bytes).map_err(|source| WeightsError::Unreadable {
        path: path.clone(),
        source,
    })?;
    let mismatches = compare(&model, &file);
    if !mismatches.is_empty() {
        return Err(WeightsError::Mismatch { path, mismatches });
    }
    Ok(model.map(&mut Loader {
        path: Path::default(),
        file: &file,
    }))
}

fn compare(model: &GitForCausalLm, file: &SafeTensors) -> Mismatches {
    let mut expected = Shapes::default();
    model.visit(&mut expected);
    let mut found = Mismatches::default();
    for (name, shape) in &expected.shapes {
        match file.tensor(name) {
            Err(_) => found.missing.push(name.clone()),
            Ok(tensor) if tensor.shape() != shape || !is_readable(tensor.dtype()) => {
                let want = format!("{shape:?} of F32, F16 or BF16");
                let have = format!("{:?} of {:?}", tensor.shape(), tensor.dtype());
                found.different.push((name.clone(), want, have));
            }
            Ok(_) => {}
        }
    }
    let known = |name: &str| expected.shapes.iter().any(|(known, _)| known == name);
    let extra = file.names().into_iter().filter(|name| !known(name));
    // Old checkpoints store the constant 0, 1, 2, ... beside the position embeddings.
    found.unexpected = extra
        .filter(|name| !name.ends_with(".position_ids"))
        .map(str::to_owned)
        .collect();
    found.unexpected.sort();
    found
}

fn is_readable(dtype: Dtype) -> bool {
    matches!(dtype, Dtype::F32 | Dtype::F16 | Dtype::BF16)
}

/// Name and checkpoint shape of every parameter.
#[derive(Default)]
struct Shapes {
    path: Path,
    shapes: Vec<(String, Vec<usize>)>,
}

impl ModuleVisitor for Shapes {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let mut shape = param.lazy_shape().to_vec();
        if self.path.is_transposed() {
            shape.reverse();
        }
        self.shapes.push((self.path.name(), shape));
    }
}

/// Puts the file's values into the model; the file is known to hold them all.
struct Loader<'a> {
    path: Path,
    file: &'a SafeTensors<'a>,
}

impl ModuleMapper for Loader<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Ok(stored) = self.file.tensor(&self.path.name()) else {
            return param; // `compare` has seen every name.
        };
        let mut values = floats(&stored);
        if self.path.is_transposed() {
            values = transpose(&values, stored.shape()[0], stored.shape()[1]);
        }
        let data = TensorData::new(values, param.lazy_shape());
        let tensor = Tensor::from_data(data, &param.lazy_device());
        let id = param.id;
        param.transform_for_load(tensor, id)
    }
}

fn floats(stored: &TensorView) -> Vec<f32> {
    let bytes = stored.data();
    let halves = bytes.chunks_exact(2).map(|b| [b[0], b[1]]);
    match stored.dtype() {
        Dtype::F16 => halves.map(|b| f16::from_le_bytes(b).to_f32()).collect(),
        Dtype::BF16 => halves.map(|b| bf16::from_le_bytes(b).to_f32()).collect(),
        _ => bytes
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .collect(),
    }
}

/// Row-major `[rows, columns]` to row-major `[columns, rows]`.
fn transpose(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    let mut turned = Vec::with_capacity(values.len());
    for column in 0..columns {
        turned.extend((0..rows).map(|row| values[row * columns + column]));
    }
    turned
}

/// Writes the weights of `model` into `folder`.
pub(crate) fn save(model: &GitForCausalLm, folder: &FilePath) -> Result<(), WeightsError> {
    let path = folder.join(WEIGHTS_FILE);
    let mut saver = Saver::default();
    model.visit(&mut saver);
    if let Some(error) = saver.failed {
        return Err(error);
    }
    // transformers refuses a file that does not say which framework's layout it has.
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    safetensors::serialize_to_file(saver.tensors, Some(metadata), &path)
        .map_err(|source| WeightsError::Unwritable { path, source })
}

#[derive(Default)]
struct Saver {
    path: Path,
    tensors: Vec<(String, Stored)>,
    failed: Option<WeightsError>,
}

/// A tensor's values as the file has them.
struct Stored {
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl View for Stored {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

impl ModuleVisitor for Saver {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let name = self.path.name();
        let mut tensor = param.val();
        if self.path.is_transposed() {
            tensor = tensor.transpose();
        }
        let shape = tensor.dims().to_vec();
        match tensor.try_into_data() {
            Ok(data) => {
                let bytes = data.iter::<f32>().flat_map(f32::to_le_bytes).collect();
                self.tensors.push((name, Stored { shape, bytes }));
            }
            Err(error) => {
                let reason = error.to_string();
                self.failed = Some(WeightsError::Device { name, reason });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::GitConfig;
    use burn::tensor::Device;

    fn model(seed: u64) -> GitForCausalLm {
        let config = GitConfig::small(30, 0, 2, 3);
        GitForCausalLm::new(config, seed, &Device::flex()).unwrap()
    }

    fn empty() -> GitForCausalLm {
        GitForCausalLm::unset(GitConfig::small(30, 0, 2, 3), &Device::flex()).unwrap()
    }

    fn bytes_of(model: &GitForCausalLm) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        save(model, folder.path()).unwrap();
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
                vec![128, 3, 12, 12],
            ),
            (
                &format!("{vision}.embeddings.position_embedding.weight"),
                vec![65, 128],
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
        save(&saved, folder.path()).unwrap();
        let loaded = load(empty(), folder.path()).unwrap();
        assert_eq!(bytes_of(&loaded), bytes_of(&saved));
        assert_ne!(bytes_of(&loaded), bytes_of(&model(2)));
    }

    fn message_of(file: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(WEIGHTS_FILE), file).unwrap();
        load(empty(), folder.path()).unwrap_err().to_string()
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
        let mut saver = Saver::default();
        model(1).visit(&mut saver);
        let mut tensors: Vec<_> = saver.tensors;
        tensors.retain(|(name, _)| name != "output.bias");
        for (name, tensor) in &mut tensors {
            if name == "output.weight" {
                tensor.shape.reverse();
            }
        }
        let stray = || Stored {
            shape: vec![1],
            bytes: vec![0; 4],
        };
        tensors.push(("stray".into(), stray()));
        tensors.push(("git.embeddings.position_ids".into(), stray()));
        let message = message_of(&safetensors::serialize(tensors, None).unwrap());
        assert!(message.contains("1 missing: output.bias"), "{message}");
        assert!(message.contains("1 unexpected: stray;"), "{message}");
        assert!(
            message.contains("output.weight (should be [30, 128]"),
            "{message}"
        );
    }
}
