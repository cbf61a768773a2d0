//! Any `tokenizer.json`, and a caption through it: errors at worst, alone and in a batch the same ids.
//!
//! The caption is what follows the first zero byte; without one the JSON's own text is the caption.

#![no_main]

use captioner_text::{CaptionTokenizer, EncodeOptions, Padding, Side};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let (json, caption) = text.split_once('\0').unwrap_or((&text, &text));
    let Ok(tokenizer) = CaptionTokenizer::from_json(json) else {
        return;
    };
    for max_length in [None, Some(4)] {
        let options = EncodeOptions {
            padding: Padding::Longest,
            max_length,
            truncation_side: if json.len() % 2 == 0 { Side::Left } else { Side::Right },
            ..EncodeOptions::default()
        };
        let rows = tokenizer.encode_rows(&[caption, "a cat"], &options);
        let batch = tokenizer.encode_batch(&[caption, "a cat"], &options);
        let (rows, batch) = match (rows, batch) {
            (Ok(rows), Ok(batch)) => (rows, batch),
            (Err(_), Err(_)) => continue,
            (rows, batch) => panic!("{caption:?}: {rows:?} but {batch:?}"),
        };
        assert_eq!(rows.truncated, batch.truncated);
        for (row, ids) in rows.ids.iter().enumerate() {
            assert_eq!(ids.as_slice(), &batch.input_ids_row(row)[..batch.row_length(row)]);
        }
        for skip in [false, true] {
            let alone = tokenizer.decode(&rows.ids[0], skip).ok();
            let texts = tokenizer.decode_batch(&rows.ids, skip).ok();
            assert_eq!(alone, texts.map(|texts| texts[0].clone()));
        }
    }
});
