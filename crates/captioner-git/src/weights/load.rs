//! Putting a checkpoint's values into a model: all of them or none.

use std::collections::BTreeMap;
use std::path::Path as FilePath;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};

use super::names::{Layer, Path};
use super::source::{self, Tensors};
use super::{Mismatches, WeightsError};
use crate::model::GitForCausalLm;

/// What was noticed while a checkpoint was loaded; nothing of it keeps the model from running.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadReport {
    /// Parameters with values that are infinite or no numbers.
    pub non_finite: Vec<String>,
    /// Tensors of the file that the model has no use for: constants that old checkpoints hold.
    pub ignored: Vec<String>,
}

/// Loads the weights of `folder`.
pub(crate) fn load(
    model: GitForCausalLm,
    folder: &FilePath,
) -> Result<(GitForCausalLm, LoadReport), WeightsError> {
    let checkpoint = source::open(folder)?;
    let (mismatches, ignored) = compare(&model, &checkpoint.tensors);
    if !mismatches.is_empty() {
        return Err(WeightsError::Mismatch {
            path: checkpoint.path,
            mismatches,
        });
    }
    let mut loader = Loader {
        path: Path::default(),
        tensors: &checkpoint.tensors,
        non_finite: Vec::new(),
        failed: None,
    };
    let model = model.map(&mut loader);
    match loader.failed {
        Some(error) => Err(error),
        None => Ok((
            model,
            LoadReport {
                non_finite: loader.non_finite,
                ignored,
            },
        )),
    }
}

/// How the files differ from what the model needs, and which of their tensors are left out.
fn compare(model: &GitForCausalLm, tensors: &Tensors) -> (Mismatches, Vec<String>) {
    let mut expected = Shapes::default();
    model.visit(&mut expected);
    let mut found = Mismatches::default();
    for (name, shape) in &expected.shapes {
        match tensors.get(name) {
            None => found.missing.push(name.clone()),
            Some(stored) if stored.shape != *shape || stored.float.is_none() => {
                let want = format!("{shape:?} of F32, F16 or BF16");
                let have = format!("{:?} of {}", stored.shape, stored.type_name);
                found.different.push((name.clone(), want, have));
            }
            Some(_) => {}
        }
    }
    let extra = tensors
        .keys()
        .filter(|name| !expected.shapes.contains_key(*name));
    // Old checkpoints store the constant 0, 1, 2, ... beside the position embeddings.
    let (ignored, unexpected) = extra
        .cloned()
        .partition(|name| name.ends_with(".position_ids"));
    found.unexpected = unexpected;
    (found, ignored)
}

/// Name and checkpoint shape of every parameter; those of adapters are not in a checkpoint.
#[derive(Default)]
struct Shapes {
    path: Path,
    shapes: BTreeMap<String, Vec<usize>>,
}

impl ModuleVisitor for Shapes {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if self.path.layer() == Layer::Adapter {
            return;
        }
        let mut shape = param.lazy_shape().to_vec();
        if self.path.is_transposed() {
            shape.reverse();
        }
        self.shapes.insert(self.path.name(), shape);
    }
}

/// Puts the files' values into the model; they are known to hold them all.
struct Loader<'a> {
    path: Path,
    tensors: &'a Tensors,
    non_finite: Vec<String>,
    failed: Option<WeightsError>,
}

impl ModuleMapper for Loader<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.path.name();
        let Some(stored) = self.tensors.get(&name).filter(|_| self.failed.is_none()) else {
            return param;
        };
        let mut values = match stored.floats() {
            Ok(values) => values,
            Err(error) => {
                self.failed = Some(error);
                return param;
            }
        };
        if !values.iter().all(|value| value.is_finite()) {
            self.non_finite.push(name);
        }
        if self.path.is_transposed() {
            values = transpose(&values, stored.shape[0], stored.shape[1]);
        }
        let data = TensorData::new(values, param.lazy_shape());
        let tensor = Tensor::from_data(data, &param.lazy_device());
        let id = param.id;
        param.transform_for_load(tensor, id)
    }
}

/// Row-major `[rows, columns]` to row-major `[columns, rows]`, in blocks that stay in the cache.
pub(crate) fn transpose(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    const BLOCK: usize = 32;
    let mut turned = vec![0.0; values.len()];
    for top in (0..rows).step_by(BLOCK) {
        for left in (0..columns).step_by(BLOCK) {
            for row in top..rows.min(top + BLOCK) {
                for column in left..columns.min(left + BLOCK) {
                    turned[column * rows + row] = values[row * columns + column];
                }
            }
        }
    }
    turned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turning_twice_changes_nothing() {
        let values: Vec<f32> = (0..70 * 41).map(|value| value as f32).collect();
        let turned = transpose(&values, 70, 41);
        assert_eq!(turned[1], values[41]);
        assert_eq!(transpose(&turned, 41, 70), values);
    }
}
