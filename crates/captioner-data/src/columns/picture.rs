//! A row's picture: its bytes, or the file that its path names.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use super::ColumnError;
use crate::{DataError, Picture, Place};

/// The largest picture that is read: far above any photograph.
pub(crate) const MAX_PICTURE_BYTES: u64 = 512 << 20;

/// A row's value in the picture column.
#[derive(Debug, Default)]
pub(crate) struct PictureCell {
    pub(crate) bytes: Option<Vec<u8>>,
    pub(crate) path: Option<Vec<u8>>,
}

impl PictureCell {
    /// The picture: its bytes, or else the file that its path names in `folder`, as
    /// `Image.decode_example` of `datasets` reads it.
    ///
    /// # Errors
    /// That there is none, that it is too large, that the file is missing, can't be read or lies
    /// outside of `folder`, also by a link.
    pub(crate) fn picture(self, folder: &Path, place: &Place) -> Result<Picture, DataError> {
        let bytes = match (self.bytes, self.path) {
            (Some(bytes), _) => checked_size(bytes, place)?,
            (None, Some(path)) => read_inside(folder, &path, place)?,
            (None, None) => return Err(no_picture(place)),
        };
        if bytes.is_empty() {
            return Err(no_picture(place));
        }
        Ok(Picture::Encoded(bytes))
    }
}

fn no_picture(place: &Place) -> DataError {
    ColumnError::NoPicture {
        place: place.clone(),
    }
    .into()
}

fn checked_size(bytes: Vec<u8>, place: &Place) -> Result<Vec<u8>, DataError> {
    if bytes.len() as u64 <= MAX_PICTURE_BYTES {
        return Ok(bytes);
    }
    Err(ColumnError::PictureTooLarge {
        place: place.clone(),
        bytes: bytes.len() as u64,
        limit: MAX_PICTURE_BYTES,
    }
    .into())
}

fn read_inside(folder: &Path, path: &[u8], place: &Place) -> Result<Vec<u8>, DataError> {
    let file_name = std::str::from_utf8(path).map_err(|_| ColumnError::NotUtf8 {
        place: place.clone(),
        what: "picture's path",
    })?;
    let path = inside(folder, file_name, place)?;
    let unreadable = |source| DataError::PictureUnreadable {
        path: path.clone(),
        place: place.clone(),
        source,
    };
    let file = File::open(&path).map_err(unreadable)?;
    let bytes = file.metadata().map_err(unreadable)?.len();
    if bytes > MAX_PICTURE_BYTES {
        return Err(DataError::PictureTooLarge {
            path,
            place: place.clone(),
            bytes,
            limit: MAX_PICTURE_BYTES,
        });
    }
    read_whole(file, bytes).map_err(unreadable)
}

fn read_whole(file: File, size: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(size as usize);
    file.take(MAX_PICTURE_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The file's path, once it is sure that it is a file below `folder`, links followed.
fn inside(folder: &Path, file_name: &str, place: &Place) -> Result<PathBuf, DataError> {
    let outside = || DataError::PathOutside {
        place: place.clone(),
        file_name: file_name.to_owned(),
    };
    let missing = || DataError::PictureMissing {
        place: place.clone(),
        file_name: file_name.to_owned(),
    };
    if !is_relative_below(file_name) {
        return Err(outside());
    }
    let folder = folder.canonicalize().map_err(|_| missing())?;
    let path = folder.join(file_name);
    let path = path.canonicalize().map_err(|_| missing())?;
    if !path.starts_with(&folder) {
        return Err(outside());
    }
    if path.is_file() {
        Ok(path)
    } else {
        Err(missing())
    }
}

/// Whether a path is relative and never climbs, backslashes counted as separators too.
fn is_relative_below(file_name: &str) -> bool {
    let climbs = file_name.split(['/', '\\']).any(|part| part == "..");
    let fine = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    !climbs
        && !file_name.contains('\0')
        && Path::new(file_name).file_name().is_some()
        && Path::new(file_name).components().all(fine)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place {
            path: "a.parquet".into(),
            row: 2,
            line: 2,
        }
    }

    fn read(folder: &Path, path: &str) -> Result<Picture, String> {
        let cell = PictureCell {
            bytes: None,
            path: Some(path.as_bytes().to_vec()),
        };
        cell.picture(folder, &place())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_path_is_read_below_the_folder_only() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("set");
        std::fs::create_dir_all(folder.join("pics")).unwrap();
        std::fs::write(outer.path().join("secret.png"), "s").unwrap();
        std::fs::write(folder.join("pics/a.png"), "a").unwrap();
        assert_eq!(
            read(&folder, "pics/a.png"),
            Ok(Picture::Encoded(b"a".to_vec()))
        );
        let secret = outer.path().join("secret.png").display().to_string();
        for outside in [
            "../secret.png",
            "pics/../../secret.png",
            "pics\\..\\a.png",
            "",
            &secret,
        ] {
            let error = read(&folder, outside).unwrap_err();
            assert!(error.contains("is not a path inside the folder"), "{error}");
        }
        for missing in ["b.png", "pics", "a.png\0b"] {
            assert!(read(&folder, missing).is_err(), "{missing:?}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("../secret.png", folder.join("link.png")).unwrap();
            let error = read(&folder, "link.png").unwrap_err();
            assert!(error.contains("is not a path inside the folder"), "{error}");
        }
    }

    #[test]
    fn a_row_without_a_picture_is_named() {
        for bytes in [None, Some(Vec::new())] {
            let cell = PictureCell { bytes, path: None };
            let error = cell
                .picture(Path::new("."), &place())
                .unwrap_err()
                .to_string();
            assert_eq!(
                error,
                "`a.parquet` row 2: there is no picture: add one or remove the row"
            );
        }
    }
}
