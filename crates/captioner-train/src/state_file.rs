//! What belongs to the trained parameters of a model, in a safetensors file by their names.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use captioner_model::{
    ByName, NamedVisitor, ParameterName, TensorReader, TensorWriter, WeightLayout, WeightsError,
};
use thiserror::Error;

/// The entry of the file's metadata that says what the file holds.
const CONTENT: &str = "content";

/// Why the state of an optimizer or of averaged weights can't be saved or loaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StateError {
    /// The file, or one of its tensors.
    #[error(transparent)]
    Tensors(#[from] WeightsError),
    /// A file that holds something else.
    #[error(
        "{path} holds {found}, not {expected}: give the file of a run with the same settings",
        path = .path.display()
    )]
    Content {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        expected: String,
        /// What it says it holds.
        found: String,
    },
    /// A tensor that belongs to no trained parameter of the model.
    #[error(
        "{path} holds '{tensor}', which belongs to no trained parameter of this model: give the \
         file of this model, with the same parameters frozen and the same adapter",
        path = .path.display()
    )]
    Unexpected {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
    },
}

/// A trained parameter.
pub(crate) struct Trained {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    /// Where its values are, without recording of gradients.
    pub(crate) device: Device,
}

/// All trained parameters of a model, in the order of its fields.
pub(crate) fn trained_parameters<M: Module>(model: &M, layout: &WeightLayout) -> Vec<Trained> {
    ByName::new(layout, Collect::default()).visit(model).0
}

#[derive(Default)]
struct Collect(Vec<Trained>);

impl NamedVisitor for Collect {
    fn visit<const D: usize>(&mut self, name: &ParameterName, param: &Param<Tensor<D>>) {
        if param.is_require_grad() {
            self.0.push(Trained {
                name: name.full(),
                shape: param.lazy_shape().to_vec(),
                device: param.lazy_device().inner(),
            });
        }
    }
}

/// A file to be written that will say what it holds.
pub(crate) fn writer(content: &str) -> TensorWriter {
    TensorWriter::new(CONTENT, content)
}

/// A file that says it holds `content`, and which of its tensors were asked for.
pub(crate) struct StateReader {
    file: TensorReader,
    asked: BTreeSet<String>,
}

impl StateReader {
    pub(crate) fn open(path: &Path, content: &str) -> Result<Self, StateError> {
        let file = TensorReader::open(path)?;
        let found = file.metadata(CONTENT);
        if found != Some(content) {
            return Err(StateError::Content {
                path: path.to_owned(),
                expected: content.to_owned(),
                found: found.unwrap_or("something else").to_owned(),
            });
        }
        let asked = BTreeSet::new();
        Ok(Self { file, asked })
    }

    /// A tensor of that shape as one row of values.
    pub(crate) fn row(
        &mut self,
        name: String,
        shape: &[usize],
        device: &Device,
    ) -> Result<Tensor<1>, StateError> {
        let values = self.file.floats(&name, shape)?;
        self.asked.insert(name);
        Ok(Tensor::from_data(values.as_slice(), device))
    }

    pub(crate) fn number(&mut self, name: String) -> Result<u64, StateError> {
        let number = self.file.number(&name)?;
        self.asked.insert(name);
        Ok(number)
    }

    /// Checks that every tensor was asked for.
    pub(crate) fn finish(self) -> Result<(), StateError> {
        let mut names = self.file.names();
        match names.find(|name| !self.asked.contains(*name)) {
            None => Ok(()),
            Some(name) => Err(StateError::Unexpected {
                path: self.file.path().to_owned(),
                tensor: name.to_owned(),
            }),
        }
    }
}
