//! A PNG on disk, whole or not at all.

use std::io::Cursor;
use std::path::Path;

use captioner_files::write_file;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder, RgbImage};

use crate::ReportError;

/// Writes a PNG whole or not at all.
///
/// A file which stood there before is replaced; on an error it is left as it was. The folder must
/// exist.
///
/// # Errors
/// [`ReportError::Encode`] for a picture without pixels, [`ReportError::Write`] when the path names
/// a folder, a device or nothing, or its folder is missing, full or closed to us.
pub fn write_png(picture: &RgbImage, path: impl AsRef<Path>) -> Result<(), ReportError> {
    let path = path.as_ref();
    Ok(write_file(path, &encode(picture, path)?)?)
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
        assert!(matches!(error, ReportError::Write(_)), "{error}");
        assert!(error.to_string().contains("missing"), "{error}");
    }

    #[test]
    fn a_folder_or_no_name_is_a_named_error() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path(), Path::new(""), Path::new("/")] {
            let error = write_png(&picture(), path).unwrap_err();
            assert!(matches!(error, ReportError::Write(_)), "{error}");
        }
        assert!(names(folder.path()).is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_not_replaced_by_a_file() {
        let error = write_png(&picture(), Path::new("/dev/null")).unwrap_err();
        assert!(matches!(error, ReportError::Write(_)), "{error}");
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
