//! The figures a metric gives, by name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Named figures, for example `wer`, `mer`, `hits`. Serialises as one flat map.
///
/// Rates and scores keep the scale of their reference package: `wer` is 0.25 for one error in four
/// words, `sacrebleu` runs from 0 to 100, `cider` from 0 to 10 and above.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scores {
    values: BTreeMap<String, f64>,
}

impl Scores {
    /// The figure called `name`, if this metric gives it.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.values.get(name).copied()
    }

    /// Adds or replaces one figure.
    pub fn insert(&mut self, name: impl Into<String>, value: f64) {
        self.values.insert(name.into(), value);
    }

    /// All figures, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.values
            .iter()
            .map(|(name, value)| (name.as_str(), *value))
    }

    /// Takes in the figures of another metric; a name that both hold gets the other's value.
    pub fn extend(&mut self, other: Scores) {
        self.values.extend(other.values);
    }

    /// How many figures there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is no figure.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

impl<N: Into<String>> FromIterator<(N, f64)> for Scores {
    fn from_iter<I: IntoIterator<Item = (N, f64)>>(figures: I) -> Self {
        let values = figures
            .into_iter()
            .map(|(name, value)| (name.into(), value))
            .collect();
        Scores { values }
    }
}
