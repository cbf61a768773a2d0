//! Disjoint sets of rows: Tarjan's union-find with path halving.

/// Each row in the set of those it was joined with. A set goes by its least row.
#[derive(Clone, Debug)]
pub(crate) struct DisjointSets {
    parents: Vec<u32>,
}

impl DisjointSets {
    /// Each row alone.
    pub(crate) fn new(rows: usize) -> Self {
        Self {
            parents: (0..rows as u32).collect(), // rows are numbered with 32 bits
        }
    }

    /// The least row that a row is joined with.
    pub(crate) fn find(&mut self, mut row: u32) -> u32 {
        loop {
            let parent = self.parents[row as usize];
            if parent == row {
                return row;
            }
            let grandparent = self.parents[parent as usize];
            self.parents[row as usize] = grandparent;
            row = grandparent;
        }
    }

    pub(crate) fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.find(a), self.find(b));
        self.parents[a.max(b) as usize] = a.min(b);
    }

    /// Joins what is joined in the other.
    pub(crate) fn join_all(&mut self, mut other: Self) {
        for row in 0..other.parents.len() as u32 {
            let first = other.find(row);
            self.join(first, row);
        }
    }

    /// The sets of more than one row: rows in order, sets in the order of their first rows.
    pub(crate) fn groups(mut self) -> Vec<Vec<u32>> {
        let mut members: Vec<(u32, u32)> = (0..self.parents.len() as u32)
            .map(|row| (self.find(row), row))
            .collect();
        members.sort_unstable();
        let sets = members
            .chunk_by(|a, b| a.0 == b.0)
            .filter(|set| set.len() > 1);
        sets.map(|set| set.iter().map(|(_, row)| *row).collect())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_rows_are_one_group() {
        let mut sets = DisjointSets::new(8);
        for (a, b) in [(6, 2), (1, 7), (6, 4)] {
            sets.join(a, b);
        }
        let mut other = DisjointSets::new(8);
        other.join(7, 4);
        assert_eq!(sets.clone().groups(), [vec![1, 7], vec![2, 4, 6]]);
        sets.join_all(other);
        assert_eq!(sets.groups(), [[1, 2, 4, 6, 7]]);
    }
}
