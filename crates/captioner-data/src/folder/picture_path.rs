//! The path that a row gives for its picture.

use std::borrow::Cow;

/// A row's path in the one form that is compared and opened: `/` separates, as `datasets` reads
/// `\`, and there is no `.` in it. None if it could lead out of the folder, on any platform: an
/// absolute path, a drive letter, a URL, a `..`.
pub(crate) fn inside(path: &str) -> Option<Cow<'_, str>> {
    let path: Cow<'_, str> = if path.contains('\\') {
        path.replace('\\', "/").into()
    } else {
        path.into()
    };
    if path.starts_with('/') || path.contains("://") || path.contains('\0') || has_drive(&path) {
        return None;
    }
    let parts = || path.split('/').filter(|part| !matches!(*part, "" | "."));
    if parts().any(|part| part == "..") || parts().next().is_none() {
        return None;
    }
    let is_plain = path.split('/').all(|part| !matches!(part, "" | "."));
    Some(if is_plain {
        path
    } else {
        parts().collect::<Vec<_>>().join("/").into()
    })
}

fn has_drive(path: &str) -> bool {
    let bytes = path.as_bytes();
    bytes.get(1) == Some(&b':') && bytes.first().is_some_and(u8::is_ascii_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_never_leaves_the_folder() {
        for (given, read) in [
            ("a.png", "a.png"),
            ("images/a.png", "images/a.png"),
            ("./a.png", "a.png"),
            ("images//./a.png", "images/a.png"),
            ("pics\\a.png", "pics/a.png"),
            ("a..png", "a..png"),
            ("images/.hidden.png", "images/.hidden.png"),
            ("10:30.png", "10:30.png"),
        ] {
            assert_eq!(inside(given).as_deref(), Some(read));
        }
        for outside in [
            "",
            ".",
            "..",
            "/etc/passwd",
            "../a.png",
            "x/../../a.png",
            "x\\..\\a.png",
            "\\\\h\\a.png",
            "\\a.png",
            "C:\\a.png",
            "c:a.png",
            "file:///etc/passwd",
            "a\0.png",
            "./",
            "x/..",
        ] {
            assert_eq!(inside(outside), None, "{outside}");
        }
    }
}
