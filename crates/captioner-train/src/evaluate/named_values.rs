//! Named numbers in JSON, which has no infinite ones: those and NaN are written as texts that
//! Python's `float` and Rust's `f64` read.

use std::collections::BTreeMap;

use serde::de::Error;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serializer};

#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Finite(f64),
    Text(String),
}

pub(crate) fn serialize<S: Serializer>(
    values: &BTreeMap<String, f64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(values.len()))?;
    for (name, value) in values {
        match *value {
            value if value.is_finite() => map.serialize_entry(name, &value)?,
            value if value.is_nan() => map.serialize_entry(name, "NaN")?,
            value if value > 0.0 => map.serialize_entry(name, "Infinity")?,
            _ => map.serialize_entry(name, "-Infinity")?,
        }
    }
    map.end()
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, f64>, D::Error> {
    let read = BTreeMap::<String, Number>::deserialize(deserializer)?;
    let number = |(name, number)| match number {
        Number::Finite(value) => Ok((name, value)),
        Number::Text(text) => match text.parse() {
            Ok(value) => Ok((name, value)),
            Err(_) => Err(D::Error::custom(format_args!(
                "{name} is {text:?}, but a number, \"Infinity\", \"-Infinity\" or \"NaN\" is needed"
            ))),
        },
    };
    read.into_iter().map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Serialize;

    /// As in a log entry, where the values stand beside others.
    #[derive(Serialize, Deserialize)]
    struct Entry {
        step: usize,
        #[serde(flatten, with = "super")]
        values: BTreeMap<String, f64>,
    }

    #[test]
    fn what_is_not_finite_survives_json() {
        let values = [
            ("loss", 0.25),
            ("down", f64::NEG_INFINITY),
            ("none", f64::NAN),
            ("up", f64::INFINITY),
        ];
        let values = values.map(|(name, value)| (name.to_owned(), value)).into();
        let text = serde_json::to_string(&Entry { step: 3, values }).unwrap();
        assert_eq!(
            text,
            r#"{"step":3,"down":"-Infinity","loss":0.25,"none":"NaN","up":"Infinity"}"#
        );
        let read: Entry = serde_json::from_str(&text).unwrap();
        assert_eq!(read.step, 3);
        assert_eq!(read.values["down"], f64::NEG_INFINITY);
        assert_eq!(read.values["up"], f64::INFINITY);
        assert_eq!(read.values["loss"], 0.25);
        assert!(read.values["none"].is_nan());
    }

    #[test]
    fn whole_numbers_are_read_and_other_texts_are_refused_by_name() {
        let read: Entry = serde_json::from_str(r#"{"step": 1, "wer": 2}"#).unwrap();
        assert_eq!(read.values["wer"], 2.0);
        let error = serde_json::from_str::<Entry>(r#"{"step": 1, "wer": "many"}"#);
        let message = error.err().unwrap().to_string();
        assert!(message.contains("wer is \"many\""), "{message}");
    }
}
