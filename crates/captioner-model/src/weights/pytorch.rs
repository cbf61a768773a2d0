//! `pytorch_model.bin`: PyTorch's pickles, read by a reader that knows tensors and runs no code.

use std::path::Path;

use pytorch_reader::{DType, PytorchReader};

use super::WeightsError;
use super::source::{FloatType, Stored, Tensors};
use captioner_files::FileError;

/// Opens a file; reads no values yet.
pub(super) fn open(path: &Path) -> Result<Tensors, WeightsError> {
    let reader = PytorchReader::new(path).map_err(|source| WeightsError::Pickle {
        path: path.to_owned(),
        source: Box::new(source),
    })?;
    let tensors = reader.into_tensors().into_iter();
    Ok(tensors
        .map(|(name, tensor)| (name, stored(path, tensor)))
        .collect())
}

fn stored(path: &Path, tensor: pytorch_reader::Tensor) -> Stored {
    let float = match tensor.dtype() {
        DType::F64 => Some(FloatType::F64),
        DType::F32 => Some(FloatType::F32),
        DType::F16 => Some(FloatType::F16),
        DType::BF16 => Some(FloatType::BF16),
        _ => None,
    };
    let path = path.to_owned();
    Stored {
        shape: tensor.shape().to_vec(),
        type_name: format!("{:?}", tensor.dtype()),
        float,
        read: Box::new(move || {
            let bytes = tensor.read().map_err(FileError::io("read", &path))?;
            Ok(bytes)
        }),
    }
}
