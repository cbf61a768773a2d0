//! The course of a training run, as a table.

use std::collections::BTreeMap;

use super::text::{cell, number};

/// Rows of a card's table.
const MAX_ROWS: usize = 30;

/// What was logged at one step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CardLogRow {
    /// Optimizer steps done.
    pub step: usize,
    /// Passes over the training set done.
    pub epoch: f64,
    /// The mean loss since the row before, in nats a token.
    pub training_loss: Option<f64>,
    /// Values on the held-out rows, by name.
    pub values: BTreeMap<String, f64>,
    /// Whether the run ended with the weights of this step.
    pub best: bool,
}

/// The rows as a table, thinned out evenly to [`MAX_ROWS`]: the first, the best and the last stay.
pub(super) fn table(rows: &[CardLogRow]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in rows.iter().flat_map(|row| row.values.keys()) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let heads = ["Step", "Epoch", "Training loss"].into_iter();
    let heads: Vec<_> = heads
        .map(str::to_owned)
        .chain(names.iter().map(|n| cell(n)))
        .collect();
    let mut table = format!(
        "| {} |\n|{}\n",
        heads.join(" | "),
        " --- |".repeat(heads.len())
    );
    for row in thinned(rows) {
        let step = match row.best {
            true => format!("**{}**", row.step),
            false => row.step.to_string(),
        };
        let mut cells = vec![
            step,
            format!("{:.2}", row.epoch),
            optional(row.training_loss),
        ];
        cells.extend(
            names
                .iter()
                .map(|&name| optional(row.values.get(name).copied())),
        );
        table += &format!("| {} |\n", cells.join(" | "));
    }
    table
}

fn optional(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), number)
}

fn thinned(rows: &[CardLogRow]) -> Vec<&CardLogRow> {
    let last = rows.len().saturating_sub(1);
    // One place is the best row's.
    let places = MAX_ROWS - 2;
    let kept = |index: usize| {
        let stride = |index: usize| index * places / last.max(1);
        rows.len() <= MAX_ROWS
            || index == 0
            || index == last
            || rows[index].best
            || stride(index) != stride(index - 1)
    };
    let rows = rows.iter().enumerate();
    rows.filter_map(|(index, row)| kept(index).then_some(row))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(count: usize, best: usize) -> Vec<CardLogRow> {
        let row = |index| CardLogRow {
            step: 10 * (index + 1),
            best: index == best,
            ..CardLogRow::default()
        };
        (0..count).map(row).collect()
    }

    #[test]
    fn a_long_log_is_thinned_and_keeps_its_ends_and_the_best() {
        for count in [1, 2, 29, 30, 31, 59, 400] {
            for best in [0, count / 3, count - 1] {
                let rows = rows(count, best);
                let kept = thinned(&rows);
                assert!(
                    kept.len() <= MAX_ROWS && kept.len() >= count.min(MAX_ROWS - 2),
                    "{count}"
                );
                assert_eq!((kept[0].step, kept[kept.len() - 1].step), (10, 10 * count));
                assert!(kept.iter().any(|row| row.best));
            }
        }
    }

    #[test]
    fn what_was_not_measured_at_a_step_is_left_open() {
        let mut rows = rows(2, 1);
        rows[0].training_loss = Some(3.5);
        rows[1].values = [("loss".to_owned(), 0.25), ("a|b".to_owned(), f64::NAN)].into();
        let expected = "| Step | Epoch | Training loss | a\\|b | loss |\n| --- | --- | --- | --- | --- |\n\
                        | 10 | 0.00 | 3.5000 | – | – |\n| **20** | 0.00 | – | not a number | 0.2500 |\n";
        assert_eq!(table(&rows), expected);
    }
}
