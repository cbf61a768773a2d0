//! How often each value of a measure occurs.

use std::collections::BTreeMap;

use serde::Serialize;

/// About how many bars a histogram has.
const BINS: u32 = 24;

/// Counts of whole numbers: lengths, widths, heights.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    of: BTreeMap<u32, u64>,
}

impl Counts {
    pub(crate) fn add(&mut self, value: usize) {
        let value = u32::try_from(value).unwrap_or(u32::MAX);
        *self.of.entry(value).or_default() += 1;
    }

    pub(crate) fn merge(&mut self, other: Self) {
        for (value, count) in other.of {
            *self.of.entry(value).or_default() += count;
        }
    }

    /// How many values are above this one.
    pub(crate) fn above(&self, limit: usize) -> u64 {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        let above = (std::ops::Bound::Excluded(limit), std::ops::Bound::Unbounded);
        self.of.range(above).map(|(_, count)| count).sum()
    }

    /// What they tell, if there are any.
    pub(crate) fn distribution(&self) -> Option<Distribution> {
        let (&min, _) = self.of.first_key_value()?;
        let (&max, _) = self.of.last_key_value()?;
        let count: u64 = self.of.values().sum();
        let sum: f64 = self.of.iter().map(|(v, n)| f64::from(*v) * *n as f64).sum();
        Some(Distribution {
            count,
            min,
            median: self.quantile(count.div_ceil(2)),
            mean: sum / count as f64,
            percentile_95: self.quantile((count * 95).div_ceil(100)),
            max,
            bins: self.bins(min, max),
        })
    }

    /// The value at a place, counted from 1, among all in order.
    fn quantile(&self, place: u64) -> u32 {
        let mut before = 0;
        let found = self.of.iter().find(|(_, count)| {
            before += **count;
            before >= place
        });
        found.map_or(0, |(value, _)| *value)
    }

    fn bins(&self, min: u32, max: u32) -> Vec<Bin> {
        let width = bin_width(max - min);
        let first = min - min % width;
        let number = (max - first) / width + 1;
        let mut bins: Vec<Bin> = (0..number)
            .map(|index| first + index * width)
            .map(|from| Bin {
                from,
                to: from.saturating_add(width - 1),
                count: 0,
            })
            .collect();
        for (value, count) in &self.of {
            bins[((value - first) / width) as usize].count += count;
        }
        bins
    }
}

/// 1, 2 or 5 times a power of ten, so that a span takes at most about [`BINS`] bins.
fn bin_width(span: u32) -> u32 {
    let least = span / BINS + 1;
    let mut power = 1_u32;
    loop {
        for step in [1, 2, 5] {
            match power.checked_mul(step) {
                Some(width) if width >= least => return width,
                Some(_) => {}
                None => return u32::MAX,
            }
        }
        power = power.saturating_mul(10);
    }
}

/// How the values of a measure are distributed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Distribution {
    /// How many values there are.
    pub count: u64,
    /// The least.
    pub min: u32,
    /// The middle one, or the lower of the two in the middle.
    pub median: u32,
    /// Their mean.
    pub mean: f64,
    /// At most 5 % are above this one.
    pub percentile_95: u32,
    /// The greatest.
    pub max: u32,
    /// A histogram: ranges of equal width, in order and without a gap, up to 25 or so.
    pub bins: Vec<Bin>,
}

/// A bar of a histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Bin {
    /// The least value that counts.
    pub from: u32,
    /// The greatest.
    pub to: u32,
    /// How many there are.
    pub count: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(values: impl IntoIterator<Item = usize>) -> Counts {
        let mut counts = Counts::default();
        values.into_iter().for_each(|value| counts.add(value));
        counts
    }

    #[test]
    fn nothing_has_no_distribution() {
        assert_eq!(Counts::default().distribution(), None);
    }

    #[test]
    fn values_are_summed_up() {
        let found = counts([3, 1, 2, 2, 100]).distribution().unwrap();
        let told = (found.count, found.min, found.median, found.max);
        assert_eq!((told, found.mean), ((5, 1, 2, 100), 21.6));
        assert_eq!(found.percentile_95, 100);
        assert_eq!(counts(1..=100).distribution().unwrap().percentile_95, 95);
        assert_eq!(counts(1..=100).above(95), 5);
    }

    #[test]
    fn bins_cover_every_value_once() {
        for values in [
            vec![7],
            vec![0, 1],
            vec![3, 29],
            vec![224, 4096],
            vec![0, usize::MAX],
        ] {
            let found = counts(values.clone()).distribution().unwrap();
            assert!(found.bins.len() <= 26, "{values:?}: {}", found.bins.len());
            let counted: u64 = found.bins.iter().map(|bin| bin.count).sum();
            assert_eq!(counted, values.len() as u64);
            assert!(
                found
                    .bins
                    .windows(2)
                    .all(|two| two[0].to + 1 == two[1].from)
            );
            assert!(found.bins[0].from <= found.min && found.bins.last().unwrap().to >= found.max);
        }
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        let mut parts = counts([1, 5, 5]);
        parts.merge(counts([5, 9]));
        assert_eq!(parts.distribution(), counts([1, 5, 5, 5, 9]).distribution());
    }
}
