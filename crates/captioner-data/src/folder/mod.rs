//! A folder of pictures with a metadata file.

mod csv_file;
mod entry;
mod jsonl_file;
mod metadata;
mod rows;

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::{CaptionDataset, DataError, Feature, OpenOptions, Picture, Place, SkippedRow};
use entry::Entry;
use metadata::Metadata;

/// The largest picture file that is read: far above any photograph.
const MAX_PICTURE_BYTES: u64 = 512 << 20;

/// A folder of pictures with `metadata.jsonl` or `metadata.csv`, laid out as the
/// `imagefolder` builder of Hugging Face `datasets` reads it.
///
/// Each row has a `file_name`, relative to the folder, and a caption: in `text`,
/// or else in `caption` or `captions`. In JSON lines the caption may be a list of
/// strings: then the picture has several captions. Other columns are ignored.
///
/// Captions are held in memory, trimmed; pictures stay on disk until a row is read.
#[derive(Debug)]
pub struct PictureFolder {
    folder: PathBuf,
    name: String,
    metadata: Metadata,
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
    /// [`DataError::NoGoodRows`].
    pub fn open_with(path: impl AsRef<Path>, options: &OpenOptions) -> Result<Self, DataError> {
        let folder = path.as_ref().to_owned();
        let metadata = Metadata::read(&folder, options.bad_rows)?;
        Ok(Self {
            name: folder.display().to_string(),
            folder,
            metadata,
        })
    }

    fn entry(&self, index: usize) -> Result<&Entry, DataError> {
        let entry = self.metadata.entries.get(index);
        entry.ok_or_else(|| DataError::row_out_of_range(self, index))
    }

    fn place(&self, entry: &Entry) -> Place {
        Place {
            path: self.metadata.path.clone(),
            row: entry.row,
            line: entry.line,
        }
    }

    fn picture_bytes(&self, entry: &Entry) -> Result<Vec<u8>, DataError> {
        let path = self.folder.join(&entry.file_name);
        match read_up_to(&path, MAX_PICTURE_BYTES) {
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err(bytes)) => {
                let place = self.place(entry);
                Err(DataError::PictureTooLarge {
                    path,
                    place,
                    bytes,
                    limit: MAX_PICTURE_BYTES,
                })
            }
            Err(source) => {
                let place = self.place(entry);
                Err(DataError::PictureUnreadable {
                    path,
                    place,
                    source,
                })
            }
        }
    }
}

/// A file's bytes, or its size if that is above `limit`.
fn read_up_to(path: &Path, limit: u64) -> std::io::Result<Result<Vec<u8>, u64>> {
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    if size > limit {
        return Ok(Err(size));
    }
    let mut bytes = Vec::with_capacity(size as usize);
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(Ok(bytes))
}

impl CaptionDataset for PictureFolder {
    fn name(&self) -> &str {
        &self.name
    }

    fn len(&self) -> usize {
        self.metadata.entries.len()
    }

    fn features(&self) -> Vec<Feature> {
        Feature::image_and(&self.metadata.caption_column, self.metadata.caption_kind)
    }

    fn captions(&self, row: usize) -> Result<Cow<'_, [String]>, DataError> {
        Ok(self.entry(row)?.captions.as_slice().into())
    }

    fn picture(&self, row: usize) -> Result<Picture, DataError> {
        let bytes = self.picture_bytes(self.entry(row)?)?;
        Ok(Picture::Encoded(bytes))
    }

    fn row_name(&self, row: usize) -> Result<String, DataError> {
        Ok(self.entry(row)?.file_name.clone())
    }

    fn row_number(&self, row: usize) -> Result<usize, DataError> {
        Ok(self.entry(row)?.row)
    }

    fn describe_row(&self, row: usize) -> Result<String, DataError> {
        let entry = self.entry(row)?;
        Ok(format!("`{}` of {}", entry.file_name, self.place(entry)))
    }

    fn skipped(&self) -> &[SkippedRow] {
        &self.metadata.skipped
    }
}
