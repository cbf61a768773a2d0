//! What a resumed run was told otherwise than the one that it goes on from.

use serde_json::{Map, Value};

use crate::arguments::TrainingArguments;

/// Settings that change neither weights nor log: where things are written, what is shown, how fast
/// rows are read, what is kept.
const FREE: [&str; 22] = [
    "output_dir",
    "overwrite_output_dir",
    "resume_from_checkpoint",
    "accept_changed_arguments",
    "disable_tqdm",
    "report_to",
    "run_name",
    "logging_dir",
    "dataloader_num_workers",
    "save_strategy",
    "save_steps",
    "save_total_limit",
    "save_only_model",
    "load_best_model_at_end",
    "cache_encoder_outputs",
    "encoder_cache_mib",
    "remove_unused_columns",
    "push_to_hub",
    "hub_model_id",
    "hub_private_repo",
    "hub_strategy",
    "non_finite",
];

/// What is different of two runs' settings that the course of training depends on, each as
/// `learning_rate is 0.001 and was 0.0005`.
pub(crate) fn changed_settings(was: &TrainingArguments, is: &TrainingArguments) -> Vec<String> {
    let (was, is) = (values(was), values(is));
    let names = is.iter().filter(|(name, _)| !FREE.contains(&name.as_str()));
    let changed = names.filter(|(name, value)| was.get(*name) != Some(*value));
    let missing = Value::Null;
    changed
        .map(|(name, value)| {
            let former = was.get(name).unwrap_or(&missing);
            format!("{name} is {value} and was {former}")
        })
        .collect()
}

fn values(arguments: &TrainingArguments) -> Map<String, Value> {
    match serde_json::to_value(arguments) {
        Ok(Value::Object(values)) => values,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_named_that_change_what_is_learnt() {
        let was = TrainingArguments::default();
        let mut is = was.clone();
        assert!(changed_settings(&was, &is).is_empty());
        is.disable_tqdm = true;
        is.output_dir = "elsewhere".into();
        is.dataloader_num_workers = 7;
        assert!(changed_settings(&was, &is).is_empty());
        is.learning_rate = 1e-3;
        is.seed = 7;
        let changed = changed_settings(&was, &is);
        assert_eq!(
            changed,
            [
                "seed is 7 and was 42",
                "learning_rate is 0.001 and was 0.00005"
            ]
        );
    }

    #[test]
    fn every_free_setting_is_one() {
        let values = values(&TrainingArguments::default());
        for name in FREE {
            assert!(values.contains_key(name), "{name}");
        }
    }
}
