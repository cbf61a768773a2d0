//! Reading single values of a card's head.

/// The value of a key at the top level of a card's YAML head, or the first of its list. Only plain
/// and quoted strings on one line are read: that is how ids and licenses are written.
pub(super) fn head_value(card: &str, key: &str) -> Option<String> {
    let mut lines = card.trim_start_matches('\u{feff}').lines();
    lines.next().filter(|line| line.trim_end() == "---")?;
    let mut lines = lines.take_while(|line| line.trim_end() != "---");
    let value = lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
    if !value.trim().is_empty() {
        return unquoted(value);
    }
    unquoted(lines.next()?.trim_start().strip_prefix("- ")?)
}

fn unquoted(value: &str) -> Option<String> {
    let value = value.trim();
    let inner = |quote| value.strip_prefix(quote)?.strip_suffix(quote);
    let value = inner('"').or_else(|| inner('\'')).unwrap_or(value);
    (!value.is_empty()).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_quoted_and_listed_values_are_read() {
        let card =
            "---\nlicense: mit\nbase_model:\n  - \"a/b\"\n  - c/d\nname: 'x'\n---\nbody: no\n";
        assert_eq!(head_value(card, "license").as_deref(), Some("mit"));
        assert_eq!(head_value(card, "base_model").as_deref(), Some("a/b"));
        assert_eq!(head_value(card, "name").as_deref(), Some("x"));
        for absent in ["body", "base", "language"] {
            assert_eq!(head_value(card, absent), None, "{absent}");
        }
        assert_eq!(head_value("license: mit\n", "license"), None);
        assert_eq!(head_value("---\nlicense:\n---\n", "license"), None);
    }
}
