//! Measuring a model on a set.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Instant;

use captioner_data::SkippedRow;
use captioner_metrics::{Metric, MetricSet, WordErrorRate};
use captioner_model::{CaptionBatch, CaptionModel, GenerationConfig, ModelError, SettingError};
use captioner_text::CaptionTokenizer;
use serde::{Deserialize, Serialize};

use crate::error::TrainError;
use crate::loader::DataLoader;
use crate::prepared::PreparedSet;
use crate::sampler::sequential_batches;

/// The spelling in which generated captions are compared with their references.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricSpelling {
    /// References are encoded and decoded as the model's captions are: its own case, accents and
    /// spacing are then no errors, and a caption learnt by heart is right.
    #[default]
    Tokenizer,
    /// References as they are in the set.
    Raw,
}

/// What to measure.
#[derive(Clone, Debug)]
pub struct EvaluationOptions {
    /// Pictures in a batch.
    pub batch_size: usize,
    /// Decoding settings; no captions are generated and scored where unset.
    pub generation: Option<GenerationConfig>,
    /// Threads that read and preprocess pictures.
    pub num_workers: usize,
    /// The metrics of generated captions.
    pub metrics: MetricSet,
    /// The spelling in which captions are compared.
    pub spelling: MetricSpelling,
}

/// How well a model does on a set; the contents of `evaluation.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Evaluation {
    /// The values by name: `loss` (nats a token), `wer` (of teacher-forced predictions), and, where
    /// captions were generated, `generated_` before each value of the metrics, such as
    /// `generated_wer`.
    pub scores: BTreeMap<String, f64>,
    /// The spelling that `scores` compare captions in.
    pub metric_spelling: MetricSpelling,
    /// The values of generated captions in the other spelling.
    pub scores_in_other_spelling: BTreeMap<String, f64>,
    /// References that hold tokens which the tokenizer does not know.
    pub references_with_unknown_tokens: usize,
    /// Each row's texts.
    pub rows: Vec<EvaluatedRow>,
    /// Rows that could not be used.
    pub skipped: Vec<SkippedRow>,
    /// How long it took.
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
    /// The caption that the model generates.
    pub generated: Option<String>,
}

impl Evaluation {
    /// A value by its name.
    pub fn score(&self, name: &str) -> Option<f64> {
        self.scores.get(name).copied()
    }
}

impl Default for EvaluationOptions {
    /// Batches of 8, captions by greedy search, no metric but the teacher-forced ones.
    fn default() -> Self {
        Self {
            batch_size: 8,
            generation: Some(GenerationConfig::default()),
            num_workers: 1,
            metrics: MetricSet::default(),
            spelling: MetricSpelling::Tokenizer,
        }
    }
}

/// Measures `model` on every row of `set`, batch by batch; nothing but texts is kept.
///
/// Predictions are taken at text positions only and aligned with the tokens they predict. A training
/// model is measured as `Module::valid` gives it, without dropout.
///
/// # Errors
/// When the set is empty, a picture can't be read and bad rows are to stop the run, every row was
/// skipped, or the device fails.
pub fn evaluate<M: CaptionModel>(
    model: &M,
    set: &Arc<PreparedSet>,
    options: &EvaluationOptions,
) -> Result<Evaluation, TrainError> {
    let start = Instant::now();
    // Dropout is for training: a model that records gradients is measured without.
    let model = &model.valid();
    let name = || set.dataset().name().to_owned();
    if set.dataset().is_empty() {
        return Err(TrainError::EmptySet { set: name() });
    }
    let mut measured = Measured::default();
    let plan = sequential_batches(set.dataset().len(), options.batch_size);
    for loaded in DataLoader::new(set, plan, options.num_workers) {
        let loaded = loaded?;
        if let Some(batch) = loaded.batch {
            measured.batch(model, set, &loaded.rows, &batch, options)?;
        }
    }
    let skipped = set.skipped();
    if measured.rows.is_empty() {
        let first = skipped.first().map(ToString::to_string);
        let first = first.unwrap_or_default();
        return Err(TrainError::NoGoodRows { set: name(), first });
    }
    let mut evaluation = measured.finish(options)?;
    evaluation.skipped = skipped;
    evaluation.seconds = start.elapsed().as_secs_f64();
    Ok(evaluation)
}

/// What the batches so far gave.
#[derive(Default)]
struct Measured {
    loss_sum: f64,
    count: usize,
    rows: Vec<EvaluatedRow>,
    teacher_forced_targets: Vec<String>,
    references_with_unknown_tokens: usize,
}

