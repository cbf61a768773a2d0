//! Names and values within Markdown.

/// A text within a line or a cell of a table, which it can't leave.
pub(super) fn cell(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '#' => out.extend(['\\', c]),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// Four decimals, or more where they would all be 0.
pub(super) fn number(value: f64) -> String {
    if value.is_nan() {
        "not a number".to_owned()
    } else if value.is_infinite() {
        "infinite".to_owned()
    } else if value != 0.0 && value.abs() < 5e-4 {
        format!("{value:.2e}")
    } else {
        format!("{value:.4}")
    }
}

/// A string literal of Rust and of Python.
pub(super) fn literal(text: &str) -> String {
    let plain = |c: &char| !c.is_control() && !matches!(c, '"' | '\\' | '`');
    format!("\"{}\"", text.chars().filter(plain).collect::<String>())
}
