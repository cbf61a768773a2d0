//! The formats of several files, opened from here.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::{CaptionDataset, DataError, OpenOptions, TarDataset};

/// Opens Parquet files as one set, in this order.
#[cfg(feature = "parquet")]
pub(crate) fn open_parquet(
    files: &[PathBuf],
    options: &OpenOptions,
) -> Result<Arc<dyn CaptionDataset>, DataError> {
    Ok(Arc::new(crate::ParquetDataset::open(files, options)?))
}

/// Opens a folder that `datasets`' `save_to_disk` wrote.
#[cfg(feature = "parquet")]
pub(crate) fn open_arrow(
    folder: &Path,
    options: &OpenOptions,
) -> Result<Arc<dyn CaptionDataset>, DataError> {
    Ok(Arc::new(crate::ArrowDataset::open(folder, options)?))
}

/// Says that Parquet files are left out of the build.
#[cfg(not(feature = "parquet"))]
pub(crate) fn open_parquet(
    files: &[PathBuf],
    _options: &OpenOptions,
) -> Result<Arc<dyn CaptionDataset>, DataError> {
    let path = files.first().cloned().unwrap_or_default();
    Err(DataError::ParquetUnsupported { path })
}

/// Says that Arrow files are left out of the build.
#[cfg(not(feature = "parquet"))]
pub(crate) fn open_arrow(
    folder: &Path,
    _options: &OpenOptions,
) -> Result<Arc<dyn CaptionDataset>, DataError> {
    Err(DataError::UnsupportedFormat {
        path: folder.to_owned(),
        found: "a folder of Arrow files",
        help: "they are left out of this build: build it with the feature `parquet`",
    })
}

/// Opens tar files as one set, in this order.
pub(crate) fn open_tar(
    shards: &[PathBuf],
    options: &OpenOptions,
) -> Result<Arc<dyn CaptionDataset>, DataError> {
    Ok(Arc::new(TarDataset::open(shards, options)?))
}
