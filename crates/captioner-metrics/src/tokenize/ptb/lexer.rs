//! The longest match of any rule, in time that grows with the text and not with its square.
//!
//! Some rules read far before they fail: every word could begin an address, until the text ends
//! without an `@`. To read on only once, states that led to no further match are kept by position,
//! and a later search that comes to such a state there stops (Reps 1998, "Maximal-munch
//! tokenization in linear time").

use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::{Anchored, Input, MatchKind};

use super::action::Action;
use super::rules::rules;

/// States kept for each position. Searches that fail far away mostly meet in one.
const KEPT_STATES: usize = 2;

/// A rule and how many bytes it matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) action: Action,
    pub(super) length: usize,
}

pub(super) struct Lexer {
    dfa: DFA,
    actions: Vec<Action>,
}

/// What searches in one text have learnt.
#[derive(Default)]
pub(super) struct Failed {
    by_position: Vec<[Option<LazyStateID>; KEPT_STATES]>,
    /// States since the last match of the search in progress.
    trail: Vec<LazyStateID>,
    /// States are numbered anew whenever the automaton's cache was cleared.
    clear_count: usize,
    #[cfg(test)]
    steps: usize,
}

impl Failed {
    /// Forgets the last text.
    pub(super) fn begin(&mut self, length: usize) {
        self.by_position.clear();
        self.by_position.resize(length, [None; KEPT_STATES]);
    }

    fn forget_if_cleared(&mut self, cache: &Cache) {
        if self.clear_count != cache.clear_count() {
            self.clear_count = cache.clear_count();
            self.by_position.fill([None; KEPT_STATES]);
            self.trail.clear();
        }
    }

    fn contains(&self, position: usize, state: LazyStateID) -> bool {
        self.by_position[position].contains(&Some(state))
    }

    /// Keeps the trail, whose last state stands at `last`.
    fn keep_trail(&mut self, last: usize) {
        let first = last + 1 - self.trail.len();
        for (kept, state) in self.by_position[first..]
            .iter_mut()
            .zip(self.trail.drain(..))
        {
            kept.rotate_right(1);
            kept[0] = Some(state);
        }
    }
}

impl Lexer {
    pub(super) fn new() -> Self {
        let (patterns, actions): (Vec<String>, Vec<Action>) = rules().into_iter().unzip();
        let config = DFA::config()
            .match_kind(MatchKind::All)
            .cache_capacity(16 << 20);
        let dfa = DFA::builder()
            .configure(config)
            .build_many(&patterns)
            .expect("the rules are constant, and a test builds them");
        Lexer { dfa, actions }
    }

    pub(super) fn create_cache(&self) -> Cache {
        self.dfa.create_cache()
    }

    /// The longest match that begins at `start`, the first rule of equals. `failed` has been begun
    /// for this text. `None` if no rule fits.
    pub(super) fn longest(
        &self,
        cache: &mut Cache,
        failed: &mut Failed,
        text: &str,
        start: usize,
    ) -> Option<Found> {
        // Rules don't look behind, so the text may begin here.
        let input = Input::new(&text[start..]).anchored(Anchored::Yes);
        let mut state = self.dfa.start_state_forward(cache, &input).ok()?;
        let mut found = None;
        failed.trail.clear();
        for (place, byte) in text.bytes().enumerate().skip(start) {
            state = self.dfa.next_state(cache, state, byte).ok()?;
            #[cfg(test)]
            {
                failed.steps += 1;
            }
            failed.forget_if_cleared(cache);
            // An automaton's state tells of a match one byte late.
            if state.is_match() {
                found = Some(self.found(cache, state, place - start));
                failed.trail.clear();
            }
            let is_dead = state.is_dead() || state.is_quit();
            if is_dead || failed.contains(place, state) {
                if !failed.trail.is_empty() {
                    failed.keep_trail(place - 1);
                }
                return found;
            }
            failed.trail.push(state);
        }
        let end = self.dfa.next_eoi_state(cache, state).ok()?;
        if end.is_match() {
            return Some(self.found(cache, end, text.len() - start));
        }
        if !failed.trail.is_empty() {
            failed.keep_trail(text.len() - 1);
        }
        found
    }

    fn found(&self, cache: &Cache, state: LazyStateID, length: usize) -> Found {
        let rule = self.dfa.match_pattern(cache, state, 0);
        Found {
            action: self.actions[rule.as_usize()],
            length,
        }
    }

    /// The same by the automaton's own search, which reads on for every token.
    #[cfg(test)]
    fn longest_by_search(&self, cache: &mut Cache, text: &str, start: usize) -> Option<Found> {
        let input = Input::new(&text[start..]).anchored(Anchored::Yes);
        let found = self.dfa.try_search_fwd(cache, &input).ok()??;
        Some(Found {
            action: self.actions[found.pattern().as_usize()],
            length: found.offset(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [&str; 9] = [
        "n'tn'tn'tn't@",
        "a+a+a+a+a+a+..com",
        "a,a,a,a,a,a,a-",
        "a@b@c@d@ @e@",
        "<!a<!a<!a<!a",
        "1a.1a.1a.1a.1a.txt ",
        "www.1+www.1+www.1+www.a1",
        "A dog can't catch Mr. Smith's frisbee at 5 p.m. in the U.S. http://a.b/c, e-mail me@x.org!",
        "½½½é猫🐈é猫🐈\u{301}- - -- --- $5 AT&amp;T (555) 123-4567",
    ];

    #[test]
    fn what_was_learnt_changes_no_match() {
        let lexer = Lexer::new();
        let mut cache = lexer.create_cache();
        let mut failed = Failed::default();
        for text in TEXTS.map(|text| text.repeat(5)) {
            failed.begin(text.len());
            for (start, _) in text.char_indices() {
                let found = lexer.longest(&mut cache, &mut failed, &text, start);
                let expected = lexer.longest_by_search(&mut cache, &text, start);
                assert_eq!(found, expected, "{text:?} from {start}");
            }
        }
    }

    /// Counts steps instead of time: the automaton may visit each position a few times, not once
    /// for each token.
    #[test]
    fn a_rule_that_fails_at_the_end_is_not_read_again_for_every_token() {
        let lexer = Lexer::new();
        let mut cache = lexer.create_cache();
        let mut failed = Failed::default();
        let text = "n't".repeat(2000);
        failed.begin(text.len());
        let mut start = 0;
        while start < text.len() {
            let found = lexer.longest(&mut cache, &mut failed, &text, start);
            start += found.map_or(1, |found| found.length);
        }
        let (steps, bytes) = (failed.steps, text.len());
        assert!(steps < 10 * bytes, "{steps} steps for {bytes} bytes");
    }
}
