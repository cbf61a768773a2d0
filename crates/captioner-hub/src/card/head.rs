//! The YAML head of a card.

use super::yaml::Yaml;
use super::{CardMetric, ModelCard};

/// The task, as the Hub calls it.
const TASK: &str = "image-to-text";

pub(super) fn head(card: &ModelCard) -> String {
    let mut yaml = Yaml::default();
    let library = if card.adapter { "peft" } else { "transformers" };
    yaml.text("library_name", library);
    yaml.text("pipeline_tag", TASK);
    yaml.text_if("license", card.license.as_deref());
    yaml.texts("language", card.language.as_deref());
    if let Some(base) = &card.base_model {
        yaml.text("base_model", base);
        let relation = if card.adapter { "adapter" } else { "finetune" };
        yaml.text("base_model_relation", relation);
    }
    yaml.texts("datasets", card.dataset.id.as_deref());
    let tags = tags(card);
    yaml.texts("tags", tags.iter().map(String::as_str));
    let results = results(card);
    if !results.is_empty() {
        let mut kinds: Vec<&str> = results.iter().map(|(kind, _)| *kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        yaml.texts("metrics", kinds);
        yaml.list("model-index", |yaml| {
            yaml.item(|yaml| model_index(card, yaml, &results));
        });
    }
    yaml.finish()
}

/// An adapter has the tags that PEFT gives it (`_get_peft_specific_model_tags` in
/// `peft/peft_model.py`) beside those of the model.
fn tags(card: &ModelCard) -> Vec<String> {
    let mut tags = vec!["image-captioning".to_owned(), "git".to_owned()];
    if card.adapter {
        let base = card.base_model.as_ref();
        tags.extend(base.map(|base| format!("base_model:adapter:{base}")));
        tags.extend(["lora", "transformers"].map(str::to_owned));
    }
    tags
}

/// The metrics that a `model-index` can hold.
fn results(card: &ModelCard) -> Vec<(&str, &CardMetric)> {
    let finite = card.metrics.iter().filter(|m| m.value.is_finite());
    finite
        .filter_map(|m| Some((m.kind.as_deref()?, m)))
        .collect()
}

/// As `eval_results_to_model_index` of `huggingface_hub/repocard_data.py` writes it.
fn model_index(card: &ModelCard, yaml: &mut Yaml, results: &[(&str, &CardMetric)]) {
    yaml.text("name", &card.name);
    yaml.list("results", |yaml| {
        yaml.item(|yaml| {
            yaml.map("task", |yaml| {
                yaml.text("type", TASK);
                yaml.text("name", "Image captioning");
            });
            yaml.map("dataset", |yaml| {
                let set = &card.dataset;
                yaml.text("name", &set.name);
                yaml.text("type", set.id.as_ref().unwrap_or(&set.name));
                yaml.text_if("config", set.config.as_deref());
                yaml.text_if("split", set.split.as_deref());
                yaml.text_if("revision", set.revision.as_deref());
            });
            yaml.list("metrics", |yaml| {
                for (kind, metric) in results {
                    yaml.item(|yaml| {
                        yaml.text("type", kind);
                        yaml.number("value", metric.value);
                        yaml.text("name", &metric.name);
                    });
                }
            });
        });
    });
}
