//! What to measure, and the names of the values that come of it.

use captioner_metrics::{MetricSet, WordErrorRate};
use captioner_model::{GenerationConfig, ModelSpec, SettingError};

use super::compute_metrics::ComputeMetrics;
use super::spelling::MetricSpelling;
use crate::error::TrainError;
use crate::stop::StopHandle;

/// What to measure.
#[derive(Clone, Debug)]
pub struct EvaluationOptions {
    /// Pictures in a batch. Of the values only `loss` depends on it.
    pub batch_size: usize,
    /// Decoding settings; no captions are generated and scored where unset. Of several captions a
    /// picture (`num_return_sequences`) the first, which is the best of a beam search, is scored.
    pub generation: Option<GenerationConfig>,
    /// Threads that read and preprocess pictures.
    pub num_workers: usize,
    /// The metrics of generated captions; their values are named `generated_NAME`.
    pub metrics: MetricSet,
    /// The metrics of teacher-forced predictions, `wer` by default; their values go by their own
    /// names. What is predicted for each token of a picture's first caption, decoded, is compared
    /// with that caption in the tokenizer's spelling.
    pub teacher_forced_metrics: MetricSet,
    /// Values of one's own.
    pub compute_metrics: Option<ComputeMetrics>,
    /// The spelling in which generated captions are compared.
    pub spelling: MetricSpelling,
    /// Stops the evaluation between batches.
    pub stop: Option<StopHandle>,
}

/// A value that an evaluation gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvaluationValue {
    /// Its name in [`Evaluation::scores`](crate::Evaluation::scores).
    pub name: String,
    /// Whether more of it is better; `None` where neither direction is better in itself.
    pub greater_is_better: Option<bool>,
}

/// What every evaluation gives of the model's predictions, and whether more of it is better.
const OF_TOKENS: [(&str, bool); 4] = [
    ("loss", false),
    ("loss_per_token", false),
    ("perplexity", false),
    ("token_accuracy", true),
];

/// What logs hold beside the values of an evaluation, named as transformers names it.
const OF_TIME: [&str; 3] = ["runtime", "samples_per_second", "steps_per_second"];

/// The name of a metric's value of generated captions.
pub(crate) fn generated_name(value: &str) -> String {
    format!("generated_{value}")
}

impl Default for EvaluationOptions {
    /// Batches of 8, captions by greedy search, no metric but the teacher-forced ones.
    fn default() -> Self {
        Self {
            batch_size: 8,
            generation: Some(GenerationConfig::default()),
            num_workers: 1,
            metrics: MetricSet::default(),
            teacher_forced_metrics: default_teacher_forced(),
            compute_metrics: None,
            spelling: MetricSpelling::Tokenizer,
            stop: None,
        }
    }
}

/// The word error rate alone.
fn default_teacher_forced() -> MetricSet {
    let wer = MetricSet::select(["wer"], [Box::new(WordErrorRate::new()) as _]);
    // The metric gives the value that it is named after.
    wer.unwrap_or_default()
}

impl EvaluationOptions {
    /// The values that evaluations under these options give: their names, and which way is better.
    ///
    /// # Errors
    /// [`TrainError::ValueName`] when two go by one name, also where one of them is of generated
    /// captions and none are generated now; [`TrainError::Setting`] when a value of
    /// [`ComputeMetrics`] has no name, or one that begins with `eval_`, which logs put before every
    /// name.
    pub fn values(&self) -> Result<Vec<EvaluationValue>, TrainError> {
        let generated = of_metrics(&self.metrics, generated_name);
        let own = self.compute_metrics.iter();
        let own: Vec<EvaluationValue> = own.flat_map(|own| own.values().to_vec()).collect();
        for value in &own {
            let fits = !value.name.is_empty() && !value.name.starts_with("eval_");
            let help = "name each value, without eval_ before it: logs put that there";
            SettingError::check("compute_metrics", &value.name, fits, help)?;
        }
        let groups = [
            ("a value of every evaluation", of_tokens()),
            ("a time that is logged", of_time()),
            (
                "a teacher-forced metric",
                of_metrics(&self.teacher_forced_metrics, str::to_owned),
            ),
            ("a metric of generated captions", generated),
            ("a value of compute_metrics", own),
        ];
        check_names(&groups)?;
        let [tokens, _, forced, generated, own] = groups.map(|(_, values)| values);
        let generated = generated.into_iter().filter(|_| self.generation.is_some());
        let all = tokens.into_iter().chain(forced).chain(generated).chain(own);
        Ok(all.collect())
    }

    /// Checks every option, for a model.
    ///
    /// # Errors
    /// Names the first one that is out of its range; as [`Self::values`].
    pub fn validate(&self, spec: &ModelSpec) -> Result<(), TrainError> {
        check_loading(self.batch_size, self.num_workers)?;
        if let Some(generation) = &self.generation {
            generation.validate(spec)?;
        }
        self.values().map(|_| ())
    }
}

/// Checks how batches are to be loaded.
pub(super) fn check_loading(batch_size: usize, num_workers: usize) -> Result<(), SettingError> {
    let fits = (1..=1_000_000).contains(&batch_size);
    SettingError::check("batch_size", batch_size, fits, "it must be 1 to 1000000")?;
    let help = "it must be at most 1024";
    SettingError::check("num_workers", num_workers, num_workers <= 1024, help)
}

fn of_tokens() -> Vec<EvaluationValue> {
    let value = |(name, more): (&str, bool)| EvaluationValue {
        name: name.to_owned(),
        greater_is_better: Some(more),
    };
    OF_TOKENS.map(value).to_vec()
}

fn of_time() -> Vec<EvaluationValue> {
    let value = |name: &str| EvaluationValue {
        name: name.to_owned(),
        greater_is_better: None,
    };
    OF_TIME.map(value).to_vec()
}

fn of_metrics(metrics: &MetricSet, rename: fn(&str) -> String) -> Vec<EvaluationValue> {
    let names = metrics.value_names().into_iter();
    let value = |name: String| EvaluationValue {
        greater_is_better: metrics.greater_is_better(&name),
        name: rename(&name),
    };
    names.map(value).collect()
}

/// Checks that no two values go by one name.
fn check_names(groups: &[(&'static str, Vec<EvaluationValue>)]) -> Result<(), TrainError> {
    let mut taken: Vec<(&'static str, &str)> = Vec::new();
    for (second, values) in groups {
        for value in values {
            let name = value.name.as_str();
            if let Some((first, _)) = taken.iter().find(|(_, other)| *other == name) {
                return Err(TrainError::ValueName {
                    value: name.to_owned(),
                    first,
                    second,
                });
            }
            taken.push((second, name));
        }
    }
    Ok(())
}
