//! Finding a folder's metadata file and reading it.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use super::entry::Entry;
use super::rows::Rows;
use super::{csv_file, jsonl_file};
use crate::{BadRows, DataError, FeatureType, SkippedRow};

/// The largest metadata file: the captions of millions of pictures.
const MAX_METADATA_BYTES: u64 = 1 << 30;

/// A metadata file, read and checked.
#[derive(Debug)]
pub(super) struct Metadata {
    pub(super) path: PathBuf,
    pub(super) caption_column: String,
    pub(super) caption_kind: FeatureType,
    pub(super) entries: Vec<Entry>,
    pub(super) skipped: Vec<SkippedRow>,
}

impl Metadata {
    /// Reads the metadata file of `folder`.
    pub(super) fn read(folder: &Path, bad_rows: BadRows) -> Result<Self, DataError> {
        check_is_folder(folder)?;
        let jsonl = folder.join("metadata.jsonl");
        let csv = folder.join("metadata.csv");
        let rows = |path| Rows::new(folder, path, bad_rows);
        match (jsonl.exists(), csv.exists()) {
            (true, true) => Err(DataError::TwoMetadataFiles {
                folder: folder.to_owned(),
            }),
            (false, false) => Err(DataError::NoMetadata {
                folder: folder.to_owned(),
            }),
            (true, false) => jsonl_file::read(open(&jsonl)?, rows(&jsonl)),
            (false, true) => csv_file::read(open(&csv)?, rows(&csv)),
        }
    }
}

fn check_is_folder(folder: &Path) -> Result<(), DataError> {
    let path = folder.to_owned();
    match fs::metadata(folder) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(DataError::NotAFolder { path }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(DataError::FolderMissing { path })
        }
        Err(source) => Err(DataError::Io { path, source }),
    }
}

fn open(path: &Path) -> Result<BufReader<File>, DataError> {
    let io = |source| DataError::Io {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(io)?;
    let bytes = file.metadata().map_err(io)?.len();
    let limit = MAX_METADATA_BYTES;
    if bytes > limit {
        return Err(DataError::MetadataTooLarge {
            path: path.to_owned(),
            bytes,
            limit,
        });
    }
    Ok(BufReader::new(file))
}
