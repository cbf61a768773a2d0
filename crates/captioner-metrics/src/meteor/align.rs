//! Which word is matched with which: METEOR's search for an alignment.
//!
//! Every word is matched at most once. Words with one candidate that nobody else wants are matched
//! first; for the rest a beam of 40 partial alignments runs over the reference. Better is the
//! alignment with more exact matches, then with fewer chunks, then with shorter distances.
//!
//! Two traits of METEOR 1.5 are kept because scores depend on them: matches that are not exact
//! don't count in the comparison, and a new match's distance is booked on the alignment it was
//! made from.

use std::rc::Rc;

use super::candidates::{Candidate, PredictionIndex, Stage};
use super::greedy::greedy;

const BEAM: usize = 40;

/// The beam is left for [`greedy`] where it would touch more memory words than this. Captions of
/// some hundred words stay far below.
const MOST_WORK: usize = 20_000_000;

/// A matched pair of positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Match {
    pub(super) reference: u32,
    pub(super) prediction: u32,
    pub(super) stage: Stage,
}

/// Matches in the order of the reference.
pub(super) fn align(index: &PredictionIndex, reference: &[u32]) -> Vec<Match> {
    let beside = index.count_at_most(reference) + reference.len();
    let words = index.words.len() / 64 + 8;
    if beside.saturating_mul(BEAM * words) > MOST_WORK {
        return greedy(index, reference);
    }
    let only_exact = index.words == reference;
    let candidates = |number: &u32| index.candidates(*number, only_exact);
    let candidates: Vec<_> = reference.iter().map(candidates).collect();
    beam_search(&candidates, index.words.len())
}

/// Stretches of neighbouring matches that are neighbours on both sides.
pub(super) fn count_chunks(matches: &[Match]) -> usize {
    let follows =
        |a: &Match, b: &Match| a.reference + 1 == b.reference && a.prediction + 1 == b.prediction;
    matches.chunk_by(follows).count()
}

/// One partial alignment of the beam.
#[derive(Clone)]
struct Path {
    used: Used,
    matches: Option<Rc<Chain>>,
    exact: u32,
    chunks: u32,
    distance: u32,
    last_end: Option<u32>, // behind the match of the word before
}

/// One bit for each word of the prediction. Only long captions need a place on the heap.
#[derive(Clone)]
struct Used {
    near: [u64; NEAR_WORDS],
    far: Vec<u64>,
}

const NEAR_WORDS: usize = 2;

impl Used {
    fn new(prediction_length: usize) -> Self {
        let far = prediction_length.div_ceil(64).saturating_sub(NEAR_WORDS);
        Used {
            near: [0; NEAR_WORDS],
            far: vec![0; far],
        }
    }

    fn contains(&self, place: u32) -> bool {
        let word = place as usize / 64;
        let word = match word.checked_sub(NEAR_WORDS) {
            None => self.near[word],
            Some(far) => self.far[far],
        };
        word >> (place % 64) & 1 == 1
    }

    fn insert(&mut self, place: u32) {
        let word = place as usize / 64;
        let word = match word.checked_sub(NEAR_WORDS) {
            None => &mut self.near[word],
            Some(far) => &mut self.far[far],
        };
        *word |= 1 << (place % 64);
    }
}

/// Matches from the last to the first; alignments share what they have in common.
struct Chain {
    last: Match,
    before: Option<Rc<Chain>>,
}

impl Path {
    fn push(&mut self, new: Match) {
        self.exact += u32::from(new.stage == Stage::Exact);
        self.chunks += u32::from(self.last_end.is_some_and(|end| end != new.prediction));
        self.last_end = Some(new.prediction + 1);
        self.matches = Some(Rc::new(Chain {
            last: new,
            before: self.matches.take(),
        }));
    }

    fn end_chunk(&mut self) {
        self.chunks += u32::from(self.last_end.take().is_some());
    }

    fn into_matches(self) -> Vec<Match> {
        let mut matches = Vec::new();
        let mut chain = self.matches;
        while let Some(link) = chain {
            matches.push(link.last);
            chain = link.before.clone();
        }
        matches.reverse();
        matches
    }
}

/// Chains can be long; dropping them link by link keeps the stack flat.
impl Drop for Chain {
    fn drop(&mut self) {
        let mut before = self.before.take();
        while let Some(link) = before {
            match Rc::into_inner(link) {
                Some(mut link) => before = link.before.take(),
                None => break,
            }
        }
    }
}

