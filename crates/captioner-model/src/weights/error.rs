//! What can be wrong with weights.

use std::path::PathBuf;

use safetensors::tensor::SafeTensorError;
use thiserror::Error;

use captioner_files::FileError;

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
    /// Not a file that PyTorch wrote, a damaged one, or one that holds other things than tensors.
    #[error(
        "{path} can't be read as PyTorch weights: {source}; no code in it was run; fetch it \
         again, or have Python save it as model.safetensors", path = .path.display()
    )]
    Pickle {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The folder holds no weights.
    #[error(
        "{folder} holds no weights: model.safetensors or pytorch_model.bin, whole or with an \
         index, is needed", folder = .folder.display()
    )]
    NoWeights {
        /// The folder.
        folder: PathBuf,
    },
    /// An index of several weight files that does not fit them.
    #[error("{path}: '{tensor}' is said to be in '{file}', {problem}", path = .path.display())]
    Index {
        /// The index.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// The file that should hold it.
        file: String,
        /// What is wrong.
        problem: IndexProblem,
    },
    /// The file and the configuration do not belong together.
    #[error("{path} does not fit config.json beside it: {}", .mismatches.summary(), path = .path.display())]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// Every difference.
        mismatches: Mismatches,
    },
    /// A tensor that is asked for is not in the file.
    #[error(
        "{path} holds no '{tensor}': it belongs to another model, or to one of which other \
         parameters were trained; give the file that was saved with this one",
        path = .path.display()
    )]
    NoTensor {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
    },
    /// A tensor of another shape or type than the one that is asked for.
    #[error(
        "{path}: '{tensor}' should be {want}, and is {have}: it belongs to another model; give the \
         file that was saved with this one", path = .path.display()
    )]
    OtherTensor {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// The shape and type that are asked for.
        want: String,
        /// Those in the file.
        have: String,
    },
    /// Two tensors of one name.
    #[error(
        "can't write {path}: there are two tensors named '{tensor}'; give the parameters of the \
         model names that differ", path = .path.display()
    )]
    NameTwice {
        /// The file.
        path: PathBuf,
        /// The name.
        tensor: String,
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
    #[error("can't read '{name}' from the device: {source}")]
    Device {
        /// The parameter.
        name: String,
        /// What the device said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Why a tensor is not where an index of several weight files says.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum IndexProblem {
    /// A path to elsewhere: a checkpoint must not make us read other files.
    #[error("which is no file name: only files beside the index are read")]
    NotAFileName,
    /// The file is missing.
    #[error("which is missing: fetch it again")]
    MissingFile,
    /// The file does not hold it.
    #[error("but is not there: fetch both again")]
    MissingTensor,
    /// Another file holds it as well.
    #[error("and is in another file too: remove one of them")]
    Twice,
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
    pub(super) fn is_empty(&self) -> bool {
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
