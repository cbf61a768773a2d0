//! Bootstrap confidence intervals.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Draws, ResampleSettings};
use crate::{MetricError, RowStatistics, Scores};

/// Where a score lies when rows are drawn anew.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ConfidenceInterval {
    /// Lower end.
    pub low: f64,
    /// Median.
    pub mid: f64,
    /// Upper end.
    pub high: f64,
}

/// For each value the percentile interval over scores of rows drawn with replacement, as google's
/// `BootstrapAggregator` forms it: for a confidence of 0.95 the 2.5th, 50th and 97.5th percentile,
/// linear between neighbours.
///
/// ```
/// use captioner_metrics::{Metric, ResampleSettings, Rouge, confidence_intervals};
/// use captioner_metrics::single_references;
///
/// let mut rouge = Rouge::new(false);
/// let references = single_references(&["a cat", "a horse runs"]);
/// rouge.update(&["a cat", "a dog runs"], &references)?;
/// let statistics = rouge.row_statistics()?;
/// let intervals = confidence_intervals(&statistics, &ResampleSettings::default())?;
/// assert!(intervals["rouge1"].low <= intervals["rouge1"].high);
/// # Ok::<(), captioner_metrics::MetricError>(())
/// ```
///
/// # Errors
/// [`MetricError::NoSamples`], [`MetricError::Confidence`] for one outside 0 to 1,
/// [`MetricError::NoRows`] without rows.
pub fn confidence_intervals(
    statistics: &RowStatistics,
    settings: &ResampleSettings,
) -> Result<BTreeMap<String, ConfidenceInterval>, MetricError> {
    settings.check()?;
    statistics.check_not_empty()?;
    let mut draws = Draws::new(settings.seed);
    Ok(intervals(statistics, settings, |rows| draws.row(rows)))
}

fn intervals(
    statistics: &RowStatistics,
    settings: &ResampleSettings,
    mut draw: impl FnMut(usize) -> usize,
) -> BTreeMap<String, ConfidenceInterval> {
    let rows = statistics.len();
    let mut scores = |_| statistics.of_rows((0..rows).map(|_| draw(rows)));
    let samples: Vec<Scores> = (0..settings.samples).map(&mut scores).collect();
    by_name(&samples)
        .into_iter()
        .map(|(name, values)| (name, interval(values, settings.confidence)))
        .collect()
}

/// Each value over all samples.
pub(super) fn by_name(samples: &[Scores]) -> BTreeMap<String, Vec<f64>> {
    let mut by_name: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for (name, value) in samples.iter().flat_map(Scores::iter) {
        match by_name.get_mut(name) {
            Some(values) => values.push(value),
            None => drop(by_name.insert(name.to_owned(), vec![value])),
        }
    }
    by_name
}

pub(super) fn interval(mut values: Vec<f64>, confidence: f64) -> ConfidenceInterval {
    values.sort_by(f64::total_cmp);
    let beyond = (1.0 - confidence) / 2.0;
    ConfidenceInterval {
        low: percentile(&values, beyond),
        mid: percentile(&values, 0.5),
        high: percentile(&values, 1.0 - beyond),
    }
}

/// The value below which the share `at` of the sorted values lies, linear between neighbours.
fn percentile(sorted: &[f64], at: f64) -> f64 {
    let place = at * sorted.len().saturating_sub(1) as f64;
    let below = place.floor() as usize;
    let (Some(low), Some(high)) = (sorted.get(below), sorted.get(below + 1).or(sorted.last()))
    else {
        return f64::NAN;
    };
    low + (high - low) * (place - below as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statistics() -> RowStatistics {
        let values = (0..50).map(|row| f64::from(row * row % 17)).collect();
        RowStatistics::means(["score"], values)
    }

    #[test]
    fn same_seed_gives_the_same_interval_and_another_seed_another() {
        let settings = ResampleSettings::default();
        let first = confidence_intervals(&statistics(), &settings).unwrap();
        assert_eq!(
            confidence_intervals(&statistics(), &settings).unwrap(),
            first
        );
        let other = ResampleSettings {
            seed: 1,
            ..settings
        };
        assert_ne!(confidence_intervals(&statistics(), &other).unwrap(), first);
    }

    #[test]
    fn interval_of_a_mean_is_as_wide_as_the_standard_error_says() {
        let settings = ResampleSettings {
            samples: 4000,
            ..ResampleSettings::default()
        };
        let interval = confidence_intervals(&statistics(), &settings).unwrap()["score"];
        let values: Vec<f64> = (0..50).map(|row| f64::from(row * row % 17)).collect();
        let mean = values.iter().sum::<f64>() / 50.0;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 50.0;
        let error = (variance / 50.0).sqrt();
        assert!((interval.high - mean - 1.96 * error).abs() < 0.15 * error);
        assert!((mean - interval.low - 1.96 * error).abs() < 0.15 * error);
    }

    /// What `tools/reference/metric_fixtures.py` saw `rouge_score` draw and find.
    #[derive(Deserialize)]
    struct Aggregate {
        values: Vec<f64>,
        draws: Vec<usize>,
        samples: usize,
        low: f64,
        mid: f64,
        high: f64,
    }

    #[test]
    fn the_same_draws_give_googles_aggregate() {
        let text = include_str!("../../tests/fixtures/bootstrap.json");
        let expected: Aggregate = serde_json::from_str(text).unwrap();
        assert_eq!(
            expected.draws.len(),
            expected.values.len() * expected.samples
        );
        let settings = ResampleSettings {
            samples: expected.samples,
            ..ResampleSettings::default()
        };
        let statistics = RowStatistics::means(["score"], expected.values);
        let mut draws = expected.draws.into_iter();
        let found = intervals(&statistics, &settings, |_| draws.next().unwrap())["score"];
        let pairs = [
            (found.low, expected.low),
            (found.mid, expected.mid),
            (found.high, expected.high),
        ];
        for (found, expected) in pairs {
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        }
    }

    #[test]
    fn percentiles_lie_between_neighbours() {
        let interval = interval(vec![4.0, 1.0, 2.0, 3.0], 0.5);
        assert_eq!(
            (interval.low, interval.mid, interval.high),
            (1.75, 2.5, 3.25)
        );
    }

    #[test]
    fn a_confidence_outside_0_to_1_or_nan_is_a_named_error() {
        for confidence in [-0.1, 1.5, f64::NAN] {
            let settings = ResampleSettings {
                confidence,
                ..ResampleSettings::default()
            };
            let error = confidence_intervals(&statistics(), &settings).unwrap_err();
            assert!(matches!(error, MetricError::Confidence { .. }), "{error}");
        }
    }

    #[test]
    fn no_samples_are_a_named_error() {
        let settings = ResampleSettings {
            samples: 0,
            ..ResampleSettings::default()
        };
        let error = confidence_intervals(&statistics(), &settings).unwrap_err();
        assert!(matches!(error, MetricError::NoSamples));
    }
}
