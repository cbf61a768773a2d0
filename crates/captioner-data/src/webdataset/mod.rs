//! Tar shards as WebDataset writes them.

mod caption;
mod column;
mod error;
mod index;
mod index_file;
mod member;
mod name;
mod pax;
mod shard;
mod sniff;

use std::borrow::Cow;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::{
    BadRows, CaptionDataset, DataError, Feature, FeatureType, OpenOptions, Picture, SkippedRow,
};
use caption::{Captions, Reading};
use column::Form;
pub use error::{SampleProblem, TarError};
use shard::Shard;

/// How many rows may be skipped: the list of more would take far more memory than the index.
const MAX_SKIPPED: usize = 100_000;
/// How many rows are tried for the caption column, where bad ones are skipped.
const TRIED: usize = 16;

/// Tar shards of the [WebDataset] form, read as the `webdataset` builder of Hugging Face
/// `datasets` reads them.
///
/// A member is named `KEY.FIELD`: the field is what follows the first dot of the base name.
/// Members next to each other with the same key are a sample. Its picture is the field `jpg`,
/// `png`, `webp` and so on, or else one that ends so, such as `image.png`. Its caption is the
/// text in `txt`, `text`, `caption` or `transcript`, or else the JSON object in `json`: of that
/// the column `text`, `caption` or `captions`, a string or a list of strings. A caption column
/// that is asked for is a field of that name, or the object's column. Other fields are ignored.
///
/// Nothing is ever unpacked. The first opening walks through the headers and keeps where each
/// member lies in `NAME.tar.captioner-index` beside the shard, about a dozen bytes a row; later
/// ones read that, as long as the shard's size, time of change and beginning are the same. Where
/// that file can't be written, each opening walks through the headers.
///
/// ```
/// use captioner_data::{CaptionDataset, OpenOptions, TarDataset};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("cats-000.tar");
/// # let mut tar = tar::Builder::new(std::fs::File::create(&path)?);
/// # for (name, bytes) in [("1.jpg", "(a JPEG)"), ("1.txt", "a cat")] {
/// #     let mut header = tar::Header::new_gnu();
/// #     header.set_size(bytes.len() as u64);
/// #     tar.append_data(&mut header, name, bytes.as_bytes())?;
/// # }
/// # tar.finish()?;
///
/// let set = TarDataset::open(&[path], &OpenOptions::default())?;
/// assert_eq!(set.row_name(0)?, "1");
/// assert_eq!(*set.captions(0)?, ["a cat"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [WebDataset]: https://github.com/webdataset/webdataset
#[derive(Debug)]
pub struct TarDataset {
    name: String,
    shards: Vec<Shard>,
    /// The first row of each shard, and the number of all rows.
    starts: Vec<usize>,
    reading: Reading,
    column: String,
    column_kind: FeatureType,
    skipped: Vec<SkippedRow>,
}

impl TarDataset {
    /// Opens shards, in this order.
    ///
    /// What the headers say against a sample is found here, and the first one is an error, or is
    /// left out and listed under [`BadRows::Skip`]: it lacks a picture or a caption, has one twice
    /// or one without bytes, or has a member that is a link, a device or a sparse file, or whose
    /// name leads outside. What its bytes say is found when the row is read.
    ///
    /// # Errors
    /// [`DataError::Tar`] for a shard which is compressed, cut off or damaged, and for the first
    /// sample that can't be used; [`DataError::EmptyDataset`], [`DataError::NoGoodRows`],
    /// [`DataError::TooManyBadRows`].
    pub fn open(shards: &[PathBuf], options: &OpenOptions) -> Result<Self, DataError> {
        let first = shards.first().ok_or(TarError::NoShard)?;
        let mut set = Self {
            name: name(shards, first),
            shards: Vec::with_capacity(shards.len()),
            starts: vec![0],
            reading: Reading {
                column: options.caption_column.clone(),
                bad_rows: options.bad_rows,
            },
            column: "text".to_owned(),
            column_kind: FeatureType::Text,
            skipped: Vec::new(),
        };
        let mut first_error = None;
        for path in shards {
            set.add_shard(path, &mut first_error)?;
        }
        if set.is_empty() {
            return Err(set.no_row(first.clone(), first_error));
        }
        set.find_column()?;
        Ok(set)
    }

    fn add_shard(&mut self, path: &Path, first: &mut Option<DataError>) -> Result<(), DataError> {
        let mut shard = Shard::open(path, self.reading.column.as_deref())?;
        let (skipped, bad_rows) = (&mut self.skipped, self.reading.bad_rows);
        shard.retain(|shard, sample| {
            let Err(problem) = shard.choose(sample) else {
                return Ok(true);
            };
            let row = SkippedRow {
                row: sample + 1,
                description: shard.describe(sample),
                reason: problem.to_string(),
            };
            let error = DataError::from(sample_error(shard, sample, problem));
            if bad_rows == BadRows::Stop {
                return Err(error);
            }
            if skipped.len() == MAX_SKIPPED {
                return Err(DataError::TooManyBadRows {
                    path: shard.path.clone(),
                    limit: MAX_SKIPPED,
                    first: Box::new(first.take().unwrap_or(error)),
                });
            }
            skipped.push(row);
            first.get_or_insert(error);
            Ok(false)
        })?;
        self.starts.push(self.len() + shard.rows());
        self.shards.push(shard);
        Ok(())
    }

