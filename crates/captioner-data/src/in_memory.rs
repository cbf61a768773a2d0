//! A set held in memory.

use std::borrow::Cow;

use crate::{CaptionDataset, DataError, Feature, FeatureType, Picture};

/// A set held in memory: pictures and captions that the caller has already.
///
/// Captions are kept as they are given; a row may have none. Reading a picture copies it.
///
/// ```
/// use captioner_data::{CaptionDataset, InMemoryDataset, Picture};
///
/// # fn main() -> Result<(), captioner_data::DataError> {
/// let square = |grey| Picture::Rgb8 { width: 2, height: 2, pixels: vec![grey; 12] };
/// let mut set = InMemoryDataset::new("squares");
/// set.push(square(0), ["a black square"]);
/// set.push_named("snow.png", square(255), ["a white square", "snow"]);
///
/// assert_eq!(*set.captions(1)?, ["a white square", "snow"]);
/// assert_eq!(set.row_name(0)?, "row-0");
/// assert_eq!(set.describe_row(1)?, "`snow.png` of `squares` row 2");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct InMemoryDataset {
    name: String,
    rows: Vec<Row>,
}

#[derive(Clone, Debug)]
struct Row {
    name: Option<String>,
    picture: Picture,
    captions: Vec<String>,
}

impl InMemoryDataset {
    /// A set of this name without rows.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            rows: Vec::new(),
        }
    }

    /// Adds a row which is named `row-` and its index.
    pub fn push<C>(&mut self, picture: Picture, captions: C)
    where
        C: IntoIterator<Item: Into<String>>,
    {
        self.add(None, picture, captions);
    }

    /// Adds a row with a name of its own, such as a file name.
    pub fn push_named<C>(&mut self, row_name: impl Into<String>, picture: Picture, captions: C)
    where
        C: IntoIterator<Item: Into<String>>,
    {
        self.add(Some(row_name.into()), picture, captions);
    }

    fn add<C>(&mut self, name: Option<String>, picture: Picture, captions: C)
    where
        C: IntoIterator<Item: Into<String>>,
    {
        self.rows.push(Row {
            name,
            picture,
            captions: captions.into_iter().map(Into::into).collect(),
        });
    }

    fn row(&self, row: usize) -> Result<&Row, DataError> {
        let found = self.rows.get(row);
        found.ok_or_else(|| DataError::row_out_of_range(self, row))
    }
}

/// Adds rows of a picture and its captions.
impl<C> Extend<(Picture, C)> for InMemoryDataset
where
    C: IntoIterator<Item: Into<String>>,
{
    fn extend<T: IntoIterator<Item = (Picture, C)>>(&mut self, rows: T) {
        for (picture, captions) in rows {
            self.push(picture, captions);
        }
    }
}

impl CaptionDataset for InMemoryDataset {
    fn name(&self) -> &str {
        &self.name
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn features(&self) -> Vec<Feature> {
        let one_each = self.rows.iter().all(|row| row.captions.len() == 1);
        let kind = if one_each {
            FeatureType::Text
        } else {
            FeatureType::TextList
        };
        Feature::image_and("text", kind)
    }

    fn captions(&self, row: usize) -> Result<Cow<'_, [String]>, DataError> {
        Ok(self.row(row)?.captions.as_slice().into())
    }

    fn picture(&self, row: usize) -> Result<Picture, DataError> {
        Ok(self.row(row)?.picture.clone())
    }

    fn row_name(&self, row: usize) -> Result<String, DataError> {
        let name = self.row(row)?.name.clone();
        Ok(name.unwrap_or_else(|| format!("row-{row}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(byte: u8) -> Picture {
        Picture::Encoded(vec![byte])
    }

    #[test]
    fn rows_are_read_as_they_were_given() {
        let mut set = InMemoryDataset::new("three");
        assert!(set.is_empty() && set.blocks().is_empty());
        set.extend([(picture(0), ["a cat"]), (picture(1), [" A dog. "])]);
        assert_eq!(set.features()[1].kind, FeatureType::Text);
        set.push(picture(2), Vec::<String>::new());
        assert_eq!(set.features()[1].kind, FeatureType::TextList);

        assert_eq!((set.name(), set.len()), ("three", 3));
        assert_eq!((set.blocks().len(), &set.blocks()[0]), (1, &(0..3)));
        assert_eq!(set.picture(1).unwrap(), picture(1));
        assert_eq!(*set.captions(1).unwrap(), [" A dog. "]);
        let counts = (0..3).map(|row| set.caption_count(row).unwrap());
        assert!(counts.eq([1, 1, 0]));
        assert!(!set.rows_vary() && set.skipped().is_empty());
    }

    #[test]
    fn a_row_past_the_end_is_a_named_error() {
        let set = InMemoryDataset::new("none");
        let message = "there is no row at index 0: `none` has 0 rows";
        assert_eq!(set.picture(0).unwrap_err().to_string(), message);
        assert_eq!(set.captions(0).unwrap_err().to_string(), message);
        assert_eq!(set.caption_count(0).unwrap_err().to_string(), message);
        assert_eq!(set.row_name(0).unwrap_err().to_string(), message);
        assert_eq!(set.row_number(0).unwrap_err().to_string(), message);
        assert_eq!(set.describe_row(0).unwrap_err().to_string(), message);
    }

    #[test]
    fn a_row_without_captions_can_be_named() {
        let mut set = InMemoryDataset::new("bare");
        set.push(picture(0), Vec::<String>::new());
        assert_eq!(
            DataError::no_caption(&set, 0).to_string(),
            "`row-0` of `bare` row 1 has no caption: write one or remove the row"
        );
    }
}
