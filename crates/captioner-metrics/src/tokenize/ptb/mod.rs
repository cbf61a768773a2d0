//! Penn Treebank tokens, as coco-caption gets them from Stanford's tokenizer (CoreNLP 3.4.1).
//!
//! At each place the longest match of any rule is taken, the first rule of equals. A rule may look
//! at what follows a token; that counts for its length, but stays in the text.

mod action;
mod lexer;
mod rules;

use std::cell::RefCell;
use std::sync::LazyLock;

use lexer::{Failed, Lexer};
use regex_automata::hybrid::dfa::Cache;

use crate::whitespace::is_space;

/// Tokens that coco-caption leaves out. Brackets (`-lrb-`) stay: coco-caption means to drop them,
/// but looks for capitals after everything was put in lower case.
const PUNCTUATION: [&str; 13] = [
    "''", "'", "``", "`", ".", "?", "!", ",", ":", "-", "--", "...", ";",
];

static LEXER: LazyLock<Lexer> = LazyLock::new(Lexer::new);

thread_local! {
    static CACHE: RefCell<(Cache, Failed)> =
        RefCell::new((LEXER.create_cache(), Failed::default()));
}

/// Cuts a caption into Penn Treebank tokens in lower case, punctuation left out: what coco-caption
/// does to captions before it scores them.
///
/// ```
/// let tokens = captioner_metrics::ptb_tokenize("A dog can't catch the man's frisbee.");
/// assert_eq!(tokens, ["a", "dog", "ca", "n't", "catch", "the", "man", "'s", "frisbee"]);
/// ```
///
/// Two things differ from Java. There all captions are one text, so a caption that ends in a single
/// letter and a period is cut differently if the next caption begins with `The`; here every caption
/// stands alone. And what comes after U+FFFF (emoji, mostly) is dropped there because of how Java
/// keeps text, and is dropped here for equality.
pub fn ptb_tokenize(caption: &str) -> Vec<String> {
    // Some rules look at two characters behind a token. Line ends are what Java sees there too.
    let text = format!("{}\n\n", caption.replace('\n', " "));
    let mut tokens = Vec::new();
    CACHE.with_borrow_mut(|(cache, failed)| {
        failed.begin(text.len());
        let mut at = 0;
        while at < text.len() {
            let rest = &text[at..];
            let found = LEXER.longest(cache, failed, &text, at);
            let taken = found.map(|found| found.action.apply(&rest[..found.length], &mut tokens));
            // What no rule knows is dropped, character by character.
            let one = rest.chars().next().map_or(1, char::len_utf8);
            at += taken.filter(|taken| *taken > 0).unwrap_or(one);
        }
    });
    trim_end(&mut tokens);
    tokens.retain(|token| !PUNCTUATION.contains(&token.as_str()));
    tokens
}

/// coco-caption cuts whitespace off a caption's end, unbreakable spaces of the last token too.
fn trim_end(tokens: &mut Vec<String>) {
    while let Some(last) = tokens.last_mut() {
        last.truncate(last.trim_end_matches(is_space).len());
        if !last.is_empty() {
            return;
        }
        tokens.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(caption: &str) -> String {
        ptb_tokenize(caption).join(" ")
    }

    #[test]
    fn contractions_part_where_the_treebank_parts_them() {
        let found = line("I can't, won't; it's Sam's. They'll cannot gonna rock'n'roll");
        let expected = "i ca n't wo n't it 's sam 's they 'll can not gon na rock 'n' roll";
        assert_eq!(found, expected);
    }

    #[test]
    fn abbreviations_keep_their_period_and_others_lose_it() {
        assert_eq!(
            line("Mr. Fox at 5 p.m. in the U.S. now."),
            "mr. fox at 5 p.m. in the u.s. now"
        );
        assert_eq!(
            line("No. 5, vitamin C. The end."),
            "no. 5 vitamin c the end"
        );
    }

    #[test]
    fn brackets_stay_and_quotes_go() {
        assert_eq!(
            line("(a \"cat\") [b] ‘c’"),
            "-lrb- a cat -rrb- -lsb- b -rsb- c"
        );
    }

    #[test]
    fn hyphens_and_slashes_hold_words_together() {
        assert_eq!(
            line("black-and-white TV/VCR 1/2-inch"),
            "black-and-white tv/vcr 1/2-inch"
        );
    }

    #[test]
    fn what_java_can_not_read_is_dropped() {
        assert_eq!(line("a 🐈 ❤️ cat"), "a ❤ cat");
    }

    #[test]
    fn oddities_of_the_java_tokenizer_are_kept() {
        assert_eq!(line("a......2 b"), "a. 2 b"); // an ellipsis has at most five periods
        assert_eq!(line("a.......2 b"), "a. .2 b");
        assert_eq!(line("&quot;a&QUOT; AT&AMP;T"), "a &quot; at&t");
        assert_eq!(line("http://🐈 http://a"), "http://🐈 http / / a");
        assert_eq!(line("http://a.b/c\u{a0}"), "http://a.b/c");
    }
}
