//! jiwer's transforms: what happens to a caption before its words or characters are compared.

use std::borrow::Cow;

use regex::Regex;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

use crate::MetricError;
use crate::whitespace::{is_space, strip};

/// One step of a chain of transforms. Names and results are jiwer's.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Transform {
    /// Puts one space for each stretch of two or more whitespace characters. A lone tab stays.
    RemoveMultipleSpaces,
    /// Cuts whitespace at both ends.
    Strip,
    /// Lower case, by Unicode's rules.
    ToLowerCase,
    /// Upper case, by Unicode's rules.
    ToUpperCase,
    /// Drops every character of Unicode's punctuation categories.
    RemovePunctuation,
    /// Drops space, tab, line feed, carriage return, vertical tab and form feed, or puts a space
    /// for each.
    RemoveWhiteSpace {
        /// Whether a space takes the place of each.
        replace_by_space: bool,
    },
    /// Drops what stands in `[]` or `<>`, such as `[laugh]` and `<unk>`.
    RemoveKaldiNonWords,
    /// Writes `can't` as `can not`, `it's` as `it is`, and so on.
    ExpandCommonEnglishContractions,
    /// Puts the second word for each occurrence of the first, pair after pair. Only whole words
    /// are matched.
    SubstituteWords(Vec<(String, String)>),
    /// Puts a space for each of these words. Only whole words are matched.
    RemoveSpecificWords(Vec<String>),
    /// Puts the replacement for each match, pattern after pattern.
    SubstituteRegexes(Vec<RegexSubstitution>),
    /// Drops rows of nothing but whitespace. Works on whole lists; see [`Transforms::apply`].
    RemoveEmptyStrings,
    /// Joins all rows that are not empty with a space. Works on whole lists; see
    /// [`Transforms::apply`].
    ReduceToSingleSentence,
}

/// A pattern and what takes the place of its matches. In the replacement, `$1` or `${name}` stand
/// for groups, as in the `regex` crate.
#[derive(Debug, Clone)]
pub struct RegexSubstitution {
    /// What is looked for.
    pub pattern: Regex,
    /// What takes its place.
    pub replacement: String,
}

impl PartialEq for RegexSubstitution {
    fn eq(&self, other: &Self) -> bool {
        self.pattern.as_str() == other.pattern.as_str() && self.replacement == other.replacement
    }
}

/// What a caption is cut into at the end of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenUnit {
    /// Words: what stands between spaces. Other whitespace does not part words.
    Words,
    /// Single characters (Unicode code points), spaces included.
    Chars,
}

/// A chain of transforms and the cut into words or characters that ends it.
#[derive(Debug, Clone, PartialEq)]
pub struct Transforms {
    steps: Vec<Transform>,
    unit: TokenUnit,
}

impl Transforms {
    /// A chain of `steps`, taken in order, that ends in `unit`.
    pub fn new(steps: Vec<Transform>, unit: TokenUnit) -> Self {
        Transforms { steps, unit }
    }

    /// jiwer's `wer_default`: multiple spaces removed, stripped, cut into words.
    pub fn wer_default() -> Self {
        let steps = vec![Transform::RemoveMultipleSpaces, Transform::Strip];
        Self::new(steps, TokenUnit::Words)
    }

    /// jiwer's `wer_standardize`: lower case, contractions expanded, Kaldi's non-words and all
    /// whitespace but single spaces removed.
    pub fn wer_standardize() -> Self {
        let steps = vec![
            Transform::ToLowerCase,
            Transform::ExpandCommonEnglishContractions,
            Transform::RemoveKaldiNonWords,
            Transform::RemoveWhiteSpace {
                replace_by_space: true,
            },
            Transform::RemoveMultipleSpaces,
            Transform::Strip,
        ];
        Self::new(steps, TokenUnit::Words)
    }

    /// jiwer's `cer_default`: stripped, cut into characters.
    pub fn cer_default() -> Self {
        Self::new(vec![Transform::Strip], TokenUnit::Chars)
    }

