//! Transforms give jiwer's words.

use std::collections::BTreeMap;

use captioner_metrics::{RegexSubstitution, TokenUnit, Transform, Transforms};
use serde::Deserialize;

use crate::fixture::{json, unpacked};

#[derive(Deserialize)]
struct Fixture {
    captions: Vec<String>,
    steps: BTreeMap<String, Vec<Vec<String>>>,
    chains: BTreeMap<String, Vec<Vec<String>>>,
}

fn step(name: &str) -> Transform {
    let owned = |words: &[&str]| words.iter().map(|word| word.to_string()).collect();
    let regex = |pattern: &str, replacement: &str| RegexSubstitution {
        pattern: regex::Regex::new(pattern).unwrap(),
        replacement: replacement.to_owned(),
    };
    let pair = |from: &str, to: &str| (from.to_owned(), to.to_owned());
    match name {
        "remove_multiple_spaces" => Transform::RemoveMultipleSpaces,
        "strip" => Transform::Strip,
        "lower" => Transform::ToLowerCase,
        "upper" => Transform::ToUpperCase,
        "remove_punctuation" => Transform::RemovePunctuation,
        "remove_white_space" => Transform::RemoveWhiteSpace {
            replace_by_space: false,
        },
        "white_space_to_space" => Transform::RemoveWhiteSpace {
            replace_by_space: true,
        },
        "remove_kaldi_non_words" => Transform::RemoveKaldiNonWords,
        "expand_contractions" => Transform::ExpandCommonEnglishContractions,
        "substitute_words" => Transform::SubstituteWords(vec![
            pair("a", "one"),
            pair("is", "was"),
            pair("dog's", "dog"),
        ]),
        "remove_specific_words" => Transform::RemoveSpecificWords(owned(&["a", "the", "on"])),
        "substitute_regexes" => Transform::SubstituteRegexes(vec![
            regex(r"\bthe\b", "a"),
            regex(r"(\w+)ing\b", "${1}ed"),
        ]),
        "remove_empty_strings" => Transform::RemoveEmptyStrings,
        other => panic!("no step {other}"),
    }
}

fn chain(name: &str) -> Transforms {
    match name {
        "wer_default" => Transforms::wer_default(),
        "wer_contiguous" => Transforms::wer_default().contiguous(),
        "wer_standardize" => Transforms::wer_standardize(),
        "wer_standardize_contiguous" => Transforms::wer_standardize().contiguous(),
        "cer_default" => Transforms::cer_default(),
        "cer_contiguous" => Transforms::cer_default().contiguous(),
        other => panic!("no chain {other}"),
    }
}

#[test]
fn every_step_and_chain_gives_the_same_words() {
    let fixture: Fixture = json(&unpacked("transforms.json.gz"));
    assert!(fixture.captions.len() > 300);
    assert_eq!((fixture.steps.len(), fixture.chains.len()), (13, 6));
    let steps = fixture.steps.iter().map(|(name, expected)| {
        (
            name,
            Transforms::new(vec![step(name)], TokenUnit::Words),
            expected,
        )
    });
    let chains = fixture
        .chains
        .iter()
        .map(|(name, expected)| (name, chain(name), expected));
    for (name, transforms, expected) in steps.chain(chains) {
        let found = transforms.apply(&fixture.captions);
        assert_eq!(found.len(), expected.len(), "{name}");
        for (row, (found, expected)) in found.iter().zip(expected).enumerate() {
            assert_eq!(found, expected, "{name}, row {row}");
        }
    }
}
