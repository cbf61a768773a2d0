//! The formats that are read elsewhere, opened from here.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::{CaptionDataset, DataError, OpenOptions};

/// Opens Parquet files as one set, in this order.
pub(crate) fn open_parquet(
    files: &[PathBuf],
    _options: &OpenOptions,
) -> Result<Arc<dyn CaptionDataset>, DataError> {
    Err(unsupported(
        files.first().map_or(Path::new(""), PathBuf::as_path),
        "a Parquet file",
    ))
}

/// Opens a folder that `datasets`' `save_to_disk` wrote.
pub(crate) fn open_arrow(
    folder: &Path,
    _options: &OpenOptions,
) -> Result<Arc<dyn CaptionDataset>, DataError> {
    Err(unsupported(folder, "a folder of Arrow files"))
}

/// Opens tar files as one set, in this order.
pub(crate) fn open_tar(
    shards: &[PathBuf],
    _options: &OpenOptions,
) -> Result<Arc<dyn CaptionDataset>, DataError> {
    Err(unsupported(
        shards.first().map_or(Path::new(""), PathBuf::as_path),
        "a tar file",
    ))
}

fn unsupported(path: &Path, found: &'static str) -> DataError {
    DataError::UnsupportedFormat {
        path: path.to_owned(),
        found,
        help: "give a folder of pictures with metadata.jsonl",
    }
}
