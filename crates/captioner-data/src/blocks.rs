//! Finding the natural block in which a row lies.

use std::ops::Range;

/// The number of the block in which a row lies: equal for the rows of one block,
/// and larger for later blocks.
pub(crate) fn block_of(blocks: &[Range<usize>], row: usize) -> usize {
    blocks.partition_point(|block| block.start <= row)
}

/// Brings the rows of each block together, the blocks in their order in the set.
/// Within a block the rows keep the order they have.
pub(crate) fn group_by_block(rows: &mut [usize], blocks: &[Range<usize>]) {
    if blocks.len() > 1 {
        rows.sort_by_cached_key(|&row| block_of(blocks, row));
    }
}

/// The runs of positions whose rows lie in the same block.
pub(crate) fn runs(rows: &[usize], blocks: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut start = 0;
    let same_block = |&a: &usize, &b: &usize| block_of(blocks, a) == block_of(blocks, b);
    let run = |run: &[usize]| {
        let from = start;
        start += run.len();
        from..start
    };
    rows.chunk_by(same_block).map(run).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_end_where_the_block_changes() {
        let blocks = [0..3, 3..4, 4..9];
        assert_eq!(
            runs(&[2, 0, 1, 3, 8, 4, 0], &blocks),
            [0..3, 3..4, 4..6, 6..7]
        );
        assert_eq!(runs(&[5, 5, 3, 5], &blocks), [0..2, 2..3, 3..4]);
        assert!(runs(&[], &blocks).is_empty());
    }

    #[test]
    fn rows_are_grouped_without_another_change_of_order() {
        let mut rows = [8, 2, 3, 0, 4, 1];
        group_by_block(&mut rows, &[0..3, 3..4, 4..9]);
        assert_eq!(rows, [2, 0, 1, 3, 8, 4]);
        let mut rows = [8, 2, 3, 0];
        group_by_block(&mut rows, &[0..3, 3..3, 3..9]);
        assert_eq!(rows, [2, 0, 8, 3]);
    }
}
