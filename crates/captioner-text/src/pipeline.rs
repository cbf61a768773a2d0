//! Which tokenizers are accepted from a `tokenizer.json`.
//!
//! The library builds whatever the file describes, and a file may describe harm: a chain of
//! replacements that doubles the text at each step, a regular expression that never ends. A captioner
//! of the GIT family needs none of that, so only BERT's model and steps that keep a text's size
//! are accepted.

use crate::FormatError;
use serde_json::Value;

/// The steps that may stand under each key, `null` beside them.
const ACCEPTED: [(&str, &[&str]); 5] = [
    ("model", &["WordPiece"]),
    (
        "normalizer",
        &[
            "BertNormalizer",
            "Lowercase",
            "NFC",
            "NFD",
            "NFKC",
            "NFKD",
            "Strip",
            "StripAccents",
            "Sequence",
        ],
    ),
    (
        "pre_tokenizer",
        &[
            "BertPreTokenizer",
            "Whitespace",
            "WhitespaceSplit",
            "Punctuation",
            "Digits",
            "Sequence",
        ],
    ),
    ("post_processor", &["TemplateProcessing", "BertProcessing"]),
    ("decoder", &["WordPiece", "Fuse", "Strip", "Sequence"]),
];

/// Added tokens have ids below this: far more than any model has, and no sum of them overflows.
const MOST_IDS: u64 = 1 << 24;

/// BERT gives up on words of more than 100 characters. The library's time for a word grows faster than
/// the square of its length, so a caption of one long word would never end.
const MOST_CHARACTERS_PER_WORD: u64 = 256;

/// What in the file is not accepted, if anything.
pub(crate) fn refusal(json: &Value) -> Option<FormatError> {
    if !json.is_object() {
        return Some(FormatError::NotAnObject);
    }
    let steps = ACCEPTED.iter().find_map(|(key, accepted)| {
        json.get(key)
            .and_then(|step| refused_step(key, step, accepted))
    });
    steps
        .or_else(|| refused_template(json.get("post_processor")?))
        .or_else(|| refused_id(json))
        .or_else(|| refused_word_length(json.get("model")?))
}

fn refused_step(
    key: &'static str,
    step: &Value,
    accepted: &'static [&'static str],
) -> Option<FormatError> {
    if step.is_null() {
        return None;
    }
    // Old files name no type of the model; its fields say it, of which these are WordPiece's.
    let untyped = key == "model" && step.get("max_input_chars_per_word").is_some();
    let kind = match step.get("type").and_then(Value::as_str) {
        None if untyped => "WordPiece",
        kind => kind.unwrap_or("of no type"),
    };
    if !accepted.contains(&kind) {
        return Some(FormatError::Step {
            key,
            kind: kind.to_owned(),
            accepted,
        });
    }
    let parts = ["normalizers", "pretokenizers", "decoders"].into_iter();
    let parts = parts.filter_map(|name| step.get(name)?.as_array());
    parts
        .flatten()
        .find_map(|part| refused_step(key, part, accepted))
}

/// The library looks a template's tokens up without asking whether they are there, and takes a second
/// caption for granted where the template names one.
fn refused_template(step: &Value) -> Option<FormatError> {
    if step.get("type")?.as_str()? != "TemplateProcessing" {
        return None;
    }
    let Some(pieces) = step.get("single").and_then(Value::as_array) else {
        return Some(FormatError::NoTemplate);
    };
    let mut captions = 0;
    for piece in pieces {
        if let Some(token) = piece.pointer("/SpecialToken/id").and_then(Value::as_str) {
            let known = step
                .get("special_tokens")
                .and_then(|tokens| tokens.get(token));
            if known.is_none() {
                return Some(FormatError::UndefinedTemplateToken {
                    token: token.to_owned(),
                });
            }
        } else if piece.pointer("/Sequence/id").and_then(Value::as_str) == Some("A") {
            captions += 1;
        } else {
            return Some(FormatError::TemplatePiece {
                piece: piece.to_string(),
            });
        }
    }
    (captions != 1).then_some(FormatError::TemplateCaptions { count: captions })
}

