//! Vocabularies trained here, and files written and read back.

use captioner_files::FileError;
use captioner_text::{
    CaptionTokenizer, EncodeOptions, Padding, Side, TextError, WordPieceTraining,
};
use std::path::PathBuf;

const CAPTIONS: [&str; 4] = [
    "a drawing of a green cat with long ears",
    "a drawing of a blue bird, smiling",
    "a drawing of a red snail with two horns and a tail",
    "a drawing of a pink and blue creature, it's happy!",
];

fn trained() -> CaptionTokenizer {
    CaptionTokenizer::train_word_piece(CAPTIONS, &WordPieceTraining::default()).unwrap()
}

/// A folder of its own for one test, empty at first and removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn with(self, name: &str, text: &str) -> Self {
        std::fs::write(self.0.join(name), text).unwrap();
        self
    }

    fn load_error(&self) -> TextError {
        CaptionTokenizer::from_pretrained(&self.0).unwrap_err()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn saved_json(tokenizer: &CaptionTokenizer, name: &str) -> String {
    let folder = Folder::new(name);
    tokenizer.save_pretrained(&folder.0).unwrap();
    std::fs::read_to_string(folder.0.join("tokenizer.json")).unwrap()
}

#[test]
fn training_twice_gives_the_same_file() {
    // Every hash map in the process has another seed, so an order taken from one would show.
    let captions: Vec<String> = (0..400)
        .map(|n| {
            format!(
                "a {} of {} and {}",
                word(n * 7 + 1),
                word(n * 13 + 5),
                word(n * 29)
            )
        })
        .collect();
    let training = WordPieceTraining {
        vocab_size: 300,
        ..WordPieceTraining::default()
    };
    let train = || CaptionTokenizer::train_word_piece(&captions, &training).unwrap();
    let first = saved_json(&train(), "captioner-same");
    for _ in 0..5 {
        assert_eq!(saved_json(&train(), "captioner-same"), first);
    }
}

/// Some word of consonants and vowels; many are equally frequent.
fn word(n: usize) -> String {
    let syllable = |n: usize| [b"bdfgklmnprst"[n % 12], b"aeiou"[n / 12 % 5]];
    let bytes = [syllable(n), syllable(n / 3 + 7), syllable(n / 60)].concat();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn captions_come_back_from_their_ids() {
    let tokenizer = trained();
    for caption in CAPTIONS {
        let ids = tokenizer.encode(caption).unwrap();
        assert_eq!(ids.first(), Some(&tokenizer.cls_id()));
        assert_eq!(ids.last(), Some(&tokenizer.sep_id()));
        assert!(!ids.contains(&tokenizer.unk_id()));
        assert_eq!(tokenizer.decode(&ids, true).unwrap(), caption);
    }
}

#[test]
fn words_never_seen_are_spelled_from_known_letters() {
    let ids = trained().encode("toad").unwrap();
    assert!(!ids.contains(&trained().unk_id()));
    assert_eq!(trained().decode(&ids, true).unwrap(), "toad");
}

#[test]
fn special_ids_are_the_first_five() {
    let tokenizer = trained();
    let ids = [
        tokenizer.pad_id(),
        tokenizer.unk_id(),
        tokenizer.cls_id(),
        tokenizer.sep_id(),
    ];
    assert_eq!(ids, [0, 1, 2, 3]);
    assert_eq!(tokenizer.id_to_token(4).as_deref(), Some("[MASK]"));
    assert_eq!(tokenizer.token_to_id("[MASK]"), Some(4));
    assert_eq!(tokenizer.id_to_token(tokenizer.vocab_size() as u32), None);
}

#[test]
fn truncation_keeps_the_start_and_end_tokens() {
    let tokenizer = trained();
    let whole = tokenizer.encode(CAPTIONS[0]).unwrap();
    let cut = |side| {
        let options = EncodeOptions {
            max_length: Some(5),
            truncation_side: side,
            ..EncodeOptions::default()
        };
        tokenizer
            .encode_batch(&CAPTIONS[..1], &options)
            .unwrap()
            .input_ids
    };
    let n = whole.len();
    assert_eq!(cut(Side::Right), [&whole[..4], &whole[n - 1..]].concat());
    assert_eq!(cut(Side::Left), [&whole[..1], &whole[n - 4..]].concat());
}

#[test]
fn a_max_length_without_room_is_a_named_error() {
    for max_length in [0, 1, 2] {
        let options = EncodeOptions {
            max_length: Some(max_length),
            ..EncodeOptions::default()
        };
        let error = trained().encode_batch(&CAPTIONS, &options).unwrap_err();
        assert!(matches!(
            error,
            TextError::MaxLengthTooSmall {
                special_tokens: 2,
                ..
            }
        ));
    }
}

#[test]
fn a_batch_holds_each_caption_as_it_is_encoded_alone() {
    let tokenizer = trained();
    let options = EncodeOptions {
        padding: Padding::Longest,
        ..EncodeOptions::default()
    };
    let batch = tokenizer.encode_batch(&CAPTIONS, &options).unwrap();
    for (row, caption) in CAPTIONS.iter().enumerate() {
        let ids = tokenizer.encode(caption).unwrap();
        let (own, padding) = batch.input_ids_row(row).split_at(ids.len());
        assert_eq!(own, ids);
        assert!(padding.iter().all(|&id| id == tokenizer.pad_id()));
        let ones: u8 = batch.attention_mask_row(row).iter().sum();
        assert_eq!(usize::from(ones), ids.len());
    }
    let rows: Vec<&[u32]> = (0..batch.rows)
        .map(|row| batch.input_ids_row(row))
        .collect();
    assert_eq!(tokenizer.decode_batch(&rows, true).unwrap(), CAPTIONS);
}

#[test]
fn saved_files_load_to_the_same_tokenizer() {
    let folder = Folder::new("captioner-saved");
    let tokenizer = trained().with_model_max_length(77);
    let files = tokenizer.save_pretrained(&folder.0).unwrap();
    let names: Vec<_> = files.iter().filter_map(|path| path.file_name()).collect();
    let expected = [
        "tokenizer.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "vocab.txt",
    ];
    assert_eq!(names, expected);
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 4); // no scratch file is left

    let loaded = CaptionTokenizer::from_pretrained(&folder.0).unwrap();
    assert_eq!(loaded.model_max_length(), Some(77));
    std::fs::remove_file(folder.0.join("tokenizer.json")).unwrap();
    let from_vocabulary = CaptionTokenizer::from_pretrained(&folder.0).unwrap();
    for caption in CAPTIONS {
        let ids = tokenizer.encode(caption).unwrap();
        assert_eq!(loaded.encode(caption).unwrap(), ids);
        assert_eq!(from_vocabulary.encode(caption).unwrap(), ids);
        assert_eq!(from_vocabulary.decode(&ids, true).unwrap(), caption);
    }
}

/// A tokenizer.json alone says how text is normalized; the saved settings must say the same, since
/// transformers believes them rather than the file.
#[test]
fn a_cased_tokenizer_file_is_saved_as_cased() {
    let json = saved_json(&trained(), "captioner-cased");
    let mut json: serde_json::Value = serde_json::from_str(&json).unwrap();
    json["normalizer"]["lowercase"] = false.into();
    json["normalizer"]["strip_accents"] = true.into();
    json["normalizer"]["handle_chinese_chars"] = false.into();
    let cased = Folder::new("captioner-cased-file").with("tokenizer.json", &json.to_string());
    let tokenizers = [
        CaptionTokenizer::from_json(&json.to_string()),
        CaptionTokenizer::from_file(cased.0.join("tokenizer.json")),
        CaptionTokenizer::from_pretrained(&cased.0),
    ];
    for tokenizer in tokenizers.map(Result::unwrap) {
        let folder = Folder::new("captioner-cased-saved");
        tokenizer.save_pretrained(&folder.0).unwrap();
        let config = std::fs::read_to_string(folder.0.join("tokenizer_config.json")).unwrap();
        let config: serde_json::Value = serde_json::from_str(&config).unwrap();
        assert_eq!(config["do_lower_case"], false);
        assert_eq!(config["strip_accents"], true);
        assert_eq!(config["tokenize_chinese_chars"], false);
        // From here the settings alone say it.
        std::fs::remove_file(folder.0.join("tokenizer.json")).unwrap();
        let loaded = CaptionTokenizer::from_pretrained(&folder.0).unwrap();
        for text in ["A Cat", "a cat", "caf\u{e9} \u{732b}\u{72ac}"] {
            assert_eq!(
                loaded.encode(text).unwrap(),
                tokenizer.encode(text).unwrap()
            );
        }
    }
}

#[test]
fn a_file_whose_words_have_no_end_is_refused() {
    let json = saved_json(&trained(), "captioner-endless");
    let mut json: serde_json::Value = serde_json::from_str(&json).unwrap();
    json["model"]["max_input_chars_per_word"] = 1_000_000_000.into();
    let error = CaptionTokenizer::from_json(&json.to_string()).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("max_input_chars_per_word"), "{message}");
}

