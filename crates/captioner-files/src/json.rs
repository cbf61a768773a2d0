//! JSON files.

use std::fs;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{FileError, is_lfs_pointer, write_file};

/// Reads a JSON file.
///
/// # Errors
/// [`FileError::Io`] when it can't be read, [`FileError::LfsPointer`] when it was never fetched,
/// [`FileError::Json`] when it does not fit `T`; the message names the file and the place in it.
pub fn read_json<T: DeserializeOwned>(path: impl AsRef<Path>) -> Result<T, FileError> {
    let path = path.as_ref();
    let bytes = fs::read(path).map_err(FileError::io("read", path))?;
    serde_json::from_slice(&bytes).map_err(|source| match is_lfs_pointer(&bytes) {
        true => FileError::lfs_pointer(path),
        false => FileError::Json {
            path: path.to_owned(),
            source,
        },
    })
}

/// Writes a JSON file, indented, with a newline at its end, whole or not at all.
///
/// # Errors
/// [`FileError::Serialize`] for a value that JSON has no form for; else those of [`write_file`].
pub fn write_json<T: Serialize + ?Sized>(
    path: impl AsRef<Path>,
    value: &T,
) -> Result<(), FileError> {
    let path = path.as_ref();
    let json = serde_json::to_string_pretty(value);
    let mut text = json.map_err(|source| FileError::Serialize {
        path: path.to_owned(),
        source,
    })?;
    text.push('\n');
    write_file(path, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn json_is_indented_and_ends_in_a_newline() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("config.json");
        write_json(&path, &BTreeMap::from([("a", 1)])).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\n  \"a\": 1\n}\n");
        let read: BTreeMap<String, u32> = read_json(&path).unwrap();
        assert_eq!(read["a"], 1);
    }

    #[test]
    fn broken_json_names_the_file_and_the_place() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("config.json");
        fs::write(&path, "{\"vocab_size\": }").unwrap();
        let message = read_json::<serde_json::Value>(&path)
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("config.json") && message.contains("line 1"),
            "{message}"
        );
    }

    #[test]
    fn a_missing_file_is_named_with_the_help() {
        let error = read_json::<u32>("nowhere/config.json").unwrap_err();
        assert!(error.to_string().contains("nowhere/config.json"), "{error}");
        assert!(error.to_string().ends_with("check the path"), "{error}");
    }

    #[test]
    fn a_value_without_a_json_form_leaves_the_former_file() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("config.json");
        write_json(&path, &1).unwrap();
        let keys_that_are_no_text = BTreeMap::from([((1, 2), 3)]);
        let error = write_json(&path, &keys_that_are_no_text).unwrap_err();
        assert!(matches!(error, FileError::Serialize { .. }), "{error}");
        assert_eq!(read_json::<u32>(&path).unwrap(), 1);
    }
}
