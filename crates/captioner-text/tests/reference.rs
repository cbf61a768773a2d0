//! Ids and decoded text equal those of transformers' `BertTokenizerFast`.
//!
//! `tests/fixtures/generate.py` made what is expected.

use captioner_text::CaptionTokenizer;
use serde_json::Value;
use std::path::{Path, PathBuf};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn compare(tokenizer: &CaptionTokenizer, expected: &str) {
    let cases = std::fs::read(fixtures().join(expected)).unwrap();
    let cases: Vec<Value> = serde_json::from_slice(&cases).unwrap();
    assert!(cases.len() > 10);
    for case in cases {
        let text = case["text"].as_str().unwrap();
        let ids = tokenizer.encode(text).unwrap();
        assert_eq!(serde_json::json!(ids), case["ids"], "{text:?}");
        assert_eq!(tokenizer.decode(&ids, false).unwrap(), case["decoded"]);
        assert_eq!(tokenizer.decode(&ids, true).unwrap(), case["skipped"]);
    }
}

/// The same tokenizer, loaded from files that ask for spaces to be cleaned up.
fn cleaning(tokenizer: &CaptionTokenizer) -> CaptionTokenizer {
    let folder = std::env::temp_dir().join(format!("captioner-cleaning-{}", std::process::id()));
    tokenizer.save_pretrained(&folder).unwrap();
    let config = r#"{"clean_up_tokenization_spaces": true}"#;
    std::fs::write(folder.join("tokenizer_config.json"), config).unwrap();
    let cleaning = CaptionTokenizer::from_pretrained(&folder).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    cleaning
}

#[test]
fn a_vocabulary_file_gives_the_ids_and_text_of_bert() {
    let tokenizer = CaptionTokenizer::from_pretrained(fixtures().join("tiny")).unwrap();
    compare(&tokenizer, "tiny.json");
}

#[test]
fn cleaned_text_is_that_of_bert() {
    let tokenizer = CaptionTokenizer::from_pretrained(fixtures().join("tiny")).unwrap();
    let tokenizer = cleaning(&tokenizer);
    let cases = std::fs::read(fixtures().join("tiny.json")).unwrap();
    let cases: Vec<Value> = serde_json::from_slice(&cases).unwrap();
    let mut changed = 0;
    for case in cases {
        let ids = tokenizer.encode(case["text"].as_str().unwrap()).unwrap();
        assert_eq!(tokenizer.decode(&ids, true).unwrap(), case["cleaned"]);
        changed += usize::from(case["cleaned"] != case["skipped"]);
    }
    assert!(changed > 0);
}

#[test]
#[ignore = "needs CAPTIONER_DATA/bert-base-uncased"]
fn the_real_vocabulary_gives_the_ids_and_text_of_bert() {
    let data = std::env::var_os("CAPTIONER_DATA").expect("set CAPTIONER_DATA to the data folder");
    let folder = PathBuf::from(data).join("bert-base-uncased");
    let tokenizer = CaptionTokenizer::from_pretrained(&folder).unwrap();
    assert_eq!(tokenizer.vocab_size(), 30_522);
    assert_eq!(tokenizer.model_max_length(), Some(512));
    compare(&tokenizer, "bert_base_uncased.json");
}