fn refused_id(json: &Value) -> Option<FormatError> {
    let added = json.get("added_tokens").and_then(Value::as_array);
    let added = added
        .into_iter()
        .flatten()
        .filter_map(|token| token.get("id"));
    let vocabulary = json.pointer("/model/vocab").and_then(Value::as_object);
    let vocabulary = vocabulary.into_iter().flat_map(|tokens| tokens.values());
    let mut ids = added.chain(vocabulary).filter_map(Value::as_u64);
    let id = ids.find(|&id| id >= MOST_IDS)?;
    Some(FormatError::IdTooLarge {
        id,
        limit: MOST_IDS,
    })
}

fn refused_word_length(model: &Value) -> Option<FormatError> {
    let length = model.get("max_input_chars_per_word")?.as_u64()?;
    (length > MOST_CHARACTERS_PER_WORD).then_some(FormatError::WordsTooLong {
        length,
        limit: MOST_CHARACTERS_PER_WORD,
    })
}

#[cfg(test)]
mod tests {
    use super::MOST_CHARACTERS_PER_WORD;
    use serde_json::{Value, json};

    fn refusal(json: &Value) -> Option<String> {
        super::refusal(json).map(|refusal| refusal.to_string())
    }

    #[test]
    fn steps_that_make_a_text_grow_are_named() {
        let replace = json!({"type": "Replace", "pattern": {"String": "a"}, "content": "aa"});
        let chain = json!({"normalizer": {"type": "Sequence", "normalizers": [replace]}});
        assert!(refusal(&chain).unwrap().contains("normalizer is Replace"));
    }

    #[test]
    fn other_models_are_named() {
        let refused = refusal(&json!({"model": {"type": "BPE"}})).unwrap();
        assert!(refused.contains("model is BPE"), "{refused}");
    }

    #[test]
    fn ids_that_would_overflow_are_named() {
        let refused = refusal(&json!({"added_tokens": [{"id": 4_294_967_295_u32}]})).unwrap();
        assert!(refused.contains("4294967295"), "{refused}");
        let refused = refusal(&json!({"model": {"type": "WordPiece", "vocab": {"a": 1 << 24}}}));
        assert!(refused.is_some());
    }

    /// Found by fuzzing: the library panics when it encodes with such a template.
    #[test]
    fn a_template_that_names_a_token_it_does_not_define_is_named() {
        let sequence = json!({"Sequence": {"id": "A", "type_id": 0}});
        let template = |single: Value| {
            let tokens = json!({"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]}});
            json!({"post_processor": {
                "type": "TemplateProcessing", "single": single, "pair": [], "special_tokens": tokens,
            }})
        };
        let special = |token: &str| json!({"SpecialToken": {"id": token, "type_id": 0}});
        assert_eq!(
            refusal(&template(json!([special("[CLS]"), sequence]))),
            None
        );
        let refused = refusal(&template(json!([sequence, special("[SEP]")]))).unwrap();
        assert!(refused.contains("[SEP]"), "{refused}");
        let second = json!({"Sequence": {"id": "B", "type_id": 0}});
        assert!(refusal(&template(json!([sequence, second]))).is_some());
        assert!(refusal(&template(json!([sequence, sequence]))).is_some());
    }

    #[test]
    fn words_without_end_are_named() {
        let of_length = |length: u64| {
            refusal(&json!({"model": {"type": "WordPiece", "max_input_chars_per_word": length}}))
        };
        assert_eq!(of_length(100), None);
        assert_eq!(of_length(MOST_CHARACTERS_PER_WORD), None);
        let refused = of_length(1_000_000_000).unwrap();
        assert!(refused.contains("1000000000"), "{refused}");
        assert!(of_length(MOST_CHARACTERS_PER_WORD + 1).is_some());
    }

    #[test]
    fn absent_steps_are_accepted() {
        assert_eq!(
            refusal(&json!({"normalizer": null, "model": {"type": "WordPiece"}})),
            None
        );
    }
}
