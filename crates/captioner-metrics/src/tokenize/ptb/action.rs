//! What is done with the text that a rule matched.

/// Turns a match into tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// The whole match, in lower case.
    Keep,
    /// A word, soft hyphens left out; the last so many characters are only looked at.
    Word(usize),
    /// No token.
    Drop,
    /// This text instead of the match.
    Become(&'static str),
    /// The match up to this many characters before its end; those are only looked at.
    Before(usize),
    /// The match up to its first apostrophe, less this many characters. The rest is only looked at.
    BeforeApostrophe(usize),
    /// The match up to its first period. The rest is only looked at.
    ThroughPeriod,
    /// The first character; the rest is only looked at.
    FirstCharacter,
    /// Two tokens, the last with this many characters.
    SplitLast(usize),
    /// A name with `&amp;` as `&`; the last so many characters are only looked at.
    Company(usize),
    /// Quotes in the Treebank's ASCII form; the last so many characters are only looked at.
    Quotes(usize),
    /// Parentheses in the Treebank's form, spaces unbreakable; the last so many characters are
    /// only looked at.
    Parentheses(usize),
}

impl Action {
    /// Adds the tokens; how many bytes of the match they take.
    pub(super) fn apply(self, found: &str, tokens: &mut Vec<String>) -> usize {
        let taken = self.taken(found);
        match self {
            Action::Drop => {}
            Action::Become(text) => tokens.push(text.to_owned()),
            Action::SplitLast(length) => {
                let (first, second) = found.split_at(before_last(found, length));
                tokens.push(lower(first));
                tokens.push(lower(second));
            }
            Action::Company(_) => tokens.push(lower(taken).replace("&amp;", "&")),
            Action::Quotes(_) => tokens.push(lower(&ascii_quotes(taken))),
            Action::Parentheses(_) => {
                let text = taken.replace('(', "-lrb-").replace(')', "-rrb-");
                tokens.push(lower(&text.replace(' ', "\u{a0}")));
            }
            Action::Word(_) | Action::BeforeApostrophe(_) => {
                tokens.push(without_soft_hyphens(lower(taken)));
            }
            _ => tokens.push(lower(taken)),
        }
        taken.len()
    }

    fn taken(self, found: &str) -> &str {
        let end = match self {
            Action::Before(looked_at)
            | Action::Word(looked_at)
            | Action::Company(looked_at)
            | Action::Quotes(looked_at)
            | Action::Parentheses(looked_at) => before_last(found, looked_at),
            Action::BeforeApostrophe(less) => before_last(&found[..apostrophe(found)], less),
            Action::ThroughPeriod => found.find('.').map_or(found.len(), |period| period + 1),
            Action::FirstCharacter => found.chars().next().map_or(0, char::len_utf8),
            _ => found.len(),
        };
        &found[..end]
    }
}

/// Where the last `count` characters begin.
fn before_last(text: &str, count: usize) -> usize {
    let mut from_end = text.char_indices().rev();
    match count.checked_sub(1) {
        Some(skipped) => from_end.nth(skipped).map_or(0, |(place, _)| place),
        None => text.len(),
    }
}

fn apostrophe(text: &str) -> usize {
    let marks = [
        '\'', '\u{92}', '\u{2019}', '`', '\u{91}', '\u{2018}', '\u{201b}',
    ];
    let mark = text.find(marks).unwrap_or(text.len());
    let entity = text.to_ascii_lowercase().find("&apos;");
    mark.min(entity.unwrap_or(text.len()))
}

/// Lower case, spaces unbreakable.
fn lower(token: &str) -> String {
    let mut lower = token.to_lowercase();
    if lower.contains(' ') {
        lower = lower.replace(' ', "\u{a0}");
    }
    lower
}

/// A word of nothing but soft hyphens is a hyphen.
fn without_soft_hyphens(word: String) -> String {
    if !word.contains('\u{ad}') {
        return word;
    }
    match word.replace('\u{ad}', "") {
        empty if empty.is_empty() => "-".to_owned(),
        word => word,
    }
}

fn ascii_quotes(token: &str) -> String {
    let mut out = String::with_capacity(token.len());
    for c in token.replace("&apos;", "'").chars() {
        match c {
            '\u{91}' | '\u{2018}' | '\u{201b}' | '\u{2039}' => out.push('`'),
            '\u{92}' | '\u{2019}' | '\u{203a}' => out.push('\''),
            '\u{93}' | '\u{201c}' | '\u{ab}' => out.push_str("``"),
            '\u{94}' | '\u{201d}' | '\u{bb}' => out.push_str("''"),
            other => out.push(other),
        }
    }
    out
}
