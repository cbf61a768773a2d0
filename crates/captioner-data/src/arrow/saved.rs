//! The folders that `save_to_disk` of `datasets` writes.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::ArrowError;
use crate::DataError;
use crate::read_at::FileAt;

/// The largest state.json and dataset_dict.json that are read.
const MAX_JSON_BYTES: u64 = 16 << 20;

const STATE: &str = "state.json";
const DATASET_DICT: &str = "dataset_dict.json";

/// The splits of a `DatasetDict` that `save_to_disk` wrote, with their folders, in their order;
/// none if the folder is no such one.
///
/// Source: `DatasetDict.save_to_disk` in `dataset_dict.py` of `datasets`.
///
/// # Errors
/// [`ArrowError::State`] if dataset_dict.json can't be used.
pub fn saved_splits(folder: &Path) -> Result<Option<Vec<(String, PathBuf)>>, DataError> {
    let file = folder.join(DATASET_DICT);
    if !file.is_file() {
        return Ok(None);
    }
    let json = read_json(&file)?;
    let names = json["splits"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let mut splits = Vec::with_capacity(names.len());
    for name in names {
        let name = plain_name(&file, name)?;
        splits.push((name.to_owned(), folder.join(name)));
    }
    match splits.is_empty() {
        true => Err(state(&file, "it names no split").into()),
        false => Ok(Some(splits)),
    }
}

/// The Arrow files of a folder that `Dataset.save_to_disk` wrote, in their order.
pub(super) fn data_files(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    if let Some(splits) = saved_splits(folder)? {
        let names: Vec<_> = splits.iter().map(|(name, _)| format!("`{name}`")).collect();
        let (folder, splits) = (folder.to_owned(), names.join(", "));
        return Err(ArrowError::Splits { folder, splits }.into());
    }
    let file = folder.join(STATE);
    if !file.is_file() {
        let folder = folder.to_owned();
        return Err(ArrowError::NotSaved { folder }.into());
    }
    let json = read_json(&file)?;
    // Names that versions before 2.0 used for what `select` and `shuffle` had picked.
    let picked = ["_indices_files", "_indices_data_files"];
    if picked
        .iter()
        .any(|key| json[key].as_array().is_some_and(|files| !files.is_empty()))
    {
        return Err(ArrowError::Indices { file }.into());
    }
    let listed = json["_data_files"].as_array();
    let listed = listed.ok_or_else(|| state(&file, "it has no `_data_files`"))?;
    let path = |entry: &Value| Ok(folder.join(plain_name(&file, &entry["filename"])?));
    listed.iter().map(path).collect()
}

fn read_json(path: &Path) -> Result<Value, DataError> {
    let io = |source| DataError::Io {
        path: path.to_owned(),
        source,
    };
    let file = FileAt::open(path, true).map_err(io)?;
    if file.len() > MAX_JSON_BYTES {
        return Err(state(path, "it is too large").into());
    }
    let bytes = file.read(0, file.len() as usize).map_err(io)?;
    serde_json::from_slice(&bytes).map_err(|error| state(path, error).into())
}

/// A name of a file or a folder beside this one, which leads nowhere else.
fn plain_name<'a>(file: &Path, name: &'a Value) -> Result<&'a str, ArrowError> {
    let text = name.as_str().unwrap_or_default();
    let is_plain =
        !text.is_empty() && text != "." && text != ".." && !text.contains(['/', '\\', '\0', ':']);
    if is_plain {
        Ok(text)
    } else {
        Err(state(file, format!("{name} is no plain name")))
    }
}

fn state(file: &Path, reason: impl ToString) -> ArrowError {
    ArrowError::State {
        file: file.to_owned(),
        reason: reason.to_string(),
    }
}
