//! Opening a set by what a user typed.

use std::path::Path;
use std::sync::Arc;

use crate::{BadRows, CaptionDataset, DataError, PictureFolder};

/// How a set is opened. `OpenOptions::default()` stops at the first bad row.
///
/// ```
/// use captioner_data::{BadRows, OpenOptions};
///
/// let options = OpenOptions::default().with_bad_rows(BadRows::Skip);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenOptions {
    /// What happens to rows that can't be used.
    pub bad_rows: BadRows,
    /// The column of the captions; none takes the first there is of `text`, `caption` and
    /// `captions`.
    pub caption_column: Option<String>,
    /// The split to open, such as `train`; none takes the only one there is.
    pub split: Option<String>,
}

impl OpenOptions {
    /// Sets what happens to rows that can't be used.
    pub fn with_bad_rows(mut self, bad_rows: BadRows) -> Self {
        self.bad_rows = bad_rows;
        self
    }

    /// Sets the column of the captions.
    pub fn with_caption_column(mut self, column: impl Into<String>) -> Self {
        self.caption_column = Some(column.into());
        self
    }

    /// Sets the split to open.
    pub fn with_split(mut self, split: impl Into<String>) -> Self {
        self.split = Some(split.into());
        self
    }
}

/// Opens the set which `spec` names: a folder, as a [`PictureFolder`].
///
/// What isn't supported yet, though a set could be named so, is an error of its own.
///
/// # Errors
/// [`DataError::ParquetUnsupported`] for a `*.parquet` file,
/// [`DataError::HubIdUnsupported`] for `owner/name` where there is no such folder,
/// [`DataError::FolderMissing`], [`DataError::NotAFolder`], and those of
/// [`PictureFolder::open_with`].
pub fn open_dataset(
    spec: impl AsRef<Path>,
    options: &OpenOptions,
) -> Result<Arc<dyn CaptionDataset>, DataError> {
    let path = spec.as_ref();
    if !path.is_dir() {
        if is_parquet(path) {
            return Err(DataError::ParquetUnsupported {
                path: path.to_owned(),
            });
        }
        if let Some(id) = path.to_str().filter(|id| is_hub_id(id))
            && !path.exists()
        {
            return Err(DataError::HubIdUnsupported { id: id.to_owned() });
        }
    }
    Ok(Arc::new(PictureFolder::open_with(path, options)?))
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

    fn error(spec: impl AsRef<Path>) -> DataError {
        open_dataset(spec, &OpenOptions::default()).err().unwrap()
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
        for spec in [
            "",
            "/nowhere/at/all",
            "./no/folder",
            "../nowhere",
            "nowhere",
        ] {
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
        assert!(matches!(error(file), DataError::NotAFolder { .. }));
    }

    #[test]
    fn a_folder_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.png"), "x").unwrap();
        let line = r#"{"file_name": "a.png", "text": "a cat"}"#;
        std::fs::write(folder.path().join("metadata.jsonl"), line).unwrap();
        let set = open_dataset(folder.path(), &OpenOptions::default()).unwrap();
        assert_eq!((set.len(), set.skipped().len()), (1, 0));
    }

    #[test]
    fn options_reach_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.png"), "x").unwrap();
        let lines = "{\"file_name\": \"a.png\", \"text\": \"a cat\"}\n{}\n";
        std::fs::write(folder.path().join("metadata.jsonl"), lines).unwrap();
        assert!(matches!(
            error(folder.path()),
            DataError::MissingColumn { .. }
        ));
        let options = OpenOptions::default().with_bad_rows(BadRows::Skip);
        let set = open_dataset(folder.path(), &options).unwrap();
        assert_eq!((set.len(), set.skipped().len()), (1, 1));
    }
}
