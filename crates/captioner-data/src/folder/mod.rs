//! A folder of pictures with metadata files.

pub(crate) mod captions;
mod columns;
mod csv_file;
mod csv_records;
mod json_row;
mod jsonl_file;
mod metadata;
mod near_miss;
#[cfg(feature = "parquet")]
mod parquet_file;
mod picture_path;
mod rows;

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use crate::picture_file::read_picture;
use crate::split_names::SplitFiles;
use crate::tree::Tree;
use crate::{CaptionDataset, DataError, Feature, OpenOptions, Picture, Place, SkippedRow};
pub(crate) use metadata::MetadataFile;
use metadata::Sources;
pub(crate) use metadata::has_metadata;
pub(crate) use near_miss::no_metadata;
pub(crate) use picture_path::inside;
use rows::{Read, Rows};

/// A folder of pictures with `metadata.jsonl`, `metadata.csv` or `metadata.parquet`, laid out as
/// the `imagefolder` builder of Hugging Face `datasets` reads it.
///
/// Each row names its picture in `file_name`, or in the only column `*_file_name`, relative to
/// the folder of the metadata file; `\` separates like `/`. Its caption is in
/// [`OpenOptions::caption_column`], or else in `text`, `caption` or `captions`. A list of strings
/// gives the picture several captions. Other columns are ignored.
///
/// Metadata files may also lie in folders below, where those in `train/`, `validation/`, `test/`
/// and the other names that `datasets` knows are the set's splits: see
/// [`PictureFolder::open_splits`].
///
/// Captions are held in memory, trimmed; pictures stay on disk until a row is read. A million
/// rows take about 150 MB.
#[derive(Debug)]
pub struct PictureFolder {
    folder: PathBuf,
    name: String,
    sources: Sources,
    read: Read,
}

impl PictureFolder {
    /// Reads the folder's metadata and checks every row: the picture's file
    /// exists, and the caption isn't empty. The first bad row is an error.
    ///
    /// # Errors
    /// A [`DataError`] which names the file, the row and what helps.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, DataError> {
        Self::open_with(path, &OpenOptions::default())
    }

    /// [`PictureFolder::open`] with options.
    ///
    /// Under [`BadRows::Skip`](crate::BadRows::Skip) a row is left out and listed if
    /// its picture is missing or lies outside of the folder, if it has no caption that
    /// isn't empty, or if its line can't be read. Of a row with several captions the
    /// empty ones are left out, and the row stays, unlisted, as long as one remains;
    /// under [`BadRows::Stop`](crate::BadRows::Stop) one empty caption is an error.
    ///
    /// # Errors
    /// A [`DataError`] which names the file, the row and what helps. Where bad rows are
    /// skipped it is about the folder or its metadata file as a whole, such as
    /// [`DataError::NoGoodRows`]. [`DataError::SplitNeeded`] if the folder has several splits
    /// and the options name none, [`DataError::UnknownSplit`] if they name another.
    pub fn open_with(path: impl AsRef<Path>, options: &OpenOptions) -> Result<Self, DataError> {
        let tree = Tree::list(path.as_ref())?;
        let splits = Self::split_files(&tree)?;
        let name = tree.root().display().to_string();
        let wanted = options.choose_split(&name, splits.iter().map(|(split, _)| split.as_str()))?;
        let several = splits.len() > 1;
        let chosen = splits.into_iter().nth(wanted);
        let chosen = chosen.ok_or_else(|| DataError::FolderMissing {
            path: path.as_ref().to_owned(),
        })?;
        Self::of_split(&tree, chosen, several, options)
    }

    /// Opens every split, in the order of `datasets`: `train`, `validation`, `test`. A folder
    /// without folders for splits is one, `train`.
    ///
    /// # Errors
    /// Those of [`PictureFolder::open_with`].
    pub fn open_splits(
        path: impl AsRef<Path>,
        options: &OpenOptions,
    ) -> Result<Vec<(String, Self)>, DataError> {
        let tree = Tree::list(path.as_ref())?;
        let splits = Self::split_files(&tree)?;
        let several = splits.len() > 1;
        let read = |split: SplitFiles<MetadataFile>| {
            Ok((
                split.0.clone(),
                Self::of_split(&tree, split, several, options)?,
            ))
        };
        splits.into_iter().map(read).collect()
    }

    /// The metadata files of each split.
    pub(crate) fn split_files(tree: &Tree) -> Result<Vec<SplitFiles<MetadataFile>>, DataError> {
        metadata::splits(tree)
    }

    pub(crate) fn of_split(
        tree: &Tree,
        (split, files): SplitFiles<MetadataFile>,
        several: bool,
        options: &OpenOptions,
    ) -> Result<Self, DataError> {
        let mut rows = Rows::new(tree, options);
        let mut sources = Vec::new();
        for file in &files {
            sources.push((tree.root().join(&file.path), rows.table.len()));
            file.read(&mut rows)?;
        }
        let first = sources
            .first()
            .map(|(path, _)| path.clone())
            .unwrap_or_default();
        let folder = tree.root().to_owned();
        Ok(Self {
            name: match several {
                true => format!("{}[{split}]", folder.display()),
                false => folder.display().to_string(),
            },
            folder,
            sources: Sources(sources),
            read: rows.finish(&first)?,
        })
    }

    fn place(&self, row: usize) -> Result<Place, DataError> {
        let place = self.read.table.place(row);
        let (number, line) = place.ok_or_else(|| DataError::row_out_of_range(self, row))?;
        Ok(Place {
            path: self.sources.of_row(row),
            row: number,
            line,
        })
    }

    fn file_name(&self, row: usize) -> Result<&str, DataError> {
        let name = self.read.table.name(row);
        name.ok_or_else(|| DataError::row_out_of_range(self, row))
    }
}

impl CaptionDataset for PictureFolder {
    fn name(&self) -> &str {
        &self.name
    }

    fn len(&self) -> usize {
        self.read.table.len()
    }

    fn features(&self) -> Vec<Feature> {
        Feature::image_and(&self.read.caption_column, self.read.caption_kind)
    }

    fn captions(&self, row: usize) -> Result<Cow<'_, [String]>, DataError> {
        let captions = self.read.table.captions(row);
        Ok(captions
            .ok_or_else(|| DataError::row_out_of_range(self, row))?
            .into())
    }

    fn caption_count(&self, row: usize) -> Result<usize, DataError> {
        let count = self.read.table.caption_count(row);
        count.ok_or_else(|| DataError::row_out_of_range(self, row))
    }

    fn picture(&self, row: usize) -> Result<Picture, DataError> {
        let path = self.folder.join(self.file_name(row)?);
        read_picture(path, || self.place(row))
    }

    fn row_name(&self, row: usize) -> Result<String, DataError> {
        Ok(self.file_name(row)?.to_owned())
    }

    fn row_number(&self, row: usize) -> Result<usize, DataError> {
        Ok(self.place(row)?.row)
    }

    fn describe_row(&self, row: usize) -> Result<String, DataError> {
        Ok(format!(
            "`{}` of {}",
            self.file_name(row)?,
            self.place(row)?
        ))
    }

    fn skipped(&self) -> &[SkippedRow] {
        &self.read.skipped
    }
}