impl Measured {
    fn batch<M: CaptionModel>(
        &mut self,
        model: &M,
        set: &PreparedSet,
        rows: &[usize],
        batch: &CaptionBatch,
        options: &EvaluationOptions,
    ) -> Result<(), TrainError> {
        let prefix = model.encode_batch(batch)?;
        let predictions = model.predict(&prefix, batch)?;
        self.loss_sum += predictions.loss_sum;
        self.count += predictions.count;
        let generated = match &options.generation {
            Some(config) => Some(model.generate(&prefix, &[], config)?),
            None => None,
        };
        let tokenizer = &set.processor().tokenizer;
        for (index, &row) in rows.iter().enumerate() {
            let expected = decode(tokenizer, &predictions.expected[index])?;
            let generated = generated.as_ref().and_then(|all| {
                // The best of each picture's.
                all.iter().find(|sequence| sequence.prompt == index)
            });
            let generated = generated.map(|sequence| decode(tokenizer, &sequence.ids));
            let references = set.dataset().captions(row)?.into_owned();
            self.teacher_forced_targets.push(expected);
            let evaluated = EvaluatedRow {
                name: set.dataset().row_name(row)?,
                tokenizer_references: self.spell(tokenizer, &references)?,
                references,
                teacher_forced: decode(tokenizer, &predictions.predicted[index])?,
                generated: generated.transpose()?,
            };
            self.rows.push(evaluated);
        }
        Ok(())
    }

    /// References in the tokenizer's spelling; counts those with unknown tokens.
    fn spell(
        &mut self,
        tokenizer: &CaptionTokenizer,
        references: &[String],
    ) -> Result<Vec<String>, TrainError> {
        let mut spelled = Vec::with_capacity(references.len());
        for reference in references {
            let spelling = tokenizer.spelling(reference).map_err(ModelError::from)?;
            self.references_with_unknown_tokens += usize::from(spelling.unknown_tokens > 0);
            spelled.push(spelling.text);
        }
        Ok(spelled)
    }

    fn finish(self, options: &EvaluationOptions) -> Result<Evaluation, TrainError> {
        let mut scores = self.generated_scores(options, options.spelling)?;
        let other = self.generated_scores(options, options.spelling.other())?;
        let predictions: Vec<&str> = self
            .rows
            .iter()
            .map(|r| r.teacher_forced.as_str())
            .collect();
        let targets = self.teacher_forced_targets.iter();
        let targets: Vec<Vec<&str>> = targets.map(|target| vec![target.as_str()]).collect();
        let mut wer = WordErrorRate::new();
        wer.update(&predictions, &targets)?;
        let wer = wer.compute()?.get("wer").unwrap_or(f64::NAN);
        scores.insert("wer".into(), wer);
        scores.insert("loss".into(), self.loss_sum / self.count as f64);
        Ok(Evaluation {
            scores,
            metric_spelling: options.spelling,
            scores_in_other_spelling: other,
            references_with_unknown_tokens: self.references_with_unknown_tokens,
            rows: self.rows,
            ..Evaluation::default()
        })
    }

    /// The metrics of the generated captions, where there are any.
    fn generated_scores(
        &self,
        options: &EvaluationOptions,
        spelling: MetricSpelling,
    ) -> Result<BTreeMap<String, f64>, TrainError> {
        let predictions = self.rows.iter().map(|row| row.generated.as_deref());
        let Some(predictions) = predictions.collect::<Option<Vec<&str>>>() else {
            return Ok(BTreeMap::new());
        };
        let references = self.rows.iter().map(|row| match spelling {
            MetricSpelling::Tokenizer => &row.tokenizer_references,
            MetricSpelling::Raw => &row.references,
        });
        let references: Vec<&Vec<String>> = references.collect();
        let mut metrics = options.metrics.fresh();
        metrics.update(&predictions, &references)?;
        let scores = metrics.compute()?;
        let scores = scores.iter();
        Ok(scores
            .map(|(name, value)| (generated_name(name), value))
            .collect())
    }
}

/// The name of a metric's value of generated captions.
pub(crate) fn generated_name(value: &str) -> String {
    format!("generated_{value}")
}

fn decode(tokenizer: &CaptionTokenizer, ids: &[u32]) -> Result<String, ModelError> {
    Ok(tokenizer.decode(ids, true)?)
}

impl MetricSpelling {
    fn other(self) -> Self {
        match self {
            Self::Tokenizer => Self::Raw,
            Self::Raw => Self::Tokenizer,
        }
    }
}

impl fmt::Display for MetricSpelling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tokenizer => "tokenizer",
            Self::Raw => "raw",
        })
    }
}

impl FromStr for MetricSpelling {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        match text {
            "tokenizer" => Ok(Self::Tokenizer),
            "raw" => Ok(Self::Raw),
            _ => Err(SettingError::new(
                "metric_spelling",
                text,
                "use tokenizer or raw",
            )),
        }
    }
}
