//! The files that a checkpoint's tensors lie in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use serde::Deserialize;

use super::WeightsError;
use super::error::IndexProblem;
use super::pytorch;
use super::safetensors;
use captioner_files::{read_json, refuse_lfs_pointer};

/// The file that holds all weights.
pub(crate) const WEIGHTS_FILE: &str = "model.safetensors";

/// Weight files in the order of preference: whole, then an index of several.
const WHOLE: [(&str, Format); 2] = [
    (WEIGHTS_FILE, Format::Safetensors),
    ("pytorch_model.bin", Format::Pytorch),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Safetensors,
    Pytorch,
}

/// A type that weights are stored in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FloatType {
    F64,
    F32,
    F16,
    BF16,
}

/// A tensor in a file, its values not yet read.
pub(crate) struct Stored {
    pub(crate) shape: Vec<usize>,
    /// The type's name, for messages.
    pub(crate) type_name: String,
    /// The type, where it is one that weights are stored in.
    pub(crate) float: Option<FloatType>,
    pub(super) read: Box<dyn Fn() -> Result<Vec<u8>, WeightsError>>,
}

impl Stored {
    /// The values, row-major, as 32-bit numbers.
    pub(crate) fn floats(&self) -> Result<Vec<f32>, WeightsError> {
        let bytes = (self.read)()?;
        Ok(match self.float {
            Some(FloatType::F64) => numbers(&bytes, |b: [u8; 8]| f64::from_le_bytes(b) as f32),
            Some(FloatType::F16) => numbers(&bytes, |b| f16::from_le_bytes(b).to_f32()),
            Some(FloatType::BF16) => numbers(&bytes, |b| bf16::from_le_bytes(b).to_f32()),
            Some(FloatType::F32) | None => numbers(&bytes, f32::from_le_bytes),
        })
    }
}

fn numbers<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    let (chunks, _) = bytes.as_chunks::<N>();
    chunks.iter().map(|chunk| number(*chunk)).collect()
}

/// Tensors by name.
pub(crate) type Tensors = BTreeMap<String, Stored>;

/// All tensors of a checkpoint by name.
pub(super) struct Checkpoint {
    /// The file to name where the whole checkpoint is meant.
    pub(super) path: PathBuf,
    pub(super) tensors: Tensors,
}

/// `model.safetensors.index.json` and its like: which file each tensor is in.
#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// Whether `folder` holds weights in a form that can be read.
pub(crate) fn has_weights(folder: &Path) -> bool {
    find(folder).is_some()
}

fn find(folder: &Path) -> Option<(PathBuf, Format, bool)> {
    WHOLE.into_iter().find_map(|(name, format)| {
        let whole = folder.join(name);
        if whole.is_file() {
            return Some((whole, format, false));
        }
        let index = folder.join(format!("{name}.index.json"));
        index.is_file().then_some((index, format, true))
    })
}

/// The tensors of the adapter in `folder` and the file they are in, where there is one.
pub(crate) fn open_adapter(folder: &Path) -> Result<Option<(PathBuf, Tensors)>, WeightsError> {
    for (name, format) in [
        ("adapter_model.safetensors", Format::Safetensors),
        ("adapter_model.bin", Format::Pytorch),
    ] {
        let path = folder.join(name);
        if path.is_file() {
            let tensors = open_file(&path, format)?;
            return Ok(Some((path, tensors)));
        }
    }
    Ok(None)
}

/// Opens the checkpoint in `folder`; reads no values yet.
pub(super) fn open(folder: &Path) -> Result<Checkpoint, WeightsError> {
    let Some((path, format, is_index)) = find(folder) else {
        return Err(WeightsError::NoWeights {
            folder: folder.to_owned(),
        });
    };
    let tensors = if is_index {
        open_shards(&path, folder, format)?
    } else {
        open_file(&path, format)?
    };
    Ok(Checkpoint { path, tensors })
}

fn open_file(path: &Path, format: Format) -> Result<Tensors, WeightsError> {
    refuse_lfs_pointer(path)?;
    match format {
        Format::Safetensors => safetensors::open(path),
        Format::Pytorch => pytorch::open(path),
    }
}

/// Opens the files that an index names, and takes from each the tensors it should have.
fn open_shards(index_path: &Path, folder: &Path, format: Format) -> Result<Tensors, WeightsError> {
    let index: Index = read_json(index_path)?;
    let mut tensors = BTreeMap::new();
    let mut open = BTreeMap::new();
    for (name, file) in index.weight_map {
        let wrong = |problem| WeightsError::Index {
            path: index_path.to_owned(),
            tensor: name.clone(),
            file: file.clone(),
            problem,
        };
        if Path::new(&file).file_name().and_then(|name| name.to_str()) != Some(file.as_str()) {
            return Err(wrong(IndexProblem::NotAFileName));
        }
        let shard = match open.get_mut(&file) {
            Some(shard) => shard,
            None => {
                let path = folder.join(&file);
                if !path.is_file() {
                    return Err(wrong(IndexProblem::MissingFile));
                }
                let shard = open_file(&path, format)?;
                open.entry(file.clone()).or_insert(shard)
            }
        };
        let stored = shard
            .remove(&name)
            .ok_or_else(|| wrong(IndexProblem::MissingTensor))?;
        tensors.insert(name, stored);
    }
    for (file, shard) in open {
        add_unlisted(index_path, &file, shard, &mut tensors)?;
    }
    Ok(tensors)
}

/// Adds what a file holds beyond the index: transformers reads that too, and what the model has no
/// use for must be reported.
fn add_unlisted(
    index_path: &Path,
    file: &str,
    shard: Tensors,
    tensors: &mut Tensors,
) -> Result<(), WeightsError> {
    for (name, stored) in shard {
        if tensors.contains_key(&name) {
            return Err(WeightsError::Index {
                path: index_path.to_owned(),
                tensor: name,
                file: file.to_owned(),
                problem: IndexProblem::Twice,
            });
        }
        tensors.insert(name, stored);
    }
    Ok(())
}