fn beam_search(candidates: &[Vec<Candidate>], prediction_length: usize) -> Vec<Match> {
    let fixed = fixed_matches(candidates, prediction_length);
    let mut start = Path {
        used: Used::new(prediction_length),
        matches: None,
        exact: 0,
        chunks: 0,
        distance: 0,
        last_end: None,
    };
    for candidate in fixed.iter().flatten() {
        start.used.insert(candidate.prediction);
    }
    let mut paths = vec![start];
    for (reference, (fixed, candidates)) in (0..).zip(fixed.iter().zip(candidates)) {
        sort(&mut paths);
        paths.truncate(BEAM);
        paths = match fixed {
            Some(candidate) => extend_all(paths, new_match(reference, candidate)),
            None => branch(paths, reference, candidates),
        };
    }
    sort(&mut paths);
    paths.truncate(BEAM);
    paths.iter_mut().for_each(Path::end_chunk);
    sort(&mut paths);
    let best = paths.into_iter().next();
    best.map(Path::into_matches).unwrap_or_default()
}

/// For each word of the reference its only candidate, if no other word wants that one.
fn fixed_matches(
    candidates: &[Vec<Candidate>],
    prediction_length: usize,
) -> Vec<Option<Candidate>> {
    let mut wanted = vec![0u32; prediction_length];
    for candidate in candidates.iter().flatten() {
        wanted[candidate.prediction as usize] += 1;
    }
    let only = |candidates: &Vec<Candidate>| match candidates[..] {
        [candidate] if wanted[candidate.prediction as usize] == 1 => Some(candidate),
        _ => None,
    };
    candidates.iter().map(only).collect()
}

/// Best first; equals keep their order.
fn sort(paths: &mut [Path]) {
    paths.sort_by_key(|path| (std::cmp::Reverse(path.exact), path.chunks, path.distance));
}

fn extend_all(mut paths: Vec<Path>, new: Match) -> Vec<Path> {
    for path in &mut paths {
        path.push(new);
        path.distance += new.reference.abs_diff(new.prediction);
    }
    paths
}

/// Every path with every free candidate, and without a match for this word.
fn branch(paths: Vec<Path>, reference: u32, candidates: &[Candidate]) -> Vec<Path> {
    let mut next = Vec::with_capacity(paths.len() * (candidates.len() + 1));
    for mut path in paths {
        for candidate in candidates {
            if path.used.contains(candidate.prediction) {
                continue;
            }
            let new = new_match(reference, candidate);
            let mut child = path.clone();
            child.used.insert(candidate.prediction);
            child.push(new);
            path.distance += new.reference.abs_diff(new.prediction);
            next.push(child);
        }
        path.end_chunk();
        next.push(path);
    }
    next
}

fn new_match(reference: u32, candidate: &Candidate) -> Match {
    Match {
        reference,
        prediction: candidate.prediction,
        stage: candidate.stage,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(prediction: u32) -> Candidate {
        Candidate {
            prediction,
            stage: Stage::Exact,
        }
    }

    fn pairs(candidates: &[Vec<Candidate>], length: usize) -> Vec<(u32, u32)> {
        let matches = beam_search(candidates, length);
        matches
            .iter()
            .map(|m| (m.reference, m.prediction))
            .collect()
    }

    #[test]
    fn a_repeated_word_goes_where_it_makes_fewer_chunks() {
        // Reference: the cat saw the dog. Prediction: the dog saw the cat.
        let the = vec![exact(0), exact(3)];
        let candidates = [
            the.clone(),
            vec![exact(4)],
            vec![exact(2)],
            the,
            vec![exact(1)],
        ];
        let expected = [(0, 3), (1, 4), (2, 2), (3, 0), (4, 1)];
        assert_eq!(pairs(&candidates, 5), expected);
    }

    #[test]
    fn words_beyond_the_near_ones_are_marked_too() {
        let mut used = Used::new(200);
        for place in [0, 63, 64, 127, 128, 199] {
            assert!(!used.contains(place));
            used.insert(place);
            assert!(used.contains(place) && !used.contains(place ^ 1));
        }
    }

    #[test]
    fn no_word_is_matched_twice() {
        let candidates = vec![vec![exact(0), exact(1)]; 5];
        assert_eq!(pairs(&candidates, 2).len(), 2);
    }
}
