//! The columns of a set.

use std::fmt;

/// A column of a set, as `datasets` prints it: a name and a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feature {
    /// The column's name.
    pub name: String,
    /// The column's type.
    pub kind: FeatureType,
}

impl Feature {
    /// The columns of a set of pictures with a caption column of this name: `image` comes first.
    pub fn image_and(caption_column: &str, kind: FeatureType) -> Vec<Self> {
        let image = Self {
            name: "image".to_owned(),
            kind: FeatureType::Image,
        };
        vec![
            image,
            Self {
                name: caption_column.to_owned(),
                kind,
            },
        ]
    }
}

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FeatureType {
    /// A picture.
    Image,
    /// One caption a row.
    Text,
    /// Any number of captions a row.
    TextList,
}

impl fmt::Display for FeatureType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Image => "Image",
            Self::Text => "string",
            Self::TextList => "list<string>",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_print_as_datasets_prints_them() {
        let features = Feature::image_and("text", FeatureType::TextList);
        let printed: Vec<_> = features
            .iter()
            .map(|f| format!("{}: {}", f.name, f.kind))
            .collect();
        assert_eq!(printed, ["image: Image", "text: list<string>"]);
    }
}
