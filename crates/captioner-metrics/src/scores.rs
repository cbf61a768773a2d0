//! The values a metric gives, by name.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// Named values, for example `wer`, `mer`, `word_hits`, in the order in which they were asked for.
/// Serialises as one flat map.
///
/// Rates and scores keep the scale of their reference package: `wer` is 0.25 for one error in four
/// words, `sacrebleu` runs from 0 to 100, `cider` from 0 to 10 and above. Two `Scores` are equal
/// if they hold the same values under the same names, in whatever order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scores {
    values: IndexMap<String, f64>,
}

impl Scores {
    /// The value called `name`, if there is one.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.values.get(name).copied()
    }

    /// Adds a value behind the others, or replaces the one of this name.
    pub fn insert(&mut self, name: impl Into<String>, value: f64) {
        self.values.insert(name.into(), value);
    }

    /// All values with their names, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.values
            .iter()
            .map(|(name, value)| (name.as_str(), *value))
    }

    /// Takes in the values of another metric; a name that both hold gets the other's value.
    pub fn extend(&mut self, other: Scores) {
        self.values.extend(other.values);
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

impl<N: Into<String>> FromIterator<(N, f64)> for Scores {
    fn from_iter<I: IntoIterator<Item = (N, f64)>>(values: I) -> Self {
        let values = values
            .into_iter()
            .map(|(name, value)| (name.into(), value))
            .collect();
        Scores { values }
    }
}

impl IntoIterator for Scores {
    type Item = (String, f64);
    type IntoIter = indexmap::map::IntoIter<String, f64>;

    fn into_iter(self) -> Self::IntoIter {
        self.values.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_order_through_json() {
        let scores = Scores::from_iter([("wer", 0.5), ("bleu_4", 0.25), ("cer", 0.125)]);
        let text = serde_json::to_string(&scores).unwrap();
        assert_eq!(text, r#"{"wer":0.5,"bleu_4":0.25,"cer":0.125}"#);
        let read: Scores = serde_json::from_str(&text).unwrap();
        assert!(read.iter().eq(scores.iter()));
    }
}
