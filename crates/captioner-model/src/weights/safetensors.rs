//! `model.safetensors`, read tensor by tensor.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex};

use captioner_files::FileError;
use safetensors::tensor::{Dtype, Metadata, SafeTensorError, TensorInfo};

use super::WeightsError;
use super::source::{FloatType, Stored, Tensors};

/// Longest header that is read; the format's own limit.
const MAX_HEADER: u64 = 100_000_000;

/// Opens a file and checks that its header describes its bytes; reads no values yet.
pub(super) fn open(path: &Path) -> Result<Tensors, WeightsError> {
    Ok(open_with_metadata(path)?.0)
}

/// As [`open`], and gives the header's metadata.
pub(super) fn open_with_metadata(
    path: &Path,
) -> Result<(Tensors, HashMap<String, String>), WeightsError> {
    let io = || FileError::io("read", path);
    let mut file = File::open(path).map_err(io())?;
    let length = file.metadata().map_err(io())?.len();
    let unreadable = |source| WeightsError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let mut size = [0; 8];
    if length < 8 {
        return Err(unreadable(SafeTensorError::HeaderTooSmall));
    }
    file.read_exact(&mut size).map_err(io())?;
    let header_length = u64::from_le_bytes(size);
    if header_length > MAX_HEADER {
        return Err(unreadable(SafeTensorError::HeaderTooLarge));
    }
    if header_length > length - 8 {
        return Err(unreadable(SafeTensorError::InvalidHeaderLength));
    }
    let mut header = vec![0; header_length as usize];
    file.read_exact(&mut header).map_err(io())?;
    let header: Metadata = serde_json::from_slice(&header)
        .map_err(SafeTensorError::InvalidHeaderDeserialization)
        .map_err(unreadable)?;
    let start = 8 + header_length;
    check_places(&header, length - start).map_err(unreadable)?;
    let file = Arc::new(Mutex::new(file));
    let metadata = header.metadata().clone().unwrap_or_default();
    let tensors = header.tensors().into_iter();
    let tensors = tensors.map(|(name, info)| (name, stored(path, &file, start, info)));
    Ok((tensors.collect(), metadata))
}

/// Checks that the tensors lie one behind the other, fill `length` bytes, and have the sizes of
/// their shapes.
fn check_places(header: &Metadata, length: u64) -> Result<(), SafeTensorError> {
    let mut end = 0;
    // In the order of their offsets.
    for name in header.offset_keys() {
        let Some(info) = header.info(&name) else {
            continue;
        };
        let (from, to) = info.data_offsets;
        let mut sizes = info.shape.iter();
        let bits = sizes
            .try_fold(info.dtype.bitsize(), |bits, &size| bits.checked_mul(size))
            .ok_or(SafeTensorError::ValidationOverflow)?;
        if from != end || to < from {
            return Err(SafeTensorError::InvalidOffset(name));
        }
        if bits != (to - from).saturating_mul(8) {
            return Err(SafeTensorError::TensorInvalidInfo);
        }
        end = to;
    }
    if end as u64 != length {
        return Err(SafeTensorError::MetadataIncompleteBuffer);
    }
    Ok(())
}

fn stored(path: &Path, file: &Arc<Mutex<File>>, start: u64, info: &TensorInfo) -> Stored {
    let float = match info.dtype {
        Dtype::F64 => Some(FloatType::F64),
        Dtype::F32 => Some(FloatType::F32),
        Dtype::F16 => Some(FloatType::F16),
        Dtype::BF16 => Some(FloatType::BF16),
        _ => None,
    };
    let (path, file) = (path.to_owned(), file.clone());
    let (from, to) = info.data_offsets;
    Stored {
        shape: info.shape.clone(),
        type_name: format!("{:?}", info.dtype),
        float,
        read: Box::new(move || {
            let mut bytes = vec![0; to - from];
            // A reader that failed half-way leaves no state that the next one depends on.
            let mut file = file.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            file.seek(SeekFrom::Start(start + from as u64))
                .and_then(|_| file.read_exact(&mut bytes))
                .map_err(FileError::io("read", &path))?;
            Ok(bytes)
        }),
    }
}
