//! What a card says below its head.

use std::fmt::Write as _;

use super::text::{cell, number};
use super::{ModelCard, log, usage};

pub(super) fn body(card: &ModelCard) -> String {
    let mut body = format!("# {}\n\n{}\n", cell(&card.name), summary(card));
    results(card, &mut body);
    if let Some(sheet) = &card.sample_sheet {
        // Writing to a string can't fail.
        let _ = writeln!(
            body,
            "\nHeld-out pictures, each with its true caption and below it the generated one:\n\n\
             ![captions of held-out pictures]({sheet})"
        );
    }
    body += &usage::usage(card);
    limits(card, &mut body);
    training(card, &mut body);
    body
}

fn summary(card: &ModelCard) -> String {
    let base = card.base_model.as_deref().map(linked);
    let what = if card.adapter {
        "A LoRA adapter"
    } else {
        "GIT"
    };
    let from = match (base, card.from_fresh_weights) {
        (Some(base), _) if card.adapter => format!("{what} of {base}, trained"),
        (Some(base), _) => format!("{base}, fine-tuned"),
        (None, _) if card.adapter => {
            format!("{what} of a model that is not on the Hub, trained")
        }
        (None, true) => format!("{what}, trained from fresh weights"),
        (None, false) => format!("{what}, fine-tuned from a checkpoint that is not on the Hub,"),
    };
    format!("{from} on {} to caption pictures.", set_name(card))
}

fn set_name(card: &ModelCard) -> String {
    match &card.dataset.id {
        Some(id) => linked(&format!("datasets/{id}")),
        None => cell(&card.dataset.name),
    }
}

/// A repository, with its page.
fn linked(id: &str) -> String {
    let name = id.strip_prefix("datasets/").unwrap_or(id);
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    match id.chars().all(plain) {
        true => format!("[{}](https://huggingface.co/{id})", cell(name)),
        false => cell(name),
    }
}

fn results(card: &ModelCard, body: &mut String) {
    if card.metrics.is_empty() {
        return;
    }
    *body += "\n## Results\n\n";
    let rows = card.dataset.evaluated_rows;
    let rows = rows.map_or("rows".to_owned(), |rows| format!("{rows} rows"));
    let _ = match &card.dataset.split {
        Some(split) => writeln!(body, "On {rows} of the split {}:\n", cell(split)),
        None => writeln!(body, "On {rows} that were held out from training:\n"),
    };
    *body += "| metric | value |\n| --- | --- |\n";
    for metric in &card.metrics {
        let (name, value) = (cell(&metric.name), number(metric.value));
        let _ = writeln!(body, "| {name} | {value} |");
    }
}

fn limits(card: &ModelCard, body: &mut String) {
    let rows = card.dataset.training_rows;
    let rows = rows.map_or(String::new(), |rows| format!("{rows} "));
    let _ = write!(
        body,
        "\n## Limits\n\nIt learnt from {rows}rows of {} and writes captions like those: of other kinds of \
         pictures it may say what is not there, in words that do not fit them. ",
        set_name(card)
    );
    *body += match card.metrics.is_empty() {
        true => "It was not measured.\n",
        false => {
            "The values above are of pictures of that set; nothing else was measured, neither other \
             pictures nor what its captions say of people.\n"
        }
    };
}

fn training(card: &ModelCard, body: &mut String) {
    if !card.settings.is_empty() {
        *body += "\n## Training\n\n| setting | value |\n| --- | --- |\n";
        for (name, value) in &card.settings {
            let _ = writeln!(body, "| {} | {} |", cell(name), cell(value));
        }
    }
    if !card.log.is_empty() {
        let _ = write!(body, "\n{}", log::table(&card.log));
        if card.log.iter().any(|row| row.best) {
            *body += "\nThe weights are those of the step in bold.\n";
        }
    }
}
