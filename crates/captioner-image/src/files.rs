//! The configuration's files, as Hugging Face lays them out.

use crate::error::ConfigProblem;
use crate::{ImageError, ImageProcessorConfig};
use captioner_files::{FileError, create_folder, is_lfs_pointer, write_json};
use serde_json::Value;
use std::path::{Path, PathBuf};

const PREPROCESSOR: &str = "preprocessor_config.json";
/// Where transformers 5 writes the same settings, under `image_processor`.
const PROCESSOR: &str = "processor_config.json";

/// Reads what [`ImageProcessorConfig::from_pretrained`] describes; the nested form goes first.
pub(crate) fn load(dir: &Path) -> Result<ImageProcessorConfig, ImageError> {
    let (nested, own) = (dir.join(PROCESSOR), dir.join(PREPROCESSOR));
    if let Some(json) = read_json(&nested)?
        && let Some(settings) = json.get("image_processor").filter(|value| !value.is_null())
    {
        return ImageProcessorConfig::from_json(settings).map_err(|e| e.in_file(&nested));
    }
    let Some(json) = read_json(&own)? else {
        return Err(ImageError::NoConfig {
            dir: dir.to_owned(),
        });
    };
    ImageProcessorConfig::from_json(&json).map_err(|error| error.in_file(&own))
}

/// Settings have a few hundred bytes; beyond this a file is not read.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// `None` where there is no file.
fn read_json(path: &Path) -> Result<Option<Value>, ImageError> {
    if !path.is_file() {
        return Ok(None);
    }
    let bytes = crate::decode::read(path, MAX_FILE_BYTES).map_err(|error| error.in_file(path))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        let limit = MAX_FILE_BYTES;
        return Err(ImageError::from(ConfigProblem::TooLarge { limit }).in_file(path));
    }
    if is_lfs_pointer(&bytes) {
        return Err(FileError::lfs_pointer(path).into());
    }
    let json = serde_json::from_slice(&bytes);
    let malformed = |error| ImageError::from(ConfigProblem::Json(error)).in_file(path);
    json.map(Some).map_err(malformed)
}

/// Writes what [`ImageProcessorConfig::save_pretrained`] describes.
pub(crate) fn save(config: &ImageProcessorConfig, dir: &Path) -> Result<PathBuf, ImageError> {
    let path = dir.join(PREPROCESSOR);
    let json = serde_json::to_value(config)
        .map_err(|error| ImageError::from(ConfigProblem::Json(error)).in_file(&path))?;
    create_folder(dir)?;
    write_json(&path, &json)?;
    update_nested(&dir.join(PROCESSOR), json)?;
    Ok(path)
}

/// Settings nested in a file that is there already are read first, so they must not stay behind.
fn update_nested(path: &Path, settings: Value) -> Result<(), ImageError> {
    let Some(mut json) = read_json(path)? else {
        return Ok(());
    };
    let Some(nested) = json.get_mut("image_processor") else {
        return Ok(());
    };
    *nested = settings;
    Ok(write_json(path, &json)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::fs;

    #[test]
    fn nested_settings_that_are_null_are_not_there() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(PROCESSOR), r#"{"image_processor": null}"#).unwrap();
        let error = load(dir.path()).unwrap_err();
        assert!(matches!(error, ImageError::NoConfig { .. }), "{error}");

        let own = json!({"size": 48, "crop_size": 48}).to_string();
        fs::write(dir.path().join(PREPROCESSOR), own).unwrap();
        assert_eq!(load(dir.path()).unwrap(), ImageProcessorConfig::clip(48));

        let saved = ImageProcessorConfig::clip(32);
        save(&saved, dir.path()).unwrap();
        assert_eq!(load(dir.path()).unwrap(), saved);
    }
}