    /// The same chain with all rows joined to one before the cut: jiwer's `wer_contiguous`,
    /// `wer_standardize_contiguous` and `cer_contiguous`. For lists of different lengths.
    pub fn contiguous(mut self) -> Self {
        self.steps.push(Transform::ReduceToSingleSentence);
        self
    }

    /// Takes a list of captions through the chain: one list of words or characters for each row
    /// that is left.
    pub fn apply<S: AsRef<str>>(&self, sentences: &[S]) -> Vec<Vec<String>> {
        let mut rows: Vec<String> = sentences.iter().map(|s| s.as_ref().to_owned()).collect();
        for step in &self.steps {
            rows = step.apply_to_list(rows);
        }
        if rows.is_empty() {
            return vec![Vec::new()]; // as jiwer
        }
        let owned = |row: &String| self.cut(row).map(str::to_owned).collect();
        rows.iter().map(owned).collect()
    }

    /// Refuses chains that change the number of rows, for metrics that take rows in batches.
    pub(crate) fn check_keeps_rows(&self) -> Result<(), MetricError> {
        let mut steps = self.steps.iter();
        let Some(step) = steps.find(|step| step.changes_rows()) else {
            return Ok(());
        };
        Err(MetricError::TransformChangesRows {
            transform: step.clone(),
        })
    }

    /// Takes one caption through the chain, up to the cut.
    pub(crate) fn prepare<'a>(&self, sentence: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(sentence);
        for step in &self.steps {
            text = match text {
                Cow::Borrowed(text) => step.apply(text),
                Cow::Owned(text) => Cow::Owned(step.apply(&text).into_owned()),
            };
        }
        text
    }

    /// Cuts a prepared caption into words or characters.
    pub(crate) fn cut<'a>(&self, text: &'a str) -> impl Iterator<Item = &'a str> + use<'a> {
        let words = self.unit == TokenUnit::Words;
        let parts = words.then(|| text.split(' ').filter(|word| !word.is_empty()));
        let chars = (!words).then(|| {
            let ends = text.char_indices().map(|(start, c)| (start, c.len_utf8()));
            ends.map(|(start, length)| &text[start..start + length])
        });
        parts
            .into_iter()
            .flatten()
            .chain(chars.into_iter().flatten())
    }

    pub(crate) fn unit(&self) -> TokenUnit {
        self.unit
    }
}

impl Transform {
    fn changes_rows(&self) -> bool {
        matches!(
            self,
            Transform::RemoveEmptyStrings | Transform::ReduceToSingleSentence
        )
    }

    fn apply_to_list(&self, mut rows: Vec<String>) -> Vec<String> {
        match self {
            Transform::RemoveEmptyStrings => rows.retain(|row| !strip(row).is_empty()),
            Transform::ReduceToSingleSentence => {
                rows.retain(|row| !row.is_empty());
                if rows.len() > 1 {
                    rows = vec![rows.join(" ")];
                }
            }
            _ => {
                for row in &mut rows {
                    if let Cow::Owned(changed) = self.apply(row) {
                        *row = changed;
                    } else if matches!(self, Transform::Strip) {
                        *row = strip(row).to_owned();
                    }
                }
            }
        }
        rows
    }

    /// `text` after this step. A step for lists leaves a single text as it is.
    fn apply<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self {
            Transform::RemoveMultipleSpaces => remove_multiple_spaces(text),
            Transform::Strip => Cow::Borrowed(strip(text)),
            Transform::ToLowerCase => Cow::Owned(text.to_lowercase()),
            Transform::ToUpperCase => Cow::Owned(text.to_uppercase()),
            Transform::RemovePunctuation => Cow::Owned(remove_punctuation(text)),
            Transform::RemoveWhiteSpace { replace_by_space } => {
                let space = if *replace_by_space { " " } else { "" };
                Cow::Owned(text.replace([' ', '\t', '\n', '\r', '\x0b', '\x0c'], space))
            }
            Transform::RemoveKaldiNonWords => Cow::Owned(remove_kaldi_non_words(text)),
            Transform::ExpandCommonEnglishContractions => Cow::Owned(expand_contractions(text)),
            Transform::SubstituteWords(pairs) => {
                let pairs = pairs.iter().map(|(from, to)| (from.as_str(), to.as_str()));
                Cow::Owned(substitute_words(text, pairs))
            }
            Transform::RemoveSpecificWords(words) => {
                let pairs = words.iter().map(|word| (word.as_str(), " "));
                Cow::Owned(substitute_words(text, pairs))
            }
            Transform::SubstituteRegexes(substitutions) => {
                let mut text = text.to_owned();
                for RegexSubstitution {
                    pattern,
                    replacement,
                } in substitutions
                {
                    text = pattern.replace_all(&text, replacement).into_owned();
                }
                Cow::Owned(text)
            }
            Transform::RemoveEmptyStrings | Transform::ReduceToSingleSentence => {
                Cow::Borrowed(text)
            }
        }
    }
}

