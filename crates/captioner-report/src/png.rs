//! A PNG on disk, whole or not at all.

use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder, RgbImage};
use tempfile::NamedTempFile;

use crate::ReportError;

/// Writes a PNG whole or not at all.
///
/// The bytes go to a temporary file in the same folder, are flushed to the disk, and take the
/// path's name in one step. A file which stood there before is replaced; on an error it is left
/// as it was. The folder must exist.
///
/// # Errors
/// [`ReportError::NotAFile`] when the path names a folder, a device or nothing,
/// [`ReportError::Encode`] for a picture without pixels, [`ReportError::Write`] when the folder
/// is missing, full or closed to us.
pub fn write_png(picture: &RgbImage, path: impl AsRef<Path>) -> Result<(), ReportError> {
    let path = path.as_ref();
    let folder = folder_of(path)?;
    let bytes = encode(picture, path)?;
    put(&bytes, &folder, path).map_err(|source| ReportError::Write {
        path: path.to_path_buf(),
        source,
    })
}

/// The folder which holds the file; an error when no plain file can stand at the path.
fn folder_of(path: &Path) -> Result<PathBuf, ReportError> {
    let refuse = |reason| ReportError::NotAFile {
        path: path.to_path_buf(),
        reason,
    };
    if path.is_dir() {
        return Err(refuse("it is a folder"));
    }
    if path.exists() && !path.is_file() {
        return Err(refuse("it is a device, pipe or socket"));
    }
    match (path.file_name(), path.parent()) {
        (Some(_), Some(folder)) if folder.as_os_str().is_empty() => Ok(PathBuf::from(".")),
        (Some(_), Some(folder)) => Ok(folder.to_path_buf()),
        _ => Err(refuse("the path ends in no file name")),
    }
}

fn encode(picture: &RgbImage, path: &Path) -> Result<Vec<u8>, ReportError> {
    let (width, height) = picture.dimensions();
    let refuse = |source| ReportError::Encode {
        path: path.to_path_buf(),
        width,
        height,
        source,
    };
    if width == 0 || height == 0 {
        let kind = image::error::ParameterErrorKind::DimensionMismatch;
        let error = image::error::ParameterError::from_kind(kind);
        return Err(refuse(image::ImageError::Parameter(error)));
    }
    let mut bytes = Cursor::new(Vec::new());
    PngEncoder::new_with_quality(&mut bytes, CompressionType::Default, FilterType::Adaptive)
        .write_image(picture.as_raw(), width, height, ExtendedColorType::Rgb8)
        .map_err(refuse)?;
    Ok(bytes.into_inner())
}

fn put(bytes: &[u8], folder: &Path, path: &Path) -> std::io::Result<()> {
    let mut file = scratch_file(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    sync_folder(folder);
    Ok(())
}

/// A file which vanishes unless it is given its name, readable by whom any new file is.
fn scratch_file(folder: &Path) -> std::io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".captioner-").suffix(".png.part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The umask still applies; without this the file would be its owner's alone.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// Makes the new name last through a power cut. The picture is already whole and in place, so a
/// file system which can't do this is no reason to report a failure.
fn sync_folder(folder: &Path) {
    #[cfg(unix)]
    if let Ok(folder) = std::fs::File::open(folder) {
        let _ = folder.sync_all();
    }
    #[cfg(not(unix))]
    let _ = folder;
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    fn picture() -> RgbImage {
        RgbImage::from_fn(31, 17, |x, y| Rgb([x as u8 * 8, y as u8 * 15, 7]))
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn written_pixels_read_back_unchanged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        write_png(&picture(), &path).unwrap();
        assert_eq!(image::open(&path).unwrap().into_rgb8(), picture());
        assert_eq!(
            names(folder.path()),
            ["a.png"],
            "no temporary file stays behind"
        );
    }

    #[test]
    fn an_older_file_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        std::fs::write(&path, b"older").unwrap();
        write_png(&picture(), &path).unwrap();
        assert_eq!(image::open(&path).unwrap().into_rgb8(), picture());
    }

    #[test]
    fn a_missing_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing").join("a.png");
        let error = write_png(&picture(), &path).unwrap_err();
        assert!(matches!(error, ReportError::Write { .. }), "{error}");
        assert!(error.to_string().contains("missing"), "{error}");
    }

    #[test]
    fn a_folder_or_no_name_is_a_named_error() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path(), Path::new(""), Path::new("/")] {
            let error = write_png(&picture(), path).unwrap_err();
            assert!(matches!(error, ReportError::NotAFile { .. }), "{error}");
        }
        assert!(names(folder.path()).is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_not_replaced_by_a_file() {
        let error = write_png(&picture(), Path::new("/dev/null")).unwrap_err();
        assert!(matches!(error, ReportError::NotAFile { .. }), "{error}");
    }

    #[test]
    fn a_failed_write_leaves_the_older_file_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        std::fs::write(&path, b"older").unwrap();
        let error = write_png(&RgbImage::new(0, 5), &path).unwrap_err();
        assert!(matches!(error, ReportError::Encode { .. }), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), b"older");
        assert_eq!(names(folder.path()), ["a.png"]);
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_as_readable_as_any_new_file() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (ours, plain) = (folder.path().join("a.png"), folder.path().join("b"));
        write_png(&picture(), &ours).unwrap();
        std::fs::write(&plain, b"").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&plain));
    }
}
