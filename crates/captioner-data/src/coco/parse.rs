//! Reading COCO captions JSON entry by entry, keeping what counts of each.

use std::fmt;
use std::io::BufRead;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) images: Vec<Image>,
    pub(super) annotations: Vec<Annotation>,
    pub(super) has_images: bool,
    pub(super) has_annotations: bool,
}

/// An entry of `images`, as COCO or as Karpathy writes it.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Image {
    pub(super) id: Option<Id>,
    pub(super) file_name: Option<Box<str>>,
    /// The folder of `filename`, such as `val2014`.
    pub(super) filepath: Option<Box<str>>,
    pub(super) filename: Option<Box<str>>,
    pub(super) split: Option<Box<str>>,
    pub(super) sentences: Option<Vec<Sentence>>,
}

/// A caption as Karpathy writes it.
#[derive(Debug, Deserialize)]
pub(super) struct Sentence {
    pub(super) raw: Option<Box<str>>,
}

/// An entry of `annotations`.
#[derive(Debug, Deserialize)]
pub(super) struct Annotation {
    pub(super) image_id: Option<Id>,
    pub(super) caption: Option<Box<str>>,
}

/// An image's id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(untagged)]
pub(super) enum Id {
    Number(i64),
    Text(Box<str>),
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(id) => id.fmt(f),
            Self::Text(id) => write!(f, "`{id}`"),
        }
    }
}

/// Reads a file. One entry at a time is in memory as JSON.
pub(super) fn parse(reader: impl BufRead) -> Result<Parsed, serde_json::Error> {
    let mut parser = serde_json::Deserializer::from_reader(reader);
    let mut parsed = Parsed::default();
    parser.deserialize_map(FileVisitor(&mut parsed))?;
    parser.end()?;
    Ok(parsed)
}

struct FileVisitor<'p>(&'p mut Parsed);

impl<'de> Visitor<'de> for FileVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `images` and `annotations`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "images" => {
                    self.0.has_images = true;
                    map.next_value_seed(ListSeed(&mut self.0.images))?;
                }
                "annotations" => {
                    self.0.has_annotations = true;
                    map.next_value_seed(ListSeed(&mut self.0.annotations))?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

struct ListSeed<'l, T>(&'l mut Vec<T>);

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for ListSeed<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListSeed<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(entry) = list.next_element()? {
            self.0.push(entry);
        }
        Ok(())
    }
}
