//! Opening a set by what a user typed.

use std::path::Path;
use std::sync::Arc;

use crate::layout::{self, Layout};
use crate::{BadRows, CaptionDataset, DataError, DatasetSplits};

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

/// Opens the set which `spec` names: the split that the options name, or the only one.
///
/// A set is
/// - a folder of pictures with metadata files: [`PictureFolder`](crate::PictureFolder);
/// - a folder of pictures with texts beside them: [`TextPairFolder`](crate::TextPairFolder);
/// - a `*.parquet` file, or a folder of them;
/// - a folder that `save_to_disk` of `datasets` wrote;
/// - a `*.tar` file, a folder of them, or a pattern such as `shards-{000..010}.tar`;
/// - a COCO captions file or Karpathy's split of one: [`CocoDataset`](crate::CocoDataset).
///
/// # Errors
/// [`DataError::SplitNeeded`] where there are several splits and none is named, and those of
/// [`open_splits`].
pub fn open_dataset(
    spec: impl AsRef<Path>,
    options: &OpenOptions,
) -> Result<Arc<dyn CaptionDataset>, DataError> {
    let path = spec.as_ref();
    let splits = find(path, options)?;
    let names = splits.iter().map(|(split, _)| split.as_str());
    let wanted = options.choose_split(&path.display().to_string(), names)?;
    match splits.into_iter().nth(wanted) {
        Some((_, open)) => open(options),
        None => Err(DataError::EmptyDataset {
            path: path.to_owned(),
        }),
    }
}

/// Opens every split of the set which `spec` names, as [`open_dataset`] opens one. A set
/// without splits is one split, `train`. The split that the options name is not looked at.
///
/// ```
/// use captioner_data::{OpenOptions, open_splits};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let folder = folder.path();
/// for split in ["train", "test"] {
///     std::fs::create_dir(folder.join(split)).unwrap();
///     std::fs::write(folder.join(split).join("cat.png"), "...").unwrap();
///     std::fs::write(folder.join(split).join("cat.txt"), "a cat").unwrap();
/// }
/// let splits = open_splits(folder, &OpenOptions::default())?;
/// assert_eq!(splits.names(), ["train", "test"]);
/// assert_eq!(*splits.get("test").unwrap().captions(0)?, ["a cat"]);
/// # Ok::<(), captioner_data::DataError>(())
/// ```
///
/// # Errors
/// [`DataError::HubId`] for `owner/name` where there is no such folder,
/// [`DataError::FolderMissing`], [`DataError::FileMissing`], [`DataError::NotAFolder`],
/// [`DataError::UnsupportedFormat`] for what is no set here, and those of opening each format.
pub fn open_splits(
    spec: impl AsRef<Path>,
    options: &OpenOptions,
) -> Result<DatasetSplits, DataError> {
    let path = spec.as_ref();
    let splits = find(path, options)?;
    let opened = splits
        .into_iter()
        .map(|(split, open)| Ok((split, open(options)?)));
    let opened = opened.collect::<Result<_, DataError>>()?;
    Ok(DatasetSplits::new(path.display().to_string(), opened))
}

/// Finds out what a path holds.
fn find(path: &Path, options: &OpenOptions) -> Result<Layout, DataError> {
    if path.is_dir() {
        return layout::of_folder(path, options);
    }
    if path.exists() {
        return layout::of_file(path, options);
    }
    let spec = path.to_str().unwrap_or_default();
    if let Some(found) = layout::of_pattern(spec) {
        return Ok(found);
    }
    if let Some(error) = layout::refused(path) {
        return Err(error);
    }
    let owned = path.to_owned();
    let extension = path.extension().and_then(|extension| extension.to_str());
    let extension = extension.unwrap_or_default().to_ascii_lowercase();
    if matches!(
        extension.as_str(),
        "parquet" | "tar" | "json" | "jsonl" | "csv"
    ) {
        return Err(DataError::FileMissing { path: owned });
    }
    if is_hub_id(spec) {
        return Err(DataError::HubId {
            id: spec.to_owned(),
        });
    }
    Err(DataError::FolderMissing { path: owned })
}

/// Whether `spec` has the form `owner/name` or `owner/name@revision`, as the Hub allows it.
fn is_hub_id(spec: &str) -> bool {
    let (spec, revision) = spec.split_once('@').unwrap_or((spec, "main"));
    let part_is_fine = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    let id = spec.split_once('/');
    !revision.is_empty()
        && id.is_some_and(|(owner, name)| part_is_fine(owner) && part_is_fine(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(spec: impl AsRef<Path>) -> DataError {
        open_dataset(spec, &OpenOptions::default()).err().unwrap()
    }

    #[test]
    fn what_is_no_set_is_refused_by_name() {
        for (spec, found) in [
            ("shards.tar.gz", "a compressed tar file"),
            ("/nowhere/x.TGZ", "a compressed tar file"),
            ("pictures.zip", "an archive"),
            ("data-00000-of-00001.arrow", "an Arrow file alone"),
            ("x/set.jsonl.gz", "a compressed file"),
        ] {
            let message = error(spec).to_string();
            assert!(message.contains(found), "{message}");
        }
    }

    #[test]
    fn a_missing_file_is_a_named_error() {
        for spec in [
            "train.parquet",
            "data/train.PARQUET",
            "x/shard.tar",
            "captions.json",
        ] {
            assert!(
                matches!(error(spec), DataError::FileMissing { .. }),
                "{spec}"
            );
        }
    }

    #[test]
    fn a_hub_id_is_a_named_error() {
        for id in [
            "reach-vb/pokemon-blip-captions",
            "user/set@refs/convert/parquet",
        ] {
            let error = error(id);
            assert!(matches!(error, DataError::HubId { .. }), "{error}");
            assert!(error.to_string().contains("--features hub"), "{error}");
        }
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
