//! COCO captions, and Karpathy's split of them.

mod error;
mod parse;
mod pictures;
mod rows;

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use captioner_files::is_lfs_pointer;

use crate::picture_file::read_picture;
use crate::split_names::splits_of_shards;
use crate::{
    CaptionDataset, DataError, Feature, FeatureType, OpenOptions, Picture, Place, SkippedRow,
};
pub use error::CocoError;
use parse::{Parsed, parse};
use rows::{RowMaker, SplitRows};

/// The largest file: COCO's own captions have 92 MB.
const MAX_FILE_BYTES: u64 = 1 << 30;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// A COCO captions file (`images` and `annotations`), or Karpathy's split of one (`images` with
/// `sentences` and `split`), with the folders of pictures beside it.
///
/// A picture has all its captions. The file's rows are in the order of `images`; a row's number
/// is its entry there, counted from 1.
///
/// A picture is looked for beside the file, in `images`, `train2014`, `val2014`, `train2017`,
/// `val2017`, `test2014`, `test2017` there (also below `images`), and in the same places one
/// folder above, so that `annotations/captions_val2017.json` finds `val2017/`.
///
/// Karpathy's splits are `train` (his `train` and `restval`), `validation` and `test`. A COCO
/// file is one split, named after the file: `captions_val2017.json` is `validation`.
#[derive(Debug)]
pub struct CocoDataset {
    path: PathBuf,
    name: String,
    rows: SplitRows,
}

impl CocoDataset {
    /// Reads the file, and looks for the pictures by listing the folders.
    ///
    /// # Errors
    /// [`CocoError`] for what is wrong with the file, or with the first bad entry unless the
    /// options skip them; [`DataError::SplitNeeded`] if it has several splits and the options
    /// name none, [`DataError::UnknownSplit`] if they name another.
    pub fn open(path: impl AsRef<Path>, options: &OpenOptions) -> Result<Self, DataError> {
        let mut splits = Self::open_splits(path.as_ref(), options)?;
        let name = path.as_ref().display().to_string();
        let wanted = options.choose_split(&name, splits.iter().map(|(split, _)| split.as_str()))?;
        Ok(splits.swap_remove(wanted).1)
    }

    /// Reads every split.
    ///
    /// # Errors
    /// Those of [`CocoDataset::open`].
    pub fn open_splits(
        path: impl AsRef<Path>,
        options: &OpenOptions,
    ) -> Result<Vec<(String, Self)>, DataError> {
        let path = path.as_ref();
        let parsed = read(path)?;
        let mut maker = RowMaker::new(path, options.bad_rows);
        let splits = match is_karpathy(&parsed, path)? {
            true => maker.karpathy(&parsed.images)?,
            false => vec![(split_of(path), maker.coco(parsed)?)],
        };
        if splits.is_empty() {
            let path = path.to_owned();
            return Err(DataError::EmptyDataset { path });
        }
        let several = splits.len() > 1;
        let named = |(split, rows): (String, SplitRows)| {
            let name = match several {
                true => format!("{}[{split}]", path.display()),
                false => path.display().to_string(),
            };
            let path = path.to_owned();
            (split, Self { path, name, rows })
        };
        Ok(splits.into_iter().map(named).collect())
    }

    fn file_name(&self, row: usize) -> Result<&str, DataError> {
        let name = self.rows.table.name(row);
        name.ok_or_else(|| DataError::row_out_of_range(self, row))
    }

    fn place(&self, row: usize) -> Result<Place, DataError> {
        let place = self.rows.table.place(row);
        let (number, _) = place.ok_or_else(|| DataError::row_out_of_range(self, row))?;
        Ok(Place {
            path: self.path.clone(),
            row: number,
            line: number as u64,
        })
    }
}

/// The split that the file's name speaks of, or `train`.
fn split_of(path: &Path) -> String {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let splits = splits_of_shards(&[name.unwrap_or_default()]);
    splits
        .into_iter()
        .next()
        .map(|(split, _)| split)
        .unwrap_or_default()
}

fn read(path: &Path) -> Result<Parsed, DataError> {
    let io = |source| CocoError::Io {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(io)?;
    let bytes = file.metadata().map_err(io)?.len();
    if bytes > MAX_FILE_BYTES {
        let (path, limit) = (path.to_owned(), MAX_FILE_BYTES);
        return Err(CocoError::TooLarge { path, bytes, limit }.into());
    }
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let beginning = reader.fill_buf().map_err(io)?;
    if is_lfs_pointer(beginning) {
        let path = path.to_owned();
        return Err(DataError::LfsPointer { path });
    }
    if beginning.starts_with(BOM) {
        reader.consume(BOM.len());
    }
    let parsed = parse(reader).map_err(|error| CocoError::Invalid {
        path: path.to_owned(),
        reason: error.to_string(),
    });
    Ok(parsed?)
}

/// Whether a file has Karpathy's form.
fn is_karpathy(parsed: &Parsed, path: &Path) -> Result<bool, CocoError> {
    let not_coco = |reason| CocoError::NotCoco {
        path: path.to_owned(),
        reason,
    };
    if !parsed.has_images {
        return Err(not_coco("it has no list `images`"));
    }
    let has_sentences = parsed.images.iter().any(|image| image.sentences.is_some());
    if has_sentences {
        return Ok(true);
    }
    if !parsed.has_annotations {
        return Err(not_coco(
            "it has no list `annotations`, and its images have no `sentences`",
        ));
    }
    let none = |annotation: &parse::Annotation| annotation.caption.is_none();
    if !parsed.annotations.is_empty() && parsed.annotations.iter().all(none) {
        return Err(not_coco(
            "no entry of `annotations` has a `caption`: give the captions file, not that of objects",
        ));
    }
    Ok(false)
}

impl CaptionDataset for CocoDataset {
    fn name(&self) -> &str {
        &self.name
    }

    fn len(&self) -> usize {
        self.rows.table.len()
    }

    fn features(&self) -> Vec<Feature> {
        Feature::image_and("captions", FeatureType::TextList)
    }

    fn captions(&self, row: usize) -> Result<Cow<'_, [String]>, DataError> {
        let captions = self.rows.table.captions(row);
        Ok(captions
            .ok_or_else(|| DataError::row_out_of_range(self, row))?
            .into())
    }

    fn caption_count(&self, row: usize) -> Result<usize, DataError> {
        let count = self.rows.table.caption_count(row);
        count.ok_or_else(|| DataError::row_out_of_range(self, row))
    }

    fn picture(&self, row: usize) -> Result<Picture, DataError> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        read_picture(folder.join(self.file_name(row)?), || self.place(row))
    }

    fn row_name(&self, row: usize) -> Result<String, DataError> {
        Ok(self.file_name(row)?.to_owned())
    }

    fn row_number(&self, row: usize) -> Result<usize, DataError> {
        Ok(self.place(row)?.row)
    }

    fn skipped(&self) -> &[SkippedRow] {
        &self.rows.skipped
    }
}
