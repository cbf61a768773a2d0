//! A folder of pictures, each with a text file beside it.

mod error;
mod pairs;

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use crate::folder::captions::check_captions;
use crate::picture_file::{read_picture, read_up_to};
use crate::split_names::SplitFiles;
use crate::{
    BadRows, CaptionDataset, DataError, Feature, FeatureType, OpenOptions, Picture, Place,
    SkippedRow,
};
pub use error::TextPairError;
use pairs::Pairs;
pub(crate) use pairs::has_pairs;

/// The largest text file: far above what a picture's captions take.
const MAX_TEXT_BYTES: u64 = 1 << 20;

/// A folder of pictures with a text file of the same name beside each, `cat.jpg` and `cat.txt`
/// (or `cat.caption`), as the trainers of diffusion models keep them.
///
/// **Each line that isn't blank is a caption.** kohya's sd-scripts, which reads the first line
/// unless `enable_wildcard` is set, takes one line at random then (`read_caption` in its
/// `train_util.py`); here the several captions of a picture are used as those of any set are.
///
/// Rows are in the order of their paths. Folders below belong to the set; `train/`,
/// `validation/`, `test/` and the other names that `datasets` knows are its splits. Names of
/// pictures make no split.
///
/// Opening lists the folder and reads no file: captions are read with their row.
#[derive(Debug)]
pub struct TextPairFolder {
    folder: PathBuf,
    name: String,
    pairs: Pairs,
    bad_rows: BadRows,
}

impl TextPairFolder {
    /// Lists the folder. Pictures without a text and texts without a picture are bad rows.
    ///
    /// # Errors
    /// [`TextPairError`] for the first bad row, unless the options skip them; errors about the
    /// folder as a whole; [`DataError::SplitNeeded`] if it has several splits and the options
    /// name none, [`DataError::UnknownSplit`] if they name another.
    pub fn open(path: impl AsRef<Path>, options: &OpenOptions) -> Result<Self, DataError> {
        let splits = Self::split_files(path.as_ref())?;
        let name = path.as_ref().display().to_string();
        let names = splits.iter().map(|(split, _)| split.as_str());
        let wanted = options.choose_split(&name, names)?;
        let several = splits.len() > 1;
        let split = splits.into_iter().nth(wanted).unwrap_or_default();
        Self::of_split(path.as_ref(), &split, several, options)
    }

    /// Opens every split, in the order of `datasets`: `train`, `validation`, `test`.
    ///
    /// # Errors
    /// Those of [`TextPairFolder::open`].
    pub fn open_splits(
        path: impl AsRef<Path>,
        options: &OpenOptions,
    ) -> Result<Vec<(String, Self)>, DataError> {
        let splits = Self::split_files(path.as_ref())?;
        let several = splits.len() > 1;
        let open = |split: SplitFiles<String>| {
            let set = Self::of_split(path.as_ref(), &split, several, options)?;
            Ok((split.0, set))
        };
        splits.into_iter().map(open).collect()
    }

    /// The pictures and texts of each split.
    pub(crate) fn split_files(folder: &Path) -> Result<Vec<SplitFiles<String>>, DataError> {
        pairs::splits(folder)
    }

    pub(crate) fn of_split(
        folder: &Path,
        (split, files): &SplitFiles<String>,
        several: bool,
        options: &OpenOptions,
    ) -> Result<Self, DataError> {
        let name = match several {
            true => format!("{}[{split}]", folder.display()),
            false => folder.display().to_string(),
        };
        Ok(Self {
            folder: folder.to_owned(),
            name,
            pairs: Pairs::find(folder, files, options.bad_rows)?,
            bad_rows: options.bad_rows,
        })
    }

    fn picture_name(&self, row: usize) -> Result<&str, DataError> {
        let name = self.pairs.picture(row);
        name.ok_or_else(|| DataError::row_out_of_range(self, row))
    }

    /// A row's place: its text file. It has one row.
    fn place(&self, row: usize) -> Result<Place, DataError> {
        let text = self.pairs.text(row);
        let text = text.ok_or_else(|| DataError::row_out_of_range(self, row))?;
        Ok(Place {
            path: self.folder.join(text),
            row: 1,
            line: 1,
        })
    }

    fn text(&self, place: &Place) -> Result<String, DataError> {
        let path = &place.path;
        let read = read_up_to(path, MAX_TEXT_BYTES).map_err(|source| DataError::Io {
            path: path.clone(),
            source,
        })?;
        let bytes = read.map_err(|bytes| TextPairError::TextTooLarge {
            path: path.clone(),
            bytes,
            limit: MAX_TEXT_BYTES,
        })?;
        if captioner_files::is_lfs_pointer(&bytes) {
            return Err(DataError::LfsPointer { path: path.clone() });
        }
        let text = String::from_utf8(bytes);
        Ok(text.map_err(|_| TextPairError::NotUtf8 { path: path.clone() })?)
    }
}

impl CaptionDataset for TextPairFolder {
    fn name(&self) -> &str {
        &self.name
    }

    fn len(&self) -> usize {
        self.pairs.len()
    }

    fn features(&self) -> Vec<Feature> {
        Feature::image_and("text", FeatureType::TextList)
    }

    /// # Errors
    /// [`DataError::EmptyCaption`], [`DataError::CaptionTooLong`], [`DataError::LfsPointer`],
    /// [`DataError::Io`], or [`TextPairError`].
    fn captions(&self, row: usize) -> Result<Cow<'_, [String]>, DataError> {
        let place = self.place(row)?;
        let text = self.text(&place)?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let lines: Vec<_> = lines.map(Cow::Borrowed).collect();
        let name = self.picture_name(row)?;
        let captions = check_captions(&lines, &|| place.clone(), name, self.bad_rows)?;
        Ok(captions.into_iter().map(str::to_owned).collect())
    }

    fn picture(&self, row: usize) -> Result<Picture, DataError> {
        let path = self.folder.join(self.picture_name(row)?);
        read_picture(path, || self.place(row))
    }

    fn row_name(&self, row: usize) -> Result<String, DataError> {
        Ok(self.picture_name(row)?.to_owned())
    }

    fn row_number(&self, row: usize) -> Result<usize, DataError> {
        let number = self.pairs.number(row);
        number.ok_or_else(|| DataError::row_out_of_range(self, row))
    }

    fn skipped(&self) -> &[SkippedRow] {
        self.pairs.skipped()
    }
}
