//! Where text breaks into lines, counted in characters.

/// Stands at the end of a line that goes on.
pub(crate) const ELLIPSIS: &str = "...";

/// Breaks text into at most `max_lines` lines of at most `columns` characters.
///
/// Lines break between words; a word longer than a line is broken within. What does not fit is
/// left out, and the last line then ends in an ellipsis.
pub(crate) fn wrap(text: &str, columns: usize, max_lines: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    let mut line = Line::default();
    let pieces = text
        .split_whitespace()
        .flat_map(|word| pieces(word, columns));
    for piece in pieces {
        if !line.takes(piece, columns) {
            lines.push(std::mem::take(&mut line).text);
        }
        if lines.len() >= max_lines {
            if let Some(last) = lines.last_mut() {
                end_in_ellipsis(last, columns);
            }
            return lines;
        }
        line.push(piece);
    }
    if line.length > 0 {
        lines.push(line.text);
    }
    lines
}

/// One line in the making; `length` counts characters, so that it is counted once.
#[derive(Default)]
struct Line {
    text: String,
    length: usize,
}

impl Line {
    fn takes(&self, piece: &str, columns: usize) -> bool {
        self.length == 0 || self.length + 1 + piece.chars().count() <= columns
    }

    fn push(&mut self, piece: &str) {
        if self.length > 0 {
            self.text.push(' ');
            self.length += 1;
        }
        self.text.push_str(piece);
        self.length += piece.chars().count();
    }
}

/// Cuts a word into pieces of at most `columns` characters.
fn pieces(word: &str, columns: usize) -> impl Iterator<Item = &str> {
    let mut rest = word;
    std::iter::from_fn(move || {
        let cut = rest
            .char_indices()
            .nth(columns)
            .map_or(rest.len(), |(at, _)| at);
        let (piece, after) = rest.split_at(cut);
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

/// Shortens a line as far as needed and puts an ellipsis at its end.
fn end_in_ellipsis(line: &mut String, columns: usize) {
    let dots = ELLIPSIS.len().min(columns);
    let keep = columns - dots;
    if let Some((cut, _)) = line.char_indices().nth(keep) {
        line.truncate(cut);
    }
    line.truncate(line.trim_end_matches([' ', ',', '.', ';', ':']).len());
    line.push_str(&ELLIPSIS[..dots]);
}

/// Shortens text to one line of at most `columns` characters.
pub(crate) fn shorten(text: &str, columns: usize) -> String {
    let lines = wrap(text, columns, 1);
    lines.into_iter().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words() {
        let lines = wrap("a drawing of a  pink\ncreature", 12, 9);
        assert_eq!(lines, ["a drawing of", "a pink", "creature"]);
    }

    #[test]
    fn long_words_are_broken_not_cut_off() {
        let lines = wrap("an Überraschungsdrache flies", 8, 9);
        assert_eq!(lines, ["an", "Überrasc", "hungsdra", "che", "flies"]);
        assert!(lines.iter().all(|line| line.chars().count() <= 8));
    }

    #[test]
    fn text_beyond_the_last_line_ends_in_an_ellipsis() {
        assert_eq!(
            wrap("one two three four five", 9, 2),
            ["one two", "three..."]
        );
        assert_eq!(wrap("abcdefghij", 5, 1), ["ab..."]);
        assert_eq!(wrap("abcdefghij", 2, 1), [".."]);
    }

    #[test]
    fn text_that_just_fits_gets_no_ellipsis() {
        assert_eq!(wrap("one two three", 7, 2), ["one two", "three"]);
        assert_eq!(wrap("abcde", 5, 1), ["abcde"]);
    }

    #[test]
    fn no_text_and_no_lines_give_no_lines() {
        assert!(wrap(" \n\t ", 10, 3).is_empty());
        assert!(wrap("words", 10, 0).is_empty());
        assert_eq!(wrap("ab", 0, 9), ["a", "b"], "zero columns count as one");
    }
}
