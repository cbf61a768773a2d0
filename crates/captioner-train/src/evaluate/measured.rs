//! What the batches so far gave.

use std::collections::BTreeMap;

use captioner_metrics::{MetricSet, Scores};
use captioner_model::{BatchError, CaptionBatch, CaptionModel, Generated, ModelError, Predictions};
use captioner_text::CaptionTokenizer;

use super::losses::TokenSums;
use super::options::{EvaluationOptions, generated_name};
use super::outcome::{EvaluatedRow, Evaluation};
use super::parts::parts;
use super::spelling::MetricSpelling;
use crate::error::TrainError;
use crate::prepared::PreparedSet;

/// Sums and texts.
#[derive(Default)]
pub(super) struct Measured {
    pub(super) steps: usize,
    sums: TokenSums,
    rows: Vec<EvaluatedRow>,
    teacher_forced_targets: Vec<String>,
    references_with_unknown_tokens: usize,
}

impl Measured {
    /// Measures a batch of the rows with these numbers.
    pub(super) fn batch<M: CaptionModel>(
        &mut self,
        model: &M,
        set: &PreparedSet,
        rows: &[usize],
        batch: &CaptionBatch,
        options: &EvaluationOptions,
    ) -> Result<(), TrainError> {
        let mut sums = TokenSums::default();
        let mut done = 0;
        for part in parts(batch, &model.device()) {
            let part = part?;
            let count = part.visual().count();
            let (predictions, generated) = measure_part(model, &part, options)?;
            sums.add_part(&predictions);
            let rows = &rows[done..done + count];
            self.texts(set, rows, &predictions, &generated)?;
            done += count;
        }
        if sums.count() == 0 {
            return Err(ModelError::from(BatchError::NothingCounts).into());
        }
        self.sums.add_batch(&sums, done);
        Ok(())
    }

    /// Keeps the texts of a part's rows.
    fn texts(
        &mut self,
        set: &PreparedSet,
        rows: &[usize],
        predictions: &Predictions,
        generated: &[Generated],
    ) -> Result<(), TrainError> {
        let tokenizer = &set.processor().tokenizer;
        for (index, &row) in rows.iter().enumerate() {
            let expected = decode(tokenizer, &predictions.expected[index])?;
            let own = generated.iter().filter(|caption| caption.prompt == index);
            let generated = own.map(|caption| decode(tokenizer, &caption.ids));
            let references = set.dataset().captions(row)?.into_owned();
            self.teacher_forced_targets.push(expected);
            let evaluated = EvaluatedRow {
                name: set.dataset().row_name(row)?,
                tokenizer_references: self.spell(tokenizer, &references)?,
                references,
                teacher_forced: decode(tokenizer, &predictions.predicted[index])?,
                generated: generated.collect::<Result<_, _>>()?,
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

    /// All values.
    pub(super) fn finish(
        self,
        set: &PreparedSet,
        options: &EvaluationOptions,
    ) -> Result<Evaluation, TrainError> {
        if self.rows.is_empty() {
            return Err(super::no_good_rows(set));
        }
        let mut scores = self.sums.scores();
        scores.extend(self.teacher_forced_scores(options)?);
        scores.extend(self.generated_scores(options, options.spelling)?);
        let other = self.generated_scores(options, options.spelling.other())?;
        if let Some(own) = &options.compute_metrics {
            scores.extend(own.compute(&self.rows)?);
        }
        Ok(Evaluation {
            scores,
            metric_spelling: options.spelling,
            scores_in_other_spelling: other,
            references_with_unknown_tokens: self.references_with_unknown_tokens,
            rows: self.rows,
            skipped: set.skipped(),
            steps: self.steps,
            ..Evaluation::default()
        })
    }

    /// The metrics of teacher-forced predictions.
    fn teacher_forced_scores(&self, options: &EvaluationOptions) -> Result<Scores, TrainError> {
        let predictions = self.rows.iter().map(|row| row.teacher_forced.as_str());
        let targets = self.teacher_forced_targets.iter();
        let targets: Vec<[&str; 1]> = targets.map(|target| [target.as_str()]).collect();
        compute(
            &options.teacher_forced_metrics,
            &predictions.collect::<Vec<_>>(),
            &targets,
        )
    }

    /// The metrics of the generated captions, where there are any: of each picture's first.
    fn generated_scores(
        &self,
        options: &EvaluationOptions,
        spelling: MetricSpelling,
    ) -> Result<BTreeMap<String, f64>, TrainError> {
        let firsts = self.rows.iter().map(|row| row.generated.first());
        let Some(predictions) = firsts.collect::<Option<Vec<&String>>>() else {
            return Ok(BTreeMap::new());
        };
        let references = self.rows.iter().map(|row| match spelling {
            MetricSpelling::Tokenizer => &row.tokenizer_references,
            MetricSpelling::Raw => &row.references,
        });
        let references: Vec<&Vec<String>> = references.collect();
        let scores = compute(&options.metrics, &predictions, &references)?;
        let scores = scores.iter();
        Ok(scores
            .map(|(name, value)| (generated_name(name), value))
            .collect())
    }
}

/// Teacher-forced predictions of a part, and its generated captions where they are asked for.
fn measure_part<M: CaptionModel>(
    model: &M,
    part: &CaptionBatch,
    options: &EvaluationOptions,
) -> Result<(Predictions, Vec<Generated>), TrainError> {
    let prefix = model.encode_batch(part)?;
    let predictions = match part.target_count() {
        // Other parts of the batch have some.
        0 => Predictions {
            loss_sum: 0.0,
            count: 0,
            predicted: vec![Vec::new(); part.captions()],
            expected: vec![Vec::new(); part.captions()],
        },
        _ => model.predict(&prefix, part)?,
    };
    let generated = match &options.generation {
        Some(config) => model.generate(&prefix, &[], config)?,
        None => Vec::new(),
    };
    Ok((predictions, generated))
}

fn compute<P: AsRef<str>, R: AsRef<[S]>, S: AsRef<str>>(
    metrics: &MetricSet,
    predictions: &[P],
    references: &[R],
) -> Result<Scores, TrainError> {
    let mut metrics = metrics.fresh();
    metrics.update(predictions, references)?;
    Ok(metrics.compute()?)
}

pub(super) fn decode(tokenizer: &CaptionTokenizer, ids: &[u32]) -> Result<String, ModelError> {
    Ok(tokenizer.decode(ids, true)?)
}
