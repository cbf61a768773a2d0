//! What was found, put together.

use std::collections::{BTreeMap, HashSet};

use captioner_data::SkippedRow;

use crate::compare::Copies;
use crate::findings::findings;
use crate::inspection::{
    CaptionSummary, CommonCaption, Counted, Group, Groups, Inspection, Leak, PictureSummary,
    Problem, Problems, SplitSummary, TokenSummary, WordCount, WordSummary,
};
use crate::rows::Rows;
use crate::scan::Facts;
use crate::scan::captions::{CaptionFacts, CaptionKey, key};
use crate::scan::examples::Failures;
use crate::scan::pictures::{PictureFacts, SHAPES};
use crate::scan::words::is_stop_word;
use crate::shown::{Shown, samples};
use crate::{InspectError, InspectOptions, Progress};

/// Groups that are listed, and rows of each of them.
const GROUPS: usize = 20;
const MEMBERS: usize = 6;
const SIZES: usize = 10;
const WORDS: usize = 40;
const STOP_WORDS: usize = 12;
const COMMON: usize = 10;
/// Rows listed at a time, and rows left out at opening.
const ROWS: usize = 20;
const SKIPPED: usize = 100;

/// Puts together what was found, and reads the pictures that are shown.
pub(crate) fn summarise(
    mut facts: Facts,
    copies: Copies,
    rows: &Rows<'_>,
    options: &InspectOptions,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Inspection, InspectError> {
    let sampled = samples(&facts.pictures.fingerprints, options.seed, options.samples);
    let (exact, near) = (listed(&copies.exact, rows), listed(&copies.near, rows));
    let mut wanted = sampled.clone();
    wanted.extend(exact.iter().chain(&near).flat_map(|group| &group.members));
    let shown = Shown::read(rows, wanted, options, progress)?;
    let groups = |all: &[Vec<u32>], first: Vec<ListedGroup>, is_complete| Groups {
        groups: all.len() as u64,
        rows: all.iter().map(|group| group.len() as u64).sum(),
        listed: first
            .into_iter()
            .map(|group| group.shown(&shown, rows))
            .collect(),
        is_complete,
    };
    let mut found = Inspection {
        rows: rows.len(),
        splits: splits(&facts, rows),
        findings: Vec::new(),
        captions: captions(&mut facts.captions, rows, options),
        words: words(&facts.captions),
        tokens: tokens(&facts.captions, options),
        pictures: pictures(&facts.pictures),
        duplicates: groups(&copies.exact, exact, true),
        near_duplicates: groups(&copies.near, near, copies.is_complete),
        leaks: leaks(&copies, rows),
        bad_pictures: problems(&facts.pictures.bad, rows),
        bad_captions: problems(&facts.captions.unreadable, rows),
        skipped: skipped(rows),
        samples: sampled.into_iter().map(|row| shown.row(row)).collect(),
    };
    found.findings = findings(&facts, &found, rows);
    Ok(found)
}

fn splits(facts: &Facts, rows: &Rows<'_>) -> Vec<SplitSummary> {
    let splits = rows.splits().iter().zip(&facts.splits);
    splits
        .map(|((name, set), (captions, bad_pictures))| SplitSummary {
            name: name.clone(),
            set: set.name().to_owned(),
            rows: set.len(),
            captions: *captions,
            bad_pictures: *bad_pictures,
            skipped: set.skipped().len(),
        })
        .collect()
}

fn captions(facts: &mut CaptionFacts, rows: &Rows<'_>, options: &InspectOptions) -> CaptionSummary {
    facts.keys.sort_unstable();
    let same: Vec<&[CaptionKey]> = facts.keys.chunk_by(|a, b| a.hash == b.hash).collect();
    let least = (options.common_caption_share * rows.len() as f64).max(2.0);
    let mut common: Vec<&[CaptionKey]> = same
        .iter()
        .copied()
        .filter(|rows| rows.len() as f64 >= least)
        .collect();
    common.sort_by_key(|same| (std::cmp::Reverse(same.len()), same[0].row));
    let common = common.into_iter().take(COMMON).map(|same| CommonCaption {
        caption: caption_of(same[0], rows),
        rows: same.len() as u64,
        share: same.len() as f64 / rows.len() as f64,
    });
    CaptionSummary {
        total: facts.captions,
        different: same.len() as u64,
        per_row: facts.per_row.distribution(),
        words: facts.word_lengths.distribution(),
        common: common.collect(),
    }
}

/// The caption's text, read again.
fn caption_of(wanted: CaptionKey, rows: &Rows<'_>) -> String {
    let (set, index) = rows.place(wanted.row);
    let captions = set.captions(index).unwrap_or_default();
    let found = captions.iter().find(|caption| key(caption) == wanted.hash);
    found
        .map(|caption| caption.trim().to_owned())
        .unwrap_or_default()
}

fn words(facts: &CaptionFacts) -> WordSummary {
    let words = &facts.words;
    let counts = |found: Vec<(String, u64)>| -> Vec<WordCount> {
        let counts = found.into_iter();
        counts
            .map(|(word, count)| WordCount { word, count })
            .collect()
    };
    WordSummary {
        total: words.total,
        different: words.different(),
        once: words.once(),
        is_cut: words.is_cut,
        frequent: counts(words.most_frequent(WORDS, |word| !is_stop_word(word))),
        stop_words: counts(words.most_frequent(STOP_WORDS, is_stop_word)),
    }
}

fn tokens(facts: &CaptionFacts, options: &InspectOptions) -> Option<TokenSummary> {
    let tokenizer = options.tokenizer.as_ref()?;
    let positions = options.positions();
    let ids = |text| tokenizer.encode(text).ok();
    Some(TokenSummary {
        lengths: facts.tokens.lengths.distribution(),
        positions,
        truncated: positions.map_or(0, |most| facts.tokens.lengths.above(most)),
        total: facts.tokens.total,
        unknown: facts.tokens.unknown_total,
        is_uncased: ids("A picture of the Sea") == ids("a picture of the sea"),
    })
}

fn pictures(facts: &PictureFacts) -> PictureSummary {
    let named = |counts: &BTreeMap<&'static str, u64>| {
        most(
            counts.iter().map(|(what, n)| ((*what).to_owned(), *n)),
            usize::MAX,
        )
    };
    let sizes = facts.sizes.iter();
    let sizes = sizes.map(|((width, height), count)| (format!("{width} x {height}"), *count));
    let shapes = SHAPES.iter().zip(facts.shapes);
    let shapes = shapes.map(|(what, count)| Counted {
        what: (*what).to_owned(),
        count,
    });
    PictureSummary {
        readable: facts.shapes.iter().sum(),
        widths: facts.widths.distribution(),
        heights: facts.heights.distribution(),
        sizes: most(sizes, SIZES),
        shapes: shapes.collect(),
        formats: named(&facts.formats),
        modes: named(&facts.modes),
        alpha: facts.alpha.count,
        sixteen_bit: facts.sixteen_bit.count,
        animated: facts.animated.count,
        turned: facts.turned.count,
        flat: facts.flat.count,
        bytes: facts.bytes,
        largest_file: facts.largest_file,
    }
}

