//! One optimizer step, and what is known since the last log entry.

use std::collections::BTreeMap;
use std::path::Path;

use burn::module::{ModuleVisitor, Param};
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::Tensor;
use captioner_model::{CaptionBatch, DeviceFailure, LossOptions, ModelError, Pretrained};
use captioner_ops::with_dropout_key;
use serde::{Deserialize, Serialize};

use crate::arguments::{NonFinite, TrainingArguments};
use crate::checkpoint::load_ema;
use crate::clip::clip_grad_norm;
use crate::dropout_key::dropout_key;
use crate::ema::Ema;
use crate::error::TrainError;
use crate::optimizer::{Optimizer, OptimizerSettings};
use crate::schedule::Schedule;

/// Steps behind each other that may be skipped as infinite or NaN: after as many it is not the rows.
const MOST_SKIPPED: usize = 20;

/// The model and what changes it.
pub(crate) struct Stepper<M> {
    pub(crate) model: M,
    pub(crate) optimizer: Optimizer,
    pub(crate) ema: Option<Ema>,
    pub(crate) schedule: Schedule,
    /// A learning rate in place of the schedule's.
    pub(crate) learning_rate: Option<f64>,
    pub(crate) recent: Recent,
    pub(crate) total_loss: f64,
    pub(crate) tokens: usize,
    pub(crate) trained_batches: usize,
    pub(crate) non_finite_steps: usize,
    pub(crate) skipped_in_a_row: usize,
}

/// Sums since the last log entry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Recent {
    /// The sum of the steps' losses.
    loss_sum: f64,
    /// Steps that something was learnt in.
    steps: usize,
    /// Steps that were skipped as infinite or NaN.
    non_finite: usize,
    /// Norm of the last step's gradients, before clipping.
    grad_norm: Option<f64>,
    learning_rate: f64,
}

/// What became of a step.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Something was learnt, or there was no row to learn from.
    Done,
    /// Loss or gradients were infinite or NaN: nothing was changed. The rows that made it so, by
    /// their places: (batch, picture).
    Skipped(Vec<(usize, usize)>),
}

impl<M: Pretrained> Stepper<M> {
    pub(crate) fn new(
        args: &TrainingArguments,
        model: M,
        schedule: Schedule,
    ) -> Result<Self, TrainError> {
        let ema = args.ema_decay.map(|decay| Ema::new(&model, decay));
        Ok(Self {
            optimizer: Optimizer::new(&OptimizerSettings::from(args), &model),
            ema: ema.transpose()?,
            model,
            schedule,
            learning_rate: None,
            recent: Recent::default(),
            total_loss: 0.0,
            tokens: 0,
            trained_batches: 0,
            non_finite_steps: 0,
            skipped_in_a_row: 0,
        })
    }

    /// The optimizer step after `done` others, over the batches whose gradients it sums. Without a
    /// batch (all its rows were skipped) nothing is learnt.
    pub(crate) fn step(
        &mut self,
        args: &TrainingArguments,
        done: usize,
        batches: &[Option<CaptionBatch>],
    ) -> Result<Outcome, TrainError> {
        let scheduled = self.schedule.learning_rate(done);
        let rate = self.learning_rate.unwrap_or(scheduled);
        self.recent.learning_rate = rate;
        let counts = batches.iter().flatten().map(CaptionBatch::target_count);
        let tokens: usize = counts.sum();
        if batches.iter().all(Option::is_none) {
            return Ok(Outcome::Done);
        }
        let options = LossOptions {
            label_smoothing: args.label_smoothing_factor,
            divisor: tokens as f64,
        };
        let mut sum = GradientsAccumulator::new();
        let mut values = Vec::new();
        for (micro, batch) in batches.iter().enumerate() {
            let Some(batch) = batch else { continue };
            let (loss, grads) = self.gradients(args, (done, micro), batch, &options)?;
            values.push(loss);
            sum.accumulate(&self.model, grads);
        }
        let trained = values.len();
        let mut grads = sum.grads();
        let norm = clip_grad_norm(&self.model, &mut grads, args.max_grad_norm);
        values.extend(norm);
        let values = floats(Tensor::cat(values, 0))?;
        if !values.iter().all(|value| value.is_finite()) {
            return self.non_finite(args, done, batches, &values[..trained]);
        }
        self.model = self.optimizer.step(rate, self.model.clone(), grads);
        if let Some(ema) = &mut self.ema {
            ema.update(&self.model);
        }
        let (losses, norm) = values.split_at(trained);
        self.learnt(losses.iter().sum(), norm.first().copied());
        self.tokens += tokens;
        self.trained_batches += trained;
        Ok(Outcome::Done)
    }

    fn learnt(&mut self, loss: f64, norm: Option<f64>) {
        self.skipped_in_a_row = 0;
        self.total_loss += loss;
        self.recent.loss_sum += loss;
        self.recent.steps += 1;
        self.recent.grad_norm = norm;
    }

