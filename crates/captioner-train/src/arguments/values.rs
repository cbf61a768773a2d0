//! The values that arguments can have, where these aren't plain numbers or text.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use captioner_model::SettingError;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::named::named;

/// When something that recurs happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntervalStrategy {
    /// Never.
    No,
    /// Every so many steps.
    Steps,
    /// At the end of each pass over the training set.
    Epoch,
}

named!(IntervalStrategy, "strategy", { No = "no", Steps = "steps", Epoch = "epoch" });

/// When checkpoints are saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaveStrategy {
    /// Never.
    No,
    /// Every so many steps.
    Steps,
    /// At the end of each pass over the training set.
    Epoch,
    /// After each evaluation that is the best so far.
    Best,
}

named!(SaveStrategy, "save_strategy", { No = "no", Steps = "steps", Epoch = "epoch", Best = "best" });

/// The order in which an epoch takes the rows of the training set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SamplingStrategy {
    /// Drawn anew for each epoch.
    Random,
    /// As they are in the set.
    Sequential,
    /// At random, rows with captions of about the same length together, so that there are few pads.
    GroupByLength,
}

named!(SamplingStrategy, "train_sampling_strategy", {
    Random = "random", Sequential = "sequential", GroupByLength = "group_by_length",
}, refuse {
    "batch_rebalance" => "it spreads rows over several devices, and a run has one: use group_by_length",
});

/// The rule by which gradients change weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptimizerKind {
    /// Adam with decoupled weight decay; each of transformers' names of it means this one.
    AdamW,
    /// Stochastic gradient descent without momentum, as transformers' `sgd` is.
    Sgd,
    /// Adafactor with the given learning rate, as transformers' `adafactor` is.
    Adafactor,
}

named!(OptimizerKind, "optim", {
    AdamW = "adamw_torch" | "adamw" | "adamw_torch_fused" | "adamw_hf",
    Sgd = "sgd",
    Adafactor = "adafactor",
});

/// Where log entries are written besides the checkpoints' `trainer_state.json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reporter {
    /// An event file that TensorBoard opens.
    TensorBoard,
    /// A table of comma-separated values.
    Csv,
    /// One JSON object a line.
    JsonLines,
}

named!(Reporter, "report_to", { TensorBoard = "tensorboard", Csv = "csv", JsonLines = "jsonl" });

impl Reporter {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::TensorBoard, Self::Csv, Self::JsonLines];

    /// Reads names separated by commas; `none` and the empty text are none, `all` is every one.
    ///
    /// # Errors
    /// When a name is unknown.
    pub fn list(text: &str) -> Result<Vec<Self>, SettingError> {
        match text {
            "none" | "" => Ok(Vec::new()),
            "all" => Ok(Self::ALL.to_vec()),
            names => names.split(',').map(|name| name.trim().parse()).collect(),
        }
    }
}

/// What happens when the loss or a gradient is infinite or NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NonFinite {
    /// The run ends with an error, and nothing of such weights is saved.
    Stop,
    /// The step is left out.
    Skip,
}

named!(NonFinite, "non_finite", { Stop = "stop", Skip = "skip" });

/// What is pushed to the Hub, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HubStrategy {
    /// The model, at the end.
    End,
    /// The model, each time that a checkpoint is saved.
    EverySave,
    /// As `EverySave`, and the newest checkpoint too, to resume from.
    Checkpoint,
}

named!(HubStrategy, "hub_strategy", {
    End = "end", EverySave = "every_save", Checkpoint = "checkpoint",
}, refuse {
    "all_checkpoints" => "only the newest checkpoint can be pushed: use checkpoint",
});

/// A number of optimizer steps: a count, or below 1 a share of all steps of the run.
///
/// In JSON and on a command line it is a plain number.
///
/// ```
/// use captioner_train::Steps;
///
/// assert_eq!(Steps::from(50), Steps::Count(50));
/// assert_eq!(Steps::from(0.05), Steps::Share(0.05));
/// assert_eq!(Steps::Share(0.05).of(101), 6); // rounded up
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Steps {
    /// So many steps.
    Count(usize),
    /// This share of all steps, from 0 to below 1.
    Share(f64),
}

impl Steps {
    /// The steps of a run of `total` of them; a share is rounded up, as transformers rounds it.
    pub fn of(self, total: usize) -> usize {
        match self {
            Self::Count(steps) => steps,
            Self::Share(share) => (total as f64 * share).ceil() as usize,
        }
    }

    /// Whether it is 0.
    pub(crate) fn is_zero(self) -> bool {
        match self {
            Self::Count(steps) => steps == 0,
            Self::Share(share) => share == 0.0,
        }
    }
}

impl From<usize> for Steps {
    fn from(steps: usize) -> Self {
        Self::Count(steps)
    }
}

impl From<f64> for Steps {
    /// A whole number is a count; anything else is a share, which `TrainingArguments::validate`
    /// refuses where it is none.
    fn from(number: f64) -> Self {
        // Above this, floating point has no odd numbers: nobody counts so many steps.
        let whole = number.fract() == 0.0 && (0.0..=9.0e15).contains(&number);
        match whole {
            true => Self::Count(number as usize),
            false => Self::Share(number),
        }
    }
}

impl fmt::Display for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(steps) => steps.fmt(f),
            Self::Share(share) => share.fmt(f),
        }
    }
}

impl FromStr for Steps {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        let count = text.parse().map(Self::Count);
        let number = || text.parse::<f64>().map(Self::from);
        count.or_else(|_| number()).map_err(|_| {
            let help = "use a number of steps, or a share of all steps such as 0.05";
            SettingError::new("steps", text, help)
        })
    }
}

