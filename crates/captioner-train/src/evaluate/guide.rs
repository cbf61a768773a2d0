//! The numbers that the Hugging Face image-captioning guide logs, to compare runs with it.

use std::sync::Arc;

use captioner_metrics::{Metric, WordErrorRate};
use captioner_model::{
    CaptionBatch, CaptionModel, EncodeOptions, ModelError, ModelSpec, Padding, SettingError,
    TokenBatch, batch_features, batch_hidden, predict_rows,
};
use captioner_text::CaptionTokenizer;

use super::measured::decode;
use super::options::check_loading;
use super::parts::parts;
use crate::error::TrainError;
use crate::loader::DataLoader;
use crate::prepared::PreparedSet;
use crate::sampler::sequential_batches;
use crate::stop::StopHandle;

/// What the guide's `Trainer` logs as `eval_loss` and `eval_wer_score`. Neither says how well a model
/// captions; they are here to compare with published runs of
/// [the guide](https://huggingface.co/docs/transformers/tasks/image_captioning), and
/// [`evaluate`](crate::evaluate) is for everything else.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GuideMetrics {
    /// The mean loss in nats of all tokens but each caption's first, pads included.
    ///
    /// It misleads: with captions of 10 tokens padded to 512, 98 of 100 tokens are pads, which are
    /// easy to predict. A loss of 0.03 may be 1.5 nats a token of the captions.
    pub loss: f64,
    /// The word error rate of the likeliest token at *every* position against the captions.
    ///
    /// It misleads for three reasons. GIT reads a picture as positions before the text, 197 for 224
    /// pixels: what its head gives there was never trained, and is decoded as words of the
    /// caption. Predictions are not aligned with the tokens that they predict; and they are made
    /// from the true tokens before them (teacher forcing). It may be far above 1, and may rise while
    /// captions get better. (The guide's own published run ends at 2.2.)
    pub wer: f64,
}

/// How [`guide_metrics`] loads and pads.
#[derive(Clone, Debug)]
pub struct GuideOptions {
    /// Pictures in a batch; the values do not depend on it.
    pub batch_size: usize,
    /// Threads that read and preprocess pictures.
    pub num_workers: usize,
    /// Tokens that every caption is padded to, as by `padding="max_length"`: by default the
    /// tokenizer's `model_max_length` (512 for git-base), or where it has none the model's positions.
    pub max_length: Option<usize>,
    /// Stops between batches.
    pub stop: Option<StopHandle>,
}

impl Default for GuideOptions {
    /// Batches of 8 on one thread.
    fn default() -> Self {
        Self {
            batch_size: 8,
            num_workers: 1,
            max_length: None,
            stop: None,
        }
    }
}

/// The numbers of the Hugging Face guide: captions padded to `max_length` with the pads in the loss,
/// and the word error rate of `logits.argmax(-1)` over all positions, those of the picture included
/// ([`CaptionModel::image_hidden`]), against the labels, both decoded without special tokens.
/// [`GuideMetrics`] says why not to go by them.
///
/// Each row's first caption is used, cut to the set's longest; the set's own padding is not.
///
/// # Errors
/// As [`evaluate`](crate::evaluate); [`TrainError::Setting`] when `max_length` is below 2, shorter
/// than the longest caption that the set allows, or longer than the model's positions.
pub fn guide_metrics<M: CaptionModel>(
    model: &M,
    set: &Arc<PreparedSet>,
    options: &GuideOptions,
) -> Result<GuideMetrics, TrainError> {
    check_loading(options.batch_size, options.num_workers)?;
    let tokenizer = &set.processor().tokenizer;
    let length = max_length(options, tokenizer, &model.spec())?;
    super::check_rows(set)?;
    let model = &model.valid();
    let mut sums = Sums::default();
    let plan = sequential_batches(set.dataset().len(), options.batch_size);
    for loaded in DataLoader::new(set, plan, options.num_workers) {
        super::check_stop(options.stop.as_ref())?;
        if let Some(batch) = loaded?.batch {
            for part in parts(&batch, &model.device()) {
                sums.part(model, tokenizer, &pad(&*part?, length, tokenizer)?)?;
            }
        }
    }
    if sums.count == 0 {
        return Err(super::no_good_rows(set));
    }
    let wer = sums.wer.compute()?.get("wer").unwrap_or(f64::NAN);
    let loss = sums.loss / sums.count as f64;
    Ok(GuideMetrics { loss, wer })
}