#[test]
fn a_folder_without_a_tokenizer_is_a_named_error() {
    let error = Folder::new("captioner-empty").load_error();
    assert!(matches!(error, TextError::NoTokenizer { .. }));
    assert!(error.to_string().contains("captioner-empty"));
}

#[test]
fn broken_files_are_named() {
    let broken = Folder::new("captioner-broken").with("tokenizer.json", "{\"version\": ");
    assert!(
        matches!(broken.load_error(), TextError::Malformed { path, .. } if path.ends_with("tokenizer.json"))
    );

    let broken = Folder::new("captioner-broken-config")
        .with("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\n")
        .with("tokenizer_config.json", "[]");
    assert!(
        matches!(broken.load_error(), TextError::Malformed { path, .. } if path.ends_with("tokenizer_config.json"))
    );
}

#[test]
fn a_vocabulary_without_a_special_token_is_a_named_error() {
    for missing in ["[PAD]", "[UNK]", "[CLS]", "[SEP]"] {
        let tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a"];
        let rest: Vec<_> = tokens
            .into_iter()
            .filter(|token| *token != missing)
            .collect();
        let folder = Folder::new("captioner-missing").with("vocab.txt", &rest.join("\n"));
        let error = folder.load_error();
        assert!(matches!(&error, TextError::MissingSpecialToken { token, .. } if token == missing));
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_a_named_error() {
    let folder = Folder::new("captioner-file").with("taken", "a file, not a folder");
    let error = trained()
        .save_pretrained(folder.0.join("taken"))
        .unwrap_err();
    assert!(
        matches!(error, TextError::Write(FileError::NotFolder { path }) if path.ends_with("taken"))
    );
}

#[test]
fn truncation_and_padding_inside_a_file_are_put_aside() {
    let json = saved_json(&trained(), "captioner-strict");
    let strict = json.replacen(
        "\"truncation\": null",
        "\"truncation\": {\"direction\": \"Right\", \"max_length\": 3, \"strategy\": \"LongestFirst\", \"stride\": 0}",
        1,
    );
    assert_ne!(json, strict);
    let folder = Folder::new("captioner-strict-file").with("tokenizer.json", &strict);
    let loaded = CaptionTokenizer::from_file(folder.0.join("tokenizer.json")).unwrap();
    assert_eq!(
        loaded.encode(CAPTIONS[0]).unwrap(),
        trained().encode(CAPTIONS[0]).unwrap()
    );
}

#[test]
fn a_caption_longer_than_the_limit_is_a_named_error() {
    let tokenizer = trained().with_max_caption_bytes(10);
    assert!(tokenizer.encode("a cat").is_ok());
    let error = tokenizer.encode("a very long caption").unwrap_err();
    let message = error.to_string();
    assert!(
        matches!(
            error,
            TextError::CaptionTooLong {
                bytes: 19,
                limit: 10,
                ..
            }
        ),
        "{message}"
    );
    assert!(message.contains("with_max_caption_bytes"), "{message}");
}

#[test]
fn a_tokenizer_that_makes_text_grow_is_refused() {
    let json = saved_json(&trained(), "captioner-growing");
    let mut json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let replace =
        serde_json::json!({"type": "Replace", "pattern": {"String": "a"}, "content": "aa"});
    json["normalizer"] = serde_json::json!({"type": "Sequence", "normalizers": vec![replace; 64]});
    let error = CaptionTokenizer::from_json(&json.to_string())
        .unwrap_err()
        .to_string();
    assert!(error.contains("normalizer is Replace"), "{error}");
}

#[test]
fn the_sides_of_padding_and_truncation_are_those_of_the_files() {
    let folder = Folder::new("captioner-sides")
        .with("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\n")
        .with("tokenizer_config.json", r#"{"padding_side": "left"}"#);
    let options = CaptionTokenizer::from_pretrained(&folder.0)
        .unwrap()
        .encode_options();
    assert_eq!(
        (options.padding_side, options.truncation_side),
        (Side::Left, Side::Right)
    );
}

#[test]
fn an_added_token_inside_a_word_is_found() {
    let json = saved_json(&trained(), "captioner-added");
    let mut json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let cat = serde_json::json!({
        "id": 3000, "content": "CAT", "single_word": false, "lstrip": false, "rstrip": false,
        "normalized": true, "special": false,
    });
    json["added_tokens"].as_array_mut().unwrap().push(cat);
    let tokenizer = CaptionTokenizer::from_json(&json.to_string()).unwrap();
    for text in ["a concatenated cat", "CAT", "no feline", "scat!"] {
        let ids = tokenizer.encode(text).unwrap();
        assert_eq!(
            text.to_lowercase().contains("cat"),
            ids.contains(&tokenizer.token_to_id("CAT").unwrap())
        );
    }
}
