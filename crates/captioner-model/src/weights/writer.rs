//! Named tensors, written to a safetensors file one after the other.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::Path;

use burn::tensor::{Tensor, TensorData};
use captioner_files::{FileError, write_file_with};
use safetensors::tensor::{Dtype, Metadata, TensorInfo};

use super::WeightsError;

/// Values that are turned into bytes at a time.
const BLOCK: usize = 16 * 1024;

/// Named tensors on their way into a safetensors file. Each is read from its device when it is
/// written, so that the host holds one of them at a time.
///
/// ```
/// use captioner_model::burn::tensor::{Device, Tensor};
/// use captioner_model::{TensorReader, TensorWriter};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("means.safetensors");
/// # let device = Device::flex();
///
/// let mean = Tensor::<2>::from_data([[1.0, 2.0], [3.0, 4.0]], &device);
/// let mut writer = TensorWriter::new("what", "means");
/// writer.tensor("weight.mean", vec![2, 2], mean);
/// writer.number("weight.step", 12);
/// writer.write(&path)?;
///
/// let reader = TensorReader::open(&path)?;
/// assert_eq!(reader.metadata("what"), Some("means"));
/// assert_eq!(reader.floats("weight.mean", &[2, 2])?, [1.0, 2.0, 3.0, 4.0]);
/// assert_eq!(reader.number("weight.step")?, 12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TensorWriter {
    tensors: Vec<(String, Pending)>,
    metadata: HashMap<String, String>,
}

/// Reads a tensor's values from the device.
type Read = Box<dyn FnOnce() -> Result<TensorData, WeightsError>>;

/// A tensor that is yet to be read from the device.
pub(super) struct Pending {
    dtype: Dtype,
    shape: Vec<usize>,
    /// Behind each other along the first axis.
    parts: Vec<Read>,
}

impl TensorWriter {
    /// No tensor yet, and one entry of the file's metadata: what the file holds.
    pub fn new(key: &str, value: &str) -> Self {
        Self {
            tensors: Vec::new(),
            metadata: HashMap::from([(key.to_owned(), value.to_owned())]),
        }
    }

    /// Takes a tensor, to be stored row-major as 32-bit floats of `shape`.
    ///
    /// # Panics
    /// When `shape` has another number of values than the tensor.
    #[track_caller]
    pub fn tensor<const D: usize>(
        &mut self,
        name: impl Into<String>,
        shape: Vec<usize>,
        tensor: Tensor<D>,
    ) {
        let count: usize = shape.iter().product();
        assert_eq!(count, tensor.shape().num_elements(), "values of {shape:?}");
        let name = name.into();
        let parameter = name.clone();
        let read = move || {
            tensor
                .try_into_data()
                .map_err(|error| WeightsError::Device {
                    name: parameter,
                    source: Box::new(error),
                })
        };
        self.push(name, Dtype::F32, shape, Box::new(read));
    }

    /// Takes a whole number, to be stored as a tensor without axes.
    pub fn number(&mut self, name: impl Into<String>, number: u64) {
        let read = move || Ok(TensorData::new(vec![number], [1]));
        self.push(name.into(), Dtype::U64, Vec::new(), Box::new(read));
    }

    fn push(&mut self, name: String, dtype: Dtype, shape: Vec<usize>, read: Read) {
        let parts = vec![read];
        let pending = Pending {
            dtype,
            shape,
            parts,
        };
        self.tensors.push((name, pending));
    }

    /// The tensors, to be put together in another way.
    pub(super) fn tensors_mut(&mut self) -> &mut Vec<(String, Pending)> {
        &mut self.tensors
    }

    /// Writes the file whole or not at all: numbers first, then tensors, in the order of names.
    ///
    /// # Errors
    /// When the file can't be written, a device fails, or two tensors have one name.
    pub fn write(mut self, path: impl AsRef<Path>) -> Result<(), WeightsError> {
        let path = path.as_ref();
        // The widest first, so that every value lies at a multiple of its size.
        let place = |(name, tensor): &(String, Pending)| {
            (std::cmp::Reverse(tensor.dtype.bitsize()), name.clone())
        };
        self.tensors.sort_by_cached_key(place);
        self.check_names(path)?;
        let header = self.header(path)?;
        write_file_with(path, |file| {
            let io = || FileError::io("write", path);
            let size = (header.len() as u64).to_le_bytes();
            file.write_all(&size).map_err(io())?;
            file.write_all(&header).map_err(io())?;
            for (_, tensor) in self.tensors {
                for part in tensor.parts {
                    write_values(file, &part()?).map_err(io())?;
                }
            }
            Ok(())
        })
    }

    fn check_names(&self, path: &Path) -> Result<(), WeightsError> {
        let mut names: Vec<&str> = self.tensors.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        let twice = names.windows(2).find(|pair| pair[0] == pair[1]);
        twice.map_or(Ok(()), |pair| {
            Err(WeightsError::NameTwice {
                path: path.to_owned(),
                tensor: pair[0].to_owned(),
            })
        })
    }

    /// The JSON that names the tensors, filled up with spaces to a multiple of 8 bytes.
    fn header(&self, path: &Path) -> Result<Vec<u8>, WeightsError> {
        let mut end = 0;
        let tensors = self.tensors.iter().map(|(name, tensor)| {
            let start = end;
            end += tensor.dtype.bitsize() / 8 * tensor.shape.iter().product::<usize>();
            let info = TensorInfo {
                dtype: tensor.dtype,
                shape: tensor.shape.clone(),
                data_offsets: (start, end),
            };
            (name.clone(), info)
        });
        let tensors = tensors.collect();
        let unwritable = |source| WeightsError::Unwritable {
            path: path.to_owned(),
            source,
        };
        let metadata = Metadata::new(Some(self.metadata.clone()), tensors).map_err(unwritable)?;
        let mut header = serde_json::to_vec(&metadata).map_err(|source| FileError::Json {
            path: path.to_owned(),
            source,
        })?;
        header.resize(header.len().next_multiple_of(8), b' ');
        Ok(header)
    }
}

impl Pending {
    /// Both as one tensor, behind each other along the first axis.
    pub(super) fn followed_by(mut self, other: Self) -> Self {
        if let (Some(rows), Some(more)) = (self.shape.first_mut(), other.shape.first()) {
            *rows += more;
        }
        self.parts.extend(other.parts);
        self
    }
}

fn write_values(file: &mut impl Write, data: &TensorData) -> io::Result<()> {
    if let Ok(values) = data.as_slice::<f32>() {
        return write_blocks(file, values, f32::to_le_bytes);
    }
    if let Ok(numbers) = data.as_slice::<u64>() {
        return write_blocks(file, numbers, u64::to_le_bytes);
    }
    // A model in half precision.
    let values: Vec<f32> = data.iter::<f32>().collect();
    write_blocks(file, &values, f32::to_le_bytes)
}

/// Block by block: no second copy of a large tensor.
fn write_blocks<T: Copy, const N: usize>(
    file: &mut impl Write,
    values: &[T],
    bytes: impl Fn(T) -> [u8; N],
) -> io::Result<()> {
    let mut block = Vec::with_capacity(BLOCK * N);
    for values in values.chunks(BLOCK) {
        block.clear();
        block.extend(values.iter().flat_map(|value| bytes(*value)));
        file.write_all(&block)?;
    }
    Ok(())
}