    /// Loss and gradients of a batch. Dropout depends on the seed, the step, the batch's place in it
    /// and the layer alone, and on nothing that ran before.
    fn gradients(
        &self,
        args: &TrainingArguments,
        (step, micro): (usize, usize),
        batch: &CaptionBatch,
        options: &LossOptions,
    ) -> Result<(Tensor<1>, GradientsParams), ModelError> {
        let key = dropout_key(args.seed, step as u64, micro as u64);
        let made = with_dropout_key(key, || self.model.gradients(batch, options));
        made.map(|(output, grads)| (output.loss, grads))
    }

    /// Stops at, or skips, a step whose loss or gradients are infinite or NaN. Nothing was changed
    /// yet.
    fn non_finite(
        &mut self,
        args: &TrainingArguments,
        done: usize,
        batches: &[Option<CaptionBatch>],
        losses: &[f64],
    ) -> Result<Outcome, TrainError> {
        let places = self.culprits(args, done, batches)?;
        let value = losses.iter().sum::<f64>();
        self.skipped_in_a_row += 1;
        if args.non_finite == NonFinite::Stop || self.skipped_in_a_row > MOST_SKIPPED {
            return Err(TrainError::NonFinite {
                step: done + 1,
                value,
                places,
                rows: Vec::new(),
            });
        }
        self.non_finite_steps += 1;
        self.recent.non_finite += 1;
        Ok(Outcome::Skipped(places))
    }

    /// The pictures whose loss or gradients alone are infinite or NaN; all where none is.
    fn culprits(
        &self,
        args: &TrainingArguments,
        done: usize,
        batches: &[Option<CaptionBatch>],
    ) -> Result<Vec<(usize, usize)>, TrainError> {
        let options = LossOptions {
            label_smoothing: args.label_smoothing_factor,
            ..LossOptions::default()
        };
        let (mut all, mut found) = (Vec::new(), Vec::new());
        for (at, batch) in batches.iter().enumerate() {
            let Some(batch) = batch else { continue };
            for picture in 0..batch.visual().count() {
                all.push((at, picture));
                let one = batch.picture(picture)?;
                if one.target_count() == 0 {
                    continue;
                }
                let (loss, mut grads) = self.gradients(args, (done, at), &one, &options)?;
                let norm = clip_grad_norm(&self.model, &mut grads, 0.0);
                let values = [Some(loss), norm].into_iter().flatten().collect();
                if !floats(Tensor::cat(values, 0))?
                    .iter()
                    .all(|v| v.is_finite())
                {
                    found.push((at, picture));
                }
            }
        }
        Ok(if found.is_empty() { all } else { found })
    }

    /// The model that evaluations measure: the averaged weights where they are kept; it records no
    /// gradients.
    pub(crate) fn measured(&self) -> M {
        self.averaged(self.model.clone()).valid()
    }

    /// The model with the averaged weights, where they are kept.
    pub(crate) fn averaged(&self, model: M) -> M {
        match &self.ema {
            Some(ema) => ema.apply(model),
            None => model,
        }
    }

    /// Takes the averaged weights of a checkpoint, where they are kept.
    pub(crate) fn load_ema_of(&mut self, checkpoint: &Path) -> Result<(), TrainError> {
        let has_some = match &mut self.ema {
            Some(ema) => load_ema(ema, &self.model, checkpoint)?,
            None => true,
        };
        if !has_some {
            // Those of other weights would take the place of what was measured.
            self.ema = None;
        }
        Ok(())
    }

    /// Checks that no weight is infinite or NaN, which a step can make of finite gradients.
    pub(crate) fn check_finite(&self, step: usize) -> Result<(), TrainError> {
        let mut magnitude = Magnitude::default();
        self.model.visit(&mut magnitude);
        let mean = floats(Tensor::cat(magnitude.sums, 0).mean())?;
        match mean.iter().all(|mean| mean.is_finite()) {
            true => Ok(()),
            false => Err(TrainError::DivergedWeights { step }),
        }
    }

    /// The values since the last log entry. Steps that were skipped as infinite or NaN show where
    /// `filter` is false, as with transformers' `logging_nan_inf_filter`.
    pub(crate) fn take_recent(&mut self, filter: bool) -> BTreeMap<String, f64> {
        let recent = std::mem::take(&mut self.recent);
        let mut values = BTreeMap::from([("learning_rate".to_owned(), recent.learning_rate)]);
        if recent.steps > 0 || recent.non_finite > 0 {
            let loss = match (recent.non_finite > 0 && !filter) || recent.steps == 0 {
                true => f64::NAN,
                false => recent.loss_sum / recent.steps as f64,
            };
            values.insert("loss".to_owned(), loss);
        }
        values.extend(recent.grad_norm.map(|norm| ("grad_norm".to_owned(), norm)));
        values
    }
}

/// The sum of all weights' magnitudes.
#[derive(Default)]
struct Magnitude {
    sums: Vec<Tensor<1>>,
}

impl ModuleVisitor for Magnitude {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.sums.push(param.val().inner().abs().mean());
    }
}

fn floats(values: Tensor<1>) -> Result<Vec<f64>, TrainError> {
    let data = values.try_into_data();
    let data = data.map_err(|error| ModelError::from(DeviceFailure::new(error)))?;
    Ok(data.iter::<f64>().collect())
}
