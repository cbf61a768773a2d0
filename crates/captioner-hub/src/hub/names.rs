//! File names that a server gives: none leads out of the folder it is joined to.

use crate::{HubError, RepoId};

/// Names that Windows keeps for devices, also with any ending.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// Refuses a name that is no relative path of plain parts on any system: the cache may lie on a
/// disk that another system reads.
pub(crate) fn check_name(id: &RepoId, name: &str) -> Result<(), HubError> {
    let parts = || name.split('/');
    let problem = if name.is_empty() || parts().any(|part| part.is_empty() || part == ".") {
        "is no path of names"
    } else if parts().any(|part| part == "..") {
        "leads out of its folder"
    } else if name.chars().any(char::is_control) {
        "holds control characters"
    } else if name.contains('\\') {
        "holds a backslash"
    } else if name.contains(':') {
        "holds a colon, as drives and streams of Windows do"
    } else if parts().any(is_device) {
        "is the name of a device of Windows"
    } else if parts().any(|part| part.ends_with(['.', ' ']) || part.len() > 255) {
        "is no file name on every system"
    } else {
        return Ok(());
    };
    Err(HubError::Name {
        id: id.to_string(),
        name: name.to_owned(),
        problem,
    })
}

fn is_device(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or_default().trim_end();
    let stem = stem.to_ascii_lowercase();
    let numbered = |name: &str| {
        let number = stem.strip_prefix(name).map(str::as_bytes);
        matches!(number, Some([b'0'..=b'9']))
    };
    DEVICES.contains(&stem.as_str()) || numbered("com") || numbered("lpt")
}

/// Whether `text` is `length` hexadecimal digits in lower case, as commits and hashes are.
pub(crate) fn is_hash(text: &str, length: usize) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == length && text.bytes().all(digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        let id = RepoId::parse("a/b").unwrap();
        let long = "x".repeat(256);
        let hostile = [
            "",
            "/",
            "/etc/passwd",
            "..",
            "../x",
            "a/../../x",
            "a/..",
            "a//b",
            "./a",
            "a/.",
            "a\0b",
            "a\\b",
            "..\\x",
            "C:\\x",
            "C:x",
            "c:/x",
            "nul",
            "a/CON.txt",
            "lpt1",
            "Com0.tar",
            "a.",
            "a ",
            "a\nb",
            "\u{7f}",
            "//host/x",
            &long,
        ];
        for name in hostile {
            let error = check_name(&id, name).unwrap_err();
            assert!(matches!(error, HubError::Name { .. }), "{name:?}");
            assert_eq!(error.to_string().lines().count(), 1, "{name:?}");
        }
        let plain = [
            "config.json",
            "data/train-00000-of-00001.parquet",
            ".gitattributes",
            "..a",
            "ä b#%.png",
            "console/comm.txt",
            "com10",
        ];
        for name in plain {
            assert!(check_name(&id, name).is_ok(), "{name}");
        }
    }

    #[test]
    fn hashes_have_their_length_and_digits() {
        assert!(is_hash(&"0a".repeat(20), 40));
        assert!(!is_hash("../x", 4) && !is_hash(&"0A".repeat(20), 40) && !is_hash("", 40));
    }
}
