//! Patterns that pick parts of a model by name.

use std::fmt;

use crate::error::{ModelError, PatternError};
use crate::weights::WeightLayout;

/// Picks parameters or layers by name.
///
/// - A short name that the model's [`WeightLayout::parts`] knows picks that part; GIT has
///   `image_encoder`, `decoder`, `embeddings` and `projection`.
/// - Otherwise a pattern is one or more segments of a name, such as `query`, `attention.self` or
///   `layers.*.mlp`, found anywhere in it; `*` stands for any one segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamePattern {
    text: String,
}

impl NamePattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// When it is empty, or has an empty segment.
    pub fn new(text: impl Into<String>) -> Result<Self, ModelError> {
        let pattern = Self { text: text.into() };
        if pattern.text.split('.').any(str::is_empty) {
            return Err(pattern.error(PatternError::EmptySegment));
        }
        Ok(pattern)
    }

    /// Whether `name`, such as `git.encoder.layer.0.output.dense.weight`, is picked in a model of
    /// that layout.
    pub fn matches(&self, name: &str, layout: &WeightLayout) -> bool {
        let name: Vec<&str> = name.split('.').collect();
        let part = layout.parts.iter().find(|(short, _)| *short == self.text);
        let wanted = part.map_or(self.text.as_str(), |(_, whole)| whole);
        let wanted: Vec<&str> = wanted.split('.').collect();
        let fits = |segments: &[&str]| {
            let mut pairs = wanted.iter().zip(segments);
            pairs.all(|(wanted, segment)| *wanted == "*" || wanted == segment)
        };
        let mut places = name.windows(wanted.len());
        match part {
            Some(_) => places.next().is_some_and(fits),
            None => places.any(fits),
        }
    }

    /// The error that it picks nothing.
    pub(crate) fn error(&self, problem: PatternError) -> ModelError {
        ModelError::Pattern {
            pattern: self.text.clone(),
            problem,
        }
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, name: &str) -> bool {
        let layout = WeightLayout {
            parts: &[
                ("image_encoder", "git.image_encoder"),
                ("decoder", "git.encoder"),
                ("embeddings", "git.embeddings"),
            ],
            ..WeightLayout::default()
        };
        NamePattern::new(pattern).unwrap().matches(name, &layout)
    }

    #[test]
    fn segments_are_matched_whole_and_in_order() {
        let name = "git.encoder.layer.0.attention.self.query.weight";
        for pattern in [
            "query",
            "attention.self",
            "layer.*.attention",
            "decoder",
            "git.encoder",
        ] {
            assert!(matches(pattern, name), "{pattern}");
        }
        for pattern in [
            "quer",
            "self.attention",
            "layer.1",
            "image_encoder",
            "git.layer",
        ] {
            assert!(!matches(pattern, name), "{pattern}");
        }
    }

    #[test]
    fn the_text_embeddings_are_not_those_of_the_vision_encoder() {
        let vision = "git.image_encoder.vision_model.embeddings.class_embedding";
        assert!(!matches("embeddings", vision));
        assert!(matches("embeddings", "git.embeddings.LayerNorm.bias"));
        assert!(matches("image_encoder", vision));
    }

    #[test]
    fn empty_segments_are_refused() {
        assert!(NamePattern::new("").is_err());
        assert!(NamePattern::new("a..b").is_err());
    }
}
