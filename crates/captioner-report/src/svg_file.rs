//! An SVG document on disk, whole or not at all.

use std::path::Path;

use captioner_files::write_file;

use crate::ReportError;

/// Writes an SVG document, such as [`curves_svg`](crate::curves_svg) draws, whole or not at all.
///
/// A file that stood there before is replaced; on an error it is left as it was. The folder must
/// exist.
///
/// # Errors
/// When the path names a folder, a device or nothing, or when the folder is
/// missing, full or closed to us.
pub fn write_svg(svg: &str, path: impl AsRef<Path>) -> Result<(), ReportError> {
    Ok(write_file(path, svg.as_bytes())?)
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
        let error = write_svg("<svg/>", folder.path()).unwrap_err().to_string();
        assert!(error.contains("is a folder"), "{error}");
        let missing = folder.path().join("missing/loss.svg");
        let error = write_svg("<svg/>", missing).unwrap_err().to_string();
        assert!(error.contains("there is no folder"), "{error}");
    }
}
