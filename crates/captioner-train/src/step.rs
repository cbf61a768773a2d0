//! One optimizer step, and what is known since the last log entry.

use std::collections::BTreeMap;

use burn::module::{ModuleVisitor, Param};
use burn::optim::GradientsAccumulator;
use burn::tensor::Tensor;
use captioner_model::{
    CaptionBatch, DeviceFailure, LossOptions, LossOutput, ModelError, Pretrained,
};
use captioner_ops::with_dropout_key;

use crate::arguments::TrainingArguments;
use crate::clip::clip_grad_norm;
use crate::dropout_key::dropout_key;
use crate::error::TrainError;
use crate::optimizer::{Optimizer, OptimizerSettings};
use crate::schedule::Schedule;

/// The model and what changes it.
pub(crate) struct Stepper<M> {
    pub(crate) model: M,
    optimizer: Optimizer,
    schedule: Schedule,
    recent: Recent,
    trained_batches: usize,
}

/// Values since the last log entry; they stay on the device until then.
#[derive(Default)]
struct Recent {
    /// Loss of every batch, as its share of its step's loss.
    losses: Vec<Tensor<1>>,
    steps: usize,
    norm: Option<Tensor<1>>,
    learning_rate: f64,
}

impl<M: Pretrained> Stepper<M> {
    pub(crate) fn new(args: &TrainingArguments, model: M, total_steps: usize) -> Self {
        let (kind, warmup) = (args.lr_scheduler_type, args.warmup(total_steps));
        Self {
            optimizer: Optimizer::new(&OptimizerSettings::from(args), &model),
            model,
            schedule: Schedule::new(kind, args.learning_rate, warmup, total_steps),
            recent: Recent::default(),
            trained_batches: 0,
        }
    }

    /// Batches that something was learnt from.
    pub(crate) fn trained_batches(&self) -> usize {
        self.trained_batches
    }

    /// The optimizer step after `done` others, over the batches whose gradients it sums. Without a
    /// batch (all its rows were skipped) nothing is learnt.
    pub(crate) fn step(
        &mut self,
        args: &TrainingArguments,
        done: usize,
        batches: &[CaptionBatch],
    ) -> Result<(), TrainError> {
        let rate = self.schedule.learning_rate(done);
        self.recent.learning_rate = rate;
        if batches.is_empty() {
            return Ok(());
        }
        self.recent.steps += 1;
        self.trained_batches += batches.len();
        let tokens: usize = batches.iter().map(CaptionBatch::target_count).sum();
        let options = LossOptions {
            label_smoothing: args.label_smoothing_factor,
            divisor: tokens as f64,
        };
        let mut sum = GradientsAccumulator::new();
        for (micro, batch) in batches.iter().enumerate() {
            // Masks of dropout depend on these and the layer alone, not on what ran before.
            let key = dropout_key(args.seed, done as u64, micro as u64);
            let gradients = || self.model.gradients(batch, &options);
            let (LossOutput { loss, .. }, grads) = with_dropout_key(key, gradients)?;
            self.recent.losses.push(loss);
            sum.accumulate(&self.model, grads);
        }
        let mut grads = sum.grads();
        self.recent.norm = clip_grad_norm(&self.model, &mut grads, args.max_grad_norm);
        self.model = self.optimizer.step(rate, self.model.clone(), grads);
        Ok(())
    }

    /// Checks that no weight is infinite or NaN, which a last step can make of a finite loss.
    pub(crate) fn check_finite(&self, step: usize) -> Result<(), TrainError> {
        let mut magnitude = Magnitude::default();
        self.model.visit(&mut magnitude);
        let mean = scalar(Tensor::cat(magnitude.sums, 0).mean())?;
        match mean.is_finite() {
            true => Ok(()),
            false => Err(TrainError::DivergedWeights { step }),
        }
    }

    /// Reads the values since the last log entry from the device; `step` steps are done.
    pub(crate) fn recent(&mut self, step: usize) -> Result<BTreeMap<String, f64>, TrainError> {
        let recent = std::mem::take(&mut self.recent);
        let mut values = BTreeMap::from([("learning_rate".to_owned(), recent.learning_rate)]);
        if recent.steps > 0 {
            let mut sum = 0.0;
            for loss in recent.losses {
                sum += scalar(loss)?;
            }
            let loss = sum / recent.steps as f64;
            if !loss.is_finite() {
                return Err(TrainError::Diverged { step, loss });
            }
            values.insert("loss".to_owned(), loss);
        }
        if let Some(norm) = recent.norm {
            values.insert("grad_norm".to_owned(), scalar(norm)?);
        }
        Ok(values)
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

fn scalar(value: Tensor<1>) -> Result<f64, TrainError> {
    let data = value.try_into_data();
    let data = data.map_err(|error| ModelError::from(DeviceFailure::new(error)))?;
    Ok(data.iter::<f64>().sum())
}
