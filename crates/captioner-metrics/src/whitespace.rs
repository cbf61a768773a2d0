//! Whitespace as Python sees it.

/// Whether Python's `str.isspace`, `str.split`, `str.strip` and `\s` take `c` for whitespace.
///
/// Python adds the four ASCII separators 0x1C to 0x1F to Unicode's own list.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// `str.strip()`.
pub(crate) fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// `str.split()`: the words between stretches of whitespace.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_space).filter(|word| !word.is_empty())
}
