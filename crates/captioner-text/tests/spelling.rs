//! Captions in the tokenizer's own spelling.

use captioner_text::{CaptionTokenizer, WordPieceTraining};
use flate2::read::GzDecoder;
use std::path::{Path, PathBuf};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Captions, pieces of BERT's vocabulary, all scripts, controls, special tokens.
fn strings() -> Vec<String> {
    let file = std::fs::File::open(fixtures().join("many_strings.json.gz")).unwrap();
    serde_json::from_reader(GzDecoder::new(file)).unwrap()
}

const BY_HAND: [&str; 16] = [
    "A Drawing of a GREEN Cat",
    "Café, naïve; Škoda Łódź ǅ İstanbul ΑΣ ẞ",
    "一只猫坐在毯子上。",
    "ねこ と 고양이 و قطة и кот",
    "\"it's\" — ‘quoted’ “twice”, don't, can't, I'm, we've, they're, John's",
    "1,234.50 dollars, 3:30 pm, 50% off, 2nd; №5 ½ ²",
    "wait... what?! (really) [sic] {x} #hashtag @you a/b\\c",
    "do n't , it 's , I 'm . He said ' yes ' !",
    "[CLS] a [SEP] b [PAD] [UNK] [MASK] [[SEP]SEP]",
    "a\u{0}b\u{200d}c\u{ad}d\u{feff}\te\nf  g\u{3000}h",
    "🐱 smiles 👩‍👩‍👧",
    "e\u{301} and é",
    "ﬁne Ångström K",
    "##ing ##s a##b",
    "",
    "   ",
];

/// The texts whose spelling would change if spelled once more.
fn unstable(tokenizer: &CaptionTokenizer, texts: &[String]) -> Vec<(String, String, String)> {
    let once = tokenizer.spelling_batch(texts).unwrap();
    let once: Vec<String> = once.into_iter().map(|spelling| spelling.text).collect();
    let twice = tokenizer.spelling_batch(&once).unwrap();
    let rows = texts.iter().zip(once).zip(twice);
    rows.filter(|((_, once), twice)| *once != twice.text)
        .map(|((text, once), twice)| (text.clone(), once, twice.text))
        .collect()
}

fn texts() -> Vec<String> {
    let by_hand = BY_HAND.iter().map(|text| (*text).to_owned());
    by_hand.chain(strings()).collect()
}

fn loaded(vocabulary: &str, config: &str) -> CaptionTokenizer {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("vocab.txt"), vocabulary).unwrap();
    std::fs::write(folder.path().join("tokenizer_config.json"), config).unwrap();
    CaptionTokenizer::from_pretrained(folder.path()).unwrap()
}

const SETTINGS: [&str; 4] = [
    "{}",
    r#"{"do_lower_case": false}"#,
    r#"{"strip_accents": false, "tokenize_chinese_chars": false}"#,
    r#"{"clean_up_tokenization_spaces": true}"#,
];

#[test]
fn a_caption_in_this_spelling_keeps_it() {
    let texts = texts();
    assert!(texts.len() > 10_000);
    let vocabulary = std::fs::read_to_string(fixtures().join("tiny/vocab.txt")).unwrap();
    for settings in SETTINGS {
        let tokenizer = loaded(&vocabulary, settings);
        assert_eq!(unstable(&tokenizer, &texts), [], "{settings}");
    }
    for lowercase in [true, false] {
        let training = WordPieceTraining {
            lowercase,
            ..WordPieceTraining::default()
        };
        let trained = CaptionTokenizer::train_word_piece(&texts, &training).unwrap();
        assert_eq!(unstable(&trained, &texts), [], "lowercase: {lowercase}");
    }
}

#[test]
#[ignore = "needs CAPTIONER_DATA/bert-base-uncased"]
fn a_caption_in_the_spelling_of_the_real_vocabulary_keeps_it() {
    let data = std::env::var_os("CAPTIONER_DATA").expect("set CAPTIONER_DATA to the data folder");
    let vocabulary = PathBuf::from(data).join("bert-base-uncased/vocab.txt");
    let vocabulary = std::fs::read_to_string(vocabulary).unwrap();
    for settings in SETTINGS {
        let tokenizer = loaded(&vocabulary, settings);
        assert_eq!(unstable(&tokenizer, &texts()), [], "{settings}");
    }
}

#[test]
fn case_accents_spaces_and_unknown_words_are_spelled_as_decoded() {
    let captions = ["a cafe, it's late", "一 只 猫 80 %"];
    let tokenizer =
        CaptionTokenizer::train_word_piece(captions, &WordPieceTraining::default()).unwrap();
    for (text, spelling, unknown) in [
        ("A Café ,  it ' s LATE", "a cafe, it's late", 0),
        ("一只猫", "一 只 猫", 0),
        ("80%", "80 %", 0),
        ("a 犬 cafe 犬犬", "a cafe", 3),
        ("", "", 0),
    ] {
        let spelled = tokenizer.spelling(text).unwrap();
        assert_eq!(
            (spelled.text.as_str(), spelled.unknown_tokens),
            (spelling, unknown),
            "{text}"
        );
    }
}

/// What a model that learnt the ids by heart generates is the spelling, whatever the text.
#[test]
fn generated_ids_are_decoded_to_the_spelling() {
    let tokenizer = CaptionTokenizer::from_pretrained(fixtures().join("tiny")).unwrap();
    for text in texts() {
        let ids = tokenizer.encode(&text).unwrap();
        let generated = tokenizer.decode(&ids[1..], true).unwrap(); // `[CLS]` is the prompt
        assert_eq!(
            tokenizer.spelling(&text).unwrap().text,
            generated,
            "{text:?}"
        );
    }
}

/// Cleaning up joins `n't` to the word before, and then `##n` may be missing.
#[test]
fn a_word_that_cleaning_up_joined_may_be_unknown_if_spelled_again() {
    let vocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\nwe\ndo\nn\n'\nt\n";
    let tokenizer = loaded(vocabulary, r#"{"clean_up_tokenization_spaces": true}"#);
    let once = tokenizer.spelling("We do n't").unwrap();
    assert_eq!((once.text.as_str(), once.unknown_tokens), ("we don't", 0));
    let twice = tokenizer.spelling(&once.text).unwrap();
    assert_eq!((twice.text.as_str(), twice.unknown_tokens), ("we't", 1));
}
