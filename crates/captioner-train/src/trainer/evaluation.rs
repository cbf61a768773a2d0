//! Measuring the model in a run, and outside of one.

use std::collections::BTreeMap;

use captioner_model::{GenerationConfig, Pretrained};

use super::Trainer;
use super::run::Run;
use crate::arguments::SaveStrategy;
use crate::error::TrainError;
use crate::evaluate::{Evaluation, EvaluationOptions, EvaluationValue, evaluate, evaluate_with};

impl<M: Pretrained> Trainer<M> {
    /// Measures the model while training, and says whether it is to be saved because it is the
    /// best. The best model is the best of those that are saved: `saves` says whether this one is.
    pub(super) fn evaluate_in(
        &mut self,
        run: &mut Run<M>,
        saves: bool,
    ) -> Result<bool, TrainError> {
        let generate = self.arguments.predict_with_generate;
        let model = run.stepper.measured();
        let set = self.eval.as_ref().ok_or(TrainError::NoEvaluationSet)?;
        let options = self.evaluation_options(&model, generate);
        let evaluation = evaluate_with(&model, set, &options, run.features.eval.as_mut())?;
        drop(model);
        // Known before anybody is told, so that it is in the checkpoint of a run that fails then.
        let is_best = self.note_best(run, &evaluation, saves)?;
        let is_saved = is_best && self.arguments.save_strategy == SaveStrategy::Best;
        run.pending.evaluate = false;
        run.pending.save |= is_saved;
        let values = evaluation.scores.iter();
        let values = values.map(|(name, value)| (format!("eval_{name}"), *value));
        let mut values: BTreeMap<_, _> = values.collect();
        let times = [
            ("eval_runtime", evaluation.seconds),
            ("eval_samples_per_second", evaluation.samples_per_second()),
            ("eval_steps_per_second", evaluation.steps_per_second()),
        ];
        values.extend(times.map(|(name, value)| (name.to_owned(), value)));
        self.log(run, values)?;
        self.tell(run, |c, context, control| {
            c.on_evaluate(context, &evaluation, control)
        })?;
        Ok(is_saved)
    }

    /// Shows an evaluation to the schedule, and says whether it is the best of those that are saved.
    /// One before the first step is none of either, as in transformers.
    fn note_best(
        &self,
        run: &mut Run<M>,
        evaluation: &Evaluation,
        saves: bool,
    ) -> Result<bool, TrainError> {
        if run.state.global_step == 0 {
            return Ok(false);
        }
        let value = self.best_value_of(evaluation)?;
        run.stepper.schedule.observe(value);
        let more = self.more_is_better;
        let better = |best: f64| if more { value > best } else { value < best };
        let is_best = value.is_finite() && run.state.best_metric.is_none_or(better);
        let by_best = self.arguments.save_strategy == SaveStrategy::Best;
        if is_best && (saves || by_best) {
            let step = run.state.global_step;
            run.state.best_metric = Some(value);
            run.state.best_global_step = Some(step);
            run.state.best_model_checkpoint = Some(self.output.checkpoint(step));
        }
        Ok(is_best)
    }

    fn best_value_of(&self, evaluation: &Evaluation) -> Result<f64, TrainError> {
        let name = self.arguments.best_value();
        evaluation.score(name).ok_or_else(|| {
            let known: Vec<_> = evaluation.scores.keys().cloned().collect();
            TrainError::UnknownMetric {
                name: name.to_owned(),
                known: known.join(", "),
            }
        })
    }

    /// Measures a model, generated captions included, on the evaluation set.
    ///
    /// # Errors
    /// As [`evaluate`]; [`TrainError::NoEvaluationSet`] where the trainer has none.
    pub fn evaluate(&self, model: &M) -> Result<Evaluation, TrainError> {
        self.measure(model, true)
    }

    /// The decoding settings of evaluations.
    pub(super) fn generation(&self, model: &M) -> GenerationConfig {
        self.arguments.generation(model.generation_config())
    }

    /// How evaluations of a model in this run are made, captions generated where `generate` says
    /// so.
    pub fn evaluation_options(&self, model: &M, generate: bool) -> EvaluationOptions {
        let generation = self.generation(model);
        EvaluationOptions {
            batch_size: self.arguments.per_device_eval_batch_size,
            generation: generate.then_some(generation),
            num_workers: self.arguments.dataloader_num_workers,
            metrics: self.metrics.fresh(),
            spelling: self.arguments.metric_spelling,
            compute_metrics: self.compute_metrics.clone(),
            stop: Some(self.stop.clone()),
            ..EvaluationOptions::default()
        }
    }

    /// The values that evaluations while training give.
    pub(super) fn values(&self, model: &M) -> Result<Vec<EvaluationValue>, TrainError> {
        let generate = self.arguments.predict_with_generate;
        self.evaluation_options(model, generate).values()
    }

    fn measure(&self, model: &M, generate: bool) -> Result<Evaluation, TrainError> {
        let set = self.eval.as_ref().ok_or(TrainError::NoEvaluationSet)?;
        evaluate(model, set, &self.evaluation_options(model, generate))
    }
}
