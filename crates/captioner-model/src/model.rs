//! What a captioner computes.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Int, Tensor, TensorData};

use captioner_image::PixelValues;
use captioner_ops::cross_entropy;

use crate::batch::{CaptionBatch, Targets, Visual};
use crate::error::{BatchError, DeviceFailure, ModelError};
use crate::generation::{self, Generated, GenerationConfig, StreamedToken};
use crate::layers::LinearVisitor;
use crate::loss::{LossOptions, LossOutput, Predictions};
use crate::predict::predict_rows;
use crate::prefix::Rows;
use crate::spec::{ModelSpec, Tokens};

/// An image captioner: an encoder that reads pictures, and a decoder that predicts each next token.
///
/// Seven methods are the model; the provided ones (losses, gradients, logits, predictions, decoding
/// strategies) are written over them. A model that computes all positions at once by another way than
/// one after the other overrides [`hidden`](CaptionModel::hidden), and one whose gradients are made
/// in another way, such as by recomputing layers, [`gradients`](CaptionModel::gradients).
///
/// Shapes: `B` pictures, `F` frames, `I` image rows, `E` encoder width, `R = k · B` sequences (`k`
/// for each picture, those of a picture beside each other), `T` tokens, `D` decoder width, `V`
/// vocabulary.
pub trait CaptionModel: Module {
    /// What the decoder keeps of pictures: one entry a picture, whatever the number of its
    /// captions, beams and steps.
    type Prefix: Rows;
    /// What it keeps of the tokens so far: one entry a sequence.
    type Cache: Rows;

    /// Sizes and special tokens.
    fn spec(&self) -> ModelSpec;

    /// The device that the weights are on.
    fn device(&self) -> Device;

    /// The encoder: pixel values `[B, 3, H, W]` or `[B, F, 3, H, W]` to features `[B, I, E]`.
    ///
    /// Where the encoder is frozen, these may be kept and given again ([`Visual::Features`]).
    ///
    /// # Errors
    /// When the pictures are not of the model's size, or have too many frames.
    fn encode(&self, pixels: &PixelValues) -> Result<Tensor<3>, ModelError>;

    /// Features `[B, I, E]` to what the decoder reads of them.
    ///
    /// # Errors
    /// When the features have another width than the encoder's.
    fn prefix(&self, features: Tensor<3>) -> Result<Self::Prefix, ModelError>;

    /// Decoder output at a picture's own positions, `[B, I, E]` to `[B, I, D]`, of a model that reads
    /// a picture as positions of the sequence, before the text, as GIT does; `None` by default.
    ///
    /// No training and no decoding needs it: it is for what other programs make of those positions.
    ///
    /// # Errors
    /// As [`prefix`](Self::prefix).
    fn image_hidden(&self, _features: Tensor<3>) -> Result<Option<Tensor<3>>, ModelError> {
        Ok(None)
    }

    /// Whether nothing that [`encode`](Self::encode) depends on is trained or drawn at random, such
    /// as by dropout, so that a trainer may keep its features. By default that is not known.
    fn encoder_is_frozen(&self) -> bool {
        false
    }

    /// A cache without tokens, for one sequence for each of `pads`, which says how many pads it has
    /// on its left, with memory for `capacity` tokens, pads included.
    fn cache(&self, pads: &[usize], capacity: usize) -> Self::Cache;

    /// Decoder output of every position at once (teacher-forced): ids `[R, T]` to `[R, T, D]`. Rows
    /// and lengths were checked.
    ///
    /// By default they [`extend`](Self::extend) an empty cache, which hides no pads on the right.
    ///
    /// # Errors
    /// What the model can't compute; by default, that pads count in the loss.
    fn hidden(&self, prefix: &Self::Prefix, tokens: Tokens) -> Result<Tensor<3>, ModelError> {
        let [rows, length] = tokens.dims();
        if tokens.pads.is_some() {
            return Err(BatchError::PadsInLoss.into());
        }
        let mut empty = self.cache(&vec![0; rows], length);
        self.extend(prefix, tokens.ids, &mut empty)
    }

    /// Decoder output of the tokens that follow those in `cache`: ids `[R, T]` to `[R, T, D]`; the
    /// cache then holds them too. Rows and lengths were checked.
    ///
    /// # Errors
    /// What the model can't compute.
    fn extend(
        &self,
        prefix: &Self::Prefix,
        ids: Tensor<2, Int>,
        cache: &mut Self::Cache,
    ) -> Result<Tensor<3>, ModelError>;

    /// The language-modelling head: `[N, D]` to logits `[N, V]`.
    fn head(&self, hidden: Tensor<2>) -> Tensor<2>;

    /// Calls `visit` with every linear layer that an adapter may be added to, and its name in the
    /// checkpoint. None by default: the model then takes no adapter.
    fn linear_layers(&mut self, _visit: &mut LinearVisitor<'_>) {}

    /// Reads pictures or videos: [`encode`](Self::encode), then [`prefix`](Self::prefix).
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    fn encode_pixels(&self, pixels: &PixelValues) -> Result<Self::Prefix, ModelError> {
        self.prefix(self.encode(pixels)?)
    }

    /// Reads the pictures of a batch, or takes their kept features.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    fn encode_batch(&self, batch: &CaptionBatch) -> Result<Self::Prefix, ModelError> {
        self.prefix(batch_features(self, batch)?)
    }

