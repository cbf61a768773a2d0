//! The YAML head of a card.
//!
//! A handful of maps and lists with strings and numbers; `serde_yaml` is no longer maintained. Every
//! string is in double quotes, so that no name is taken for a number, a date or a boolean.

use std::fmt::Write as _;

/// A YAML document in the block style, written key by key.
#[derive(Default)]
pub(super) struct Yaml {
    text: String,
    indent: usize,
    /// Whether the next line begins an item of a list.
    item: bool,
}

impl Yaml {
    /// `key: "value"`.
    pub(super) fn text(&mut self, key: &str, value: &str) {
        self.line(&format!("{key}: {}", quoted(value)));
    }

    /// [`text`](Self::text) where there is a value.
    pub(super) fn text_if(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(key, value);
        }
    }

    /// `key: 0.5`, for finite values.
    pub(super) fn number(&mut self, key: &str, value: f64) {
        // Without an exponent: PyYAML takes `1e-05` for a string.
        let mut number = format!("{value}");
        if !number.contains('.') {
            number.push_str(".0");
        }
        self.line(&format!("{key}: {number}"));
    }

    /// `key:` and a list of strings; nothing where the list is empty.
    pub(super) fn texts<'a>(&mut self, key: &str, values: impl IntoIterator<Item = &'a str>) {
        let mut values = values.into_iter().peekable();
        if values.peek().is_none() {
            return;
        }
        self.line(&format!("{key}:"));
        for value in values {
            self.line(&format!("- {}", quoted(value)));
        }
    }

    /// `key:` and a map below it.
    pub(super) fn map(&mut self, key: &str, write: impl FnOnce(&mut Self)) {
        self.line(&format!("{key}:"));
        self.indent += 2;
        write(self);
        self.indent -= 2;
    }

    /// `key:` and a list below it, whose items `write` begins with [`item`](Self::item).
    pub(super) fn list(&mut self, key: &str, write: impl FnOnce(&mut Self)) {
        self.line(&format!("{key}:"));
        write(self);
    }

    /// An item of a list: a map.
    pub(super) fn item(&mut self, write: impl FnOnce(&mut Self)) {
        self.item = true;
        self.indent += 2;
        write(self);
        self.indent -= 2;
        self.item = false;
    }

    /// The document.
    pub(super) fn finish(self) -> String {
        self.text
    }

    fn line(&mut self, line: &str) {
        let indent = match self.item {
            true => format!("{}- ", " ".repeat(self.indent - 2)),
            false => " ".repeat(self.indent),
        };
        self.item = false;
        // Writing to a string can't fail.
        let _ = writeln!(self.text, "{indent}{line}");
    }
}

/// A string in double quotes, on one line
/// ([YAML 1.1, escapes](https://yaml.org/spec/1.1/#id872840)).
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            // Line ends of YAML, a byte order mark, and what it does not let through as it is.
            c if c.is_control()
                || matches!(
                    c,
                    '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
                ) =>
            {
                let _ = write!(quoted, "\\u{:04x}", c as u32);
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_in_lists_in_maps_are_indented() {
        let mut yaml = Yaml::default();
        yaml.texts("tags", ["a", "b"]);
        yaml.texts("datasets", []);
        yaml.list("model-index", |yaml| {
            yaml.item(|yaml| {
                yaml.text("name", "x");
                yaml.list("results", |yaml| {
                    yaml.item(|yaml| {
                        yaml.map("task", |yaml| yaml.text("type", "t"));
                        yaml.number("value", 1e-7);
                        yaml.number("whole", 3.0);
                    });
                });
            });
        });
        let expected = "tags:\n- \"a\"\n- \"b\"\nmodel-index:\n- name: \"x\"\n  results:\n  - task:\n      \
                        type: \"t\"\n    value: 0.0000001\n    whole: 3.0\n";
        assert_eq!(yaml.finish(), expected);
    }

    #[test]
    fn no_string_ends_its_line_or_its_quotes() {
        let nasty = "a\"b\\c: #d\n---\r\u{85}\u{2028}\u{7}é🐈";
        assert_eq!(
            quoted(nasty),
            "\"a\\\"b\\\\c: #d\\n---\\r\\u0085\\u2028\\u0007é🐈\""
        );
    }
}
