//! What a member's name says: the sample it belongs to, and the field it is.

/// The key of the sample and the field of the member, by WebDataset's rule
/// `^((?:.*/|)[^.]+)[.]([^/]*)$`: the field is what follows the first dot of the base
/// name. None for a name without a key or without a dot.
pub(super) fn key_and_field(name: &[u8]) -> Option<(&[u8], &[u8])> {
    let base = base_start(name);
    let dot = base + name[base..].iter().position(|&byte| byte == b'.')?;
    (dot > base).then(|| (&name[..dot], &name[dot + 1..]))
}

/// Whether `datasets` leaves the member out: its base name begins with `.` or `__`.
pub(super) fn is_hidden(name: &[u8]) -> bool {
    let base = &name[base_start(name)..];
    base.starts_with(b".") || base.starts_with(b"__")
}

/// Whether a name is absolute, climbs, or holds a zero byte. Backslashes separate on every
/// platform here, so that a shard is not safe on one and unsafe on another.
pub(super) fn leads_outside(name: &[u8]) -> bool {
    let is_separator = |byte: &u8| matches!(byte, b'/' | b'\\');
    let has_drive =
        matches!(name, [letter, b':', b'/' | b'\\', ..] if letter.is_ascii_alphabetic());
    name.first().is_some_and(is_separator)
        || has_drive
        || name.contains(&0)
        || name
            .split(|byte| is_separator(byte))
            .any(|part| part == b"..")
}

/// A name for messages.
pub(super) fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

fn base_start(name: &[u8]) -> usize {
    name.iter()
        .rposition(|&byte| byte == b'/')
        .map_or(0, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(name: &str) -> Option<(String, String)> {
        let (key, field) = key_and_field(name.as_bytes())?;
        Some((shown(key), shown(field)))
    }

    #[test]
    fn the_field_follows_the_first_dot_of_the_base_name() {
        for (name, key, field) in [
            ("0001.jpg", "0001", "jpg"),
            ("./0001.jpg", "./0001", "jpg"),
            ("a.b/0001.left.png", "a.b/0001", "left.png"),
            ("train/x.json", "train/x", "json"),
            ("x.", "x", ""),
        ] {
            assert_eq!(parts(name), Some((key.into(), field.into())), "{name}");
        }
        for name in ["", "x", "a.b/x", "a/.x", ".x.y", "a/"] {
            assert_eq!(parts(name), None, "{name}");
        }
    }

    #[test]
    fn hidden_members_are_those_datasets_leaves_out() {
        for name in [".a.jpg", "x/._a.jpg", "__init__.py", "x/__a.jpg"] {
            assert!(is_hidden(name.as_bytes()), "{name}");
        }
        for name in ["a.jpg", "./a.jpg", ".x/a.jpg", "_a.jpg", ""] {
            assert!(!is_hidden(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn names_that_lead_outside_are_told() {
        for name in [
            "/a.jpg",
            "../a.jpg",
            "x/../a.jpg",
            "x\\..\\a.jpg",
            "C:\\a.jpg",
            "\\a.jpg",
            "a\0.jpg",
        ] {
            assert!(leads_outside(name.as_bytes()), "{name}");
        }
        for name in ["a.jpg", "./a.jpg", "x/..a.jpg", "x/a..jpg", "a:b.jpg"] {
            assert!(!leads_outside(name.as_bytes()), "{name}");
        }
    }
}
