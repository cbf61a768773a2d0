//! Arrow files, and the folders that `save_to_disk` writes.

mod error;
mod layout;
mod messages;
mod saved;
mod values;

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use crate::columns::{
    Chosen, Column, ColumnKind, MAX_CAPTION_BYTES, MAX_PICTURE_BYTES, PictureCell,
    checked_captions, choose, same_columns,
};
use crate::read_at::{FileAt, MAX_OPEN_FILES};
use crate::{
    BadRows, CaptionDataset, ColumnError, DataError, Feature, FeatureType, OpenOptions, Picture,
    Place,
};
pub use error::ArrowError;
use layout::{CaptionColumn, FlatColumn, ImageColumn};
use messages::{Batch, BatchError, Dictionary, Messages};
pub use saved::saved_splits;
use values::Values;

/// The most captions of one row.
const MAX_CAPTIONS: u64 = 100_000;

/// A set in Arrow files: a folder that `save_to_disk` of `datasets` wrote, or one `.arrow` file
/// as the cache of `datasets` holds them, in the stream format or the file format.
///
/// The columns are chosen as [`ParquetDataset`](crate::ParquetDataset) chooses them. Opening
/// reads the headers of the record batches. A row is read by the offsets that they give: its
/// picture and nothing else, so that any row costs the same; no file is mapped into memory.
/// Compressed record batches, which `datasets` doesn't write, are refused.
///
/// ```no_run
/// use captioner_data::{ArrowDataset, CaptionDataset, OpenOptions};
///
/// # fn main() -> Result<(), captioner_data::DataError> {
/// let set = ArrowDataset::open("saved", &OpenOptions::default())?;
/// println!("{} rows; the first: {:?}", set.len(), set.captions(0)?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ArrowDataset {
    name: String,
    files: Vec<ArrowFile>,
    batches: Vec<BatchPlace>,
    len: usize,
    bad_rows: BadRows,
}

/// One file of the set.
#[derive(Debug)]
struct ArrowFile {
    file: FileAt,
    dictionaries: Vec<Dictionary>,
    columns: FileColumns,
}

/// The columns that are read, in one file.
#[derive(Debug)]
struct FileColumns {
    image: Column,
    caption: Column,
    image_at: ImageColumn,
    caption_at: CaptionColumn,
    image_dictionary: Option<i64>,
    caption_dictionary: Option<i64>,
}

/// A record batch that has rows.
#[derive(Debug)]
struct BatchPlace {
    file: usize,
    batch: Batch,
    /// Its first row in the set, and in its file.
    first_row: usize,
    first_of_file: usize,
}

/// A row, found.
struct RowPlace<'a> {
    file: &'a ArrowFile,
    batch: &'a Batch,
    in_batch: u64,
    in_file: usize,
}

impl ArrowDataset {
    /// Opens a folder that `Dataset.save_to_disk` wrote, or an Arrow file.
    ///
    /// Only headers are read: a row that can't be used is an error of reading it. Where bad rows
    /// are skipped, the empty captions among several are left out.
    ///
    /// # Errors
    /// An [`ArrowError`] or [`ColumnError`] which names the file and what helps:
    /// [`ArrowError::Splits`] for the folder of a `DatasetDict`, of which [`saved_splits`] gives
    /// the parts; [`DataError::EmptyDataset`]; [`DataError::Io`].
    pub fn open(path: impl AsRef<Path>, options: &OpenOptions) -> Result<Self, DataError> {
        let path = path.as_ref();
        let files = match path.is_dir() {
            true => saved::data_files(path)?,
            false => vec![path.to_owned()],
        };
        let mut set = Self {
            name: path.display().to_string(),
            files: Vec::with_capacity(files.len()),
            batches: Vec::new(),
            len: 0,
            bad_rows: options.bad_rows,
        };
        let keep_open = files.len() <= MAX_OPEN_FILES;
        for file in &files {
            set.add_file(file, keep_open, options.caption_column.as_deref())?;
        }
        if set.len == 0 {
            return Err(DataError::EmptyDataset {
                path: path.to_owned(),
            });
        }
        Ok(set)
    }

    /// How many bytes of the files were read since they were opened, headers included: what a
    /// row costs is the difference.
    pub fn bytes_read(&self) -> u64 {
        self.files.iter().map(|file| file.file.bytes_read()).sum()
    }

