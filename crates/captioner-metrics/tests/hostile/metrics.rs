//! Every metric by name, and settings beyond the defaults that read captions in another way.

use captioner_metrics::{
    BleuTokenizer, METRIC_NAMES, Metric, Regex, RegexSubstitution, SacreBleu, SacreBleuSettings,
    TokenUnit, Transform, Transforms, WordErrorRate, metric,
};

/// Other ways than those of [`METRIC_NAMES`].
const MORE: [&str; 4] = [
    "sacrebleu_intl",
    "sacrebleu_char",
    "sacrebleu_none",
    "wer_chain",
];

pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    METRIC_NAMES.into_iter().chain(MORE)
}

pub(crate) fn named(name: &str) -> Box<dyn Metric> {
    match name {
        "sacrebleu_intl" => sacrebleu(BleuTokenizer::International),
        "sacrebleu_char" => sacrebleu(BleuTokenizer::Char),
        "sacrebleu_none" => sacrebleu(BleuTokenizer::None),
        "wer_chain" => {
            let metric = WordErrorRate::with_transforms(chain(), chain());
            Box::new(metric.expect("no step changes the rows"))
        }
        name => metric(name).expect("a listed name"),
    }
}

fn sacrebleu(tokenizer: BleuTokenizer) -> Box<dyn Metric> {
    Box::new(SacreBleu::new(SacreBleuSettings {
        tokenizer,
        ..SacreBleuSettings::default()
    }))
}

/// Every step that keeps rows.
fn chain() -> Transforms {
    let digits = RegexSubstitution {
        pattern: Regex::new("[0-9]+").expect("a pattern"),
        replacement: "number".to_owned(),
    };
    let steps = vec![
        Transform::ToUpperCase,
        Transform::ToLowerCase,
        Transform::ExpandCommonEnglishContractions,
        Transform::RemoveKaldiNonWords,
        Transform::SubstituteWords(vec![("a".to_owned(), "one".to_owned())]),
        Transform::RemoveSpecificWords(vec!["is".to_owned()]),
        Transform::SubstituteRegexes(vec![digits]),
        Transform::RemovePunctuation,
        Transform::RemoveWhiteSpace {
            replace_by_space: true,
        },
        Transform::RemoveMultipleSpaces,
        Transform::Strip,
    ];
    Transforms::new(steps, TokenUnit::Words)
}
