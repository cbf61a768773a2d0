//! Measuring a model on a set.

mod compute_metrics;
mod guide;
mod losses;
mod measured;
pub(crate) mod named_values;
mod options;
mod outcome;
mod parts;
mod spelling;

use std::sync::Arc;
use std::time::Instant;

use captioner_model::CaptionModel;

use crate::error::TrainError;
use crate::features::FeatureCache;
use crate::loader::DataLoader;
use crate::prepared::PreparedSet;
use crate::sampler::sequential_batches;
use crate::stop::StopHandle;
use measured::Measured;

pub use compute_metrics::ComputeMetrics;
pub use guide::{GuideMetrics, GuideOptions, guide_metrics};
pub(crate) use options::generated_name;
pub use options::{EvaluationOptions, EvaluationValue};
pub use outcome::{EvaluatedRow, Evaluation};
pub use spelling::MetricSpelling;

/// Measures `model` on every row of `set`, batch by batch; nothing but texts and sums is kept.
///
/// Predictions are taken at text positions only and aligned with the tokens they predict. A training
/// model is measured as `Module::valid` gives it, without dropout. On the CPU the pictures of a large
/// batch pass the model a few at a time, so that memory does not grow with the batch.
///
/// # Errors
/// When an option is out of range, two values go by one name ([`EvaluationOptions::values`]), the set
/// is empty, a picture can't be read and bad rows are to stop the run, every row was skipped,
/// [`EvaluationOptions::stop`] asks for it ([`TrainError::Stopped`]), or the device fails.
pub fn evaluate<M: CaptionModel>(
    model: &M,
    set: &Arc<PreparedSet>,
    options: &EvaluationOptions,
) -> Result<Evaluation, TrainError> {
    evaluate_with(model, set, options, None)
}

/// As [`evaluate`], with what a frozen image encoder made of the set's pictures kept in `features`.
pub(crate) fn evaluate_with<M: CaptionModel>(
    model: &M,
    set: &Arc<PreparedSet>,
    options: &EvaluationOptions,
    mut features: Option<&mut FeatureCache>,
) -> Result<Evaluation, TrainError> {
    let start = Instant::now();
    options.validate(&model.spec())?;
    check_rows(set)?;
    // Dropout is for training: a model that records gradients is measured without.
    let model = &model.valid();
    let mut measured = Measured::default();
    let plan = sequential_batches(set.dataset().len(), options.batch_size);
    let loader = match &features {
        Some(features) => features.loader(plan, options.num_workers),
        None => DataLoader::new(set, plan, options.num_workers),
    };
    for loaded in loader {
        check_stop(options.stop.as_ref())?;
        let loaded = loaded?;
        measured.steps += 1;
        let rows = loaded.rows.clone();
        let batch = match &mut features {
            Some(features) => features.batch(model, loaded)?,
            None => loaded.batch,
        };
        if let Some(batch) = batch {
            measured.batch(model, set, &rows, &batch, options)?;
        }
    }
    let mut evaluation = measured.finish(set, options)?;
    evaluation.seconds = start.elapsed().as_secs_f64();
    Ok(evaluation)
}

fn check_rows(set: &PreparedSet) -> Result<(), TrainError> {
    match set.dataset().is_empty() {
        false => Ok(()),
        true => Err(TrainError::EmptySet {
            set: set.dataset().name().to_owned(),
        }),
    }
}

fn check_stop(stop: Option<&StopHandle>) -> Result<(), TrainError> {
    match stop.is_some_and(StopHandle::is_stopped) {
        true => Err(TrainError::Stopped),
        false => Ok(()),
    }
}

/// The error that every row was skipped.
pub(crate) fn no_good_rows(set: &PreparedSet) -> TrainError {
    let skipped = set.skipped();
    TrainError::NoGoodRows {
        set: set.dataset().name().to_owned(),
        first: skipped.first().map(ToString::to_string).unwrap_or_default(),
    }
}