    fn add_file(
        &mut self,
        path: &Path,
        keep_open: bool,
        caption_column: Option<&str>,
    ) -> Result<(), DataError> {
        let file = FileAt::open(path, keep_open).map_err(|source| DataError::Io {
            path: path.to_owned(),
            source,
        })?;
        let messages = Messages::read(&file)?;
        let columns = FileColumns::choose(path, &messages, caption_column, self.files.first())?;
        let first_of_set = self.len;
        for batch in messages.batches.into_iter().filter(|batch| batch.rows > 0) {
            let rows = batch.rows;
            self.batches.push(BatchPlace {
                file: self.files.len(),
                batch,
                first_row: self.len,
                first_of_file: self.len - first_of_set,
            });
            // Never more than the bytes of the files.
            self.len += rows as usize;
        }
        self.files.push(ArrowFile {
            file,
            dictionaries: messages.dictionaries,
            columns,
        });
        Ok(())
    }

    fn place(&self, row: usize) -> Result<RowPlace<'_>, DataError> {
        if row >= self.len {
            return Err(DataError::row_out_of_range(self, row));
        }
        let number = self.batches.partition_point(|batch| batch.first_row <= row) - 1;
        let place = &self.batches[number];
        let in_batch = row - place.first_row;
        Ok(RowPlace {
            file: &self.files[place.file],
            batch: &place.batch,
            in_batch: in_batch as u64,
            in_file: place.first_of_file + in_batch,
        })
    }

    /// The picture's path, or else `row-` and the row's index.
    fn name_at(at: &RowPlace<'_>, row: usize) -> String {
        let path = at.picture(|image| (None, image.path)).ok();
        let path = path
            .and_then(|cell| cell.path)
            .filter(|path| !path.is_empty());
        path.map_or_else(
            || format!("row-{row}"),
            |path| String::from_utf8_lossy(&path).into_owned(),
        )
    }

    /// The columns of the first file; the others have the same.
    fn columns(&self) -> &FileColumns {
        &self.files[0].columns
    }
}

impl FileColumns {
    fn choose(
        path: &Path,
        messages: &Messages,
        caption_column: Option<&str>,
        first: Option<&ArrowFile>,
    ) -> Result<Self, DataError> {
        let schema = &messages.schema;
        let all = layout::columns(schema);
        let Chosen { image, caption } = match first {
            Some(ArrowFile { file, columns, .. }) => {
                same_columns(path, &all, file.path(), (&columns.image, &columns.caption))?
            }
            None => {
                let json = schema.metadata().get("huggingface").map(String::as_str);
                choose(path, &all, json, caption_column)?
            }
        };
        let unsupported = |what| ArrowError::Unsupported {
            file: path.to_owned(),
            what,
        };
        if schema
            .fields()
            .iter()
            .any(|field| layout::has_union(field.data_type()))
        {
            return Err(unsupported("a column of unions").into());
        }
        let image_at = layout::image_column(schema, image);
        let caption_at = layout::caption_column(schema, caption);
        let dictionary = |number: usize| messages.dictionary_ids.get(number).copied().flatten();
        Ok(Self {
            image_at: image_at.ok_or_else(|| unsupported("its picture column"))?,
            caption_at: caption_at.ok_or_else(|| unsupported("its caption column"))?,
            image_dictionary: dictionary(image),
            caption_dictionary: dictionary(caption),
            image: all[image].clone(),
            caption: all[caption].clone(),
        })
    }

    fn caption_is_list(&self) -> bool {
        self.caption.kind == ColumnKind::TextList
    }
}

