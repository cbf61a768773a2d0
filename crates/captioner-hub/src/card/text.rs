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
            c if ends_line(c) => out.push(' '),
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
    let plain = |c: &char| !ends_line(*c) && !matches!(c, '"' | '\\' | '`');
    format!("\"{}\"", text.chars().filter(plain).collect::<String>())
}

/// Whether somebody's reader may end a line at this, or show nothing.
fn ends_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}
