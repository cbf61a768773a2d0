//! Every parameter of a model by its name in the checkpoint.
//!
//! Field names are the checkpoint's; what Rust can't spell is renamed by the model's
//! [`WeightLayout`], and a trailing underscore is dropped (`self_` is `self`).

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;

use crate::weights::WeightLayout;

/// The kind of layer that a parameter belongs to, from the name of its struct.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerKind {
    /// `Linear`, ours or Burn's: the checkpoint holds the transpose of its weight.
    Linear,
    /// `LayerNorm`: its parameters are not decayed.
    Norm,
    /// `Lora`: what an adapter adds to a linear layer; not part of a checkpoint.
    Adapter,
    /// Any other.
    Other,
}

/// Where a parameter is in its model.
#[derive(Clone, Debug)]
pub struct ParameterName {
    segments: Vec<String>,
    kinds: Vec<LayerKind>,
    renames: &'static [(&'static str, &'static str)],
}

impl ParameterName {
    fn root(layout: &WeightLayout) -> Self {
        Self {
            segments: Vec::new(),
            kinds: Vec::new(),
            renames: layout.renames,
        }
    }

    fn enter(&mut self, field: &str, container: &str) {
        let renamed = self.renames.iter().find(|(own, _)| *own == field);
        let segment = renamed.map_or(field.trim_end_matches('_'), |(_, stored)| stored);
        self.segments.push(segment.to_owned());
        self.kinds.push(match container {
            "Struct:Linear" => LayerKind::Linear,
            "Struct:LayerNorm" => LayerKind::Norm,
            "Struct:Lora" => LayerKind::Adapter,
            _ => LayerKind::Other,
        });
    }

    fn exit(&mut self) {
        self.segments.pop();
        self.kinds.pop();
    }

    /// The parameter's name in the checkpoint, such as
    /// `git.encoder.layer.0.attention.self.query.weight`.
    pub fn full(&self) -> String {
        self.segments.join(".")
    }

    /// Its last segment, such as `weight` or `bias`.
    pub fn last(&self) -> &str {
        self.segments.last().map_or("", String::as_str)
    }

    /// The layer that holds the parameter.
    pub fn kind(&self) -> LayerKind {
        self.kinds.last().copied().unwrap_or(LayerKind::Other)
    }

    /// Whether the checkpoint holds the transpose of this parameter.
    pub fn is_transposed(&self) -> bool {
        self.kind() == LayerKind::Linear && self.last() == "weight"
    }
}

/// What is done at each parameter that is looked at.
pub trait NamedVisitor {
    /// Looks at a parameter.
    fn visit<const D: usize>(&mut self, name: &ParameterName, param: &Param<Tensor<D>>);
}

/// What each parameter becomes.
pub trait NamedMapper {
    /// Gives a parameter's successor.
    fn map<const D: usize>(
        &mut self,
        name: &ParameterName,
        param: Param<Tensor<D>>,
    ) -> Param<Tensor<D>>;
}

/// Walks a model and knows the name of the parameter it is at: Burn's visitor or mapper over a
/// [`NamedVisitor`] or [`NamedMapper`].
pub struct ByName<V> {
    name: ParameterName,
    inner: V,
}

impl<V> ByName<V> {
    /// Follows `layout`'s names.
    pub fn new(layout: &WeightLayout, inner: V) -> Self {
        Self {
            name: ParameterName::root(layout),
            inner,
        }
    }
}

impl<V: NamedVisitor> ByName<V> {
    /// Visits all parameters of `module`, in the order of its fields.
    pub fn visit(mut self, module: &impl Module) -> V {
        module.visit(&mut self);
        self.inner
    }
}

impl<V: NamedMapper> ByName<V> {
    /// Maps all parameters of `module`, in the order of its fields.
    pub fn map<M: Module>(mut self, module: M) -> (M, V) {
        let module = module.map(&mut self);
        (module, self.inner)
    }
}

impl<V: NamedVisitor> ModuleVisitor for ByName<V> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.name.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.name.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.inner.visit(&self.name, param);
    }
}

impl<V: NamedMapper> ModuleMapper for ByName<V> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.name.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.name.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        self.inner.map(&self.name, param)
    }
}
