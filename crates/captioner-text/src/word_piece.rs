//! BERT's WordPiece tokenizer around a vocabulary, as `BertTokenizerFast` builds it.

use crate::TextError;
use crate::settings::{SPECIAL_TOKENS, TokenizerSettings};
use serde_json::{Map, Value, json};
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::processors::template::TemplateProcessing;
use tokenizers::{AddedToken, Tokenizer, decoders};

/// The mark before a piece that continues a word.
pub(crate) const CONTINUATION: &str = "##";

/// Longer words become `[UNK]`, as in BERT.
const MAX_CHARACTERS_PER_WORD: usize = 100;

/// The tokenizer for `tokens`, whose places are their ids.
pub(crate) fn bert_tokenizer(
    tokens: impl Iterator<Item = String>,
    settings: &TokenizerSettings,
) -> Result<Tokenizer, TextError> {
    let vocabulary: Map<String, Value> = tokens
        .enumerate()
        .map(|(id, token)| (token, id.into()))
        .collect();
    let ids = |name, token: &str| id_of(&vocabulary, name, token);
    let cls = settings.special_token("cls_token", "[CLS]");
    let sep = settings.special_token("sep_token", "[SEP]");
    let template = template(&cls, ids("cls_token", &cls)?, &sep, ids("sep_token", &sep)?);
    let special = present_special_tokens(&vocabulary, settings);

    let mut tokenizer = Tokenizer::new(model(vocabulary, settings)?);
    tokenizer.with_pre_tokenizer(Some(BertPreTokenizer));
    tokenizer.with_post_processor(Some(template?));
    tokenizer.with_decoder(Some(decoders::wordpiece::WordPiece::default()));
    tokenizer
        .with_normalizer(Some(normalizer(settings)))
        .and_then(|tokenizer| tokenizer.add_special_tokens(special))
        .map_err(TextError::Build)?;
    Ok(tokenizer)
}

/// Cleans control characters, splits Chinese characters, lowers case and strips accents.
pub(crate) fn normalizer(settings: &TokenizerSettings) -> BertNormalizer {
    BertNormalizer::new(
        true,
        settings.handle_chinese_chars(),
        settings.strip_accents(),
        settings.lowercase(),
    )
}

/// Made through its JSON form: the builder wants a hash map of one particular library.
fn model(
    vocabulary: Map<String, Value>,
    settings: &TokenizerSettings,
) -> Result<WordPiece, TextError> {
    let model = json!({
        "type": "WordPiece",
        "unk_token": settings.special_token("unk_token", "[UNK]"),
        "continuing_subword_prefix": CONTINUATION,
        "max_input_chars_per_word": MAX_CHARACTERS_PER_WORD,
        "vocab": vocabulary,
    });
    // From text: the library's visitor borrows the type's name.
    serde_json::from_str(&model.to_string()).map_err(|error| TextError::Build(error.into()))
}

/// `[CLS] caption [SEP]`, and `[CLS] first [SEP] second [SEP]` with the second of type 1.
fn template(
    cls: &str,
    cls_id: u32,
    sep: &str,
    sep_id: u32,
) -> Result<TemplateProcessing, TextError> {
    let special = |token: &str, kind: u32| json!({"SpecialToken": {"id": token, "type_id": kind}});
    let sequence = |id: &str, kind: u32| json!({"Sequence": {"id": id, "type_id": kind}});
    let entry = |token: &str, id: u32| json!({"id": token, "ids": [id], "tokens": [token]});
    let single = [special(cls, 0), sequence("A", 0), special(sep, 0)];
    let pair = [&single[..], &[sequence("B", 1), special(sep, 1)]].concat();
    let template = json!({
        "type": "TemplateProcessing",
        "single": single,
        "pair": pair,
        "special_tokens": {cls: entry(cls, cls_id), sep: entry(sep, sep_id)},
    });
    serde_json::from_str(&template.to_string()).map_err(|error| TextError::Build(error.into()))
}

/// Special tokens are matched before words are split, so the library must be told of them.
fn present_special_tokens(
    vocabulary: &Map<String, Value>,
    settings: &TokenizerSettings,
) -> Vec<AddedToken> {
    SPECIAL_TOKENS
        .iter()
        .map(|(name, default)| settings.special_token(name, default))
        .filter(|token| vocabulary.contains_key(token))
        .map(|token| AddedToken::from(token, true))
        .collect()
}

fn id_of(
    vocabulary: &Map<String, Value>,
    name: &'static str,
    token: &str,
) -> Result<u32, TextError> {
    let id = vocabulary.get(token).and_then(Value::as_u64);
    id.and_then(|id| u32::try_from(id).ok())
        .ok_or_else(|| TextError::MissingSpecialToken {
            name,
            token: token.to_owned(),
            vocabulary: vocabulary.len(),
        })
}
