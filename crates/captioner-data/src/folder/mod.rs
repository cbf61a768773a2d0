//! A folder of pictures with a metadata file.

mod csv_file;
mod entry;
mod jsonl_file;
mod metadata;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::{CaptionDataset, DataError, Feature, Picture, Place, Row};
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
    /// exists, and the caption isn't empty.
    ///
    /// # Errors
    /// A [`DataError`] which names the file, the row and the mend.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, DataError> {
        let folder = path.as_ref().to_owned();
        let metadata = Metadata::read(&folder)?;
        Ok(Self {
            name: folder.display().to_string(),
            folder,
            metadata,
        })
    }

    fn entry(&self, index: usize) -> Result<&Entry, DataError> {
        let entry = self.metadata.entries.get(index);
        entry.ok_or_else(|| DataError::out_of_range(&self.name, index, self.len()))
    }

    fn place(&self, index: usize, entry: &Entry) -> Place {
        Place {
            path: self.metadata.path.clone(),
            row: index + 1,
            line: entry.line,
        }
    }

    fn picture_bytes(&self, index: usize, entry: &Entry) -> Result<Vec<u8>, DataError> {
        let path = self.folder.join(&entry.file_name);
        match read_up_to(&path, MAX_PICTURE_BYTES) {
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err(bytes)) => {
                let place = self.place(index, entry);
                Err(DataError::PictureTooLarge {
                    path,
                    place,
                    bytes,
                    limit: MAX_PICTURE_BYTES,
                })
            }
            Err(source) => {
                let place = self.place(index, entry);
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

    fn captions(&self, index: usize) -> Result<&[String], DataError> {
        Ok(&self.entry(index)?.captions)
    }

    fn row_name(&self, index: usize) -> Result<String, DataError> {
        Ok(self.entry(index)?.file_name.clone())
    }

    fn describe_row(&self, index: usize) -> Result<String, DataError> {
        let entry = self.entry(index)?;
        Ok(format!(
            "`{}` of {}",
            entry.file_name,
            self.place(index, entry)
        ))
    }

    fn row(&self, index: usize) -> Result<Row, DataError> {
        let entry = self.entry(index)?;
        Ok(Row {
            picture: Picture::Encoded(self.picture_bytes(index, entry)?),
            captions: entry.captions.clone(),
            name: entry.file_name.clone(),
        })
    }
}
