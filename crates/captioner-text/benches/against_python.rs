//! 10,000 captions to ids and back: Python's `tokenizers` and this crate, in turns.
//!
//! ```text
//! CAPTIONER_PYTHON=python CAPTIONER_DATA=data cargo bench -p captioner-text --bench against_python
//! ```
//!
//! `CAPTIONER_PYTHON` is a Python with tokenizers; `CAPTIONER_DATA` holds bert-base-uncased. Medians; the
//! ratio is given for the wall clock and for processor time, which other work on the machine disturbs
//! less.

#![expect(clippy::print_stdout, reason = "a bench prints its results")]

#[path = "../../../benches/peers/peer.rs"]
mod peer;

use captioner_text::{CaptionTokenizer, EncodeOptions};
use peer::{Peer, Seconds, median, time};
use std::path::Path;

/// Runs of each piece of work; odd, so that there is one in the middle.
const RUNS: usize = 21;
const CAPTIONS: usize = 10_000;

fn main() {
    let Some(data) = std::env::var_os("CAPTIONER_DATA") else {
        println!("set CAPTIONER_DATA to the folder that holds bert-base-uncased");
        return;
    };
    let model = Path::new(&data).join("bert-base-uncased");
    let captions = captions();
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), captions.join("\n")).expect("room on the disk");
    let arguments = [model.join("tokenizer.json"), file.path().to_owned()];
    let arguments = arguments.each_ref().map(|path| path.as_os_str());
    let Some(mut peer) = Peer::start("captions.py", &arguments) else {
        return;
    };
    let tokenizer = CaptionTokenizer::from_pretrained(&model).expect("a tokenizer");
    let rows = tokenizer
        .encode_rows(&captions, &EncodeOptions::default())
        .expect("ids")
        .ids;
    println!(
        "{CAPTIONS} captions, {} ids, medians of {RUNS}",
        rows.iter().flatten().count()
    );
    let [a, b, c, d] = ["Python ms", "ours ms", "ratio", "by CPU"];
    println!("{:<22} {a:>10} {b:>9} {c:>7} {d:>7}", "");
    let encode = || {
        let rows = tokenizer
            .encode_rows(&captions, &EncodeOptions::default())
            .expect("ids");
        rows.ids.iter().flatten().map(|&id| u64::from(id)).sum()
    };
    measure(&mut peer, "encode", encode);
    let decode = || {
        let texts = tokenizer.decode_batch(&rows, true).expect("texts");
        texts.iter().map(|text| text.chars().count() as u64).sum()
    };
    measure(&mut peer, "decode", decode);
}

/// Captions as people write them, of 5 to 15 words.
fn captions() -> Vec<String> {
    let subjects = [
        "a black cat",
        "two dogs",
        "an old man",
        "a woman",
        "children",
        "a skateboarder",
    ];
    let actions = [
        "sitting",
        "running",
        "playing",
        "looking up",
        "holding an umbrella",
        "surfing",
    ];
    let places = [
        "on the beach",
        "in a kitchen",
        "near a wooden fence",
        "at the train station",
    ];
    let endings = [
        "",
        ".",
        " at night",
        " while it's raining",
        ", photographed in black and white",
    ];
    let pick = |list: &[&'static str], n: usize| list[n % list.len()];
    (0..CAPTIONS)
        .map(|n| {
            let subject = pick(&subjects, n);
            let action = pick(&actions, n / 5 + n % 7);
            let place = pick(&places, n / 11 + n % 3);
            let ending = pick(&endings, n / 17 + n % 13);
            format!("{subject} {action} {place}{ending}")
        })
        .collect()
}

fn measure(peer: &mut Peer, work: &str, ours: impl Fn() -> u64) {
    let mut seconds: [Vec<Seconds>; 2] = Default::default();
    for run in 0..=RUNS {
        let theirs = peer.ask(work);
        let mut total = 0;
        let own = time(|| total = ours());
        assert_eq!(total as f64, theirs[2], "{work}: both sides give the same");
        if run > 0 {
            // The first run warms both up.
            seconds[0].push((theirs[0], theirs[1]));
            seconds[1].push(own);
        }
    }
    let [theirs, own] = seconds.map(|seconds| median(&seconds));
    let (ratio, by_processor) = (theirs.0 / own.0, theirs.1 / own.1);
    let [a, b] = [theirs.0, own.0].map(|seconds| 1e3 * seconds);
    println!("{work:<22} {a:>10.2} {b:>9.2} {ratio:>6.1}x {by_processor:>6.1}x");
}
