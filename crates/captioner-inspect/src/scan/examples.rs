//! Rows that something is true of: all counted, the first listed.

/// Rows listed for each kind.
const LISTED: usize = 20;
/// Bad rows listed with their reasons.
const REASONS: usize = 100;

/// Rows that something is true of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Examples {
    pub(crate) count: u64,
    /// The first of them, in order.
    pub(crate) rows: Vec<u32>,
}

impl Examples {
    pub(crate) fn add(&mut self, row: u32) {
        self.count += 1;
        if self.rows.len() < LISTED {
            self.rows.push(row);
        }
    }

    pub(crate) fn add_if(&mut self, row: u32, is_true: bool) {
        if is_true {
            self.add(row);
        }
    }

    /// Adds those of later rows.
    pub(crate) fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.rows.extend(other.rows);
        self.rows.truncate(LISTED);
    }
}

/// Rows that can't be used, with the reasons.
#[derive(Clone, Debug, Default)]
pub(crate) struct Failures {
    pub(crate) count: u64,
    pub(crate) rows: Vec<(u32, String)>,
}

impl Failures {
    pub(crate) fn add(&mut self, row: u32, reason: impl std::fmt::Display) {
        self.count += 1;
        if self.rows.len() < REASONS {
            self.rows.push((row, reason.to_string()));
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.rows.extend(other.rows);
        self.rows.truncate(REASONS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_counted_and_the_first_listed() {
        let mut all = Examples::default();
        let mut later = Examples::default();
        (0..15).for_each(|row| all.add(row));
        (15..40).for_each(|row| later.add_if(row, row % 2 == 0));
        all.merge(later);
        assert_eq!(all.count, 27);
        assert!(
            all.rows
                .iter()
                .copied()
                .eq((0..15).chain([16, 18, 20, 22, 24]))
        );
        let mut failures = Failures::default();
        (0..200).for_each(|row| failures.add(row, "broken"));
        assert_eq!((failures.count, failures.rows.len()), (200, 100));
    }
}
