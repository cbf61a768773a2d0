//! English function words, which METEOR weighs less than others.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Words that make up more than one in a thousand of running English text (Denkowski and Lavie
/// 2011), as METEOR 1.5 counted them: in lower case, punctuation among them.
const FUNCTION_WORDS: &str = "\
    the , . to of and a in that for \" is on 's it with was as said at he by be from have has are \
    his but an this not i will ’ they ) -rrb- ( -lrb- who their had we which were been more or s \
    its would about one new after you : also up when there than $ all out her people she year two \
    - can if last first “ over other ” into some what so -- no time years could ? 't — '";

static SET: LazyLock<HashSet<&'static str>> = LazyLock::new(|| FUNCTION_WORDS.split(' ').collect());

/// Whether METEOR counts `word`, in lower case, as a function word.
pub(super) fn is_function_word(word: &str) -> bool {
    SET.contains(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_has_no_gap() {
        assert_eq!(SET.len(), 93);
        assert!(is_function_word("the") && is_function_word("'") && !is_function_word(""));
    }
}