impl Serialize for Steps {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Count(steps) => steps.serialize(serializer),
            Self::Share(share) => share.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Steps {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?;
        number.to_string().parse().map_err(serde::de::Error::custom)
    }
}

/// The checkpoint that a run goes on from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResumeFrom {
    /// The newest one in the output folder; an error where there is none.
    Last,
    /// The newest one in the output folder; where there is none the run starts anew.
    Auto,
    /// This folder.
    Path(PathBuf),
}

impl fmt::Display for ResumeFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Last => f.write_str("last"),
            Self::Auto => f.write_str("auto"),
            Self::Path(path) => path.display().fmt(f),
        }
    }
}

impl FromStr for ResumeFrom {
    type Err = SettingError;

    /// `last`, `auto` or a path; a folder of such a name is `./last`.
    fn from_str(text: &str) -> Result<Self, SettingError> {
        match text {
            "last" | "true" | "True" => Ok(Self::Last),
            "auto" => Ok(Self::Auto),
            "" | "false" | "False" => {
                let help = "use last, auto or a checkpoint's folder; leave it out to start anew";
                Err(SettingError::new("resume_from_checkpoint", text, help))
            }
            path => Ok(Self::Path(path.into())),
        }
    }
}

impl Serialize for ResumeFrom {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            // A folder whose name means something else is written so that it stays a folder.
            Self::Path(path) if path.to_str().is_some_and(means_no_path) => {
                PathBuf::from(".").join(path).serialize(serializer)
            }
            Self::Path(path) => path.serialize(serializer),
            other => serializer.collect_str(other),
        }
    }
}

fn means_no_path(text: &str) -> bool {
    !matches!(text.parse(), Ok(ResumeFrom::Path(_)))
}

/// A token of the Hub. It is shown nowhere: not in `Debug` output, and in no file.
#[derive(Clone, PartialEq, Eq)]
pub struct HubToken(String);

impl HubToken {
    /// The token itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for HubToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HubToken")
    }
}

impl From<String> for HubToken {
    fn from(token: String) -> Self {
        Self(token)
    }
}

impl From<&str> for HubToken {
    fn from(token: &str) -> Self {
        Self(token.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_below_one_are_a_share_of_all() {
        // math.ceil(101 * 0.05), math.ceil(1 * 0.05), math.ceil(100 * 0.07) of Python
        assert_eq!(Steps::from(0.05).of(101), 6);
        assert_eq!(Steps::from(0.05).of(1), 1);
        assert_eq!(Steps::from(0.07).of(100), 8);
        assert_eq!(Steps::from(7).of(3), 7);
        assert_eq!(Steps::from(0.0), Steps::Count(0));
        assert_eq!(Steps::from(500.0), Steps::Count(500));
        assert_eq!(Steps::from(1.5), Steps::Share(1.5));
    }

    #[test]
    fn steps_are_plain_numbers_in_text() {
        for (text, want) in [
            ("500", Steps::Count(500)),
            ("500.0", Steps::Count(500)),
            ("0.05", Steps::Share(0.05)),
            ("5e-2", Steps::Share(0.05)),
        ] {
            assert_eq!(text.parse::<Steps>().unwrap(), want);
            assert_eq!(serde_json::from_str::<Steps>(text).unwrap(), want);
            let written = serde_json::to_string(&want).unwrap();
            assert_eq!(serde_json::from_str::<Steps>(&written).unwrap(), want);
        }
        for text in ["", "x", "5 %"] {
            let message = text.parse::<Steps>().unwrap_err().to_string();
            assert!(message.contains("0.05"), "{message}");
        }
    }

    #[test]
    fn each_name_of_adamw_is_adamw_and_others_are_named() {
        for name in ["adamw", "adamw_torch", "adamw_torch_fused", "adamw_hf"] {
            assert_eq!(name.parse::<OptimizerKind>().unwrap(), OptimizerKind::AdamW);
        }
        let message = "lion_32bit".parse::<OptimizerKind>().unwrap_err();
        assert_eq!(
            message.to_string(),
            "optim is lion_32bit: use adamw_torch, sgd or adafactor"
        );
        let message = "batch_rebalance".parse::<SamplingStrategy>().unwrap_err();
        assert!(message.to_string().contains("group_by_length"), "{message}");
    }

    #[test]
    fn a_folder_called_last_can_be_resumed_from() {
        for (resume, text) in [
            (ResumeFrom::Last, "\"last\""),
            (ResumeFrom::Auto, "\"auto\""),
            (
                ResumeFrom::Path("run/checkpoint-5".into()),
                "\"run/checkpoint-5\"",
            ),
            (ResumeFrom::Path("last".into()), "\"./last\""),
        ] {
            assert_eq!(serde_json::to_string(&resume).unwrap(), text);
        }
        let path = "./last".parse::<ResumeFrom>().unwrap();
        assert_eq!(path, ResumeFrom::Path("./last".into()));
        assert!("".parse::<ResumeFrom>().is_err());
    }

    #[test]
    fn reporters_are_a_list_none_or_all() {
        assert_eq!(Reporter::list("none").unwrap(), []);
        assert_eq!(Reporter::list("all").unwrap(), Reporter::ALL);
        let two = Reporter::list("csv,tensorboard").unwrap();
        assert_eq!(two, [Reporter::Csv, Reporter::TensorBoard]);
        let message = Reporter::list("wandb").unwrap_err().to_string();
        assert!(message.contains("tensorboard, csv or jsonl"), "{message}");
    }
}
