//! What the `config.json` of every captioner may hold, and how its values are refused.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// The file that holds a model's configuration.
pub const CONFIG_FILE: &str = "config.json";

/// One token or several; JSON has a number or a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenIds(pub Vec<u32>);

/// An activation function by its Hugging Face name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HiddenAct {
    /// `x · Φ(x)`, exact.
    Gelu,
    /// `x · σ(1.702 x)`.
    QuickGelu,
}

/// A value that no model can be built from.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{key} is {value}, {problem}")]
pub struct ConfigError {
    /// The key in `config.json`.
    pub key: &'static str,
    /// The value found there.
    pub value: String,
    /// What is wrong with it and what would be right.
    pub problem: String,
}

/// Checks of configuration values that recur from model to model.
pub mod check_config {
    use super::ConfigError;

    /// The error that `key` has a value that can't be used.
    pub fn wrong(
        key: &'static str,
        value: impl ToString,
        problem: impl Into<String>,
    ) -> ConfigError {
        ConfigError {
            key,
            value: value.to_string(),
            problem: problem.into(),
        }
    }

    /// At least 1.
    ///
    /// # Errors
    /// Where it is 0.
    pub fn positive(key: &'static str, value: usize) -> Result<(), ConfigError> {
        match value {
            0 => Err(wrong(key, value, "but at least 1 is needed")),
            _ => Ok(()),
        }
    }

    /// From 0 to below 1.
    ///
    /// # Errors
    /// Where it is outside, or NaN.
    pub fn probability(key: &'static str, value: f64) -> Result<(), ConfigError> {
        let problem = "but a probability from 0 to below 1 is needed";
        match (0.0..1.0).contains(&value) {
            true => Ok(()),
            false => Err(wrong(key, value, problem)),
        }
    }

    /// A width that attention heads share evenly.
    ///
    /// # Errors
    /// Where they can't.
    pub fn heads(key: &'static str, width: usize, heads: usize) -> Result<(), ConfigError> {
        if heads == 0 || width == 0 || !width.is_multiple_of(heads) {
            let problem = format!("which {heads} attention heads can't share evenly");
            return Err(wrong(key, width, problem));
        }
        Ok(())
    }
}

impl From<Vec<u32>> for TokenIds {
    fn from(ids: Vec<u32>) -> Self {
        Self(ids)
    }
}

impl Serialize for TokenIds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [id] => id.serialize(serializer),
            ids => ids.serialize(serializer),
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(u32),
    Many(Vec<u32>),
}

impl<'de> Deserialize<'de> for TokenIds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match OneOrMany::deserialize(deserializer)? {
            OneOrMany::One(id) => vec![id],
            OneOrMany::Many(ids) => ids,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_ids_are_read_and_written_as_a_number_or_a_list() {
        for (text, ids) in [("102", vec![102]), ("[1,2]", vec![1, 2])] {
            let read: TokenIds = serde_json::from_str(text).unwrap();
            assert_eq!(read.0, ids);
            assert_eq!(serde_json::to_string(&read).unwrap(), text);
        }
    }
}
