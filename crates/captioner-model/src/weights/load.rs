//! Putting a checkpoint's values into a model: all of them or none.

use std::collections::BTreeMap;
use std::path::Path;

use burn::module::{Module, Param};
use burn::tensor::{Tensor, TensorData};

use super::layout::Place;
use super::source::{self, Stored, Tensors};
use super::{Mismatches, WeightLayout, WeightsError};
use crate::parameters::{ByName, LayerKind, NamedMapper, NamedVisitor, ParameterName};

/// What was noticed while a checkpoint was loaded; nothing of it keeps the model from running.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadReport {
    /// Parameters with values that are infinite or NaN.
    pub non_finite: Vec<String>,
    /// Tensors of the file that the model has no use for: constants that old checkpoints hold, and
    /// second names of tied parameters.
    pub ignored: Vec<String>,
}

/// Name and checkpoint shape of every parameter.
type Shapes = BTreeMap<String, Vec<usize>>;

/// Loads the weights of `folder`.
pub(crate) fn load<M: Module>(
    model: M,
    layout: &WeightLayout,
    folder: &Path,
) -> Result<(M, LoadReport), WeightsError> {
    let checkpoint = source::open(folder)?;
    let shapes = ByName::new(layout, ShapesOf::default()).visit(&model).0;
    let plan = Plan {
        layout,
        shapes: &shapes,
        tensors: &checkpoint.tensors,
    };
    let (mismatches, ignored) = plan.compare();
    if !mismatches.is_empty() {
        return Err(WeightsError::Mismatch {
            path: checkpoint.path,
            mismatches,
        });
    }
    let loader = Loader {
        plan,
        non_finite: Vec::new(),
        failed: None,
    };
    let (model, loader) = ByName::new(layout, loader).map(model);
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

/// Collects the shapes; what an adapter adds is not in a checkpoint.
#[derive(Default)]
struct ShapesOf(Shapes);

impl NamedVisitor for ShapesOf {
    fn visit<const D: usize>(&mut self, name: &ParameterName, param: &Param<Tensor<D>>) {
        if name.kind() == LayerKind::Adapter {
            return;
        }
        let mut shape = param.lazy_shape().to_vec();
        if name.is_transposed() {
            shape.reverse();
        }
        self.0.insert(name.full(), shape);
    }
}

/// Which stored tensor gives each parameter.
struct Plan<'a> {
    layout: &'a WeightLayout,
    shapes: &'a Shapes,
    tensors: &'a Tensors,
}

impl Plan<'_> {
    /// How the files differ from what the model needs, and which of their tensors are left out.
    fn compare(&self) -> (Mismatches, Vec<String>) {
        let mut wanted = Shapes::new();
        for name in self.shapes.keys() {
            let (stored, shape) = self.stored_as(name);
            wanted.insert(stored, shape);
        }
        let mut found = Mismatches::default();
        for (name, shape) in &wanted {
            match self.tensors.get(name) {
                None => found.missing.push(name.clone()),
                Some(stored) if stored.shape != *shape || stored.float.is_none() => {
                    let want = format!("{shape:?} of F32, F16 or BF16");
                    let have = format!("{:?} of {}", stored.shape, stored.type_name);
                    found.different.push((name.clone(), want, have));
                }
                Some(_) => {}
            }
        }
        let extra = self.tensors.keys();
        let extra = extra.filter(|name| !wanted.contains_key(*name)).cloned();
        let (ignored, unexpected) = extra.partition(|name| self.layout.is_ignored(name));
        found.unexpected = unexpected;
        (found, ignored)
    }

    /// The stored tensor that holds a parameter, and the shape that it should have.
    fn stored_as(&self, name: &str) -> (String, Vec<usize>) {
        let shape = self.shapes.get(name).cloned().unwrap_or_default();
        match self.layout.place(name) {
            Place::Part { stored, parts } => {
                let rows = parts.iter().map(|part| self.rows(part)).sum();
                let shape = std::iter::once(rows).chain(shape.into_iter().skip(1));
                (stored, shape.collect())
            }
            Place::Own if self.tensors.contains_key(name) => (name.to_owned(), shape),
            Place::Own => {
                let mut tied = self.layout.tied_to(name);
                let tied = tied.find(|tied| self.tensors.contains_key(*tied));
                (tied.unwrap_or(name).to_owned(), shape)
            }
        }
    }

    /// Size of a parameter's first axis, as stored.
    fn rows(&self, name: &str) -> usize {
        let shape = self.shapes.get(name);
        shape.and_then(|shape| shape.first()).copied().unwrap_or(0)
    }

    /// A parameter's values, row-major in the checkpoint's layout; `None` if it has none there.
    fn values(&self, name: &str) -> Result<Option<Vec<f32>>, WeightsError> {
        let (stored, _) = self.stored_as(name);
        let Some(tensor) = self.tensors.get(&stored) else {
            return Ok(None);
        };
        match self.layout.place(name) {
            Place::Own => tensor.floats().map(Some),
            Place::Part { parts, .. } => self.part(tensor, name, &parts).map(Some),
        }
    }

    fn part(
        &self,
        tensor: &Stored,
        name: &str,
        parts: &[String],
    ) -> Result<Vec<f32>, WeightsError> {
        let values = tensor.floats()?;
        let before = parts.iter().take_while(|part| part.as_str() != name);
        let before: usize = before.map(|part| self.rows(part)).sum();
        let width: usize = tensor.shape.iter().skip(1).product();
        let rows = before * width..(before + self.rows(name)) * width;
        // Shapes were compared: the rows are within the tensor.
        Ok(values.get(rows).unwrap_or_default().to_vec())
    }
}

/// Puts the files' values into the model; they are known to hold them all.
struct Loader<'a> {
    plan: Plan<'a>,
    non_finite: Vec<String>,
    failed: Option<WeightsError>,
}

impl NamedMapper for Loader<'_> {
    fn map<const D: usize>(
        &mut self,
        name: &ParameterName,
        param: Param<Tensor<D>>,
    ) -> Param<Tensor<D>> {
        if self.failed.is_some() || name.kind() == LayerKind::Adapter {
            return param;
        }
        let full = name.full();
        let mut values = match self.plan.values(&full) {
            Ok(Some(values)) => values,
            Ok(None) => return param,
            Err(error) => {
                self.failed = Some(error);
                return param;
            }
        };
        if !values.iter().all(|value| value.is_finite()) {
            self.non_finite.push(full);
        }
        let shape = param.lazy_shape();
        if name.is_transposed() {
            values = transpose(&values, shape[1], shape[0]);
        }
        let data = TensorData::new(values, shape);
        let tensor = Tensor::from_data(data, &param.lazy_device());
        let id = param.id;
        param.transform_for_load(tensor, id)
    }
}

/// Row-major `[rows, columns]` to row-major `[columns, rows]`, in blocks that stay in the cache.
pub(crate) fn transpose(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    const BLOCK: usize = 32;
    let mut transposed = vec![0.0; values.len()];
    for top in (0..rows).step_by(BLOCK) {
        for left in (0..columns).step_by(BLOCK) {
            for row in top..rows.min(top + BLOCK) {
                for column in left..columns.min(left + BLOCK) {
                    transposed[column * rows + row] = values[row * columns + column];
                }
            }
        }
    }
    transposed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transposing_twice_changes_nothing() {
        let values: Vec<f32> = (0..70 * 41).map(|value| value as f32).collect();
        let transposed = transpose(&values, 70, 41);
        assert_eq!(transposed[1], values[41]);
        assert_eq!(transpose(&transposed, 41, 70), values);
    }
}
