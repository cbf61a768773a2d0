//! Named tensors of a safetensors file other than a checkpoint's weights.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::WeightsError;
use super::safetensors::open_with_metadata;
use super::source::{FloatType, Stored, Tensors};

/// The named tensors of a safetensors file, as [`TensorWriter`](crate::TensorWriter) writes it.
/// Opening it checks its header; each tensor is read when it is asked for.
pub struct TensorReader {
    path: PathBuf,
    tensors: Tensors,
    metadata: HashMap<String, String>,
}

impl TensorReader {
    /// Opens a file and checks that its header describes its bytes.
    ///
    /// # Errors
    /// When it can't be read, or is damaged or no safetensors file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, WeightsError> {
        let path = path.as_ref().to_owned();
        let (tensors, metadata) = open_with_metadata(&path)?;
        Ok(Self {
            path,
            tensors,
            metadata,
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// An entry of the file's metadata.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.metadata.get(key).map(String::as_str)
    }

    /// The names of all tensors, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// A tensor of 32-bit floats of that shape, row-major, to the bit.
    ///
    /// # Errors
    /// When there is no such tensor, its shape or type is another, or it can't be read.
    pub fn floats(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, WeightsError> {
        let stored = self.stored(name)?;
        if stored.shape != shape || stored.float != Some(FloatType::F32) {
            return Err(self.other(name, format!("{shape:?} of F32"), stored));
        }
        stored.floats()
    }

    /// A whole number.
    ///
    /// # Errors
    /// When there is no such tensor, it is no single whole number, or it can't be read.
    pub fn number(&self, name: &str) -> Result<u64, WeightsError> {
        let stored = self.stored(name)?;
        let bytes = match stored.shape.is_empty() && stored.type_name == "U64" {
            true => (stored.read)()?,
            false => Vec::new(),
        };
        match bytes.first_chunk() {
            Some(bytes) => Ok(u64::from_le_bytes(*bytes)),
            None => Err(self.other(name, "[] of U64".to_owned(), stored)),
        }
    }

    fn stored(&self, name: &str) -> Result<&Stored, WeightsError> {
        let missing = || WeightsError::NoTensor {
            path: self.path.clone(),
            tensor: name.to_owned(),
        };
        self.tensors.get(name).ok_or_else(missing)
    }

    fn other(&self, name: &str, want: String, have: &Stored) -> WeightsError {
        WeightsError::OtherTensor {
            path: self.path.clone(),
            tensor: name.to_owned(),
            want,
            have: format!("{:?} of {}", have.shape, have.type_name),
        }
    }
}
