//! The name of each parameter in a checkpoint, from its place in the model.
//!
//! Field names are the checkpoint's. What Rust can't spell is written otherwise: a trailing
//! underscore is dropped (`self_` is `self`), and `layer_norm` in the text half is `LayerNorm`.

/// Follows a traversal of the model and knows the name of the parameter it is at.
#[derive(Default)]
pub(crate) struct Path {
    segments: Vec<String>,
    layers: Vec<Layer>,
}

/// The kind of layer that a parameter belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layer {
    Linear,
    Norm,
    /// What an adapter adds to a linear map; not part of a checkpoint.
    Adapter,
    Other,
}

impl Path {
    pub(crate) fn enter(&mut self, name: &str, container: &str) {
        self.segments.push(spell(name).to_owned());
        self.layers.push(match container {
            "Struct:Linear" => Layer::Linear,
            "Struct:LayerNorm" => Layer::Norm,
            "Struct:Lora" => Layer::Adapter,
            _ => Layer::Other,
        });
    }

    pub(crate) fn exit(&mut self) {
        self.segments.pop();
        self.layers.pop();
    }

    /// The parameter's name, such as `git.encoder.layer.0.attention.self.query.weight`.
    pub(crate) fn name(&self) -> String {
        self.segments.join(".")
    }

    /// The layer that holds the parameter.
    pub(crate) fn layer(&self) -> Layer {
        self.layers.last().copied().unwrap_or(Layer::Other)
    }

    /// Whether the checkpoint holds the transpose of this parameter.
    pub(crate) fn is_transposed(&self) -> bool {
        self.layer() == Layer::Linear && self.segments.last().is_some_and(|s| s == "weight")
    }
}

fn spell(field: &str) -> &str {
    match field {
        "layer_norm" => "LayerNorm",
        other => other.trim_end_matches('_'),
    }
}
