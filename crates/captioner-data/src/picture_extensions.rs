//! Which files are pictures.

/// The extensions of `datasets`' `imagefolder` builder (`IMAGE_EXTENSIONS` in
/// `packaged_modules/imagefolder/imagefolder.py`), sorted.
const EXTENSIONS: [&str; 61] = [
    "apng", "blp", "bmp", "bufr", "bw", "cur", "dcx", "dds", "dib", "emf", "eps", "fit", "fits",
    "flc", "fli", "ftc", "ftu", "gbr", "gif", "grib", "icb", "icns", "ico", "iim", "im", "j2c",
    "j2k", "jfif", "jp2", "jpc", "jpe", "jpeg", "jpf", "jpg", "jpx", "mpeg", "mpg", "msp", "pbm",
    "pcd", "pcx", "pgm", "png", "pnm", "ppm", "ps", "psd", "pxr", "ras", "rgb", "rgba", "sgi",
    "tga", "tif", "tiff", "vda", "vst", "webp", "wmf", "xbm", "xpm",
];

/// Whether a file of this name is a picture, by its extension in any case.
pub(crate) fn is_picture(name: &str) -> bool {
    split_extension(name).is_some_and(|(_, extension)| {
        let extension = extension.to_ascii_lowercase();
        EXTENSIONS.binary_search(&extension.as_str()).is_ok()
    })
}

/// A path cut at the last dot of its file name: stem and extension. A dot in front is none.
pub(crate) fn split_extension(path: &str) -> Option<(&str, &str)> {
    let (stem, extension) = path.rsplit_once('.')?;
    let in_name = !extension.contains('/') && !stem.is_empty() && !stem.ends_with('/');
    in_name.then_some((stem, extension))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_told_by_their_extension() {
        assert!(EXTENSIONS.is_sorted());
        for name in ["a.png", "x/a.b.JPeG", "a.webp"] {
            assert!(is_picture(name), "{name}");
        }
        for name in ["a.txt", "png", "Thumbs.db", "a.png/b", ".png", "x/.png", ""] {
            assert!(!is_picture(name), "{name}");
        }
    }
}
