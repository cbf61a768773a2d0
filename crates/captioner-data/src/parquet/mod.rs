//! Parquet files in the Hub's image format.

mod decode;
mod error;
mod footer;
mod judged;
mod kept;
mod page_header;
mod pages;
mod rows;
mod schema;
#[cfg(test)]
mod tests;
mod thrift;

use std::borrow::Cow;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::columns::{PictureCell, checked_captions};
use crate::read_at::MAX_OPEN_FILES;
use crate::{
    BadRows, CaptionDataset, DataError, Feature, FeatureType, OpenOptions, Picture, Place,
};
pub use error::{PageError, ParquetError};
use footer::{Leaf, Shard};
use rows::{Pages, RowPlace, Rows};

/// A set in Parquet files, in the format in which the Hub and `datasets` keep pictures.
///
/// The picture column is the one that the features in the key `huggingface` of the schema's
/// metadata call an `Image`, or else the one named `image`, or else the only one of a fitting
/// type. It is a struct of `bytes` (binary) and `path` (string), bare binary, or a string: the
/// path of a file, relative to the folder of the Parquet file, which it can't leave. The
/// caption column is the one asked for, or else `text`, `caption` or `captions`: strings or
/// lists of strings, written plain or with a dictionary. All files must have both columns;
/// other columns are ignored. Pages may be compressed with snappy, zstd, LZ4 (raw) or gzip.
///
/// Opening reads the files' footers alone. A row is read page by page: its picture costs the
/// page in which it lies, which the page index finds, or, if the file has none, a walk over the
/// page headers of its row group. The pages read last are kept, pictures up to 256 MiB and
/// captions and paths up to 32 MiB each, so that the rows of a block, which is a row group, can
/// be drawn in any order. A page larger than that is kept alone, as long as its rows are drawn.
/// A page of more than 1 GiB or 8,388,608 values is an error, and pages above 64 MiB are
/// decoded one at a time: with all that is kept, reading takes less than 3 GiB whatever is in
/// the files, and with ordinary pages of 1 MiB some hundred MiB.
///
/// ```no_run
/// use captioner_data::{CaptionDataset, OpenOptions, ParquetDataset};
///
/// # fn main() -> Result<(), captioner_data::DataError> {
/// let options = OpenOptions::default().with_caption_column("prompt");
/// let set = ParquetDataset::open(&["train-00000-of-00001.parquet".into()], &options)?;
/// println!("{} rows; the first: {:?}", set.len(), set.captions(0)?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ParquetDataset {
    name: String,
    rows: Rows,
    pages: Pages,
    bad_rows: BadRows,
}

impl ParquetDataset {
    /// Opens Parquet files as one set, in the order in which they are given.
    ///
    /// Only the files' footers are read: a row that can't be used is an error of reading it.
    /// Where bad rows are skipped, the empty captions among several are left out.
    ///
    /// # Errors
    /// A [`ParquetError`] or [`ColumnError`](crate::ColumnError) which names the file and what
    /// helps; [`DataError::EmptyDataset`]; [`DataError::Io`].
    pub fn open(files: &[PathBuf], options: &OpenOptions) -> Result<Self, DataError> {
        let first = files.first().ok_or(ParquetError::NoFile)?;
        let shards = open_shards(files, options.caption_column.as_deref())?;
        let rows = Rows::new(shards)?;
        if rows.len() == 0 {
            return Err(DataError::EmptyDataset {
                path: first.clone(),
            });
        }
        Ok(Self {
            name: name_of(files),
            rows,
            pages: Pages::default(),
            bad_rows: options.bad_rows,
        })
    }

    /// How many bytes of the files were read since they were opened, footers included: what a
    /// row costs is the difference.
    pub fn bytes_read(&self) -> u64 {
        self.rows.bytes_read()
    }

    fn place(&self, row: usize) -> Result<RowPlace<'_>, DataError> {
        let found = self.rows.find(row);
        found.ok_or_else(|| DataError::row_out_of_range(self, row))
    }

    /// A row's value in a flat column; none if it is null or there is no such column.
    fn value(&self, at: &RowPlace<'_>, leaf: Leaf) -> Result<Option<Vec<u8>>, DataError> {
        if at.shard.columns.leaf(leaf).is_none() {
            return Ok(None);
        }
        let (page, row) = self.pages.read(at, leaf)?;
        let value = page.row(row).next().flatten();
        Ok(value.map(<[u8]>::to_vec))
    }

    /// The picture's path, or else `row-` and the row's index.
    fn name_at(&self, at: &RowPlace<'_>, row: usize) -> String {
        let path = self.value(at, Leaf::Path).ok().flatten();
        let path = path.filter(|path| !path.is_empty());
        path.map_or_else(
            || format!("row-{row}"),
            |path| String::from_utf8_lossy(&path).into_owned(),
        )
    }
}

fn open_shards(files: &[PathBuf], caption_column: Option<&str>) -> Result<Vec<Shard>, DataError> {
    let keep_open = files.len() <= MAX_OPEN_FILES;
    let mut shards: Vec<Shard> = Vec::with_capacity(files.len());
    for file in files {
        let shard = Shard::open(file, keep_open, caption_column, shards.first())?;
        shards.push(shard);
    }
    Ok(shards)
}

/// The set's name: its only file, or the folder of its files.
fn name_of(files: &[PathBuf]) -> String {
    let folder = files.first().and_then(|file| file.parent());
    match (files, folder) {
        ([file], _) => file.display().to_string(),
        (_, Some(folder)) if folder != Path::new("") => folder.display().to_string(),
        _ => ".".to_owned(),
    }
}

impl CaptionDataset for ParquetDataset {
    fn name(&self) -> &str {
        &self.name
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn features(&self) -> Vec<Feature> {
        let columns = self.rows.columns();
        let kind = match columns.caption_is_list() {
            true => FeatureType::TextList,
            false => FeatureType::Text,
        };
        let mut features = Feature::image_and(&columns.caption.name, kind);
        features[0].name.clone_from(&columns.image.name);
        features
    }

    fn captions(&self, row: usize) -> Result<Cow<'_, [String]>, DataError> {
        let at = self.place(row)?;
        let (page, within) = self.pages.read(&at, Leaf::Caption)?;
        let captions = page.row(within);
        let name = || self.name_at(&at, row);
        let captions = checked_captions(captions, &at.place(), name, self.bad_rows)?;
        Ok(captions.into())
    }

    fn caption_count(&self, row: usize) -> Result<usize, DataError> {
        if self.rows.columns().caption_is_list() {
            return Ok(self.captions(row)?.len());
        }
        self.place(row).map(|_| 1)
    }

    fn picture(&self, row: usize) -> Result<Picture, DataError> {
        let at = self.place(row)?;
        let bytes = self.value(&at, Leaf::Bytes)?;
        let path = match bytes {
            None => self.value(&at, Leaf::Path)?,
            Some(_) => None,
        };
        PictureCell { bytes, path }.picture(at.folder(), &at.place())
    }

    fn row_name(&self, row: usize) -> Result<String, DataError> {
        let at = self.place(row)?;
        Ok(self.name_at(&at, row))
    }

    fn row_number(&self, row: usize) -> Result<usize, DataError> {
        Ok(self.place(row)?.place().row)
    }

    fn describe_row(&self, row: usize) -> Result<String, DataError> {
        let at = self.place(row)?;
        let Place {
            path, row: number, ..
        } = at.place();
        let name = self.name_at(&at, row);
        Ok(format!("`{name}` of `{}` row {number}", path.display()))
    }

    fn blocks(&self) -> Vec<Range<usize>> {
        self.rows.blocks()
    }
}