    /// Teacher-forced logits of every position: ids `[R, T]` to `[R, T, V]`.
    ///
    /// # Errors
    /// When the sequences are longer than the model's positions, or don't fit the pictures.
    fn logits(&self, prefix: &Self::Prefix, tokens: Tokens) -> Result<Tensor<3>, ModelError> {
        let [rows, length] = tokens.dims();
        check_rows(&self.spec(), prefix.rows(), rows, length)?;
        let hidden = self.hidden(prefix, tokens)?; // [R, T, D]
        let [_, _, width] = hidden.dims();
        let logits = self.head(hidden.reshape([rows * length, width]));
        let [_, vocab] = logits.dims();
        Ok(logits.reshape([rows, length, vocab]))
    }

    /// The loss of each counted prediction of a batch, in nats, `[N]`. The head runs on counted
    /// positions only.
    ///
    /// # Errors
    /// As [`encode`](Self::encode) and [`logits`](Self::logits), and when no position counts.
    fn losses(&self, batch: &CaptionBatch, label_smoothing: f64) -> Result<Tensor<1>, ModelError> {
        let prefix = self.encode_batch(batch)?;
        let (logits, targets) = counted_logits(self, &prefix, batch)?;
        Ok(cross_entropy(logits, targets, label_smoothing))
    }

    /// The loss of a batch: the sum of its [`losses`](Self::losses), divided as `options` say.
    ///
    /// # Errors
    /// As [`losses`](Self::losses).
    fn loss(&self, batch: &CaptionBatch, options: &LossOptions) -> Result<LossOutput, ModelError> {
        let losses = self.losses(batch, options.label_smoothing)?;
        let [count] = losses.dims();
        let sum = losses.sum();
        let loss = match options.divisor {
            1.0 => sum,
            divisor => sum / divisor,
        };
        Ok(LossOutput { loss, count })
    }

    /// The loss of a batch, detached, and the gradients of all parameters that are trained.
    ///
    /// # Errors
    /// As [`loss`](Self::loss); [`ModelError::NoAutodiff`] for a model on a device without
    /// autodiff, [`ModelError::NothingToTrain`] where every parameter is frozen.
    fn gradients(
        &self,
        batch: &CaptionBatch,
        options: &LossOptions,
    ) -> Result<(LossOutput, GradientsParams), ModelError> {
        let parameters = check_trainable(self)?;
        let LossOutput { loss, count } = self.loss(batch, options)?;
        if !loss.is_tracked() {
            // What is trained is not on the way to the loss, as an encoder before kept features.
            return Err(ModelError::NothingToTrain { parameters });
        }
        let detached = loss.clone().inner();
        let grads = GradientsParams::from_grads(loss.backward(), self);
        let loss = detached;
        Ok((LossOutput { loss, count }, grads))
    }

    /// Generates captions of pictures that were read with [`encode_pixels`](Self::encode_pixels).
    ///
    /// Without `prompts` each picture gets a caption. Otherwise each prompt is a sequence to
    /// continue, such as the start token and a question; there are equally many for each picture,
    /// and those of a picture follow each other. Prompts may differ in length: each gives what it
    /// gives alone. The results come in the order of the prompts, `num_return_sequences` for each,
    /// best first.
    ///
    /// # Errors
    /// When a setting is out of range, a prompt is empty, unknown to the vocabulary or too long,
    /// the prompts don't fit the pictures, every token is forbidden, the model's output is NaN, or
    /// the device fails.
    fn generate(
        &self,
        prefix: &Self::Prefix,
        prompts: &[Vec<u32>],
        config: &GenerationConfig,
    ) -> Result<Vec<Generated>, ModelError> {
        generation::generate(self, prefix, prompts, config, &mut |_| {})
    }

    /// As [`generate`](Self::generate), and tells `on_token` each token as soon as it is generated.
    ///
    /// # Errors
    /// As [`generate`](Self::generate), and with beam search, whose sequences are not known before
    /// its end.
    fn generate_streaming(
        &self,
        prefix: &Self::Prefix,
        prompts: &[Vec<u32>],
        config: &GenerationConfig,
        on_token: &mut dyn FnMut(StreamedToken),
    ) -> Result<Vec<Generated>, ModelError> {
        generation::check_streaming(config)?;
        generation::generate(self, prefix, prompts, config, on_token)
    }

