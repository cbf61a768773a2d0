//! Reading a picture's file.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use captioner_files::is_lfs_pointer;

use crate::{DataError, Picture, Place};

/// The largest picture file that is read: far above any photograph.
const MAX_PICTURE_BYTES: u64 = 512 << 20;

/// Reads the picture of the row at `place`, as the bytes of its file.
///
/// # Errors
/// [`DataError::PictureUnreadable`], [`DataError::PictureTooLarge`], or [`DataError::LfsPointer`].
pub(crate) fn read_picture(
    path: PathBuf,
    place: impl Fn() -> Result<Place, DataError>,
) -> Result<Picture, DataError> {
    match read_up_to(&path, MAX_PICTURE_BYTES) {
        Ok(Ok(bytes)) if is_lfs_pointer(&bytes) => Err(DataError::LfsPointer { path }),
        Ok(Ok(bytes)) => Ok(Picture::Encoded(bytes)),
        Ok(Err(bytes)) => Err(DataError::PictureTooLarge {
            path,
            place: place()?,
            bytes,
            limit: MAX_PICTURE_BYTES,
        }),
        Err(source) => Err(DataError::PictureUnreadable {
            path,
            place: place()?,
            source,
        }),
    }
}

/// A file's bytes, or its size if that is above `limit`.
pub(crate) fn read_up_to(path: &Path, limit: u64) -> io::Result<Result<Vec<u8>, u64>> {
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    if size > limit {
        return Ok(Err(size));
    }
    let mut bytes = Vec::with_capacity(size as usize);
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(Ok(bytes))
}
