//! Keeping parts of a model as they are while the rest is trained.

use burn::module::Param;
use burn::tensor::Tensor;

use crate::error::{ModelError, PatternError};
use crate::parameters::{ByName, LayerKind, NamedMapper, NamedVisitor, ParameterName};
use crate::pattern::NamePattern;
use crate::pretrained::Pretrained;

/// Freezes every parameter that a pattern picks: training does not change it, and what comes
/// before all trained parameters keeps no record for gradients. Adapters are never frozen.
///
/// Burn's `Module::freeze_group` does the same for exact paths of fields; this one matches parts
/// of the checkpoint's names, and says which pattern picks nothing.
///
/// # Errors
/// When a pattern picks nothing; the message names it.
pub fn freeze<M: Pretrained>(model: M, patterns: &[NamePattern]) -> Result<M, ModelError> {
    let layout = M::layout();
    let names = parameter_names(&model);
    for pattern in patterns {
        if !names.iter().any(|name| pattern.matches(name, &layout)) {
            return Err(pattern.error(PatternError::NoParameter));
        }
    }
    let picks = |name: &str| patterns.iter().any(|p| p.matches(name, &layout));
    Ok(freeze_where(model, &picks))
}

/// The names of all parameters, as in the checkpoint; adapters left out.
pub fn parameter_names<M: Pretrained>(model: &M) -> Vec<String> {
    ByName::new(&M::layout(), Names::default())
        .visit(model)
        .names
}

/// The names of the parameters that are trained, as in the checkpoint; those of an adapter come
/// with `true`.
pub fn trained_parameters<M: Pretrained>(model: &M) -> Vec<(String, bool)> {
    ByName::new(&M::layout(), Trained::default())
        .visit(model)
        .names
}

#[derive(Default)]
struct Trained {
    names: Vec<(String, bool)>,
}

impl NamedVisitor for Trained {
    fn visit<const D: usize>(&mut self, name: &ParameterName, param: &Param<Tensor<D>>) {
        if param.is_require_grad() {
            let adapter = name.kind() == LayerKind::Adapter;
            self.names.push((name.full(), adapter));
        }
    }
}

pub(crate) fn freeze_where<M: Pretrained>(model: M, picks: &dyn Fn(&str) -> bool) -> M {
    ByName::new(&M::layout(), Freezing { picks }).map(model).0
}

#[derive(Default)]
struct Names {
    names: Vec<String>,
}

impl NamedVisitor for Names {
    fn visit<const D: usize>(&mut self, name: &ParameterName, _param: &Param<Tensor<D>>) {
        if name.kind() != LayerKind::Adapter {
            self.names.push(name.full());
        }
    }
}

struct Freezing<'a> {
    picks: &'a dyn Fn(&str) -> bool,
}

impl NamedMapper for Freezing<'_> {
    fn map<const D: usize>(
        &mut self,
        name: &ParameterName,
        param: Param<Tensor<D>>,
    ) -> Param<Tensor<D>> {
        if name.kind() == LayerKind::Adapter || !(self.picks)(&name.full()) {
            return param;
        }
        param.set_require_grad(false)
    }
}
