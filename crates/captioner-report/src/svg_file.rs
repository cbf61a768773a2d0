//! An SVG document on disk, whole or not at all.

use std::path::Path;

use crate::ReportError;
use crate::png::{folder_of, put};

/// Writes an SVG document, such as [`curves_svg`](crate::curves_svg) draws, whole or not at all,
/// in the way of [`write_png`](crate::write_png).
///
/// # Errors
/// [`ReportError::NotAFile`] when the path names a folder, a device or nothing,
/// [`ReportError::Write`] when the folder is missing, full or closed to us.
pub fn write_svg(svg: &str, path: impl AsRef<Path>) -> Result<(), ReportError> {
    let path = path.as_ref();
    let folder = folder_of(path)?;
    put(svg.as_bytes(), &folder, path).map_err(|source| ReportError::Write {
        path: path.to_path_buf(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_replaces_an_older_one_and_leaves_no_other_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("loss.svg");
        for svg in ["<svg>older</svg>", "<svg/>"] {
            write_svg(svg, &path).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), svg);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_or_a_missing_folder_is_a_named_error() {
        let folder = tempfile::tempdir().unwrap();
        let error = write_svg("<svg/>", folder.path()).unwrap_err();
        assert!(matches!(error, ReportError::NotAFile { .. }), "{error}");
        let error = write_svg("<svg/>", folder.path().join("missing/loss.svg")).unwrap_err();
        assert!(matches!(error, ReportError::Write { .. }), "{error}");
    }
}
