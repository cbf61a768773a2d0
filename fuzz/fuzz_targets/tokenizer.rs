//! Any `tokenizer.json`, and a caption through it: errors at worst, and both ways the same ids.
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
    let general = tokenizer.clone().without_shortcut();
    for max_length in [None, Some(4)] {
        let options = EncodeOptions {
            padding: Padding::Longest,
            max_length,
            truncation_side: if json.len() % 2 == 0 { Side::Left } else { Side::Right },
            ..EncodeOptions::default()
        };
        let short = tokenizer.encode_batch(&[caption, "a cat"], &options);
        let long = general.encode_batch(&[caption, "a cat"], &options);
        match (short, long) {
            (Ok(short), Ok(long)) => {
                assert_eq!(short, long, "{caption:?}");
                for skip in [false, true] {
                    let ids = short.input_ids_row(0);
                    let text = tokenizer.decode(ids, skip).ok();
                    assert_eq!(text, general.decode(ids, skip).ok());
                }
            }
            (Err(_), Err(_)) => {}
            (short, long) => panic!("{caption:?}: {short:?} but {long:?}"),
        }
    }
});
