//! The name of each parameter in a checkpoint, from its place in the model.
//!
//! Field names are the checkpoint's. What Rust can't spell is written otherwise: a trailing
//! underscore is dropped (`self_` is `self`), and `layer_norm` in the text half is `LayerNorm`.

/// Follows a traversal of the model and knows the name of the parameter it is at.
#[derive(Default)]
pub(super) struct Path {
    segments: Vec<String>,
    layers: Vec<Layer>,
}

/// The kind of layer that a parameter belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    Linear,
    Norm,
    Other,
}

impl Path {
    pub(super) fn enter(&mut self, name: &str, container: &str) {
        self.segments.push(spell(name).to_owned());
        self.layers.push(match container {
            "Struct:Linear" => Layer::Linear,
            "Struct:LayerNorm" => Layer::Norm,
            _ => Layer::Other,
        });
    }

    pub(super) fn exit(&mut self) {
        self.segments.pop();
        self.layers.pop();
    }

    /// The parameter's name, such as `git.encoder.layer.0.attention.self.query.weight`.
    pub(super) fn name(&self) -> String {
        self.segments.join(".")
    }

    /// The layer that holds the parameter.
    pub(super) fn layer(&self) -> Layer {
        self.layers.last().copied().unwrap_or(Layer::Other)
    }

    /// Whether the checkpoint holds the transpose of this parameter.
    pub(super) fn is_transposed(&self) -> bool {
        self.layer() == Layer::Linear && self.segments.last().is_some_and(|s| s == "weight")
    }
}

fn spell(field: &str) -> &str {
    match field {
        "layer_norm" => "LayerNorm",
        other => other.trim_end_matches('_'),
    }
}