    /// Loss and likeliest tokens, each given the true tokens before it (teacher forcing). `prefix`
    /// is what was read of the batch's pictures.
    ///
    /// # Errors
    /// As [`losses`](Self::losses), and when the device fails.
    fn predict(
        &self,
        prefix: &Self::Prefix,
        batch: &CaptionBatch,
    ) -> Result<Predictions, ModelError> {
        let Targets { positions, tokens } = batch.targets();
        let hidden = counted_hidden(self, prefix, batch, positions)?;
        let rows = predict_rows(self, hidden, &tokens)?;
        let best: Vec<u32> = rows.iter().map(|row| row.likeliest).collect();
        let (predicted, expected) = batch.by_caption(&best);
        Ok(Predictions {
            loss_sum: rows.iter().map(|row| f64::from(row.loss)).sum(),
            count: rows.len(),
            predicted,
            expected,
        })
    }
}

/// Logits and targets of the counted positions of a batch, `[N, V]` and `[N]`: what losses and
/// gradients of one's own are made of.
///
/// # Errors
/// As [`CaptionModel::losses`].
pub fn counted_logits<M: CaptionModel>(
    model: &M,
    prefix: &M::Prefix,
    batch: &CaptionBatch,
) -> Result<(Tensor<2>, Tensor<1, Int>), ModelError> {
    let Targets { positions, tokens } = batch.targets();
    let targets = TensorData::new(tokens, [positions.len()]);
    let counted = counted_hidden(model, prefix, batch, positions)?;
    let targets = Tensor::from_data(targets, &counted.device());
    Ok((model.head(counted), targets))
}

/// Decoder output of the counted positions of a batch, `[N, D]`.
fn counted_hidden<M: CaptionModel>(
    model: &M,
    prefix: &M::Prefix,
    batch: &CaptionBatch,
    positions: Vec<i64>,
) -> Result<Tensor<2>, ModelError> {
    if positions.is_empty() {
        return Err(BatchError::NothingCounts.into());
    }
    let hidden = batch_hidden(model, prefix, batch)?;
    let positions = TensorData::new(positions.clone(), [positions.len()]);
    let positions = Tensor::from_data(positions, &hidden.device());
    Ok(hidden.select(0, positions))
}

/// Decoder output of every text position of a batch, teacher-forced: `[R · T, D]`, the positions of a
/// caption beside each other.
///
/// # Errors
/// When a token is not in the vocabulary, or the captions are longer than the model's positions or
/// don't fit the pictures.
pub fn batch_hidden<M: CaptionModel>(
    model: &M,
    prefix: &M::Prefix,
    batch: &CaptionBatch,
) -> Result<Tensor<2>, ModelError> {
    let spec = model.spec();
    batch.check_tokens(spec.vocab_size)?;
    let tokens = batch.upload_tokens(&model.device());
    let [rows, length] = tokens.dims();
    check_rows(&spec, prefix.rows(), rows, length)?;
    let hidden = model.hidden(prefix, tokens)?; // [R, T, D]
    let [_, _, width] = hidden.dims();
    Ok(hidden.reshape([rows * length, width]))
}

/// The features of a batch's pictures, `[B, I, E]`: encoded, or as they were kept.
///
/// # Errors
/// As [`CaptionModel::encode`].
pub fn batch_features<M: CaptionModel>(
    model: &M,
    batch: &CaptionBatch,
) -> Result<Tensor<3>, ModelError> {
    match batch.visual() {
        Visual::Pixels(pixels) => model.encode(pixels),
        Visual::Features(features) => Ok(features.upload(&model.device())),
    }
}

/// Checks that sequences fit the model and the pictures.
pub(crate) fn check_rows(
    spec: &ModelSpec,
    pictures: usize,
    rows: usize,
    length: usize,
) -> Result<(), ModelError> {
    let limit = spec.max_positions;
    if length > limit {
        return Err(ModelError::TooLong { length, limit });
    }
    if pictures == 0 || length == 0 || rows == 0 || !rows.is_multiple_of(pictures) {
        return Err(BatchError::Rows {
            captions: rows,
            longest: length,
            pictures,
        }
        .into());
    }
    Ok(())
}

/// Checks that a backward pass has something to reach, as it panics otherwise; gives the number of
/// parameters.
fn check_trainable<M: CaptionModel>(model: &M) -> Result<usize, ModelError> {
    #[derive(Default)]
    struct Trained {
        parameters: usize,
        trained: usize,
    }
    impl ModuleVisitor for Trained {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.parameters += 1;
            self.trained += usize::from(param.is_require_grad());
        }
    }
    if !model.device().is_autodiff() {
        return Err(ModelError::NoAutodiff);
    }
    let mut found = Trained::default();
    model.visit(&mut found);
    match found.trained {
        0 => Err(ModelError::NothingToTrain {
            parameters: found.parameters,
        }),
        _ => Ok(found.parameters),
    }
}

pub(crate) fn ids_on_host(ids: Tensor<1, Int>) -> Result<Vec<u32>, DeviceFailure> {
    let data = ids.try_into_data().map_err(DeviceFailure::new)?;
    Ok(data.iter::<i64>().map(|id| id as u32).collect())
}

pub(crate) fn floats_on_host<const D: usize>(values: Tensor<D>) -> Result<Vec<f32>, DeviceFailure> {
    let data = values.try_into_data().map_err(DeviceFailure::new)?;
    Ok(data.iter::<f32>().collect())
}
