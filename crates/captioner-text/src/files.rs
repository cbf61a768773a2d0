//! A tokenizer's files, as Hugging Face lays them out.

use crate::settings::{SPECIAL_TOKENS, TokenizerSettings};
use crate::word_piece::bert_tokenizer;
use crate::{CaptionTokenizer, FormatError, TextError, pipeline};
use captioner_files::{FileError, create_folder, is_lfs_pointer, write_file, write_json};
use serde_json::{Map, Value};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use tokenizers::{ModelWrapper, Tokenizer};

const TOKENIZER: &str = "tokenizer.json";
const VOCABULARY: &str = "vocab.txt";
const CONFIG: &str = "tokenizer_config.json";
/// BERT's largest files have 3 MB; beyond this nothing is read.
const MAX_FILE_BYTES: u64 = 64 << 20;
const SPECIAL_MAP: &str = "special_tokens_map.json";

/// Reads what [`CaptionTokenizer::from_pretrained`] describes.
pub(crate) fn load(dir: &Path) -> Result<CaptionTokenizer, TextError> {
    let (tokenizer, vocabulary) = (dir.join(TOKENIZER), dir.join(VOCABULARY));
    let settings = read_settings(dir)?;
    if tokenizer.is_file() {
        CaptionTokenizer::new(read_tokenizer(&tokenizer)?, settings)
    } else if vocabulary.is_file() {
        let text = read(&vocabulary)?;
        let tokenizer = bert_tokenizer(text.lines().map(str::to_owned), &settings)?;
        CaptionTokenizer::new(tokenizer, settings)
    } else {
        Err(TextError::NoTokenizer {
            dir: dir.to_owned(),
        })
    }
}

pub(crate) fn read_tokenizer(path: &Path) -> Result<Tokenizer, TextError> {
    parse_tokenizer(&read(path)?).map_err(|error| TextError::malformed(path, error))
}

/// The tokenizer that the text of a `tokenizer.json` describes, or what is wrong with it.
pub(crate) fn parse_tokenizer(text: &str) -> Result<Tokenizer, FormatError> {
    let json: Value = serde_json::from_str(text)?;
    if let Some(refusal) = pipeline::refusal(&json) {
        return Err(refusal);
    }
    text.parse().map_err(FormatError::Library)
}

/// `special_tokens_map.json` names the special tokens where `tokenizer_config.json` doesn't.
fn read_settings(dir: &Path) -> Result<TokenizerSettings, TextError> {
    let mut json = read_object(&dir.join(CONFIG))?;
    for (name, token) in read_object(&dir.join(SPECIAL_MAP))? {
        json.entry(name).or_insert(token);
    }
    Ok(TokenizerSettings { json })
}

/// A JSON object; an empty one where there is no file.
fn read_object(path: &Path) -> Result<Map<String, Value>, TextError> {
    if !path.is_file() {
        return Ok(Map::new());
    }
    serde_json::from_str(&read(path)?).map_err(|error| TextError::malformed(path, error))
}

fn read(path: &Path) -> Result<String, TextError> {
    let failed = |source| TextError::Read {
        path: path.to_owned(),
        source,
    };
    let mut bytes = Vec::new();
    let mut file = fs::File::open(path)
        .map_err(failed)?
        .take(MAX_FILE_BYTES + 1);
    file.read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(TextError::FileTooLarge {
            path: path.to_owned(),
            limit: MAX_FILE_BYTES,
        });
    }
    if is_lfs_pointer(&bytes) {
        return Err(TextError::LfsPointer(FileError::lfs_pointer(path)));
    }
    String::from_utf8(bytes).map_err(|error| TextError::malformed(path, error))
}

/// Writes what [`CaptionTokenizer::save_pretrained`] describes.
pub(crate) fn save(tokenizer: &CaptionTokenizer, dir: &Path) -> Result<Vec<PathBuf>, TextError> {
    create_folder(dir)?;
    let json = tokenizer.inner.to_string(true);
    let json = json.map_err(TextError::Save)?;
    let mut names = vec![TOKENIZER, CONFIG, SPECIAL_MAP];
    write_file(dir.join(TOKENIZER), json.as_bytes())?;
    write_json(dir.join(CONFIG), &config(tokenizer))?;
    write_json(dir.join(SPECIAL_MAP), &special_tokens(tokenizer))?;
    if let Some(text) = vocabulary(&tokenizer.inner) {
        write_file(dir.join(VOCABULARY), text.as_bytes())?;
        names.push(VOCABULARY);
    }
    Ok(names.into_iter().map(|name| dir.join(name)).collect())
}

/// `tokenizer_config.json`: what was loaded, and what transformers needs besides.
fn config(tokenizer: &CaptionTokenizer) -> Map<String, Value> {
    let mut config = tokenizer.settings.json.clone();
    for (name, token) in special_tokens(tokenizer) {
        config.entry(name).or_insert(token);
    }
    let class = match tokenizer.inner.get_model() {
        ModelWrapper::WordPiece(_) => "BertTokenizer",
        _ => "PreTrainedTokenizerFast",
    };
    let settings = &tokenizer.settings;
    let defaults = [
        ("tokenizer_class", class.into()),
        ("do_lower_case", settings.lowercase().into()),
        (
            "tokenize_chinese_chars",
            settings.handle_chinese_chars().into(),
        ),
        ("strip_accents", settings.strip_accents().into()),
        (
            "clean_up_tokenization_spaces",
            settings.clean_up_tokenization_spaces().into(),
        ),
        (
            "model_max_length",
            settings.model_max_length().unwrap_or(512).into(),
        ),
        (
            "model_input_names",
            ["input_ids", "attention_mask"].as_slice().into(),
        ),
    ];
    for (key, value) in defaults {
        config.entry(key).or_insert(value);
    }
    config
}

/// The special tokens that the vocabulary has, under transformers' names.
fn special_tokens(tokenizer: &CaptionTokenizer) -> Map<String, Value> {
    SPECIAL_TOKENS
        .iter()
        .map(|(name, default)| (*name, tokenizer.settings.special_token(name, default)))
        .filter(|(_, token)| tokenizer.inner.token_to_id(token).is_some())
        .map(|(name, token)| (name.to_owned(), token.into()))
        .collect()
}

/// One token a line in the order of their ids; `None` where lines could not be ids.
fn vocabulary(tokenizer: &Tokenizer) -> Option<String> {
    if !matches!(tokenizer.get_model(), ModelWrapper::WordPiece(_)) {
        return None;
    }
    let mut tokens: Vec<_> = tokenizer.get_vocab(false).into_iter().collect();
    tokens.sort_unstable_by_key(|(_, id)| *id);
    let gapless = tokens
        .iter()
        .enumerate()
        .all(|(line, (_, id))| line == *id as usize);
    gapless.then(|| tokens.into_iter().map(|(token, _)| token + "\n").collect())
}
