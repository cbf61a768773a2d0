//! The card of a run.

use std::collections::BTreeMap;

use captioner_hub::{CardDataset, CardLogRow, CardMetric, ModelCard};
use captioner_train::{LogEntry, TrainerState};

use super::FinishedRun;
use super::settings::settings;

/// What the log has of an evaluation beside its values.
const TIMES: [&str; 3] = ["runtime", "samples_per_second", "steps_per_second"];

/// The card of a run whose model is an `adapter` or whole.
pub(super) fn card(run: &FinishedRun<'_>, adapter: bool, sample_sheet: Option<&str>) -> ModelCard {
    let origin = run.origin.clone().unwrap_or_default();
    let scores = run.evaluation.iter().flat_map(|e| &e.scores);
    ModelCard {
        name: run.name.clone(),
        base_model: origin.id,
        from_fresh_weights: run.origin.is_none(),
        adapter,
        dataset: CardDataset {
            evaluated_rows: run.evaluation.map(|e| e.rows.len()),
            ..run.dataset.clone()
        },
        license: origin.license,
        metrics: CardMetric::from_scores(scores.map(|(name, value)| (name.as_str(), *value))),
        settings: settings(run),
        log: log(run.state, run.arguments.load_best_model_at_end),
        sample_sheet: sample_sheet.map(str::to_owned),
        ..ModelCard::default()
    }
}

/// The log, with what was measured at a step beside what was logged there.
fn log(state: &TrainerState, ends_with_best: bool) -> Vec<CardLogRow> {
    let mut rows: BTreeMap<usize, CardLogRow> = BTreeMap::new();
    for entry in &state.log_history {
        let values = measured(entry);
        let loss = entry.get("loss");
        if loss.is_none() && values.is_empty() {
            continue;
        }
        let row = rows.entry(entry.step).or_default();
        (row.step, row.epoch) = (entry.step, entry.epoch);
        row.training_loss = loss.or(row.training_loss);
        row.values.extend(values);
        row.best = ends_with_best && state.best_global_step == Some(entry.step);
    }
    rows.into_values().collect()
}

/// The values of an evaluation; its loss is told from that of training.
fn measured(entry: &LogEntry) -> BTreeMap<String, f64> {
    let values = entry.values.iter();
    let values = values.filter_map(|(name, value)| Some((name.strip_prefix("eval_")?, *value)));
    let values = values.filter(|(name, _)| !TIMES.contains(name));
    let named = values.map(|(name, value)| match name {
        "loss" => ("Evaluation loss".to_owned(), value),
        name => (name.to_owned(), value),
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(step: usize, values: &[(&str, f64)]) -> LogEntry {
        let values = values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), *value));
        LogEntry {
            step,
            epoch: step as f64 / 10.0,
            values: values.collect(),
        }
    }

    #[test]
    fn the_rust_of_a_card_is_the_one_that_is_compiled() {
        let compiled = include_str!("card_usage.md")
            .split("```rust,no_run\n")
            .skip(1);
        for (adapter, block) in [false, true].into_iter().zip(compiled) {
            let code = block.split("```").next().unwrap_or_default().lines();
            let code: Vec<_> = code.filter(|line| !line.starts_with("# ")).collect();
            let card = ModelCard {
                name: "me/model".into(),
                base_model: Some("microsoft/git-base".into()),
                adapter,
                ..ModelCard::default()
            };
            let text = card.to_markdown();
            assert!(text.contains(&code.join("\n")), "{code:?} in {text}");
        }
    }

    #[test]
    fn what_was_logged_and_measured_at_a_step_is_one_row() {
        let state = TrainerState {
            best_global_step: Some(8),
            log_history: vec![
                entry(5, &[("loss", 3.0), ("grad_norm", 1.0)]),
                entry(
                    8,
                    &[("eval_loss", 2.5), ("eval_wer", 0.5), ("eval_runtime", 9.0)],
                ),
                entry(10, &[("loss", 2.0)]),
                entry(10, &[("eval_loss", 2.6), ("eval_steps_per_second", 9.0)]),
                entry(10, &[("train_loss", 2.5), ("train_runtime", 9.0)]),
            ],
            ..TrainerState::default()
        };
        let rows = log(&state, true);
        let steps: Vec<_> = rows
            .iter()
            .map(|r| (r.step, r.training_loss, r.best))
            .collect();
        let expected = [
            (5, Some(3.0), false),
            (8, None, true),
            (10, Some(2.0), false),
        ];
        assert_eq!(steps, expected);
        let names: Vec<_> = rows[1].values.iter().collect();
        let loss = "Evaluation loss".to_owned();
        assert_eq!(names, [(&loss, &2.5), (&"wer".to_owned(), &0.5)]);
        assert_eq!(rows[2].values.len(), 1);
        assert!(log(&state, false).iter().all(|row| !row.best));
    }
}
