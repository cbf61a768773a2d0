//! sacreBLEU's tokenizers.

use serde::{Deserialize, Serialize};
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// How sacreBLEU cuts a caption before it counts n-grams. Names are sacreBLEU's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BleuTokenizer {
    /// `13a`, the default: mteval-v13a's rules for ASCII punctuation.
    #[default]
    V13a,
    /// `intl`: mteval-v14's rules for Unicode punctuation and symbols.
    International,
    /// `char`: every character is a token.
    Char,
    /// `none`: cut at whitespace only.
    None,
}

impl BleuTokenizer {
    /// The text with whitespace between tokens.
    pub(crate) fn apply(self, text: &str) -> String {
        match self {
            BleuTokenizer::V13a => v13a(text),
            BleuTokenizer::International => international(text),
            BleuTokenizer::Char => text.chars().flat_map(|c| [c, ' ']).collect(),
            BleuTokenizer::None => text.to_owned(),
        }
    }
}

fn v13a(text: &str) -> String {
    let mut line = text.replace("<skipped>", "").replace("-\n", "");
    line = line.replace('\n', " ");
    if line.contains('&') {
        let entities = [
            ("&quot;", "\""),
            ("&amp;", "&"),
            ("&lt;", "<"),
            ("&gt;", ">"),
        ];
        for (entity, character) in entities {
            line = line.replace(entity, character);
        }
    }
    let digit = |c: char| c.is_ascii_digit();
    let stop = |c: char| c == '.' || c == ',';
    let line = surround(&format!(" {line} "), is_split_everywhere);
    // Period and comma stand alone unless between digits; so does a dash after a digit.
    let line = separate(&line, |c| !digit(c), stop, ["", " ", " "]);
    let line = separate(&line, stop, |c| !digit(c), [" ", " ", ""]);
    separate(&line, digit, |c| c == '-', ["", " ", " "])
}

/// ASCII punctuation but `'`, `,`, `-` and `.`.
fn is_split_everywhere(c: char) -> bool {
    c == ' ' || c.is_ascii_punctuation() && !matches!(c, '\'' | ',' | '-' | '.')
}

fn international(text: &str) -> String {
    let in_group = |c: char, group| c.general_category_group() == group;
    let number = |c| in_group(c, GeneralCategoryGroup::Number);
    let punctuation = |c| in_group(c, GeneralCategoryGroup::Punctuation);
    let line = separate(text, |c| !number(c), punctuation, ["", " ", " "]);
    let line = separate(&line, punctuation, |c| !number(c), [" ", " ", ""]);
    surround(&line, |c| in_group(c, GeneralCategoryGroup::Symbol))
}

/// Puts a space on both sides of every character that `splits`.
fn surround(text: &str, splits: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        if splits(c) {
            out.push(' ');
            out.push(c);
            out.push(' ');
        } else {
            out.push(c);
        }
    }
    out
}

/// Finds pairs of neighbours from left to right, none overlapping, and puts the three spacers
/// before, between and after each pair.
fn separate(
    text: &str,
    first: impl Fn(char) -> bool,
    second: impl Fn(char) -> bool,
    spacers: [&str; 3],
) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.next_if(|next| first(c) && second(*next)) {
            Some(next) => {
                out.push_str(spacers[0]);
                out.push(c);
                out.push_str(spacers[1]);
                out.push(next);
                out.push_str(spacers[2]);
            }
            None => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::whitespace::words;

    fn tokens(tokenizer: BleuTokenizer, text: &str) -> Vec<String> {
        words(&tokenizer.apply(text)).map(str::to_owned).collect()
    }

    #[test]
    fn numbers_keep_their_stops() {
        let found = tokens(BleuTokenizer::V13a, "Cats, 1,000.5 of them. 3-D &amp; more");
        let expected = "Cats , 1,000.5 of them . 3 - D & more";
        assert_eq!(found.join(" "), expected);
    }

    #[test]
    fn international_splits_unicode_punctuation() {
        let found = tokens(BleuTokenizer::International, "«chat» 5€");
        assert_eq!(found.join(" "), "« chat » 5 €");
    }
}
