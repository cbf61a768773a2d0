//! The card that describes a model, as the Hub shows it: `README.md` with a YAML head.

mod body;
mod dataset;
mod head;
mod log;
mod metric;
mod origin;
mod readme;
mod text;
mod usage;
mod yaml;

use std::path::Path;

use captioner_files::{FileError, write_file};

pub use dataset::CardDataset;
pub use log::CardLogRow;
pub use metric::CardMetric;
pub use origin::{Origin, hub_id_of};

/// What a model card says.
///
/// The head is that of the
/// [Hub's model cards](https://huggingface.co/docs/hub/model-cards#model-card-metadata): the
/// metrics are its `model-index`, which `huggingface_hub.ModelCard` reads as `eval_results`.
///
/// ```
/// use captioner_hub::{CardDataset, CardMetric, ModelCard, hub_id_of};
///
/// let card = ModelCard {
///     name: "git-pokemon".into(),
///     base_model: hub_id_of("microsoft/git-base"),
///     dataset: CardDataset::named("my pictures"),
///     metrics: CardMetric::from_scores([("generated_wer", 0.25)]),
///     ..ModelCard::default()
/// };
/// let text = card.to_markdown();
/// assert!(text.starts_with("---\nlibrary_name: \"transformers\"\n"));
/// assert!(text.contains("base_model: \"microsoft/git-base\"\n"));
/// assert!(text.contains("| wer of generated captions | 0.2500 |"));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelCard {
    /// The model's name, or its repository where it has one: that is what the examples in the card
    /// open.
    pub name: String,
    /// The repository on the Hub of the checkpoint that it was fine-tuned from; a folder has none:
    /// see [`Origin::of`].
    pub base_model: Option<String>,
    /// Whether it was trained from fresh weights, and not from a checkpoint.
    pub from_fresh_weights: bool,
    /// Whether it is an adapter in PEFT's format, beside the base model.
    pub adapter: bool,
    /// The set it was trained on.
    pub dataset: CardDataset,
    /// The license, by the Hub's name for it.
    pub license: Option<String>,
    /// The language of its captions, by its ISO 639-1 code.
    pub language: Option<String>,
    /// Metrics on the held-out rows.
    pub metrics: Vec<CardMetric>,
    /// Settings of the run, as it went: name and value.
    pub settings: Vec<(String, String)>,
    /// The course of the run.
    pub log: Vec<CardLogRow>,
    /// The picture in the repository that shows captions of held-out pictures.
    pub sample_sheet: Option<String>,
}

impl ModelCard {
    /// The card as Markdown.
    pub fn to_markdown(&self) -> String {
        format!("---\n{}---\n\n{}", head::head(self), body::body(self))
    }

    /// Writes the card into a folder as `README.md`, whole or not at all.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn write(&self, folder: impl AsRef<Path>) -> Result<(), FileError> {
        let path = folder.as_ref().join("README.md");
        write_file(path, self.to_markdown().as_bytes())
    }
}

#[cfg(test)]
mod tests;
