//! Single settings out of JSON.

use std::path::PathBuf;

use captioner_model::{GenerationConfig, SettingError};
use serde_json::Value;

use super::values::{
    HubStrategy, HubToken, IntervalStrategy, NonFinite, OptimizerKind, Reporter, ResumeFrom,
    SamplingStrategy, SaveStrategy, Steps,
};
use crate::evaluate::MetricSpelling;
use crate::schedule::{LrSchedulerKwargs, SchedulerType};

/// Why a value can't be read: what would be right.
type Help = String;

/// A value of a setting.
pub(super) trait Setting: Sized {
    /// The value that the JSON stands for; `None` where that means "unset".
    fn from_json(json: &Value) -> Result<Option<Self>, Help>;
}

/// A setting that JSON can change.
pub(super) trait Slot {
    fn fill(&mut self, json: &Value) -> Result<(), Help>;
}

impl<T: Setting> Slot for T {
    /// What is unset stays as it was.
    fn fill(&mut self, json: &Value) -> Result<(), Help> {
        if !json.is_null()
            && let Some(value) = T::from_json(json)?
        {
            *self = value;
        }
        Ok(())
    }
}

impl<T: Setting> Slot for Option<T> {
    fn fill(&mut self, json: &Value) -> Result<(), Help> {
        *self = match json {
            Value::Null => None,
            json => T::from_json(json)?,
        };
        Ok(())
    }
}

/// Reads the value of the setting `name` into its place.
pub(super) fn read(name: &str, json: &Value, slot: &mut impl Slot) -> Result<(), SettingError> {
    slot.fill(json)
        .map_err(|help| SettingError::new(name, json, help))
}

/// The value where the JSON has its kind, and what would be right elsewhere.
fn some<T>(value: Option<T>, help: &str) -> Result<Option<T>, Help> {
    value.map(Some).ok_or_else(|| help.to_owned())
}

impl Setting for bool {
    fn from_json(json: &Value) -> Result<Option<Self>, Help> {
        some(json.as_bool(), "use true or false")
    }
}

impl Setting for usize {
    fn from_json(json: &Value) -> Result<Option<Self>, Help> {
        let number = json.as_u64().and_then(|number| number.try_into().ok());
        some(number, "use a whole number, 0 or more")
    }
}

impl Setting for u64 {
    fn from_json(json: &Value) -> Result<Option<Self>, Help> {
        some(json.as_u64(), "use a whole number, 0 or more")
    }
}

impl Setting for f64 {
    fn from_json(json: &Value) -> Result<Option<Self>, Help> {
        some(json.as_f64(), "use a number, without quotes")
    }
}

impl Setting for String {
    fn from_json(json: &Value) -> Result<Option<Self>, Help> {
        some(json.as_str().map(str::to_owned), "use a text in quotes")
    }
}

impl Setting for PathBuf {
    fn from_json(json: &Value) -> Result<Option<Self>, Help> {
        some(json.as_str().map(Self::from), "use a path in quotes")
    }
}

/// A list of texts, or one text with commas.
impl Setting for Vec<String> {
    fn from_json(json: &Value) -> Result<Option<Self>, Help> {
        let list = match json {
            Value::String(text) => Some(text.split(',').map(|name| name.trim().into()).collect()),
            Value::Array(list) => list
                .iter()
                .map(|text| text.as_str().map(str::to_owned))
                .collect(),
            _ => None,
        };
        some(list, "use a list of texts")
    }
}

impl Setting for Vec<Reporter> {
    fn from_json(json: &Value) -> Result<Option<Self>, Help> {
        let names = Vec::<String>::from_json(json)?.unwrap_or_default();
        match Reporter::list(&names.join(",")) {
            Ok(reporters) => Ok(Some(reporters)),
            Err(error) => Err(error.help),
        }
    }
}

impl Setting for Steps {
    fn from_json(json: &Value) -> Result<Option<Self>, Help> {
        let count = json.as_u64().and_then(|count| count.try_into().ok());
        let steps = count.map(Self::Count).or(json.as_f64().map(Self::from));
        some(
            steps,
            "use a number of steps, or a share of all steps such as 0.05",
        )
    }
}

impl Setting for ResumeFrom {
    fn from_json(json: &Value) -> Result<Option<Self>, Help> {
        match json {
            Value::Bool(true) => Ok(Some(Self::Last)),
            Value::Bool(false) => Ok(None),
            Value::String(text) => text.parse().map(Some).map_err(help),
            _ => Err("use true, \"last\", \"auto\" or a checkpoint's folder".to_owned()),
        }
    }
}

impl Setting for HubToken {
    fn from_json(json: &Value) -> Result<Option<Self>, Help> {
        match json.as_str() {
            // What transformers writes in a token's place.
            Some(text) if text.starts_with('<') && text.ends_with('>') => Ok(None),
            Some(text) => Ok(Some(text.into())),
            None => Err("use a text in quotes".to_owned()),
        }
    }
}

impl Setting for LrSchedulerKwargs {
    fn from_json(json: &Value) -> Result<Option<Self>, Help> {
        match json {
            // transformers reads the object in a text too, as its command line has it.
            Value::String(text) => text.parse().map(Some).map_err(help),
            json => json.to_string().parse().map(Some).map_err(help),
        }
    }
}

impl Setting for GenerationConfig {
    /// The keys of `generation_config.json`, or a file or folder that has them.
    fn from_json(json: &Value) -> Result<Option<Self>, Help> {
        let config = match json {
            Value::Object(keys) => Self::from_keys(keys.clone()).map_err(|error| error.to_string()),
            Value::String(path) => Self::from_json_file(path).map_err(|error| error.to_string()),
            _ => Err("use a JSON object, or the path of a generation_config.json".to_owned()),
        };
        Ok(Some(without_file_keys(config?)))
    }
}

/// The settings alone: keys of the file that mean nothing here aren't part of the run.
pub(crate) fn without_file_keys(config: GenerationConfig) -> GenerationConfig {
    GenerationConfig {
        file_keys: serde_json::Map::new(),
        ..config
    }
}

fn help(error: SettingError) -> Help {
    error.help
}

/// Settings whose JSON is one of several texts.
macro_rules! by_name {
    ($($type:ty),+ $(,)?) => {
        $(impl Setting for $type {
            fn from_json(json: &Value) -> Result<Option<Self>, Help> {
                match json.as_str() {
                    Some(text) => text.parse().map(Some).map_err(help),
                    None => Err("use a text in quotes".to_owned()),
                }
            }
        })+
    };
}

by_name!(
    HubStrategy,
    IntervalStrategy,
    MetricSpelling,
    NonFinite,
    OptimizerKind,
    SamplingStrategy,
    SaveStrategy,
    SchedulerType,
);
