//! Values of flags.

use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use captioner_model::{GenerationConfig, ModelError, SettingError};
use serde_json::{Map, Value};

use crate::arguments::{read_keys, without_file_keys};
use crate::{HubToken, Reporter, TrainError, TrainingArguments};

/// A list that is one value, separated by commas: given twice, the last counts as a whole.
pub(super) type List = Vec<String>;

/// Reporters that are one value.
pub(super) type Reporters = Vec<Reporter>;

/// A count, or none where the number is negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionalCount(pub Option<usize>);

impl FromStr for OptionalCount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.parse::<i64>().is_ok_and(|number| number < 0) {
            return Ok(Self(None));
        }
        let count = text.parse().map(|count| Self(Some(count)));
        count.map_err(|_| "use a whole number, or -1 for none".to_owned())
    }
}

impl From<OptionalCount> for Option<usize> {
    fn from(count: OptionalCount) -> Self {
        count.0
    }
}

/// The arguments of a JSON file, read when the command line is.
#[derive(Clone, PartialEq)]
pub struct ArgsFile {
    path: PathBuf,
    keys: Map<String, Value>,
}

impl ArgsFile {
    /// Puts the file's values over `arguments`.
    pub(super) fn put(&self, arguments: &mut TrainingArguments) {
        // Every key was read once.
        let _ = arguments.set_keys(&self.keys);
    }
}

impl FromStr for ArgsFile {
    type Err = TrainError;

    fn from_str(path: &str) -> Result<Self, TrainError> {
        let path = PathBuf::from(path);
        let keys = read_keys(&path)?;
        Ok(Self { path, keys })
    }
}

impl fmt::Debug for ArgsFile {
    /// The path alone: the file may hold a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ArgsFile").field(&self.path).finish()
    }
}

impl FromStr for HubToken {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.into())
    }
}

pub(super) fn names(text: &str) -> Result<List, Infallible> {
    let names = text.split(',').map(|name| name.trim().to_owned());
    Ok(names.filter(|name| !name.is_empty()).collect())
}

pub(super) fn reporters(text: &str) -> Result<Reporters, SettingError> {
    Reporter::list(text)
}

pub(super) fn generation_config(path: &str) -> Result<GenerationConfig, ModelError> {
    GenerationConfig::from_json_file(path).map(without_file_keys)
}

/// Refuses to switch the GPU off here.
pub(super) fn not_a_setting(text: &str) -> Result<bool, String> {
    match text {
        "false" => Ok(false),
        _ => Err(
            "where to compute is no training argument: choose the device that the model is opened \
             on, in the examples with --device flex"
                .to_owned(),
        ),
    }
}
