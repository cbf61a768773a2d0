//! `model.safetensors`, written with the names and layout that transformers uses.

use std::collections::BTreeMap;
use std::path::Path;

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use super::layout::Place;
use super::source::WEIGHTS_FILE;
use super::writer::{Pending, TensorWriter};
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
pub(crate) struct Collector(TensorWriter);

impl Default for Collector {
    fn default() -> Self {
        // transformers refuses a file that does not say which framework's layout it has.
        Self(TensorWriter::new("format", "pt"))
    }
}

impl Collector {
    /// Takes a tensor in the checkpoint's layout.
    pub(crate) fn take<const D: usize>(&mut self, name: String, tensor: Tensor<D>) {
        self.0.tensor(name, tensor.dims().to_vec(), tensor);
    }

    /// Joins what the checkpoint holds as one tensor.
    fn fuse(mut self, layout: &WeightLayout) -> Self {
        let mut own = Vec::new();
        let mut parts: BTreeMap<String, Pending> = BTreeMap::new();
        for (name, tensor) in std::mem::take(self.0.tensors_mut()) {
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
        *self.0.tensors_mut() = own;
        self
    }

    /// Writes what was collected to one file, in the order of names.
    pub(crate) fn write(self, path: &Path) -> Result<(), WeightsError> {
        self.0.write(path)
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
