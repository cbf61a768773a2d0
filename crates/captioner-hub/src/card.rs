//! The card that describes a model, as the Hub shows it: `README.md` with a YAML head.

use std::fmt::Write as _;
use std::path::Path;

use captioner_files::{FileError, write_file};

/// What a model card says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelCard {
    /// The model's name.
    pub name: String,
    /// The checkpoint it was fine-tuned from; none if it was trained from fresh weights.
    pub base_model: Option<String>,
    /// The set it was trained on.
    pub dataset: String,
    /// Metrics on the held-out rows: name and value.
    pub scores: Vec<(String, f64)>,
    /// Settings of the run: name and value.
    pub settings: Vec<(String, String)>,
}

impl ModelCard {
    /// The card as Markdown.
    pub fn to_markdown(&self) -> String {
        let mut card =
            String::from("---\nlibrary_name: transformers\npipeline_tag: image-to-text\n");
        if let Some(base) = &self.base_model {
            card += &format!("base_model: {}\n", quote(base));
        }
        card += "tags:\n- image-captioning\n- git\n---\n\n";
        let from = match &self.base_model {
            Some(base) => format!("{base}, fine-tuned"),
            None => "GIT, trained from fresh weights".to_owned(),
        };
        // Writing to a string can't fail.
        let _ = writeln!(card, "# {}\n\n{from} on {}.", self.name, self.dataset);
        if !self.scores.is_empty() {
            card += "\n## Held-out rows\n\n| metric | value |\n| --- | --- |\n";
            for (name, value) in &self.scores {
                let _ = writeln!(card, "| {name} | {value:.4} |");
            }
        }
        if !self.settings.is_empty() {
            card += "\n## Settings\n\n| setting | value |\n| --- | --- |\n";
            for (name, value) in &self.settings {
                let _ = writeln!(card, "| {name} | {value} |");
            }
        }
        card
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

/// A YAML string in double quotes.
fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_model_with_a_quote_does_not_break_the_head() {
        let card = ModelCard {
            base_model: Some("a\"b".into()),
            ..ModelCard::default()
        };
        assert!(card.to_markdown().contains("base_model: \"a\\\"b\"\n"));
    }

    #[test]
    fn a_model_from_fresh_weights_names_no_base() {
        let card = ModelCard::default().to_markdown();
        assert!(!card.contains("base_model") && card.contains("fresh weights"));
    }
}
