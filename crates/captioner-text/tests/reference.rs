//! Ids and decoded text equal those of transformers' `BertTokenizerFast`.
//!
//! `tools/reference/text_fixtures.py` made what is expected.

use captioner_text::{CaptionTokenizer, EncodeOptions, Padding, Side, TokenBatch};
use flate2::read::GzDecoder;
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

/// FNV-1a over 32-bit words, cut to 32 bits at the end.
fn fnv(words: impl Iterator<Item = u32>) -> u32 {
    let step = |value: u64, word: u32| (value ^ u64::from(word)).wrapping_mul(0x0100_0000_01B3);
    let value = words.fold(0xCBF2_9CE4_8422_2325, step);
    (value ^ (value >> 32)) as u32
}

/// The tokenizer of the real folder, or of its `vocab.txt` with other settings.
fn settled(folder: &Path, settings: Option<&str>) -> CaptionTokenizer {
    let Some(settings) = settings else {
        return CaptionTokenizer::from_pretrained(folder).unwrap();
    };
    let scratch = tempfile::tempdir().unwrap();
    std::fs::copy(folder.join("vocab.txt"), scratch.path().join("vocab.txt")).unwrap();
    std::fs::write(scratch.path().join("tokenizer_config.json"), settings).unwrap();
    CaptionTokenizer::from_pretrained(scratch.path()).unwrap()
}

#[test]
#[ignore = "needs CAPTIONER_DATA/bert-base-uncased"]
fn ten_thousand_real_and_hostile_strings_have_the_ids_and_text_of_bert() {
    let data = std::env::var_os("CAPTIONER_DATA").expect("set CAPTIONER_DATA to the data folder");
    let folder = PathBuf::from(data).join("bert-base-uncased");
    let strings =
        GzDecoder::new(std::fs::File::open(fixtures().join("many_strings.json.gz")).unwrap());
    let strings: Vec<String> = serde_json::from_reader(strings).unwrap();
    assert!(strings.len() >= 10_000);
    let expected = std::fs::read(fixtures().join("many_hashes.u32")).unwrap();
    let (expected, _) = expected.as_chunks::<4>();
    let mut expected = expected.iter().map(|bytes| u32::from_le_bytes(*bytes));

    let uncased = None;
    let cased = Some(r#"{"do_lower_case": false}"#);
    let accents = Some(r#"{"strip_accents": false, "tokenize_chinese_chars": false}"#);
    for settings in [uncased, cased, accents] {
        let tokenizer = settled(&folder, settings);
        let cleaning = cleaning(&tokenizer);
        let rows = tokenizer
            .encode_rows(&strings, &EncodeOptions::default())
            .unwrap()
            .ids;
        let whole = tokenizer.decode_batch(&rows, false).unwrap();
        let skipped = tokenizer.decode_batch(&rows, true).unwrap();
        let cleaned = cleaning.decode_batch(&rows, true).unwrap();
        for (n, text) in strings.iter().enumerate() {
            assert_eq!(
                Some(fnv(rows[n].iter().copied())),
                expected.next(),
                "ids of {text:?}"
            );
            let texts = [whole[n].as_str(), &skipped[n], &cleaned[n]].join("\0");
            let hash = fnv(texts.chars().map(u32::from));
            assert_eq!(Some(hash), expected.next(), "text of {text:?}: {texts:?}");
        }
    }
    assert_eq!(expected.next(), None);
}

fn side(case: &Value, key: &str) -> Side {
    match case[key].as_str() {
        Some("left") => Side::Left,
        _ => Side::Right,
    }
}

fn number(case: &Value, key: &str) -> Option<usize> {
    case[key].as_u64().map(|number| number as usize)
}

fn options(case: &Value) -> EncodeOptions {
    let max_length = number(case, "max_length");
    EncodeOptions {
        padding: match case["padding"].as_str() {
            Some("max_length") => Padding::MaxLength(max_length.unwrap()),
            _ => Padding::Longest,
        },
        padding_side: side(case, "padding_side"),
        pad_to_multiple_of: number(case, "pad_to_multiple_of"),
        max_length: max_length.filter(|_| case["truncation"] == true),
        truncation_side: side(case, "truncation_side"),
        add_special_tokens: case["add_special_tokens"] != false,
    }
}

fn as_json(batch: &TokenBatch) -> (Value, Value) {
    let rows = 0..batch.rows;
    let ids: Vec<&[u32]> = rows.clone().map(|row| batch.input_ids_row(row)).collect();
    let masks: Vec<&[u8]> = rows.map(|row| batch.attention_mask_row(row)).collect();
    (serde_json::json!(ids), serde_json::json!(masks))
}

/// How many captions have more tokens than `max_length`.
fn longer(tokenizer: &CaptionTokenizer, captions: &[String], options: &EncodeOptions) -> usize {
    let uncut = EncodeOptions {
        max_length: None,
        ..options.clone()
    };
    let rows = tokenizer.encode_rows(captions, &uncut).unwrap();
    assert_eq!(rows.truncated, 0);
    let most = options.max_length.unwrap_or(usize::MAX);
    rows.ids.iter().filter(|ids| ids.len() > most).count()
}

#[test]
fn every_way_to_pad_and_truncate_gives_the_batches_of_bert() {
    let cases = std::fs::read(fixtures().join("tiny_batches.json")).unwrap();
    let cases: Vec<Value> = serde_json::from_slice(&cases).unwrap();
    let captions: Vec<String> = serde_json::from_value(cases[0]["captions"].clone()).unwrap();
    let tokenizer = CaptionTokenizer::from_pretrained(fixtures().join("tiny")).unwrap();
    assert_eq!(cases.len(), 29);
    for case in &cases[1..] {
        let without_cut = case["max_length"] == 10; // then only the short ones
        let captions = if without_cut {
            &captions[1..3]
        } else {
            &captions
        };
        let options = options(case);
        let batch = tokenizer.encode_batch(captions, &options).unwrap();
        let (ids, masks) = as_json(&batch);
        assert_eq!(ids, case["input_ids"], "{case}");
        assert_eq!(masks, case["attention_mask"], "{case}");
        assert_eq!(
            batch.truncated,
            longer(&tokenizer, captions, &options),
            "{case}"
        );

        let rows = tokenizer.encode_rows(captions, &options).unwrap();
        assert_eq!(rows.truncated, batch.truncated);
        let lengths = (0..batch.rows).map(|row| batch.row_length(row));
        assert!(lengths.eq(rows.ids.iter().map(Vec::len)), "{case}");
    }
}