fn remove_multiple_spaces(text: &str) -> Cow<'_, str> {
    if text.is_ascii()
        && !text
            .as_bytes()
            .windows(2)
            .any(|pair| pair[0] <= b' ' && pair[1] <= b' ')
    {
        return Cow::Borrowed(text); // the common case, found quickly
    }
    let mut after_space = false;
    let double = text.chars().any(|c| {
        let space = is_space(c);
        std::mem::replace(&mut after_space, space) && space
    });
    if !double {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_space) {
        out.push_str(&rest[..start]);
        let after = rest[start..].trim_start_matches(is_space);
        let stretch = &rest[start..rest.len() - after.len()];
        let single = stretch.chars().nth(1).is_none();
        out.push_str(if single { stretch } else { " " });
        rest = after;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn remove_punctuation(text: &str) -> String {
    let keeps = |c: &char| c.general_category_group() != GeneralCategoryGroup::Punctuation;
    text.chars().filter(keeps).collect()
}

/// Drops everything from an opening `<` or `[` to the next `>` or `]`.
fn remove_kaldi_non_words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(['<', '[']) {
        let Some(length) = rest[start..].find(['>', ']']) else {
            break;
        };
        out.push_str(&rest[..start]);
        rest = &rest[start + length + 1..];
    }
    out.push_str(rest);
    out
}

/// Order matters: `won't` must go before `n't`, `n't` before `'t`.
const CONTRACTIONS: [(&str, &str); 11] = [
    ("won't", "will not"),
    ("can't", "can not"),
    ("let's", "let us"),
    ("n't", " not"),
    ("'re", " are"),
    ("'s", " is"),
    ("'d", " would"),
    ("'ll", " will"),
    ("'t", " not"),
    ("'ve", " have"),
    ("'m", " am"),
];

fn expand_contractions(text: &str) -> String {
    let mut text = text.to_owned();
    for (short, long) in CONTRACTIONS {
        if text.contains(short) {
            text = text.replace(short, long);
        }
    }
    text
}

fn substitute_words<'a>(text: &str, pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = text.to_owned();
    for (from, to) in pairs.filter(|(from, _)| !from.is_empty()) {
        if text.contains(from) {
            text = substitute_word(&text, from, to);
        }
    }
    text
}

fn substitute_word(text: &str, from: &str, to: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    let mut searched = 0;
    while let Some(found) = text[searched..].find(from) {
        let start = searched + found;
        let end = start + from.len();
        if is_word_boundary(text, start) && is_word_boundary(text, end) {
            out.push_str(&text[copied..start]);
            out.push_str(to);
            copied = end;
            searched = end;
        } else {
            searched = start + text[start..].chars().next().map_or(1, char::len_utf8);
        }
    }
    out.push_str(&text[copied..]);
    out
}

/// `\b` of Python's `re`: exactly one side is a word character.
fn is_word_boundary(text: &str, at: usize) -> bool {
    let before = text[..at].chars().next_back();
    let after = text[at..].chars().next();
    before.is_some_and(is_word_char) != after.is_some_and(is_word_char)
}

/// `\w` of Python's `re`: letters, numbers and the underscore, but no combining marks.
fn is_word_char(c: char) -> bool {
    let group = c.general_category_group();
    c == '_'
        || matches!(
            group,
            GeneralCategoryGroup::Letter | GeneralCategoryGroup::Number
        )
}
