//! One JSON object, of which only the columns that count are kept.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::columns::{Columns, Role};

/// The values of an object that count.
#[derive(Debug, Default)]
pub(super) struct Row<'de> {
    /// The columns that name pictures.
    pub(super) files: Vec<(Cow<'de, str>, Field<'de>)>,
    /// The caption column that counts, by its rank.
    pub(super) caption: Option<(usize, Field<'de>)>,
}

/// A value.
#[derive(Debug)]
pub(super) enum Field<'de> {
    Text(Cow<'de, str>),
    List(Vec<Cow<'de, str>>),
    /// Neither a string nor a list of strings: what it is, for a message.
    Other(&'static str),
}

/// Reads an object, borrowing its strings where they have no escapes.
pub(super) fn parse<'de>(text: &'de str, columns: &Columns) -> Result<Row<'de>, serde_json::Error> {
    let mut parser = serde_json::Deserializer::from_str(text);
    let row = RowSeed(columns).deserialize(&mut parser)?;
    parser.end()?;
    Ok(row)
}

struct RowSeed<'c>(&'c Columns);

impl<'de> DeserializeSeed<'de> for RowSeed<'_> {
    type Value = Row<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Row<'de>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for RowSeed<'_> {
    type Value = Row<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Row<'de>, A::Error> {
        let mut row = Row::default();
        while let Some(key) = map.next_key_seed(FieldSeed)? {
            let Field::Text(key) = key else {
                return Err(A::Error::custom("a key is a string"));
            };
            match self.0.role(&key) {
                Role::File => {
                    let field = map.next_value_seed(FieldSeed)?;
                    // The last of two equal keys counts.
                    row.files.retain(|(name, _)| *name != key);
                    row.files.push((key, field));
                }
                Role::Caption(rank) => {
                    let field = map.next_value_seed(FieldSeed)?;
                    if row.caption.as_ref().is_none_or(|(best, _)| rank <= *best) {
                        row.caption = Some((rank, field));
                    }
                }
                Role::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(row)
    }
}

struct FieldSeed;

impl<'de> DeserializeSeed<'de> for FieldSeed {
    type Value = Field<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Field<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for FieldSeed {
    type Value = Field<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Field<'de>, E> {
        Ok(Field::Text(text.into()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Field<'de>, E> {
        Ok(Field::Text(text.to_owned().into()))
    }

    fn visit_unit<E: Error>(self) -> Result<Field<'de>, E> {
        Ok(Field::Other("null"))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Field<'de>, E> {
        Ok(Field::Other("a boolean"))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Field<'de>, E> {
        Ok(Field::Other("a number"))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Field<'de>, E> {
        Ok(Field::Other("a number"))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Field<'de>, E> {
        Ok(Field::Other("a number"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Field<'de>, A::Error> {
        let mut texts = Vec::new();
        let mut only_texts = true;
        while let Some(field) = list.next_element_seed(FieldSeed)? {
            match field {
                Field::Text(text) if only_texts => texts.push(text),
                _ => only_texts = false,
            }
        }
        Ok(if only_texts {
            Field::List(texts)
        } else {
            Field::Other("a list with something other than strings")
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Field<'de>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Field::Other("an object"))
    }
}