fn max_length(
    options: &GuideOptions,
    tokenizer: &CaptionTokenizer,
    spec: &ModelSpec,
) -> Result<usize, SettingError> {
    let limit = spec.max_positions;
    let own = || tokenizer.model_max_length().unwrap_or(limit).min(limit);
    let length = options.max_length.unwrap_or_else(own);
    let help = format!("it must be from 2 to the model's {limit} positions");
    SettingError::check("max_length", length, (2..=limit).contains(&length), help)?;
    Ok(length)
}

/// The batch with every caption padded to `length`, and the pads in the loss.
fn pad(
    batch: &CaptionBatch,
    length: usize,
    tokenizer: &CaptionTokenizer,
) -> Result<CaptionBatch, TrainError> {
    let tokens = batch.tokens();
    let rows = 0..tokens.rows;
    let rows: Vec<&[u32]> = rows
        .map(|row| &tokens.input_ids_row(row)[..tokens.row_length(row)])
        .collect();
    let longest = rows.iter().map(|row| row.len()).max().unwrap_or(0);
    let help = format!("the set has captions of {longest} tokens: give at least that many");
    SettingError::check("max_length", length, longest <= length, help)?;
    let options = EncodeOptions {
        padding: Padding::MaxLength(length),
        ..EncodeOptions::default()
    };
    let tokens = TokenBatch::from_rows(&rows, tokenizer.pad_id(), &options);
    let tokens = tokens.map_err(ModelError::from)?;
    let batch = CaptionBatch::new(batch.visual().clone(), tokens)?;
    Ok(batch.with_pads_in_loss(true))
}

#[derive(Default)]
struct Sums {
    loss: f64,
    count: usize,
    wer: WordErrorRate,
}

impl Sums {
    /// Adds a batch whose captions are padded.
    fn part<M: CaptionModel>(
        &mut self,
        model: &M,
        tokenizer: &CaptionTokenizer,
        batch: &CaptionBatch,
    ) -> Result<(), TrainError> {
        let (rows, length) = (batch.captions(), batch.padded_length());
        let features = batch_features(model, batch)?;
        let image = match model.image_hidden(features.clone())? {
            Some(hidden) => likeliest(model, hidden)?,
            None => Vec::new(),
        };
        let prefix = model.prefix(features)?;
        // Each row's last position predicts a token that the row has not; any will do.
        let mut expected = vec![0; rows * length];
        let targets = batch.targets();
        let counted = targets.positions.iter().zip(&targets.tokens);
        for (position, token) in counted {
            expected[*position as usize] = *token;
        }
        let hidden = batch_hidden(model, &prefix, batch)?;
        let text = predict_rows(model, hidden, &expected)?;
        let losses = targets.positions.iter().map(|at| text[*at as usize].loss);
        self.loss += losses.map(f64::from).sum::<f64>();
        self.count += targets.positions.len();
        let each = image.len() / rows;
        for row in 0..rows {
            let text = &text[row * length..(row + 1) * length];
            let image = image[row * each..(row + 1) * each].iter().copied();
            let ids: Vec<u32> = image.chain(text.iter().map(|row| row.likeliest)).collect();
            let predicted = decode(tokenizer, &ids)?;
            let reference = decode(tokenizer, batch.tokens().input_ids_row(row))?;
            self.wer.update(&[&predicted], &[vec![&reference]])?;
        }
        Ok(())
    }
}

/// The likeliest token of every position, `[B, I, D]` to `B * I` ids.
fn likeliest<M: CaptionModel>(
    model: &M,
    hidden: captioner_ops::burn::tensor::Tensor<3>,
) -> Result<Vec<u32>, ModelError> {
    let [pictures, positions, width] = hidden.dims();
    let rows = pictures * positions;
    // The losses are not looked at.
    let predicted = predict_rows(model, hidden.reshape([rows, width]), &vec![0; rows])?;
    Ok(predicted.into_iter().map(|row| row.likeliest).collect())
}
