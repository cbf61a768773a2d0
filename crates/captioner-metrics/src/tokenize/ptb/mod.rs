//! Penn Treebank tokens, as coco-caption gets them from Stanford's tokenizer (CoreNLP 3.4.1).
//!
//! At each place the longest match of any rule is taken, the first rule of equals. A rule may look
//! at what follows a token; that counts for its length, but stays in the text.

mod action;
mod rules;

use std::cell::RefCell;
use std::sync::LazyLock;

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::{Anchored, Input, MatchKind};

use action::Action;
use rules::rules;

/// Tokens that coco-caption leaves out. Brackets (`-lrb-`) stay: coco-caption means to drop them,
/// but looks for capitals after everything was put in lower case.
const PUNCTUATION: [&str; 13] = [
    "''", "'", "``", "`", ".", "?", "!", ",", ":", "-", "--", "...", ";",
];

struct Lexer {
    dfa: DFA,
    actions: Vec<Action>,
}

static LEXER: LazyLock<Lexer> = LazyLock::new(|| {
    let (patterns, actions): (Vec<String>, Vec<Action>) = rules().into_iter().unzip();
    let config = DFA::config()
        .match_kind(MatchKind::All)
        .cache_capacity(16 << 20);
    let dfa = DFA::builder()
        .configure(config)
        .build_many(&patterns)
        .expect("the rules are constant, and a test builds them");
    Lexer { dfa, actions }
});

thread_local! {
    static CACHE: RefCell<Cache> = RefCell::new(LEXER.dfa.create_cache());
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
    CACHE.with_borrow_mut(|cache| {
        let mut at = 0;
        while at < text.len() {
            at += LEXER.next(cache, &text[at..], &mut tokens);
        }
    });
    tokens.retain(|token| !PUNCTUATION.contains(&token.as_str()));
    tokens
}

impl Lexer {
    /// Puts the tokens that `text` begins with behind the others; how many bytes they take.
    fn next(&self, cache: &mut Cache, text: &str, tokens: &mut Vec<String>) -> usize {
        let input = Input::new(text).anchored(Anchored::Yes);
        match self.dfa.try_search_fwd(cache, &input) {
            Ok(Some(found)) if found.offset() > 0 => {
                let rule = &self.actions[found.pattern().as_usize()];
                rule.apply(&text[..found.offset()], tokens)
            }
            // What no rule knows is dropped, character by character.
            _ => text.chars().next().map_or(1, char::len_utf8),
        }
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
}
