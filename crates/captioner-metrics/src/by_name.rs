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

/// A metric without rows, in the settings of its reference package.
///
/// ```
/// let mut metric = captioner_metrics::metric("cider_d")?;
/// let captions = ["a cat", "a dog"].map(String::from);
/// metric.update(&captions, &captioner_metrics::single_references(captions.clone()))?;
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
            return Err(MetricError::UnknownMetric {
                name: name.to_owned(),
            });
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::single_references;

    #[test]
    fn no_two_metrics_give_a_figure_of_one_name() {
        let mut seen = std::collections::BTreeSet::new();
        let captions = ["a cat".to_owned()];
        for name in METRIC_NAMES {
            let mut metric = metric(name).unwrap();
            metric
                .update(&captions, &single_references(captions.clone()))
                .unwrap();
            for (figure, _) in metric.compute().unwrap().iter() {
                assert!(
                    seen.insert(figure.to_owned()),
                    "{name} gives {figure} again"
                );
            }
        }
    }

    #[test]
    fn every_listed_name_makes_a_metric() {
        for name in METRIC_NAMES {
            let found = metric(name).unwrap().name();
            assert!(name.starts_with(found), "{name} gave {found}");
        }
        let error = metric("spice").err().unwrap().to_string();
        assert!(error.contains("cider_d"), "{error}");
    }
}
