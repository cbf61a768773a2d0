//! What a run writes about itself, without the folders of whoever ran it.

use std::path::{Path, PathBuf};

use captioner_train::{Evaluation, ResumeFrom, TrainerState, TrainingArguments};
use serde_json::Value;

use super::{last_name, whole};

/// The settings, with the last names of their folders.
pub(super) fn arguments(arguments: &TrainingArguments) -> TrainingArguments {
    let mut portable = arguments.clone();
    portable.output_dir = short(&portable.output_dir);
    portable.logging_dir = portable.logging_dir.as_deref().map(short);
    if let Some(ResumeFrom::Path(path)) = &mut portable.resume_from_checkpoint {
        *path = short(path);
    }
    // It is never written; this is for whoever changes that.
    portable.hub_token = None;
    portable
}

/// Where the run stood, with the last name of its best checkpoint.
pub(super) fn state(state: &TrainerState) -> TrainerState {
    TrainerState {
        best_model_checkpoint: state.best_model_checkpoint.as_deref().map(short),
        ..state.clone()
    }
}

/// An evaluation without the list of skipped rows, which names files, and with the last names of
/// pictures that go by a whole path.
pub(super) fn evaluation(evaluation: &Evaluation) -> Evaluation {
    let mut portable = evaluation.clone();
    portable.skipped.clear();
    for row in &mut portable.rows {
        let name = Path::new(&row.name);
        if name.is_absolute() {
            row.name = last_name(name);
        }
    }
    portable
}

/// An adapter's configuration, with the repository of its base model, or without a base model.
pub(super) fn adapter_config(mut config: Value, base_model: Option<&str>) -> Value {
    if let Some(name) = config.get_mut("base_model_name_or_path") {
        *name = base_model.into();
    }
    config
}

fn short(path: &Path) -> PathBuf {
    last_name(&whole(path)).into()
}

#[cfg(test)]
mod tests {
    use captioner_train::EvaluatedRow;

    use super::*;

    #[test]
    fn no_folder_of_the_user_is_told() {
        let run = TrainingArguments {
            output_dir: "/home/me/runs/git-cats".into(),
            logging_dir: Some("/home/me/logs".into()),
            resume_from_checkpoint: Some(ResumeFrom::Path("/home/me/old/checkpoint-3".into())),
            hub_token: Some("hf_secret".into()),
            ..TrainingArguments::default()
        };
        let text = serde_json::to_string(&arguments(&run)).unwrap();
        assert!(
            !text.contains("/home") && !text.contains("hf_secret"),
            "{text}"
        );
        assert!(text.contains("\"output_dir\":\"git-cats\""), "{text}");
        let stood = TrainerState {
            best_model_checkpoint: Some("/home/me/runs/git-cats/checkpoint-50".into()),
            ..TrainerState::default()
        };
        let best = state(&stood).best_model_checkpoint;
        assert_eq!(best, Some("checkpoint-50".into()));
        let rows = ["/home/me/a.png", "cats/b.png"].map(|name| EvaluatedRow {
            name: name.to_owned(),
            ..EvaluatedRow::default()
        });
        let measured = Evaluation {
            rows: rows.into(),
            ..Evaluation::default()
        };
        let portable = evaluation(&measured).rows.into_iter();
        let names: Vec<_> = portable.map(|row| row.name).collect();
        assert_eq!(names, ["a.png", "cats/b.png"]);
        let config = serde_json::json!({"r": 4, "base_model_name_or_path": "/home/me/git-base"});
        assert_eq!(
            adapter_config(config.clone(), None)["base_model_name_or_path"],
            Value::Null
        );
        let named = adapter_config(config, Some("microsoft/git-base"));
        assert_eq!(named["base_model_name_or_path"], "microsoft/git-base");
        assert_eq!(named["r"], 4);
    }
}