    fn no_row(&self, path: PathBuf, first: Option<DataError>) -> DataError {
        match first {
            None => DataError::EmptyDataset { path },
            Some(first) => DataError::NoGoodRows {
                path,
                rows: self.skipped.len(),
                first: Box::new(first),
            },
        }
    }

    /// Finds the caption column by the first row, or by the first good one of some where bad ones
    /// are skipped. A set that has no such column is an error now, not at the first step.
    fn find_column(&mut self) -> Result<(), DataError> {
        let mut first = None;
        for row in 0..self.len().min(TRIED) {
            match self.read_captions(row) {
                Ok((field, captions)) => {
                    let field = field.to_owned();
                    if captions.is_list {
                        self.column_kind = FeatureType::TextList;
                    }
                    self.column = captions.column.unwrap_or(field);
                    return Ok(());
                }
                Err(error) if self.reading.bad_rows == BadRows::Stop => return Err(error.into()),
                Err(error) => first = first.or(Some(error)),
            }
        }
        match first {
            Some(
                error @ TarError::Sample {
                    problem: SampleProblem::NoColumn { .. },
                    ..
                },
            ) => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// The shard of a row, and the row's sample in it.
    fn place(&self, row: usize) -> Result<(&Shard, usize), DataError> {
        if row >= self.len() {
            return Err(DataError::row_out_of_range(self, row));
        }
        let shard = self.starts.partition_point(|&start| start <= row) - 1;
        let found = &self.shards[shard];
        Ok((found, found.sample(row - self.starts[shard])))
    }

    /// A row's captions and the field they are in. The row must be there.
    fn read_captions(&self, row: usize) -> Result<(&str, Captions), TarError> {
        let shard = self.starts.partition_point(|&start| start <= row) - 1;
        let (shard, row) = (&self.shards[shard], row - self.starts[shard]);
        let sample = shard.sample(row);
        let failed = |problem| sample_error(shard, sample, problem);
        let chosen = shard.choose(sample).map_err(failed)?;
        let field = shard.index.field(chosen.caption);
        let bytes = shard.read(chosen.caption)?;
        let captions = self.reading.read(&bytes, chosen.form, field);
        Ok((field, captions.map_err(failed)?))
    }
}

fn name(shards: &[PathBuf], first: &Path) -> String {
    match shards.len() {
        1 => first.display().to_string(),
        shards => format!("{} and {} more", first.display(), shards - 1),
    }
}

fn sample_error(shard: &Shard, sample: usize, problem: SampleProblem) -> TarError {
    TarError::Sample {
        row: shard.describe(sample),
        problem,
    }
}

impl CaptionDataset for TarDataset {
    fn name(&self) -> &str {
        &self.name
    }

    fn len(&self) -> usize {
        self.starts.last().copied().unwrap_or_default()
    }

    fn features(&self) -> Vec<Feature> {
        Feature::image_and(&self.column, self.column_kind)
    }

    fn captions(&self, row: usize) -> Result<Cow<'_, [String]>, DataError> {
        self.place(row)?;
        let (_, captions) = self.read_captions(row)?;
        Ok(captions.captions.into())
    }

    fn caption_count(&self, row: usize) -> Result<usize, DataError> {
        let (shard, sample) = self.place(row)?;
        let chosen = shard.choose(sample);
        let chosen = chosen.map_err(|problem| sample_error(shard, sample, problem))?;
        match chosen.form {
            Form::Text => Ok(1),
            Form::Json => Ok(self.captions(row)?.len()),
        }
    }

    fn picture(&self, row: usize) -> Result<Picture, DataError> {
        let (shard, sample) = self.place(row)?;
        let chosen = shard.choose(sample);
        let chosen = chosen.map_err(|problem| sample_error(shard, sample, problem))?;
        Ok(Picture::Encoded(shard.read(chosen.picture)?))
    }

    /// The sample's key.
    fn row_name(&self, row: usize) -> Result<String, DataError> {
        let (shard, sample) = self.place(row)?;
        Ok(shard.key(sample)?)
    }

    /// The sample's number in its shard, counted from 1; samples that were left out count as well.
    fn row_number(&self, row: usize) -> Result<usize, DataError> {
        Ok(self.place(row)?.1 + 1)
    }

    fn describe_row(&self, row: usize) -> Result<String, DataError> {
        let (shard, sample) = self.place(row)?;
        Ok(shard.describe(sample))
    }

    /// The shards.
    fn blocks(&self) -> Vec<Range<usize>> {
        let blocks = self.starts.windows(2).map(|ends| ends[0]..ends[1]);
        blocks.filter(|block| !block.is_empty()).collect()
    }

    fn skipped(&self) -> &[SkippedRow] {
        &self.skipped
    }
}
