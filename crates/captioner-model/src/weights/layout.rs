//! How a model's parameters are named and laid out in its checkpoint.

/// How a model's parameters are named and laid out in its checkpoint. Everything that is not said
/// here is as the fields are: `self.encoder.layers[0].fc1.weight` is `encoder.layers.0.fc1.weight`.
#[derive(Clone, Copy, Debug, Default)]
pub struct WeightLayout {
    /// Field names that Rust can't spell: (field, segment in the checkpoint).
    pub renames: &'static [(&'static str, &'static str)],
    /// Layers that are several here and one in the checkpoint.
    pub fused: &'static [Fused],
    /// Stored tensors that are another under a second name: (name, the parameter's name). They need
    /// not be in a file, and are not written; where only the second name is stored, it serves.
    pub ties: &'static [(&'static str, &'static str)],
    /// Endings of stored tensors that are no parameters, such as constants of old checkpoints.
    pub ignored: &'static [&'static str],
    /// Short names of parts of the model, for [`NamePattern`](crate::NamePattern): (short name,
    /// beginning of the parameters' names).
    pub parts: &'static [(&'static str, &'static str)],
}

/// One stored layer that is several here, behind each other along the outputs (the first axis of
/// the stored weight and bias): `query`, `key` and `value` of a `qkv`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fused {
    /// The stored layer's name, or its last segments: `self_attn.qkv`.
    pub stored: &'static str,
    /// The names of its parts here, in order, each in place of `stored`.
    pub parts: &'static [&'static str],
}

/// Where a parameter is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In a tensor of its own name.
    Own,
    /// In a stored tensor, behind other parts.
    Part {
        /// The stored tensor.
        stored: String,
        /// All parameters that it holds, in order.
        parts: Vec<String>,
    },
}

impl WeightLayout {
    /// Where the parameter of that full name is stored.
    pub(super) fn place(&self, name: &str) -> Place {
        let Some((layer, last)) = name.rsplit_once('.') else {
            return Place::Own;
        };
        for fused in self.fused {
            let part = fused.parts.iter().find_map(|part| strip(layer, part));
            if let Some(before) = part {
                let full = |layer: &str| format!("{before}{layer}.{last}");
                return Place::Part {
                    stored: full(fused.stored),
                    parts: fused.parts.iter().map(|part| full(part)).collect(),
                };
            }
        }
        Place::Own
    }

    /// The stored names that hold the same values as the parameter `name`.
    pub(super) fn tied_to(&self, name: &str) -> impl Iterator<Item = &'static str> {
        let ties = self.ties.iter();
        ties.filter(move |(_, parameter)| *parameter == name)
            .map(|(stored, _)| *stored)
    }

    /// Whether a stored tensor that no parameter asks for is left out without a word of complaint.
    pub(super) fn is_ignored(&self, stored: &str) -> bool {
        let tied = self.ties.iter().any(|(name, _)| *name == stored);
        tied || self.ignored.iter().any(|ending| stored.ends_with(ending))
    }
}

/// What is before `ending`, where `name` ends with those whole segments.
fn strip<'a>(name: &'a str, ending: &str) -> Option<&'a str> {
    let before = name.strip_suffix(ending)?;
    (before.is_empty() || before.ends_with('.')).then_some(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYOUT: WeightLayout = WeightLayout {
        renames: &[],
        fused: &[Fused {
            stored: "self_attn.qkv",
            parts: &["self_attn.query", "self_attn.key", "self_attn.value"],
        }],
        ties: &[("decoder.weight", "embeddings.weight")],
        ignored: &[".position_ids"],
        parts: &[],
    };

    #[test]
    fn a_part_of_a_fused_layer_is_found_by_whole_segments() {
        let place = LAYOUT.place("vision.layers.0.self_attn.key.bias");
        let full = |part: &str| format!("vision.layers.0.self_attn.{part}.bias");
        let parts = ["query", "key", "value"].map(full).to_vec();
        let stored = full("qkv");
        assert_eq!(place, Place::Part { stored, parts });
        assert_eq!(LAYOUT.place("x.my_self_attn.key.bias"), Place::Own);
        assert_eq!(LAYOUT.place("class_embedding"), Place::Own);
    }

    #[test]
    fn ties_and_constants_are_no_parameters_of_their_own() {
        assert!(LAYOUT.is_ignored("decoder.weight"));
        assert!(LAYOUT.is_ignored("text.embeddings.position_ids"));
        assert!(!LAYOUT.is_ignored("decoder.bias"));
        let tied: Vec<_> = LAYOUT.tied_to("embeddings.weight").collect();
        assert_eq!(tied, ["decoder.weight"]);
    }
}
