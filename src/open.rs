//! Opening models and data sets by what a user typed.

use std::path::Path;
use std::sync::Arc;

use captioner_creatures::Creatures;
use captioner_data::{CaptionDataset, DataError, DatasetSplits, OpenOptions};
use captioner_git::GitForCausalLm;
use captioner_hub::{HubError, find_dataset};
use captioner_model::{AnyCaptioner, CONFIG_FILE, ModelError, Pretrained, model_type};
use captioner_ops::burn::tensor::Device;
use thiserror::Error;

/// Opens the captioner of a checkpoint folder, whichever it is: `model_type` in its `config.json`
/// says so.
///
/// # Errors
/// When the folder or one of its files is missing, damaged or contradictory, or the model is of a
/// kind that is not known here.
pub fn open_captioner(
    folder: impl AsRef<Path>,
    device: &Device,
) -> Result<Box<dyn AnyCaptioner>, ModelError> {
    let folder = folder.as_ref();
    let found = model_type(folder)?;
    match found.as_str() {
        GitForCausalLm::MODEL_TYPE => {
            Ok(Box::new(GitForCausalLm::from_pretrained(folder, device)?))
        }
        _ => Err(ModelError::UnknownModelType {
            path: folder.join(CONFIG_FILE),
            found,
            known: GitForCausalLm::MODEL_TYPE.to_owned(),
        }),
    }
}

/// Why a data set can't be opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The set.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The Hub that it is fetched from.
    #[error(transparent)]
    Hub(#[from] HubError),
}

/// Opens the data set that `spec` names: `creatures` (or nothing) is the built-in [`Creatures`],
/// drawn from `seed`; what [`captioner_data::open_dataset`] opens is opened by it; `owner/name`,
/// where there is no such folder, is a set of the Hub that [`find_dataset`] fetches.
///
/// A folder of the name `creatures` is `./creatures`.
///
/// ```
/// use captioner::data::OpenOptions;
///
/// let set = captioner::open_dataset("creatures", 0, &OpenOptions::default())?;
/// assert_eq!(set.len(), 833);
/// # Ok::<(), captioner::OpenError>(())
/// ```
///
/// # Errors
/// Those of [`captioner_data::open_dataset`] and [`find_dataset`].
pub fn open_dataset(
    spec: &str,
    seed: u64,
    options: &OpenOptions,
) -> Result<Arc<dyn CaptionDataset>, OpenError> {
    match is_creatures(spec) {
        true => Ok(Arc::new(Creatures::new(seed))),
        false => here_or_on_the_hub(spec, |path| captioner_data::open_dataset(path, options)),
    }
}

/// Opens all splits of the set that `spec` names, as [`open_dataset`] does. The creatures are one
/// split, `train`.
///
/// ```
/// use captioner::data::{CaptionDataset, OpenOptions, SplitChoice, train_and_eval};
///
/// let splits = captioner::open_splits("creatures", 42, &OpenOptions::default())?;
/// let split = train_and_eval(&splits, &SplitChoice::default().with_seed(42))?;
/// assert_eq!((split.train.len(), split.test.len()), (749, 84));
/// # Ok::<(), captioner::OpenError>(())
/// ```
///
/// # Errors
/// Those of [`captioner_data::open_splits`] and [`find_dataset`].
pub fn open_splits(
    spec: &str,
    seed: u64,
    options: &OpenOptions,
) -> Result<DatasetSplits, OpenError> {
    if is_creatures(spec) {
        let set: Arc<dyn CaptionDataset> = Arc::new(Creatures::new(seed));
        let splits = vec![("train".to_owned(), set)];
        return Ok(DatasetSplits::new("creatures", splits));
    }
    here_or_on_the_hub(spec, |path| captioner_data::open_splits(path, options))
}

fn is_creatures(spec: &str) -> bool {
    matches!(spec, "" | "creatures")
}

/// What is here goes first; what isn't may be the name of a set of the Hub.
fn here_or_on_the_hub<T>(
    spec: &str,
    open: impl Fn(&Path) -> Result<T, DataError>,
) -> Result<T, OpenError> {
    match open(Path::new(spec)) {
        Err(error @ (DataError::HubId { .. } | DataError::FolderMissing { .. })) => {
            match find_dataset(spec) {
                Ok(path) => Ok(open(&path)?),
                Err(HubError::Missing { .. }) => Err(error.into()),
                Err(hub) => Err(hub.into()),
            }
        }
        opened => Ok(opened?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn creatures_are_the_default_and_all_else_is_looked_for() {
        let options = OpenOptions::default();
        for spec in ["", "creatures"] {
            let set = open_dataset(spec, 3, &options).unwrap();
            assert_eq!((set.name(), set.len()), ("creatures", Creatures::ROWS));
        }
        let error = open_dataset("./creatures", 3, &options).err().unwrap();
        assert!(
            matches!(error, OpenError::Data(DataError::FolderMissing { .. })),
            "{error}"
        );
        let splits = open_splits("creatures", 3, &options).unwrap();
        assert_eq!(
            (splits.name(), splits.names()),
            ("creatures", vec!["train"])
        );
    }

    #[cfg(not(feature = "hub"))]
    #[test]
    fn a_set_of_the_hub_gives_the_command_that_fetches_it() {
        for spec in ["user/set", "user/set@main"] {
            let error = open_splits(spec, 3, &OpenOptions::default()).err().unwrap();
            assert!(matches!(error, OpenError::Hub(_)), "{error}");
            assert!(error.to_string().contains("--features hub"), "{error}");
        }
    }

    #[test]
    fn a_model_is_no_data_set_and_a_data_set_no_model() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        std::fs::write(folder.path().join(CONFIG_FILE), r#"{"model_type": "git"}"#).unwrap();
        let error = open_splits(path, 3, &OpenOptions::default()).err().unwrap();
        let message = error.to_string();
        assert!(message.contains("the folder of a model"), "{message}");
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("metadata.jsonl"), "{}").unwrap();
        let error = open_captioner(folder.path(), &Device::flex())
            .err()
            .unwrap();
        assert!(error.to_string().contains("it is a data set"), "{error}");
    }

    #[test]
    fn a_model_of_another_kind_is_named_with_those_that_are_known() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join(CONFIG_FILE);
        std::fs::write(config, r#"{"model_type": "blip"}"#).unwrap();
        let error = open_captioner(folder.path(), &Device::flex())
            .err()
            .unwrap();
        let message = error.to_string();
        assert!(
            message.contains("'blip'") && message.contains("git"),
            "{message}"
        );
    }
}
