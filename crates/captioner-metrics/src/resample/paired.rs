//! Whether two systems differ on the same rows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::bootstrap::{ConfidenceInterval, by_name, interval};
use super::{Draws, ResampleSettings};
use crate::{MetricError, RowStatistics, Scores};

/// How two systems compare in one value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PairedTest {
    /// Score of the first system.
    pub first: f64,
    /// Score of the second system.
    pub second: f64,
    /// `second - first`.
    pub difference: f64,
    /// How often a difference at least this large, in either direction, would come about if the
    /// systems were alike.
    pub p_value: f64,
    /// Interval of the difference over the samples.
    pub interval: ConfidenceInterval,
}

/// Paired bootstrap test (Koehn 2004): both systems are scored on the same drawn rows. The p-value
/// is sacreBLEU's: the share of samples whose difference lies as far from the samples' mean as the
/// actual difference lies from 0.
///
/// # Errors
/// [`MetricError::RowCountMismatch`] if the systems have different numbers of rows, else as
/// [`confidence_intervals`](crate::confidence_intervals).
pub fn paired_bootstrap(
    first: &RowStatistics,
    second: &RowStatistics,
    settings: &ResampleSettings,
) -> Result<BTreeMap<String, PairedTest>, MetricError> {
    check(first, second, settings)?;
    let mut draws = Draws::new(settings.seed);
    let rows = first.len();
    let sample = |_| {
        let drawn: Vec<usize> = (0..rows).map(|_| draws.row(rows)).collect();
        let first = first.of_rows(drawn.iter().copied());
        differences(&first, &second.of_rows(drawn))
    };
    let samples: Vec<Scores> = (0..settings.samples).map(sample).collect();
    Ok(tests(first, second, settings, &samples, |values| {
        values.iter().sum::<f64>() / values.len() as f64
    }))
}

/// Paired permutation test, also called approximate randomization (Riezler and Maxwell 2005):
/// each row's scores are swapped between the systems or not, by the toss of a coin.
///
/// # Errors
/// As [`paired_bootstrap`]; also [`MetricError::DifferentMetrics`] if the rows of the two systems
/// hold different values.
pub fn paired_permutation(
    first: &RowStatistics,
    second: &RowStatistics,
    settings: &ResampleSettings,
) -> Result<BTreeMap<String, PairedTest>, MetricError> {
    check(first, second, settings)?;
    let mut draws = Draws::new(settings.seed);
    let sample = |_| {
        let swaps: Vec<bool> = (0..first.len()).map(|_| draws.coin()).collect();
        let kept: Vec<bool> = swaps.iter().map(|swap| !swap).collect();
        differences(
            &first.mixed_with(second, &swaps),
            &first.mixed_with(second, &kept),
        )
    };
    let samples: Vec<Scores> = (0..settings.samples).map(sample).collect();
    Ok(tests(first, second, settings, &samples, |_| 0.0))
}

fn check(
    first: &RowStatistics,
    second: &RowStatistics,
    settings: &ResampleSettings,
) -> Result<(), MetricError> {
    settings.check()?;
    first.check_not_empty()?;
    if first.len() != second.len() {
        return Err(MetricError::RowCountMismatch {
            predictions: second.len(),
            references: first.len(),
        });
    }
    first.check_same_values(second)
}

fn differences(first: &Scores, second: &Scores) -> Scores {
    let both = first
        .iter()
        .filter_map(|(name, value)| Some((name, second.get(name)? - value)));
    both.collect()
}

fn tests(
    first: &RowStatistics,
    second: &RowStatistics,
    settings: &ResampleSettings,
    samples: &[Scores],
    center: impl Fn(&[f64]) -> f64,
) -> BTreeMap<String, PairedTest> {
    let (first, second) = (first.total(), second.total());
    let tests = by_name(samples).into_iter().filter_map(|(name, values)| {
        let (first, second) = (first.get(&name)?, second.get(&name)?);
        let difference = second - first;
        let center = center(&values);
        let far = |value: &&f64| (*value - center).abs() >= difference.abs();
        let as_far = values.iter().filter(far).count();
        let test = PairedTest {
            first,
            second,
            difference,
            p_value: (as_far + 1) as f64 / (values.len() + 1) as f64,
            interval: interval(values, settings.confidence),
        };
        Some((name, test))
    });
    tests.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system(score: impl Fn(u32) -> f64) -> RowStatistics {
        let values = (0..200).map(score).collect();
        RowStatistics::means(["score"], values)
    }

    #[test]
    fn a_clear_difference_is_found_and_noise_is_not() {
        let base = |row: u32| f64::from(row * 7919 % 101);
        let noisy = |row: u32| base(row) + f64::from(row * 104_729 % 13) - 6.0;
        let better = |row: u32| base(row) + 3.0 + f64::from(row % 2);
        let settings = ResampleSettings::default();
        for test in [paired_bootstrap, paired_permutation] {
            let clear = test(&system(base), &system(better), &settings).unwrap()["score"];
            assert!(clear.p_value < 0.01, "{clear:?}");
            assert!((clear.difference - 3.5).abs() < 1e-12);
            let noise = test(&system(base), &system(noisy), &settings).unwrap()["score"];
            assert!(noise.p_value > 0.05, "{noise:?}");
        }
    }

    #[test]
    fn a_system_does_not_differ_from_itself() {
        let same = system(f64::from);
        let test = paired_permutation(&same, &same, &ResampleSettings::default()).unwrap();
        assert_eq!(
            (test["score"].difference, test["score"].p_value),
            (0.0, 1.0)
        );
    }

    #[test]
    fn different_row_counts_are_a_named_error() {
        let short = RowStatistics::means(["score"], vec![1.0]);
        let error = paired_bootstrap(&system(f64::from), &short, &ResampleSettings::default());
        assert!(matches!(error, Err(MetricError::RowCountMismatch { .. })));
    }
}
