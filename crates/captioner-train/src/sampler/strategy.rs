//! In which order rows come.

use std::fmt;
use std::str::FromStr;

use captioner_model::SettingError;
use serde::{Deserialize, Serialize};

/// The order of an epoch's rows: `train_sampling_strategy` of transformers' `TrainingArguments`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SamplingStrategy {
    /// Another order each epoch.
    #[default]
    Random,
    /// The rows' own order.
    Sequential,
    /// Another order each epoch, in which neighbours have captions of about one length, so that
    /// batches have few pads. All captions are read before the first batch of an epoch.
    GroupByLength,
}

impl fmt::Display for SamplingStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Random => "random",
            Self::Sequential => "sequential",
            Self::GroupByLength => "group_by_length",
        })
    }
}

impl FromStr for SamplingStrategy {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        match text {
            "random" => Ok(Self::Random),
            "sequential" => Ok(Self::Sequential),
            "group_by_length" => Ok(Self::GroupByLength),
            _ => Err(SettingError::new(
                "train_sampling_strategy",
                text,
                "use random, sequential or group_by_length",
            )),
        }
    }
}
