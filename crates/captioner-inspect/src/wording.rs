//! Numbers and texts as people read them.

/// A whole number with commas between thousands.
pub(crate) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 row`, `12 rows`.
pub(crate) fn counted(value: u64, one: &str) -> String {
    let ending = if value == 1 { "" } else { "s" };
    format!("{} {one}{ending}", number(value))
}

/// A part of a whole in percent; what isn't nothing never reads as nothing.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    let share = 100.0 * part as f64 / whole.max(1) as f64;
    match share {
        _ if part == 0 => "0 %".to_owned(),
        share if share < 0.1 => "< 0.1 %".to_owned(),
        share if share < 10.0 => format!("{share:.1} %"),
        _ if part < whole => format!("{:.0} %", share.min(99.0)),
        _ => "100 %".to_owned(),
    }
}

/// A number of bytes.
pub(crate) fn bytes(value: u64) -> String {
    let units = [(1_u64 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match units.into_iter().find(|(unit, _)| value >= *unit) {
        Some((unit, name)) => format!("{:.1} {name}", value as f64 / unit as f64),
        None => counted(value, "byte"),
    }
}

/// A text of at most so many characters, on one line, without characters that steer a terminal or
/// turn the direction of what follows.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{2028}' | '\u{2029}')
    };
    let mut shown: String = text
        .chars()
        .take(most)
        .map(|c| if steers(c) { ' ' } else { c })
        .collect();
    if text.chars().nth(most).is_some() {
        shown.pop();
        shown.push('\u{2026}');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_easy_to_read() {
        assert_eq!(number(0), "0");
        assert_eq!(number(123), "123");
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(counted(1, "row"), "1 row");
        assert_eq!(counted(1000, "row"), "1,000 rows");
        assert_eq!(bytes(1023), "1,023 bytes");
        assert_eq!(bytes(3 << 19), "1.5 MiB");
    }

    #[test]
    fn a_share_is_never_rounded_to_nothing_or_all() {
        let told = [
            (0, 9),
            (1, 100_000),
            (1, 30),
            (1, 3),
            (9999, 10_000),
            (5, 5),
            (0, 0),
        ];
        let expected = ["0 %", "< 0.1 %", "3.3 %", "33 %", "99 %", "100 %", "0 %"];
        assert_eq!(told.map(|(part, whole)| percent(part, whole)), expected);
    }

    #[test]
    fn texts_stay_on_their_line() {
        assert_eq!(shortened("a\u{1b}[31m\nb\u{202e}c", 99), "a [31m b c");
        assert_eq!(shortened("abcdef", 6), "abcdef");
        assert_eq!(shortened("abcdefg", 6), "abcde\u{2026}");
    }
}