/// The most frequent ones; of equal ones the first.
fn most(counts: impl Iterator<Item = (String, u64)>, number: usize) -> Vec<Counted> {
    let mut counts: Vec<Counted> = counts
        .map(|(what, count)| Counted { what, count })
        .collect();
    counts.sort_by_key(|counted| std::cmp::Reverse(counted.count));
    counts.truncate(number);
    counts
}

/// A group that is listed.
struct ListedGroup {
    rows: usize,
    splits: Vec<usize>,
    members: Vec<u32>,
}

impl ListedGroup {
    fn new(group: &[u32], rows: &Rows<'_>) -> Self {
        let mut splits: Vec<usize> = group.iter().map(|row| rows.split_of(*row)).collect();
        splits.dedup(); // rows are in order
        // Of each split the first row, then whichever comes next.
        let first_of = |split: &usize| group.iter().find(|row| rows.split_of(**row) == *split);
        let mut members: Vec<u32> = splits
            .iter()
            .filter_map(first_of)
            .copied()
            .take(MEMBERS)
            .collect();
        let others: Vec<u32> = group
            .iter()
            .copied()
            .filter(|row| !members.contains(row))
            .collect();
        members.extend(others.into_iter().take(MEMBERS - members.len()));
        members.sort_unstable();
        Self {
            rows: group.len(),
            splits,
            members,
        }
    }

