//! `model.safetensors`, written with the names and layout that transformers uses.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::path::Path;

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use captioner_files::{FileError, write_file_with};
use safetensors::tensor::{Dtype, Metadata, TensorInfo};

use super::layout::Place;
use super::source::WEIGHTS_FILE;
use super::{WeightLayout, WeightsError};
use crate::parameters::{ByName, LayerKind, NamedVisitor, ParameterName};

/// Writes the weights of `model`, which has no adapter, into `folder`: the file appears whole or
/// not at all.
pub(crate) fn save<M: Module>(
    model: &M,
    layout: &WeightLayout,
    folder: &Path,
) -> Result<(), WeightsError> {
    let collector = ByName::new(layout, Collector::default()).visit(model);
    collector.fuse(layout).write(&folder.join(WEIGHTS_FILE))
}

/// Parameters under their names in the checkpoint, each read from the device when it is written.
#[derive(Default)]
pub(crate) struct Collector {
    pub(super) tensors: Vec<(String, Pending)>,
}

/// Reads a tensor's values from the device.
type Read = Box<dyn FnOnce() -> Result<Vec<f32>, WeightsError>>;

/// A tensor that is yet to be read from the device.
pub(super) struct Pending {
    pub(super) shape: Vec<usize>,
    /// Behind each other along the first axis.
    parts: Vec<Read>,
}

impl Collector {
    /// Takes a tensor in the checkpoint's layout.
    pub(crate) fn take<const D: usize>(&mut self, name: String, tensor: Tensor<D>) {
        let shape = tensor.dims().to_vec();
        let parameter = name.clone();
        let read = move || match tensor.try_into_data() {
            Ok(data) => Ok(data.iter::<f32>().collect()),
            Err(error) => Err(WeightsError::Device {
                name: parameter,
                source: Box::new(error),
            }),
        };
        let parts: Vec<Read> = vec![Box::new(read)];
        self.tensors.push((name, Pending { shape, parts }));
    }

    /// Joins what the checkpoint holds as one tensor.
    fn fuse(self, layout: &WeightLayout) -> Self {
        let mut own = Vec::new();
        let mut parts: BTreeMap<String, Pending> = BTreeMap::new();
        for (name, tensor) in self.tensors {
            if let Place::Part { .. } = layout.place(&name) {
                parts.insert(name, tensor);
            } else {
                own.push((name, tensor));
            }
        }
        while let Some((first, _)) = parts.first_key_value() {
            let Place::Part {
                stored,
                parts: names,
            } = layout.place(first)
            else {
                break;
            };
            let members = names.iter().filter_map(|name| parts.remove(name));
            if let Some(whole) = members.reduce(Pending::followed_by) {
                own.push((stored, whole));
            }
        }
        Self { tensors: own }
    }

    /// Writes what was collected to one file, in the order of names.
    pub(crate) fn write(mut self, path: &Path) -> Result<(), WeightsError> {
        self.tensors.sort_by(|(a, _), (b, _)| a.cmp(b));
        let header = self.header(path)?;
        write_file_with(path, |file| {
            let io = || FileError::io("write", path);
            let size = (header.len() as u64).to_le_bytes();
            file.write_all(&size).map_err(io())?;
            file.write_all(&header).map_err(io())?;
            for (_, tensor) in self.tensors {
                for part in tensor.parts {
                    let bytes: Vec<u8> = part()?.into_iter().flat_map(f32::to_le_bytes).collect();
                    file.write_all(&bytes).map_err(io())?;
                }
            }
            Ok(())
        })
    }

    /// The JSON that names the tensors, filled up with spaces to a multiple of 8 bytes.
    fn header(&self, path: &Path) -> Result<Vec<u8>, WeightsError> {
        let mut end = 0;
        let tensors = self.tensors.iter().map(|(name, tensor)| {
            let start = end;
            end += 4 * tensor.shape.iter().product::<usize>();
            let info = TensorInfo {
                dtype: Dtype::F32,
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
        // transformers refuses a file that does not say which framework's layout it has.
        let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
        let metadata = Metadata::new(Some(metadata), tensors).map_err(unwritable)?;
        let mut header = serde_json::to_vec(&metadata).map_err(|source| FileError::Json {
            path: path.to_owned(),
            source,
        })?;
        header.resize(header.len().next_multiple_of(8), b' ');
        Ok(header)
    }
}

impl Pending {
    fn followed_by(mut self, other: Self) -> Self {
        if let (Some(rows), Some(more)) = (self.shape.first_mut(), other.shape.first()) {
            *rows += more;
        }
        self.parts.extend(other.parts);
        self
    }
}

impl NamedVisitor for Collector {
    fn visit<const D: usize>(&mut self, name: &ParameterName, param: &Param<Tensor<D>>) {
        if name.kind() == LayerKind::Adapter {
            return;
        }
        let mut tensor = param.val();
        if name.is_transposed() {
            tensor = tensor.transpose();
        }
        self.take(name.full(), tensor);
    }
}