impl RowPlace<'_> {
    /// The row for messages: its file and its number there.
    fn place(&self) -> Place {
        let row = self.in_file + 1;
        Place {
            path: self.file.file.path().to_owned(),
            row,
            line: row as u64,
        }
    }

    /// The folder of the row's file.
    fn folder(&self) -> PathBuf {
        let folder = self.file.file.path().parent();
        let folder = folder.filter(|folder| *folder != Path::new(""));
        folder.unwrap_or(Path::new(".")).to_owned()
    }

    /// Reads values of the row's batch.
    fn values<T>(
        &self,
        dictionary: Option<i64>,
        read: impl FnOnce(&Values<'_>) -> Result<T, BatchError>,
    ) -> Result<T, BatchError> {
        let before = &self.file.dictionaries[..self.batch.dictionaries];
        let of_column = before.iter().filter(|before| Some(before.id) == dictionary);
        let dictionaries: Vec<_> = of_column.collect();
        self.batch.message.batch(&self.file.file, |batch| {
            read(&Values {
                file: &self.file.file,
                message: &self.batch.message,
                batch,
                dictionaries: &dictionaries,
            })
        })
    }

    /// The parts of the picture's value which `parts` asks for.
    fn picture(
        &self,
        parts: impl FnOnce(&ImageColumn) -> (Option<FlatColumn>, Option<FlatColumn>),
    ) -> Result<PictureCell, BatchError> {
        let columns = &self.file.columns;
        let (bytes, path) = parts(&columns.image_at);
        self.values(columns.image_dictionary, |values| {
            if let Some(parent) = columns.image_at.parent
                && !values.is_valid(parent, self.in_batch)?
            {
                return Ok(PictureCell::default());
            }
            let read = |column: Option<FlatColumn>, limit| match column {
                Some(column) => values.value(column, self.in_batch, limit),
                None => Ok(None),
            };
            let bytes = read(bytes, MAX_PICTURE_BYTES)?;
            let path = match bytes {
                Some(_) => None,
                None => read(path, MAX_CAPTION_BYTES as u64)?,
            };
            Ok(PictureCell { bytes, path })
        })
    }

    fn captions(&self) -> Result<Vec<Option<Vec<u8>>>, BatchError> {
        let columns = &self.file.columns;
        let CaptionColumn { list, texts } = columns.caption_at;
        self.values(columns.caption_dictionary, |values| {
            let limit = MAX_CAPTION_BYTES as u64;
            let items = match list {
                Some(list) => values.items(list, self.in_batch)?.unwrap_or(0..0),
                None => self.in_batch..self.in_batch + 1,
            };
            if items.end - items.start > MAX_CAPTIONS {
                return Err(BatchError::damaged("more captions than can be meant"));
            }
            items.map(|item| values.value(texts, item, limit)).collect()
        })
    }

    /// The error of a value that can't be read.
    fn error(&self, column: &Column, error: BatchError) -> DataError {
        ArrowError::Row {
            place: self.place(),
            column: column.name.clone(),
            reason: error.to_string(),
        }
        .into()
    }
}

impl CaptionDataset for ArrowDataset {
    fn name(&self) -> &str {
        &self.name
    }

    fn len(&self) -> usize {
        self.len
    }

    fn features(&self) -> Vec<Feature> {
        let columns = self.columns();
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
        let name = || Self::name_at(&at, row);
        let captions = at.captions().map_err(|error| match error {
            BatchError::TooLarge(bytes) => DataError::CaptionTooLong {
                place: at.place(),
                file_name: name(),
                bytes: usize::try_from(bytes).unwrap_or(usize::MAX),
                limit: MAX_CAPTION_BYTES,
            },
            error => at.error(&self.columns().caption, error),
        })?;
        let captions = captions.iter().map(Option::as_deref);
        let captions = checked_captions(captions, &at.place(), name, self.bad_rows)?;
        Ok(captions.into())
    }

    fn caption_count(&self, row: usize) -> Result<usize, DataError> {
        if self.columns().caption_is_list() {
            return Ok(self.captions(row)?.len());
        }
        self.place(row).map(|_| 1)
    }

    fn picture(&self, row: usize) -> Result<Picture, DataError> {
        let at = self.place(row)?;
        let cell = at.picture(|image| (image.bytes, image.path));
        let cell = cell.map_err(|error| match error {
            BatchError::TooLarge(bytes) => ColumnError::PictureTooLarge {
                place: at.place(),
                bytes,
                limit: MAX_PICTURE_BYTES,
            }
            .into(),
            error => at.error(&self.columns().image, error),
        })?;
        cell.picture(&at.folder(), &at.place())
    }

    fn row_name(&self, row: usize) -> Result<String, DataError> {
        Ok(Self::name_at(&self.place(row)?, row))
    }

    fn row_number(&self, row: usize) -> Result<usize, DataError> {
        Ok(self.place(row)?.in_file + 1)
    }

    fn describe_row(&self, row: usize) -> Result<String, DataError> {
        let at = self.place(row)?;
        let name = Self::name_at(&at, row);
        Ok(format!("`{name}` of {}", at.place()))
    }
}
