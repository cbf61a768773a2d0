//! Patterns that pick parts of the model by name.

use std::fmt;

use crate::GitError;

/// Short names for what is most often picked.
const ALIASES: [(&str, &str); 4] = [
    ("image_encoder", "git.image_encoder"),
    ("decoder", "git.encoder"),
    ("embeddings", "git.embeddings"),
    ("projection", "git.visual_projection"),
];

/// Picks parameters or layers by name.
///
/// - `image_encoder`, `decoder`, `embeddings` and `projection` pick those parts of the model.
/// - Otherwise a pattern is one or more segments of a name, such as `query`, `attention.self` or
///   `layers.*.mlp`, found anywhere in it; `*` stands for any one segment. One that begins with
///   `git.` is found at the beginning only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamePattern {
    segments: Vec<String>,
    from_start: bool,
}

impl NamePattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// When it is empty, or has an empty segment.
    pub fn new(text: &str) -> Result<Self, GitError> {
        let alias = ALIASES.iter().find(|(alias, _)| *alias == text);
        let whole = alias.map_or(text, |(_, whole)| whole);
        let segments: Vec<String> = whole.split('.').map(str::to_owned).collect();
        if segments.iter().any(String::is_empty) {
            return Err(GitError::Pattern {
                pattern: text.to_owned(),
                problem: "it has an empty segment".to_owned(),
            });
        }
        Ok(Self {
            from_start: segments[0] == "git",
            segments,
        })
    }

    /// Whether `name`, such as `git.encoder.layer.0.output.dense.weight`, is picked.
    pub fn matches(&self, name: &str) -> bool {
        let name: Vec<&str> = name.split('.').collect();
        let fits = |part: &[&str]| {
            let mut pairs = self.segments.iter().zip(part);
            pairs.all(|(wanted, segment)| wanted == "*" || wanted == segment)
        };
        let mut places = name.windows(self.segments.len());
        if self.from_start {
            places.next().is_some_and(fits)
        } else {
            places.any(fits)
        }
    }

    /// The error that nothing was picked.
    pub(crate) fn picks_nothing(&self, what: &str) -> GitError {
        GitError::Pattern {
            pattern: self.to_string(),
            problem: format!("the model has no {what} of such a name"),
        }
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.segments.join("."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, name: &str) -> bool {
        NamePattern::new(pattern).unwrap().matches(name)
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
