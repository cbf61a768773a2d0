//! Opening models and data sets by what a user typed.

use std::path::Path;
use std::sync::Arc;

use captioner_creatures::Creatures;
use captioner_data::{CaptionDataset, DataError, DatasetSplits, OpenOptions};
use captioner_git::GitForCausalLm;
use captioner_model::{AnyCaptioner, CONFIG_FILE, ModelError, Pretrained, model_type};
use captioner_ops::burn::tensor::Device;

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

/// Opens the data set that `spec` names: `creatures` (or nothing) is the built-in
/// [`Creatures`], drawn from `seed`; all else is what [`captioner_data::open_dataset`] opens.
///
/// A folder of the name `creatures` is `./creatures`.
///
/// ```
/// use captioner::data::OpenOptions;
///
/// let set = captioner::open_dataset("creatures", 0, &OpenOptions::default())?;
/// assert_eq!(set.len(), 833);
/// # Ok::<(), captioner::data::DataError>(())
/// ```
///
/// # Errors
/// Those of [`captioner_data::open_dataset`].
pub fn open_dataset(
    spec: &str,
    seed: u64,
    options: &OpenOptions,
) -> Result<Arc<dyn CaptionDataset>, DataError> {
    match spec {
        "" | "creatures" => Ok(Arc::new(Creatures::new(seed))),
        _ => captioner_data::open_dataset(spec, options),
    }
}

/// Opens all splits of the set that `spec` names, as [`open_dataset`] does. The creatures are one
/// split, `train`.
///
/// ```
/// use captioner::data::{OpenOptions, SplitChoice, train_and_eval};
///
/// let splits = captioner::open_splits("creatures", 42, &OpenOptions::default())?;
/// let split = train_and_eval(&splits, &SplitChoice::default().with_seed(42))?;
/// assert_eq!((split.train.len(), split.test.len()), (749, 84));
/// # use captioner::data::CaptionDataset;
/// # Ok::<(), captioner::data::DataError>(())
/// ```
///
/// # Errors
/// Those of [`open_dataset`].
pub fn open_splits(
    spec: &str,
    seed: u64,
    options: &OpenOptions,
) -> Result<DatasetSplits, DataError> {
    let set = open_dataset(spec, seed, options)?;
    let name = set.name().to_owned();
    Ok(DatasetSplits::new(name, vec![("train".to_owned(), set)]))
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
        assert!(matches!(error, DataError::FolderMissing { .. }), "{error}");
    }

    #[test]
    fn a_model_of_another_kind_is_named_with_those_that_are_known() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join(CONFIG_FILE);
        std::fs::write(config, r#"{"model_type": "blip"}"#).unwrap();
        std::fs::write(folder.path().join("model.safetensors"), "").unwrap();
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
