//! What a captioned picture set is.

use std::fmt;

use crate::DataError;

/// A picture as a data set holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Picture {
    /// An encoded file's bytes (PNG, JPEG, ...), not yet decoded.
    Encoded(Vec<u8>),
    /// Decoded RGB, 8 bits a channel, rows from top to bottom.
    Rgb8 {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// `width * height * 3` bytes, `R G B` of each pixel in turn.
        pixels: Vec<u8>,
    },
}

/// One picture with its captions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The picture.
    pub picture: Picture,
    /// The captions: at least one, none of them empty.
    pub captions: Vec<String>,
    /// The picture's name: its file name relative to the set, or for example `creature-17`.
    pub name: String,
}

/// A column of a set, as `datasets` prints it: a name and a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feature {
    /// The column's name.
    pub name: String,
    /// The column's type.
    pub kind: FeatureType,
}

impl Feature {
    /// The columns of a set of pictures with a caption column of this name.
    pub(crate) fn image_and(caption_column: &str, kind: FeatureType) -> Vec<Self> {
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
    /// One caption or more a row.
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

/// A set of captioned pictures, read row by row.
///
/// A set is shared between loader threads, so reading takes `&self`. Row
/// indices count from 0; the rows that people read about count from 1.
pub trait CaptionDataset: Send + Sync {
    /// The set's name, for people: `creatures`, or the folder's path.
    fn name(&self) -> &str;

    /// How many rows the set has.
    fn len(&self) -> usize;

    /// Whether the set has no row.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The columns and their types.
    fn features(&self) -> Vec<Feature>;

    /// A row's captions, without touching its picture.
    ///
    /// # Errors
    /// [`DataError::RowOutOfRange`].
    fn captions(&self, index: usize) -> Result<&[String], DataError>;

    /// The picture's name: its file name relative to the set, or for example `creature-17`.
    ///
    /// # Errors
    /// [`DataError::RowOutOfRange`].
    fn row_name(&self, index: usize) -> Result<String, DataError>;

    /// Where a row comes from, for messages about it: the picture, the row
    /// counted from 1, and the file which lists it.
    ///
    /// # Errors
    /// [`DataError::RowOutOfRange`].
    fn describe_row(&self, index: usize) -> Result<String, DataError>;

    /// Reads (or draws) a row's picture and gives it with its captions.
    ///
    /// # Errors
    /// [`DataError::RowOutOfRange`], or that the picture's file can't be read.
    fn row(&self, index: usize) -> Result<Row, DataError>;
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
