//! Opening a set by what a user typed.

use std::path::Path;
use std::sync::Arc;

use crate::{CaptionDataset, Creatures, DataError, PictureFolder};

/// Opens the set which `spec` names.
///
/// - `creatures` (or nothing): the built-in [`Creatures`], drawn from `seed`;
///   a folder of that name is `./creatures`;
/// - a folder: a [`PictureFolder`], for which `seed` has no meaning.
///
/// # Errors
/// [`DataError::ParquetUnsupported`] for a `*.parquet` file,
/// [`DataError::HubIdUnsupported`] for `owner/name` where there is no such folder,
/// [`DataError::FolderMissing`], [`DataError::NotAFolder`], and those of [`PictureFolder::open`].
pub fn open_dataset(spec: &str, seed: u64) -> Result<Arc<dyn CaptionDataset>, DataError> {
    if spec.is_empty() || spec == "creatures" {
        return Ok(Arc::new(Creatures::new(seed)));
    }
    let path = Path::new(spec);
    if !path.is_dir() {
        if is_parquet(path) {
            return Err(DataError::ParquetUnsupported {
                spec: spec.to_owned(),
            });
        }
        if !path.exists() && is_hub_id(spec) {
            return Err(DataError::HubIdUnsupported {
                spec: spec.to_owned(),
            });
        }
    }
    Ok(Arc::new(PictureFolder::open(path)?))
}

fn is_parquet(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("parquet"))
}

/// Whether `spec` has the form `owner/name`, as the Hub allows it.
fn is_hub_id(spec: &str) -> bool {
    let part_is_fine = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    spec.split_once('/')
        .is_some_and(|(owner, name)| part_is_fine(owner) && part_is_fine(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(spec: &str) -> DataError {
        open_dataset(spec, 0).err().unwrap()
    }

    #[test]
    fn creatures_are_the_default() {
        for spec in ["", "creatures"] {
            let set = open_dataset(spec, 3).unwrap();
            assert_eq!((set.name(), set.len()), ("creatures", Creatures::ROWS));
        }
    }

    #[test]
    fn parquet_is_a_named_error() {
        for spec in [
            "train.parquet",
            "data/train-00000.PARQUET",
            "/nowhere/x.parquet",
        ] {
            assert!(
                matches!(error(spec), DataError::ParquetUnsupported { .. }),
                "{spec}"
            );
        }
    }

    #[test]
    fn a_hub_id_is_a_named_error() {
        let error = error("reach-vb/pokemon-blip-captions");
        assert!(matches!(error, DataError::HubIdUnsupported { .. }));
        assert!(error.to_string().contains("hub ids are not supported yet"));
    }

    #[test]
    fn a_missing_folder_is_a_named_error() {
        for spec in ["/nowhere/at/all", "./no/folder", "../nowhere", "nowhere"] {
            assert!(
                matches!(error(spec), DataError::FolderMissing { .. }),
                "{spec}"
            );
        }
    }

    #[test]
    fn a_file_in_place_of_a_folder_is_a_named_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("metadata.jsonl");
        std::fs::write(&file, "{}").unwrap();
        assert!(matches!(
            error(file.to_str().unwrap()),
            DataError::NotAFolder { .. }
        ));
    }

    #[test]
    fn a_folder_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.png"), "x").unwrap();
        let line = r#"{"file_name": "a.png", "text": "a cat"}"#;
        std::fs::write(folder.path().join("metadata.jsonl"), line).unwrap();
        assert_eq!(
            open_dataset(folder.path().to_str().unwrap(), 0)
                .unwrap()
                .len(),
            1
        );
    }
}