    fn shown(self, shown: &Shown<'_>, rows: &Rows<'_>) -> Group {
        let name = |split: usize| rows.splits()[split].0.clone();
        Group {
            rows: self.rows as u64,
            splits: self.splits.into_iter().map(name).collect(),
            members: self.members.into_iter().map(|row| shown.row(row)).collect(),
        }
    }
}

fn listed(groups: &[Vec<u32>], rows: &Rows<'_>) -> Vec<ListedGroup> {
    let spans = |group: &Vec<u32>| rows.split_of(group[0]) != rows.split_of(group[group.len() - 1]);
    let mut order: Vec<&Vec<u32>> = groups.iter().collect();
    order.sort_by_key(|group| (!spans(group), std::cmp::Reverse(group.len())));
    let first = order.into_iter().take(GROUPS);
    first.map(|group| ListedGroup::new(group, rows)).collect()
}

/// For each two splits, the rows of the second that are in a group with one of the first.
fn leaks(copies: &Copies, rows: &Rows<'_>) -> Vec<Leak> {
    let (mut same, mut near) = (across(&copies.exact, rows), across(&copies.near, rows));
    let mut pairs: Vec<(usize, usize)> = same.keys().chain(near.keys()).copied().collect();
    pairs.sort_unstable();
    pairs.dedup();
    let leak = |pair: (usize, usize)| {
        let same = same.remove(&pair).unwrap_or_default();
        let mut near = near.remove(&pair).unwrap_or_default();
        near.retain(|row| same.binary_search(row).is_err());
        let listed: Vec<u32> = same.iter().chain(&near).copied().take(ROWS).collect();
        Leak {
            first: rows.splits()[pair.0].0.clone(),
            second: rows.splits()[pair.1].0.clone(),
            same: same.len() as u64,
            near: near.len() as u64,
            listed: rows.names(&listed),
        }
    };
    pairs.into_iter().map(leak).collect()
}

fn across(groups: &[Vec<u32>], rows: &Rows<'_>) -> BTreeMap<(usize, usize), Vec<u32>> {
    let mut leaked: BTreeMap<(usize, usize), Vec<u32>> = BTreeMap::new();
    for group in groups {
        let split = |row: &u32| rows.split_of(*row);
        for second in group.chunk_by(|a, b| split(a) == split(b)).skip(1) {
            let mut before: Vec<usize> = group
                .iter()
                .map(split)
                .take_while(|s| *s < split(&second[0]))
                .collect();
            before.dedup();
            for first in before {
                leaked
                    .entry((first, split(&second[0])))
                    .or_default()
                    .extend(second);
            }
        }
    }
    leaked.values_mut().for_each(|rows| rows.sort_unstable());
    leaked
}

fn problems(failures: &Failures, rows: &Rows<'_>) -> Problems {
    let listed = failures.rows.iter().map(|(row, reason)| {
        let (set, index) = rows.place(*row);
        let skipped = SkippedRow::new(set, index, reason);
        problem(rows.splits()[rows.split_of(*row)].0.clone(), &skipped)
    });
    Problems {
        count: failures.count,
        listed: listed.collect(),
    }
}

fn skipped(rows: &Rows<'_>) -> Problems {
    let all = rows.splits().iter();
    let all = all.flat_map(|(name, set)| set.skipped().iter().map(move |row| (name, row)));
    // The parts of a set each tell of all that was left out of it.
    let mut told = HashSet::new();
    let all: Vec<_> = all
        .filter(|(_, row)| told.insert((row.row, &row.description)))
        .collect();
    Problems {
        count: all.len() as u64,
        listed: all
            .into_iter()
            .take(SKIPPED)
            .map(|(name, row)| problem(name.clone(), row))
            .collect(),
    }
}

fn problem(split: String, row: &SkippedRow) -> Problem {
    Problem {
        split,
        row: row.row,
        description: row.description.clone(),
        reason: row.reason.clone(),
    }
}
