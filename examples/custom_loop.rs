//! A training loop of one's own, over the parts that the `Trainer` is made of:
//! `cargo run --release --example custom_loop`
//!
//! `custom_model` has the `Trainer` do the same with a model of its own. The steps are the trainer's,
//! to the bit; what else it does is left out here: progress, evaluations on the way, checkpoints and
//! the best of them at the end, the keys of dropout, a stop where the loss is infinite or NaN.

#[path = "cli/lines.rs"]
mod lines;
mod prepare;

use std::process::ExitCode;
use std::sync::Arc;

use captioner::Captioner;
use captioner::burn::module::Module;
use captioner::burn::optim::{GradientsAccumulator, GradientsParams};
use captioner::burn::tensor::Tensor;
use captioner::git::{GitConfig, GitForCausalLm};
use captioner::model::*;
use captioner::ops::DeviceSpec;
use captioner::train::{
    DataLoader, EvaluationOptions, Optimizer, OptimizerSettings, PreparedSet, Sampler,
    TrainingArguments, clip_grad_norm, evaluate,
};
use prepare::*;

fn main() -> ExitCode {
    lines::end(run)
}

fn run() -> Outcome<()> {
    let (processor, train, held_out) = prepare()?;
    let (folder, device) = (tempfile::tempdir()?, DeviceSpec::AUTO.open()?.autodiff());
    let spec = ModelSpec::for_tokenizer(&processor.tokenizer, MAX_TOKENS);
    let config = GitConfig::small_for(&spec);
    let model = GitForCausalLm::with_fresh_weights(config, SEED, &device)?;

    let arguments = arguments(folder.path());
    let options = evaluation_options(&arguments)?;
    let before = evaluate(&model.valid(), &held_out, &options)?;
    let model = train_model(model, &train, &arguments)?.valid();
    lines::out(compare(&before, &evaluate(&model, &held_out, &options)?));

    let saved = folder.path().join("model");
    save_pretrained(&model, &processor, &saved)?;
    let written = captions(&Captioner::new(model, processor)?, &held_out)?;
    let opened = GitForCausalLm::from_pretrained(&saved, &device.inner())?;
    let opened = Captioner::new(opened, Processor::from_pretrained(&saved)?)?;
    let same = captions(&opened, &held_out)? == written;
    lines::out(written);
    lines::out(format_args!("the same from the saved model: {same}"));
    Ok(())
}

/// How the model is measured: its loss, and the metrics of the captions that it generates.
fn evaluation_options(arguments: &TrainingArguments) -> Outcome<EvaluationOptions> {
    Ok(EvaluationOptions {
        generation: Some(arguments.generation(&GenerationConfig::default())),
        metrics: arguments.metric_set()?,
        ..EvaluationOptions::default()
    })
}

/// The loop, for any captioner on a device with autodiff; the optimizer names its state as the
/// checkpoint names parameters.
pub(crate) fn train_model<M: Pretrained>(
    mut model: M,
    set: &Arc<PreparedSet>,
    arguments: &TrainingArguments,
) -> Outcome<M> {
    let (batch_size, seed) = (arguments.per_device_train_batch_size, arguments.seed);
    let sampler = Sampler::new(set.dataset().clone(), batch_size, 1, seed);
    let accumulated = arguments.gradient_accumulation_steps;
    let epochs = arguments.num_train_epochs as usize;
    let per_epoch = sampler.batches_per_epoch().div_ceil(accumulated);
    let total = epochs * per_epoch;
    let schedule = arguments.schedule(total, false);
    let mut optimizer = Optimizer::new(&OptimizerSettings::from(arguments), &model);
    for epoch in 0..epochs {
        // Each epoch draws its own order, captions and augmentations; threads read ahead.
        let order = sampler.epoch(epoch as u64);
        let mut batches = DataLoader::new(set, order, arguments.dataloader_num_workers);
        let mut losses = Vec::new();
        for step in epoch * per_epoch..(epoch + 1) * per_epoch {
            let loaded: Result<Vec<_>, _> = batches.by_ref().take(accumulated).collect();
            // A batch whose rows were all skipped as bad is `None`.
            let micro: Vec<_> = loaded?.into_iter().filter_map(|l| l.batch).collect();
            let Some((loss, mut grads)) = gradients(&model, &micro)? else {
                continue;
            };
            losses.push(loss);
            clip_grad_norm(&model, &mut grads, arguments.max_grad_norm);
            model = optimizer.step(schedule.learning_rate(step), model, grads);
        }
        // Read once an epoch: the device need not be waited for at each step.
        if !losses.is_empty() {
            let loss = Tensor::cat(losses, 0).mean().into_scalar::<f32>();
            lines::note(format_args!("epoch {}: loss {loss:.4}", epoch + 1));
        }
    }
    Ok(model)
}

/// The loss of a step, and the gradients of all its batches together; none without a batch.
fn gradients<M: CaptionModel>(
    model: &M,
    batches: &[CaptionBatch],
) -> Outcome<Option<(Tensor<1>, GradientsParams)>> {
    // Divided by all tokens of the step, each weighs the same, whichever batch it is in.
    let tokens: usize = batches.iter().map(CaptionBatch::target_count).sum();
    let options = LossOptions {
        divisor: tokens as f64,
        ..LossOptions::default()
    };
    let mut sum = GradientsAccumulator::new();
    let mut losses = Vec::new();
    for batch in batches {
        let (output, grads) = model.gradients(batch, &options)?;
        sum.accumulate(model, grads);
        losses.push(output.loss);
    }
    Ok((!losses.is_empty()).then(|| (Tensor::cat(losses, 0).sum(), sum.grads())))
}
