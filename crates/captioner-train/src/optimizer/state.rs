//! What an optimizer knows of one parameter.

use burn::tensor::Tensor;
use captioner_model::TensorWriter;

use super::OptimizerKind;
use crate::state_file::{StateError, StateReader, Trained};

/// What an optimizer knows of one parameter. Parameters differ in their number of axes: moments are
/// kept as one row each, which costs no copy.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    /// Steps that the parameter has taken.
    pub(super) steps: u64,
    /// In the order of [`moments`]; none before the first step.
    pub(super) moments: Vec<Tensor<1>>,
}

/// The moments that a parameter of that shape has after its first step: endings of their names, and
/// shapes.
fn moments(kind: OptimizerKind, shape: &[usize]) -> Vec<(&'static str, Vec<usize>)> {
    match (kind, shape) {
        (OptimizerKind::AdamW, _) => {
            vec![("exp_avg", shape.to_vec()), ("exp_avg_sq", shape.to_vec())]
        }
        (OptimizerKind::Sgd, _) => Vec::new(),
        (OptimizerKind::Adafactor, [outer @ .., rows, columns]) => vec![
            ("exp_avg_sq_row", [outer, &[*rows]].concat()),
            ("exp_avg_sq_col", [outer, &[*columns]].concat()),
        ],
        (OptimizerKind::Adafactor, _) => vec![("exp_avg_sq", shape.to_vec())],
    }
}

fn steps_of(name: &str) -> String {
    format!("{name}.step")
}

impl State {
    /// Hands the state of the parameter `name` of that shape to a file.
    pub(super) fn save(
        self,
        kind: OptimizerKind,
        name: &str,
        shape: &[usize],
        file: &mut TensorWriter,
    ) {
        file.number(steps_of(name), self.steps);
        let names = moments(kind, shape).into_iter();
        for ((ending, shape), values) in names.zip(self.moments) {
            file.tensor(format!("{name}.{ending}"), shape, values);
        }
    }

    /// Reads a parameter's state.
    pub(super) fn load(
        kind: OptimizerKind,
        parameter: &Trained,
        file: &mut StateReader,
    ) -> Result<Self, StateError> {
        let Trained {
            name,
            shape,
            device,
        } = parameter;
        let steps = file.number(steps_of(name))?;
        let names = match steps {
            0 => Vec::new(),
            _ => moments(kind, shape),
        };
        let names = names.into_iter();
        let moments = names
            .map(|(ending, shape)| file.row(format!("{name}.{ending}"), &shape, device))
            .collect::<Result<_, _>>()?;
        Ok(Self { steps, moments })
    }
}
