//! Predictions of rows of decoder output, a few at a time.

use burn::tensor::{Tensor, TensorData};

use captioner_ops::cross_entropy;

use crate::error::{BatchError, ModelError};
use crate::model::{CaptionModel, floats_on_host, ids_on_host};

/// Logits that are held at once, 32 MiB: those of a whole batch over a large vocabulary would be by
/// far the largest thing in memory.
const LOGITS_AT_ONCE: usize = 1 << 23;

/// What a model predicts at a position.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RowPrediction {
    /// The likeliest token.
    pub likeliest: u32,
    /// The loss of the position's target, in nats.
    pub loss: f32,
}

/// Predictions at rows of decoder output `[N, D]` with their targets, one token each. However large
/// the vocabulary, 32 MiB of logits are held at once.
///
/// # Errors
/// When there are not as many targets as rows, a target is not in the vocabulary, or the device
/// fails.
pub fn predict_rows<M: CaptionModel>(
    model: &M,
    hidden: Tensor<2>,
    targets: &[i64],
) -> Result<Vec<RowPrediction>, ModelError> {
    let [rows, _] = hidden.dims();
    let vocab_size = model.spec().vocab_size;
    let known = 0..vocab_size as i64;
    if let Some(&id) = targets.iter().find(|id| !known.contains(id)) {
        return Err(BatchError::Token { id, vocab_size }.into());
    }
    if targets.len() != rows {
        return Err(BatchError::Targets {
            targets: targets.len(),
            rows,
        }
        .into());
    }
    let at_once = LOGITS_AT_ONCE / vocab_size.max(1);
    let mut predictions = Vec::with_capacity(rows);
    for (index, targets) in targets.chunks(at_once.max(1)).enumerate() {
        let start = index * at_once.max(1);
        let rows = hidden.clone().narrow(0, start, targets.len());
        predict_some(model, rows, targets, &mut predictions)?;
    }
    Ok(predictions)
}

fn predict_some<M: CaptionModel>(
    model: &M,
    hidden: Tensor<2>,
    targets: &[i64],
    predictions: &mut Vec<RowPrediction>,
) -> Result<(), ModelError> {
    let count = targets.len();
    let device = hidden.device();
    let logits = model.head(hidden); // [N, V]
    let likeliest = ids_on_host(logits.clone().argmax(1).reshape([count]))?;
    let targets = Tensor::from_data(TensorData::new(targets.to_vec(), [count]), &device);
    let losses = floats_on_host(cross_entropy(logits, targets, 0.0))?;
    let rows = likeliest.into_iter().zip(losses);
    predictions.extend(rows.map(|(likeliest, loss)| RowPrediction { likeliest, loss }));
    Ok(())
}
