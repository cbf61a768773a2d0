//! Finding a folder's metadata files and reading them.

use std::fs::File;
use std::io::{BufReader, Read as _, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use captioner_files::is_lfs_pointer;

use super::rows::Rows;
use super::{csv_file, jsonl_file, near_miss};
use crate::DataError;
use crate::split_names::{DEFAULT_SPLIT, SplitFiles, splits_by_folder};
use crate::tree::Tree;

/// The largest metadata file: the captions of millions of pictures.
const MAX_METADATA_BYTES: u64 = 1 << 30;

/// The kinds of metadata files, by their names (`METADATA_FILENAMES`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Jsonl,
    Csv,
    Parquet,
}

/// A metadata file.
#[derive(Clone, Debug)]
pub(crate) struct MetadataFile {
    /// Its path, relative to the set's folder.
    pub(super) path: String,
    kind: Kind,
}

impl MetadataFile {
    fn find(path: &str) -> Option<Self> {
        let kind = match path.rsplit('/').next()? {
            "metadata.jsonl" => Kind::Jsonl,
            "metadata.csv" => Kind::Csv,
            "metadata.parquet" => Kind::Parquet,
            _ => return None,
        };
        Some(Self {
            path: path.to_owned(),
            kind,
        })
    }

    /// The folder that its rows' paths are relative to, with a `/` behind unless it is the set's.
    pub(super) fn folder(&self) -> &str {
        self.path.rfind('/').map_or("", |at| &self.path[..=at])
    }

    /// Reads all rows.
    pub(super) fn read(&self, rows: &mut Rows<'_>) -> Result<(), DataError> {
        rows.begin(self);
        let file = open(rows.path())?;
        match self.kind {
            Kind::Jsonl => jsonl_file::read(BufReader::with_capacity(1 << 16, file), rows),
            Kind::Csv => csv_file::read(file, rows),
            #[cfg(feature = "parquet")]
            Kind::Parquet => super::parquet_file::read(file, rows),
            #[cfg(not(feature = "parquet"))]
            Kind::Parquet => Err(DataError::ParquetUnsupported {
                path: rows.path().to_owned(),
            }),
        }
    }
}

/// Whether any metadata file is there.
pub(crate) fn has_metadata(tree: &Tree) -> bool {
    tree.others()
        .iter()
        .any(|path| MetadataFile::find(path).is_some())
}

/// The metadata files of each split.
///
/// As in `datasets` they are of one kind, and files in folders that are named after splits make
/// the splits, whatever else there is. Unlike there, the names of *pictures* make no split: a
/// metadata file of the set's own folder is read whole.
///
/// # Errors
/// [`DataError::NoMetadata`], [`DataError::LabelFolders`], or [`DataError::TwoMetadataFiles`].
pub(super) fn splits(tree: &Tree) -> Result<Vec<SplitFiles<MetadataFile>>, DataError> {
    let mut files: Vec<_> = tree
        .others()
        .iter()
        .filter_map(|path| MetadataFile::find(path))
        .collect();
    // The set's own comes before those of its folders, whatever these are called.
    files.sort_by(|a, b| (a.folder(), a.kind).cmp(&(b.folder(), b.kind)));
    let Some(first) = files.first() else {
        return Err(near_miss::no_metadata(tree));
    };
    if let Some(other) = files.iter().find(|file| file.kind != first.kind) {
        return Err(DataError::TwoMetadataFiles {
            folder: tree.root().to_owned(),
            first: first.path.clone(),
            second: other.path.clone(),
        });
    }
    let splits = splits_by_folder(&files, |file| &file.path);
    Ok(splits.unwrap_or_else(|| vec![(DEFAULT_SPLIT.to_owned(), files)]))
}

/// Opens a metadata file at its beginning.
fn open(path: &Path) -> Result<File, DataError> {
    let io = |source| DataError::Io {
        path: path.to_owned(),
        source,
    };
    let mut file = File::open(path).map_err(io)?;
    let bytes = file.metadata().map_err(io)?.len();
    let limit = MAX_METADATA_BYTES;
    if bytes > limit {
        return Err(DataError::MetadataTooLarge {
            path: path.to_owned(),
            bytes,
            limit,
        });
    }
    let mut beginning = Vec::new();
    (&mut file)
        .take(64)
        .read_to_end(&mut beginning)
        .map_err(io)?;
    if is_lfs_pointer(&beginning) {
        return Err(DataError::LfsPointer {
            path: path.to_owned(),
        });
    }
    file.seek(SeekFrom::Start(0)).map_err(io)?;
    Ok(file)
}

/// The metadata files of a set, and the first row of each.
#[derive(Debug)]
pub(super) struct Sources(pub(super) Vec<(PathBuf, usize)>);

impl Sources {
    /// The file that a row was read from.
    pub(super) fn of_row(&self, row: usize) -> PathBuf {
        let at = self.0.partition_point(|(_, first)| *first <= row);
        let file = self.0.get(at.saturating_sub(1));
        file.map(|(path, _)| path.clone()).unwrap_or_default()
    }
}
