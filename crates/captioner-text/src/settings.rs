//! What `tokenizer_config.json` says, and what BERT takes where it says nothing.

use crate::Side;
use serde_json::{Map, Value};
use tokenizers::{NormalizerWrapper, Tokenizer};

/// The keys and default texts of the special tokens, in the order of BERT's own ids.
pub(crate) const SPECIAL_TOKENS: [(&str, &str); 5] = [
    ("pad_token", "[PAD]"),
    ("unk_token", "[UNK]"),
    ("cls_token", "[CLS]"),
    ("sep_token", "[SEP]"),
    ("mask_token", "[MASK]"),
];

/// transformers writes 10^30 for "no limit"; anything beyond this is taken as none.
const LONGEST_MODEL: f64 = 1e9;

/// `tokenizer_config.json` as it was read, so that saving loses no key.
#[derive(Debug, Clone, Default)]
pub(crate) struct TokenizerSettings {
    pub(crate) json: Map<String, Value>,
}

impl TokenizerSettings {
    /// Settings of a tokenizer made here, which decodes to text as people write it.
    pub(crate) fn new(lowercase: bool) -> Self {
        let mut settings = Self::default();
        settings.set("do_lower_case", lowercase.into());
        settings.set("clean_up_tokenization_spaces", true.into());
        settings
    }

    pub(crate) fn set(&mut self, key: &str, value: Value) {
        self.json.insert(key.to_owned(), value);
    }

    /// Takes over what the tokenizer does, for keys that the settings lack.
    pub(crate) fn complete(&mut self, tokenizer: &Tokenizer) {
        let Some(NormalizerWrapper::BertNormalizer(normalizer)) = tokenizer.get_normalizer() else {
            return;
        };
        let found = [
            ("do_lower_case", normalizer.lowercase.into()),
            ("strip_accents", normalizer.strip_accents.into()),
            (
                "tokenize_chinese_chars",
                normalizer.handle_chinese_chars.into(),
            ),
        ];
        for (key, value) in found {
            self.json.entry(key).or_insert(value);
        }
    }

    fn flag(&self, key: &str) -> Option<bool> {
        self.json.get(key).and_then(Value::as_bool)
    }

    pub(crate) fn lowercase(&self) -> bool {
        self.flag("do_lower_case").unwrap_or(true)
    }

    pub(crate) fn strip_accents(&self) -> Option<bool> {
        self.flag("strip_accents")
    }

    pub(crate) fn handle_chinese_chars(&self) -> bool {
        self.flag("tokenize_chinese_chars").unwrap_or(true)
    }

    /// Off where the file doesn't say, as in transformers 5.
    pub(crate) fn clean_up_tokenization_spaces(&self) -> bool {
        self.flag("clean_up_tokenization_spaces").unwrap_or(false)
    }

    /// `left` or `right`; right where the file doesn't say.
    pub(crate) fn side(&self, key: &str) -> Side {
        match self.json.get(key).and_then(Value::as_str) {
            Some("left") => Side::Left,
            _ => Side::Right,
        }
    }

    pub(crate) fn model_max_length(&self) -> Option<usize> {
        let length = self.json.get("model_max_length")?.as_f64()?;
        (1.0..=LONGEST_MODEL)
            .contains(&length)
            .then_some(length as usize)
    }

    /// The text of a special token; written as a string or as `{"content": …}`.
    pub(crate) fn special_token(&self, name: &str, default: &str) -> String {
        let value = self.json.get(name);
        let text = value.and_then(|value| value.get("content").unwrap_or(value).as_str());
        text.unwrap_or(default).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(json: &str) -> TokenizerSettings {
        TokenizerSettings {
            json: serde_json::from_str(json).unwrap(),
        }
    }

    #[test]
    fn special_tokens_are_read_in_both_spellings() {
        let settings = settings(r#"{"pad_token": "<p>", "cls_token": {"content": "<c>"}}"#);
        assert_eq!(settings.special_token("pad_token", "[PAD]"), "<p>");
        assert_eq!(settings.special_token("cls_token", "[CLS]"), "<c>");
        assert_eq!(settings.special_token("sep_token", "[SEP]"), "[SEP]");
    }

    #[test]
    fn ten_to_the_thirty_means_no_length_limit() {
        let none = settings(r#"{"model_max_length": 1000000000000000019884624838656}"#);
        assert_eq!(none.model_max_length(), None);
        assert_eq!(
            settings(r#"{"model_max_length": 512}"#).model_max_length(),
            Some(512)
        );
        assert_eq!(
            settings(r#"{"model_max_length": -1}"#).model_max_length(),
            None
        );
    }

    #[test]
    fn an_empty_config_means_uncased_bert() {
        let settings = settings("{}");
        assert!(settings.lowercase());
        assert!(settings.handle_chinese_chars());
        assert_eq!(settings.strip_accents(), None);
    }
}
