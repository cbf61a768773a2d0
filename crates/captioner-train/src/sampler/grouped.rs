//! Rows of about one length beside each other.

use super::Sample;

/// Batches whose rows are sorted together, at most, as in transformers.
const MEGABATCH: usize = 50;

/// Puts samples in a random order into one in which neighbours are of about one length: groups of
/// them, each of several batches, are sorted by length, the longest first. The longest of all then
/// changes places with the first, so that a batch that is too large for the memory is so at once.
///
/// As `get_length_grouped_indices` of transformers' `trainer_pt_utils`, of which the argument is
/// what `randperm` gave.
pub(super) fn group_by_length(rows: Vec<(Sample, usize)>, batch_size: usize) -> Vec<Sample> {
    let batches = (rows.len() / (batch_size.saturating_mul(4))).clamp(1, MEGABATCH);
    let size = batches.saturating_mul(batch_size);
    let mut rows = rows;
    for group in rows.chunks_mut(size) {
        // Stable, as Python's `sorted` is with `reverse`: rows of one length stay in random order.
        group.sort_by_key(|(_, length)| std::cmp::Reverse(*length));
    }
    let firsts = (0..rows.len()).step_by(size);
    // The first of the largest, as `torch.argmax` gives.
    let longest = firsts.rev().max_by_key(|&first| rows[first].1);
    if let Some(longest) = longest {
        rows.swap(0, longest);
    }
    rows.into_iter().map(|(sample, _)| sample).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Case {
        batch_size: usize,
        lengths: Vec<usize>,
        shuffled: Vec<usize>,
        grouped: Vec<usize>,
    }

    /// `tools/reference/length_groups.py` made them with `get_length_grouped_indices`.
    #[test]
    fn a_permutation_is_grouped_as_transformers_groups_it() {
        let cases = include_str!("../../tests/fixtures/length_groups.json");
        let cases: Vec<Case> = serde_json::from_str(cases).unwrap();
        for case in cases {
            let sample = |&row: &usize| {
                let sample = Sample {
                    row,
                    caption: 0,
                    captions: 1,
                    augmentation: None,
                };
                (sample, case.lengths[row])
            };
            let rows = case.shuffled.iter().map(sample).collect();
            let grouped = group_by_length(rows, case.batch_size);
            let grouped: Vec<_> = grouped.iter().map(|sample| sample.row).collect();
            assert_eq!(grouped, case.grouped, "{} rows", case.lengths.len());
        }
    }

    #[test]
    fn no_row_gives_none() {
        assert!(group_by_length(Vec::new(), 8).is_empty());
    }
}
