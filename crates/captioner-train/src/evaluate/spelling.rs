//! The spelling in which captions are compared.

use std::fmt;
use std::str::FromStr;

use captioner_model::SettingError;
use serde::{Deserialize, Serialize};

/// The spelling in which generated captions are compared with their references.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricSpelling {
    /// References are encoded and decoded as the model's captions are: its own case, accents and
    /// spacing are then no errors, and a caption learnt by heart is right.
    #[default]
    Tokenizer,
    /// References as they are in the set.
    Raw,
}

impl MetricSpelling {
    pub(super) fn other(self) -> Self {
        match self {
            Self::Tokenizer => Self::Raw,
            Self::Raw => Self::Tokenizer,
        }
    }
}

impl fmt::Display for MetricSpelling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tokenizer => "tokenizer",
            Self::Raw => "raw",
        })
    }
}

impl FromStr for MetricSpelling {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        match text {
            "tokenizer" => Ok(Self::Tokenizer),
            "raw" => Ok(Self::Raw),
            _ => Err(SettingError::new(
                "metric_spelling",
                text,
                "use tokenizer or raw",
            )),
        }
    }
}
