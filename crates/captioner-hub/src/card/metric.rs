//! The values of a card.

/// A value that a model was measured with.
#[derive(Clone, Debug, PartialEq)]
pub struct CardMetric {
    /// The metric, by its name in Hugging Face's `evaluate`: `wer`, `bleu`, `cider`, ... A value
    /// without one is shown, and is no entry of the `model-index`.
    pub kind: Option<String>,
    /// The value's name, for people: `wer of generated captions`.
    pub name: String,
    /// The value. One that is infinite or NaN is shown, and left out of the `model-index`.
    pub value: f64,
}

/// Metrics whose values are told apart behind their name: `bleu_4`, `rouge_l`, `rouge1`.
const FAMILIES: [&str; 8] = [
    "sacrebleu",
    "bleu",
    "rouge",
    "cider",
    "meteor",
    "exact_match",
    "wer",
    "cer",
];

impl CardMetric {
    /// The values of an evaluation by their names, where those of generated captions begin with
    /// `generated_`. All others are of teacher-forced predictions: where captions were generated
    /// too, they are no entries of the `model-index`, whose readers would take them for these.
    ///
    /// ```
    /// use captioner_hub::CardMetric;
    ///
    /// let metrics = CardMetric::from_scores([("generated_bleu_4", 0.31), ("wer", 0.2)]);
    /// assert_eq!(metrics[0].kind.as_deref(), Some("bleu"));
    /// assert_eq!(metrics[0].name, "bleu_4 of generated captions");
    /// assert_eq!(metrics[1].kind, None);
    /// ```
    pub fn from_scores<'a>(scores: impl IntoIterator<Item = (&'a str, f64)>) -> Vec<Self> {
        let scores: Vec<_> = scores.into_iter().collect();
        let has_captions = scores.iter().any(|(name, _)| generated(name).is_some());
        let metric = |(name, value)| match generated(name) {
            Some(plain) => Self {
                kind: kind(plain),
                name: format!("{plain} of generated captions"),
                value,
            },
            None => Self {
                kind: kind(name).filter(|_| !has_captions),
                name: match family(name) {
                    Some(_) => format!("{name}, teacher-forced"),
                    None => name.to_owned(),
                },
                value,
            },
        };
        scores.into_iter().map(metric).collect()
    }
}

fn generated(score: &str) -> Option<&str> {
    score.strip_prefix("generated_")
}

fn kind(plain: &str) -> Option<String> {
    let kind = match plain {
        "token_accuracy" => Some("accuracy"),
        "perplexity" => Some("perplexity"),
        plain => family(plain),
    };
    kind.map(str::to_owned)
}

fn family(plain: &str) -> Option<&'static str> {
    let of = |family: &&str| {
        let rest = plain.strip_prefix(*family);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['_', '1', '2', 'L']))
    };
    FAMILIES.into_iter().find(of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_the_name_that_evaluate_gives_its_metric() {
        for (score, expected) in [
            ("generated_wer", Some("wer")),
            ("generated_cer", Some("cer")),
            ("generated_rouge1", Some("rouge")),
            ("generated_rougeLsum", Some("rouge")),
            ("generated_rouge_l", Some("rouge")),
            ("generated_sacrebleu", Some("sacrebleu")),
            ("generated_sacrebleu_precision_1", Some("sacrebleu")),
            ("generated_cider_d", Some("cider")),
            ("generated_certainty", None),
            ("loss_per_token", None),
        ] {
            let metrics = CardMetric::from_scores([(score, 1.0)]);
            assert_eq!(metrics[0].kind.as_deref(), expected, "{score}");
        }
    }

    #[test]
    fn without_generated_captions_the_teacher_forced_values_are_the_results() {
        let metrics = CardMetric::from_scores([("wer", 0.5), ("token_accuracy", 0.7)]);
        let kinds: Vec<_> = metrics.iter().map(|m| m.kind.as_deref()).collect();
        assert_eq!(kinds, [Some("wer"), Some("accuracy")]);
        assert_eq!(metrics[0].name, "wer, teacher-forced");
    }
}
