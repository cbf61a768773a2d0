//! METEOR's own tokenizer (`-norm`), which cuts once more what coco-caption tokenized.
//!
//! Each pass looks at neighbouring characters from left to right; a character that one match has
//! used can't begin the next. Some results are odd for that reason (`a-b-c` gives `a` and `b-c`)
//! and are kept, because the score depends on them.

/// Stands for a period of an ellipsis, so that later passes leave it alone.
const DOT: char = '\u{e000}';

/// Abbreviations that keep their period whatever follows, as far as they are in lower case.
const ABBREVIATIONS: [&str; 3] = ["v", "vs", "rev"];

/// The words of a caption. METEOR puts it in lower case afterwards; here that comes first, which
/// is the same for captions without capitals, such as coco-caption's tokens.
pub(super) fn meteor_words(caption: &str) -> Vec<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b' ';
    if caption.bytes().all(is_plain) {
        // Most captions: no pass would find anything.
        let words = caption.split_ascii_whitespace();
        return words.map(str::to_ascii_lowercase).collect();
    }
    let mut text: Vec<char> = format!(" {} ", caption.to_lowercase()).chars().collect();
    text = separate_symbols(&text);
    text = protect_ellipses(&text);
    text = around(&text, |c| !is_digit(c), ',', |c| !is_digit(c), " , ");
    text = around(&text, is_digit, ',', |c| !is_digit(c), " , ");
    text = around(&text, |c| !is_digit(c), ',', is_digit, " , ");
    let text = straight_quotes(&text.iter().collect::<String>());
    let text = text.replace('–', "-").replace("--", "-");
    let mut text: Vec<char> = text.chars().collect();
    text = around(&text, |c| is_word(c) || c == '.', '-', is_word, " ");
    text = part_apostrophes(text);
    let text: String = text.into_iter().collect();
    part_periods(text.split_ascii_whitespace().collect())
}

/// Letters of the Latin and Cyrillic blocks that METEOR knows.
fn is_letter(c: char) -> bool {
    matches!(c,
        'A'..='Z' | 'a'..='z' | 'À'..='Ö' | 'Ø'..='ö' | 'ø'..='ž' | 'Ѐ'..='ӿ' | 'Ԁ'..='ԧ'
        | '\u{a640}'..='\u{a66e}' | '\u{a67e}'..='\u{a697}' | '\u{1d00}'..='\u{1d7f}')
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

fn is_word(c: char) -> bool {
    is_letter(c) || is_digit(c)
}

fn is_java_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\u{b}' | '\u{c}' | '\r')
}

/// Spaces that METEOR takes for symbols at first and drops at the end.
fn is_wide_space(c: char) -> bool {
    matches!(
        c,
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

/// Symbols stand alone, but for those that can be part of a word.
fn separate_symbols(text: &[char]) -> Vec<char> {
    let mut out = Vec::with_capacity(text.len() * 2);
    for c in text {
        let stays = matches!(c, '.' | '\'' | '`' | ',' | '-' | '‘' | '’');
        if is_word(*c) || is_java_space(*c) || stays {
            out.push(*c);
        } else {
            out.extend([' ', *c, ' ']);
        }
    }
    out
}

fn protect_ellipses(text: &[char]) -> Vec<char> {
    let mut out = Vec::with_capacity(text.len());
    for run in text.chunk_by(|a, b| (*a == '.') == (*b == '.')) {
        if run.len() > 1 && run[0] == '.' {
            out.push(' ');
            out.extend(run.iter().map(|_| DOT));
            out.push(' ');
        } else {
            out.extend(run);
        }
    }
    out
}

/// Puts `instead` for every `middle` that has `left` and `right` beside it.
fn around(
    text: &[char],
    left: impl Fn(char) -> bool,
    middle: char,
    right: impl Fn(char) -> bool,
    instead: &str,
) -> Vec<char> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        match text.get(at..at + 3) {
            Some([a, b, c]) if *b == middle && left(*a) && right(*c) => {
                out.push(*a);
                out.extend(instead.chars());
                out.push(*c);
                at += 3;
            }
            _ => {
                out.push(text[at]);
                at += 1;
            }
        }
    }
    out
}

fn straight_quotes(text: &str) -> String {
    let text = text.replace(['`', '‘', '’'], "'");
    text.replace("''", " \" ").replace(['“', '”'], " \" ")
}

/// `don't` becomes `don 't`; an apostrophe that holds no letters together stands alone.
fn part_apostrophes(text: Vec<char>) -> Vec<char> {
    let text = around(&text, |c| !is_letter(c), '\'', |c| !is_letter(c), " ' ");
    let text = around(&text, |c| !is_word(c), '\'', is_letter, " ' ");
    let text = around(&text, is_letter, '\'', |c| !is_letter(c), " ' ");
    let text = around(&text, is_letter, '\'', is_letter, " '");
    around(&text, is_digit, '\'', |c| c == 's', " '")
}

/// A period at a word's end stands alone, unless it belongs to an abbreviation or a small letter
/// follows. Acronyms lose theirs.
fn part_periods(words: Vec<&str>) -> Vec<String> {
    let mut out = Vec::with_capacity(words.len());
    for (place, word) in words.iter().enumerate() {
        if word.chars().all(is_wide_space) {
            continue;
        }
        let Some(stem) = word.strip_suffix('.').filter(|stem| !stem.is_empty()) else {
            out.push(word.replace(DOT, "."));
            continue;
        };
        let next = words.get(place + 1).and_then(|next| next.chars().next());
        let keeps_period = ABBREVIATIONS.contains(&stem)
            || next.is_some_and(|c| c.is_ascii_lowercase())
            || stem == "pp" && next.is_some_and(is_digit);
        if stem.contains('.') && stem.contains(is_letter) {
            out.push(word.replace('.', ""));
        } else if keeps_period {
            out.push((*word).to_owned());
        } else {
            out.extend([stem.to_owned(), ".".to_owned()]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_captions_are_cut_at_spaces_in_lower_case() {
        assert_eq!(meteor_words(" a Cat  2 "), ["a", "cat", "2"]);
    }

    #[test]
    fn words_are_cut_as_meteor_cuts_them() {
        let words =
            meteor_words("a ... b.. d--e `x' u.s. mr. fox. a-b-c don't 90's 1,000 a,b, v. -");
        let expected = "a ... b .. d e ' x ' us mr. fox. a b-c don 't 90 's 1,000 a , b, v. -";
        assert_eq!(words.join(" "), expected);
    }
}
