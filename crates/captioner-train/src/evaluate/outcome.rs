//! What an evaluation gives.

use std::collections::BTreeMap;

use captioner_data::SkippedRow;
use serde::{Deserialize, Serialize};

use super::named_values;
use super::spelling::MetricSpelling;

/// How well a model does on a set; the contents of `evaluation.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The values by name. Of every evaluation, over the counted positions of each row's first
    /// caption, each predicted given the true tokens before it (teacher forcing):
    ///
    /// - `loss`: each batch's mean over its tokens, averaged with its pictures as weight, in nats.
    ///   That is how transformers' `Trainer` computes its `eval_loss`, so that logs compare; it
    ///   depends on the batch size. (`Trainer` also leaves out batches whose loss is infinite or NaN,
    ///   unless `logging_nan_inf_filter` is off; here they count.)
    /// - `loss_per_token`: the mean over all tokens of the set, in nats; the same whatever the batch
    ///   size
    /// - `perplexity`: the exponential of `loss_per_token`
    ///   ([Jelinek et al., 1977](https://doi.org/10.1121/1.2016299)); infinite above 709 nats
    /// - `token_accuracy`: the share of tokens that are the likeliest ones
    ///
    /// The metrics of teacher-forced predictions have their own names, such as `wer`; where captions
    /// were generated, those of generated captions follow `generated_`, as in `generated_wer`.
    /// Values of [`ComputeMetrics`](crate::ComputeMetrics) have the names that were given them.
    ///
    /// JSON has no infinite number and no NaN: they are written as the texts `"Infinity"`,
    /// `"-Infinity"` and `"NaN"`.
    #[serde(with = "named_values")]
    pub scores: BTreeMap<String, f64>,
    /// The spelling that `scores` compare generated captions in.
    pub metric_spelling: MetricSpelling,
    /// The values of generated captions in the other spelling.
    #[serde(with = "named_values")]
    pub scores_in_other_spelling: BTreeMap<String, f64>,
    /// References that hold tokens which the tokenizer does not know.
    pub references_with_unknown_tokens: usize,
    /// Each row's texts.
    pub rows: Vec<EvaluatedRow>,
    /// Rows that could not be used.
    pub skipped: Vec<SkippedRow>,
    /// Batches.
    pub steps: usize,
    /// How long it took: `runtime` in the logs of transformers.
    pub seconds: f64,
}

/// One picture's texts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvaluatedRow {
    /// The picture's name.
    pub name: String,
    /// The true captions, as they are in the set.
    pub references: Vec<String>,
    /// The true captions in the tokenizer's spelling.
    pub tokenizer_references: Vec<String>,
    /// What the model predicts for each token of the first caption, given the true ones before it.
    pub teacher_forced: String,
    /// The captions that the model generates, `num_return_sequences` of them, the best of a beam
    /// search first. Metrics score the first. Empty where no captions were asked for.
    pub generated: Vec<String>,
}

impl Evaluation {
    /// A value by its name.
    pub fn score(&self, name: &str) -> Option<f64> {
        self.scores.get(name).copied()
    }

    /// Evaluated rows a second, as transformers logs them.
    pub fn samples_per_second(&self) -> f64 {
        self.rows.len() as f64 / self.seconds
    }

    /// Batches a second, as transformers logs them.
    pub fn steps_per_second(&self) -> f64 {
        self.steps as f64 / self.seconds
    }
}
