//! Writes model cards, and beside each what it says, for `tools/reference/check_card.py`.
//!
//! `cargo run -p captioner-hub --example write_cards -- FOLDER`

use std::error::Error;
use std::path::Path;

use captioner_files::{create_folder, write_json};
use captioner_hub::{CardDataset, CardLogRow, CardMetric, ModelCard};
use serde_json::{Value, json};

/// Names that a YAML or Markdown reader may take for something else.
const NAMES: [&str; 24] = [
    "git-creatures",
    "she said \"cheese\"",
    "it's",
    "a: b",
    "a #comment",
    "#",
    "---",
    "two\nlines",
    "a\n---\nlicense: mit\n---\n# taken over",
    "\\n is no line end \\",
    "back`tick ```",
    "cat 🐈\u{200d}⬛ é 猫",
    "tab\tand\u{7}bell",
    "\u{85}next\u{2028}line\u{2029}\u{feff}",
    "\u{fffe}\u{ffff}",
    "<b>bold</b> & [link](x) | cell",
    "yes",
    "null",
    "1e5",
    "2024-01-01",
    "- item",
    "{a: 1}",
    "%TAG !x !y",
    " spaces around ",
];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("name a folder")?;
    for (index, name) in NAMES.iter().enumerate() {
        let folder = Path::new(&folder).join(format!("{index:02}"));
        create_folder(&folder)?;
        let card = card(name, index);
        card.write(&folder)?;
        write_json(folder.join("expected.json"), &expected(&card))?;
    }
    Ok(())
}

/// Every second card is of an adapter, every third of a set that is not on the Hub, every fourth of
/// a model without a base.
fn card(name: &str, index: usize) -> ModelCard {
    let scores = [
        ("generated_wer", 0.1 + 0.2),
        ("generated_bleu_4", 1e-7),
        ("generated_rougeL", 1.0),
        ("generated_cider_d", 123_456.5),
        ("generated_meteor", f64::NAN),
        ("wer", 0.5),
        ("loss", 3.25),
    ];
    let dataset = match index % 3 {
        0 => name,
        _ => "user/set@v1.0:large",
    };
    ModelCard {
        name: name.to_owned(),
        base_model: (!index.is_multiple_of(4)).then(|| "microsoft/git-base".to_owned()),
        adapter: index % 2 == 1,
        dataset: CardDataset {
            split: Some(name.to_owned()),
            ..CardDataset::named(dataset)
        },
        license: index.is_multiple_of(5).then(|| "mit".to_owned()),
        language: index.is_multiple_of(7).then(|| "en".to_owned()),
        metrics: CardMetric::from_scores(scores),
        settings: vec![(name.to_owned(), name.to_owned())],
        log: vec![CardLogRow {
            step: 50,
            epoch: 0.5,
            training_loss: Some(3.5),
            values: [(name.to_owned(), 0.25)].into(),
            best: true,
        }],
        sample_sheet: Some("captions.png".to_owned()),
        ..ModelCard::default()
    }
}

fn expected(card: &ModelCard) -> Value {
    let results = card.metrics.iter().filter(|m| m.value.is_finite());
    let results = results
        .filter_map(|m| Some(json!({"type": m.kind.as_ref()?, "name": m.name, "value": m.value})));
    let set = &card.dataset;
    json!({
        "name": card.name,
        "base_model": card.base_model,
        "adapter": card.adapter,
        "license": card.license,
        "language": card.language,
        "dataset": {"name": set.name, "id": set.id, "config": set.config, "split": set.split,
                    "revision": set.revision},
        "results": results.collect::<Vec<_>>(),
        "rows": card.log.len(),
    })
}
