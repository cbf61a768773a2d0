//! Metrics by name, for settings and command lines.

use crate::{
    CharErrorRate, Cider, CiderVariant, CocoBleu, CocoRouge, CocoTokenizer, DistinctN, ExactMatch,
    MeanLength, Meteor, Metric, MetricError, Rouge, SacreBleu, SacreBleuSettings, WordErrorRate,
};

/// All names that [`metric`] knows.
pub const METRIC_NAMES: [&str; 13] = [
    "wer",
    "cer",
    "rouge",
    "rouge_stemmed",
    "bleu",
    "rouge_l",
    "cider_d",
    "cider",
    "meteor",
    "sacrebleu",
    "distinct",
    "mean_length",
    "exact_match",
];

/// A metric without rows, in the settings of its reference package. It gives all its values;
/// [`MetricSet::from_names`](crate::MetricSet::from_names) takes names of single values too.
///
/// ```
/// use captioner_metrics::{metric, single_references};
///
/// let mut metric = metric("cider_d")?;
/// metric.update(&["a cat", "a dog"], &single_references(&["a cat", "the dog"]))?;
/// assert!(metric.compute()?.get("cider_d").is_some());
/// # Ok::<(), captioner_metrics::MetricError>(())
/// ```
///
/// # Errors
/// [`MetricError::UnknownMetric`] for a name that is not among [`METRIC_NAMES`].
pub fn metric(name: &str) -> Result<Box<dyn Metric>, MetricError> {
    let tokenizer = CocoTokenizer::Ptb;
    Ok(match name {
        "wer" => Box::new(WordErrorRate::new()),
        "cer" => Box::new(CharErrorRate::new()),
        "rouge" => Box::new(Rouge::new(false)),
        "rouge_stemmed" => Box::new(Rouge::new(true)),
        "bleu" => Box::new(CocoBleu::new(tokenizer)),
        "rouge_l" => Box::new(CocoRouge::new(tokenizer)),
        "cider_d" => Box::new(Cider::new(CiderVariant::CiderD, tokenizer)),
        "cider" => Box::new(Cider::new(CiderVariant::Cider, tokenizer)),
        "meteor" => Box::new(Meteor::new(tokenizer)),
        "sacrebleu" => Box::new(SacreBleu::new(SacreBleuSettings::default())),
        "distinct" => Box::new(DistinctN::new(tokenizer)),
        "mean_length" => Box::new(MeanLength::new()),
        "exact_match" => Box::new(ExactMatch::new()),
        _ => {
            let known = METRIC_NAMES.map(str::to_owned).to_vec();
            return Err(MetricError::unknown_metric(name, known));
        }
    })
}

/// One metric for each of [`METRIC_NAMES`], without rows.
pub fn all_metrics() -> Vec<Box<dyn Metric>> {
    let metrics = METRIC_NAMES.iter().map(|name| metric(name));
    metrics.filter_map(Result::ok).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_name_makes_the_metric_of_that_name() {
        let names: Vec<_> = all_metrics().iter().map(|m| m.name().to_owned()).collect();
        assert_eq!(names, METRIC_NAMES);
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones_nearest_first() {
        let MetricError::UnknownMetric { name, known } = metric("ciderd").unwrap_err() else {
            panic!("another error");
        };
        assert_eq!((name.as_str(), known.len()), ("ciderd", METRIC_NAMES.len()));
        assert_eq!(known[..2], ["cider_d", "cider"]);
    }
}
