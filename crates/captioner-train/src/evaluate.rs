//! Measuring a model on a set.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use captioner_git::{GenerationConfig, GitForCausalLm};
use captioner_metrics::{ExactMatch, Metric, WordErrorRate};
use serde::{Deserialize, Serialize};

use crate::TrainError;
use crate::loader::Loader;
use crate::prepared::PreparedSet;
use crate::sampler::ordered_batches;

/// What to measure.
#[derive(Clone, Debug, PartialEq)]
pub struct EvaluationOptions {
    /// Pictures in a batch.
    pub batch_size: usize,
    /// How to write captions; none are written and scored where unset.
    pub generation: Option<GenerationConfig>,
    /// Threads that read and preprocess pictures.
    pub num_workers: usize,
}

/// How well a model does on a set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The figures by name: `loss` (nats a token), `wer` (teacher forced), and, where captions
    /// were written, `generated_wer` and `generated_exact_match` (shares; 1 is all).
    pub scores: BTreeMap<String, f64>,
    /// Each row's texts.
    pub rows: Vec<EvaluatedRow>,
    /// How long it took.
    pub seconds: f64,
}

/// One picture's texts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvaluatedRow {
    /// The picture's name.
    pub name: String,
    /// The true captions.
    pub references: Vec<String>,
    /// What the model predicts for each token of the first caption, given the true ones before it.
    pub teacher_forced: String,
    /// The caption that the model writes on its own.
    pub generated: Option<String>,
}

impl Evaluation {
    /// A figure by its name.
    pub fn score(&self, name: &str) -> Option<f64> {
        self.scores.get(name).copied()
    }
}

/// Measures `model` on every row of `set`, batch by batch; nothing but texts is kept.
///
/// Predictions are taken at text positions only and aligned with the tokens they predict. `model`
/// is one on a device without autodiff (`Module::valid` of a training model).
///
/// # Errors
/// When a picture can't be read, or the device fails.
pub fn evaluate(
    model: &GitForCausalLm,
    set: &Arc<PreparedSet>,
    options: &EvaluationOptions,
) -> Result<Evaluation, TrainError> {
    let start = Instant::now();
    let plan = ordered_batches(set.dataset().len(), options.batch_size);
    let (mut loss, mut count) = (0.0, 0);
    let mut rows = Vec::with_capacity(set.dataset().len());
    let mut forced_targets = Vec::with_capacity(set.dataset().len());
    for batch in Loader::new(set, plan, options.num_workers) {
        let batch = batch?;
        let prefix = model.encode_pixels(batch.pixels())?;
        let predictions = model.predict(&prefix, &batch)?;
        loss += predictions.loss_sum;
        count += predictions.count;
        let generated = match &options.generation {
            Some(config) => Some(model.generate(&prefix, &[], config)?),
            None => None,
        };
        let decode = |ids: &[u32]| {
            let text = set.processor().tokenizer.decode(ids, true);
            text.map_err(captioner_git::GitError::from)
        };
        for (index, predicted) in predictions.predicted.iter().enumerate() {
            let written = generated.as_ref().map(|rows| decode(&rows[index].ids));
            forced_targets.push(vec![decode(&predictions.expected[index])?]);
            rows.push(EvaluatedRow {
                name: set.dataset().row_name(rows.len())?,
                references: set.dataset().captions(rows.len())?.to_vec(),
                teacher_forced: decode(predicted)?,
                generated: written.transpose()?,
            });
        }
    }
    let mut scores = text_scores(&rows, &forced_targets)?;
    scores.insert("loss".into(), loss / count as f64);
    Ok(Evaluation {
        scores,
        rows,
        seconds: start.elapsed().as_secs_f64(),
    })
}

fn text_scores(
    rows: &[EvaluatedRow],
    forced_targets: &[Vec<String>],
) -> Result<BTreeMap<String, f64>, TrainError> {
    let mut scores = BTreeMap::new();
    let forced: Vec<String> = rows.iter().map(|row| row.teacher_forced.clone()).collect();
    let wer = score(WordErrorRate::default(), "wer", &forced, forced_targets)?;
    scores.insert("wer".into(), wer);
    let generated: Option<Vec<String>> = rows.iter().map(|row| row.generated.clone()).collect();
    if let Some(generated) = generated {
        // The tokenizer's own spelling (lower case, spaced punctuation) is no error of the model.
        let references: Vec<Vec<String>> = rows.iter().map(|row| row.references.clone()).collect();
        let wer = score(WordErrorRate::default(), "wer", &generated, &references)?;
        scores.insert("generated_wer".into(), wer);
        let exact = score(
            ExactMatch::default(),
            "exact_match",
            &generated,
            &references,
        )?;
        scores.insert("generated_exact_match".into(), exact);
    }
    Ok(scores)
}

fn score(
    mut metric: impl Metric,
    figure: &str,
    predictions: &[String],
    references: &[Vec<String>],
) -> Result<f64, TrainError> {
    metric.update(predictions, references)?;
    Ok(metric.compute()?.get(figure).unwrap_or(f64::NAN))
}
