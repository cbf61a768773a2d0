//! GIT, the Generative Image-to-text Transformer
//! ([Wang et al., 2022](https://arxiv.org/abs/2205.14100)).
//!
//! A vision encoder's rows are projected to the decoder's width and put before the text; the
//! decoder predicts each next token. Read [`GitForCausalLm::loss`] from top to bottom.

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};

use captioner_ops::cross_entropy;

use crate::GitError;
use crate::batch::CaptionBatch;
use crate::cache::TextCache;
use crate::config::GitConfig;
use crate::decoder::{Decoder, ImagePrefix, TextEmbeddings};
use crate::layers::{LayerNorm, Linear};
use crate::vision::{VisionModel, VisionTransformer};
use crate::weights;

/// GIT with its language-modelling head.
#[derive(Module, Debug)]
pub struct GitForCausalLm {
    git: GitModel,
    /// The head: decoder width to vocabulary.
    output: Linear,
    #[module(skip)]
    config: GitConfig,
}

#[derive(Module, Debug)]
struct GitModel {
    embeddings: TextEmbeddings,
    image_encoder: VisionModel,
    encoder: Decoder,
    visual_projection: Projection,
}

/// Vision width to decoder width.
#[derive(Module, Debug)]
struct Projection {
    visual_projection: (Linear, LayerNorm),
}

/// The loss of a batch, not yet divided: the caller knows how many tokens the whole step has.
#[derive(Clone, Debug)]
pub struct LossOutput {
    /// Sum over all counted predictions, in nats, `[1]`.
    pub sum: Tensor<1>,
    /// Number of counted predictions.
    pub count: usize,
}

/// The teacher-forced predictions of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions {
    /// Sum of the losses, in nats.
    pub loss_sum: f64,
    /// Number of counted predictions.
    pub count: usize,
    /// For each caption the likeliest token at each counted position, aligned with its labels.
    pub predicted: Vec<Vec<u32>>,
    /// For each caption the tokens that should have been predicted.
    pub expected: Vec<Vec<u32>>,
}

impl GitForCausalLm {
    /// A model with fresh weights: normal with the configuration's `initializer_range`, biases
    /// zero, norms one, as transformers initialises GIT. The same seed gives the same weights on
    /// every device. For training, `device` is one with autodiff.
    ///
    /// # Errors
    /// When the configuration can't be used.
    pub fn new(config: GitConfig, seed: u64, device: &Device) -> Result<Self, GitError> {
        let std = config.initializer_range;
        let pad = config.pad_token_id;
        let model = Self::unset(config, device)?;
        Ok(weights::initialize(model, seed, std, pad))
    }

    /// A model whose weights are yet to be loaded.
    pub(crate) fn unset(config: GitConfig, device: &Device) -> Result<Self, GitError> {
        config.validate()?;
        let (width, vision) = (config.hidden_size, &config.vision_config);
        let projection = (
            Linear::new(vision.hidden_size, width, device),
            LayerNorm::new(width, vision.layer_norm_eps, device),
        );
        let git = GitModel {
            embeddings: TextEmbeddings::new(&config, device),
            image_encoder: VisionModel {
                vision_model: VisionTransformer::new(vision, device),
            },
            encoder: Decoder::new(&config, device),
            visual_projection: Projection {
                visual_projection: projection,
            },
        };
        Ok(Self {
            git,
            output: Linear::new(width, config.vocab_size, device),
            config,
        })
    }

    /// The configuration it was built from.
    pub fn config(&self) -> &GitConfig {
        &self.config
    }

    /// The device that its weights are on.
    pub fn device(&self) -> Device {
        self.output.weight.lazy_device()
    }

    /// Reads pictures: `[B, 3, H, W]` to what the decoder keeps of them.
    ///
    /// # Errors
    /// When the pictures are not of the model's size.
    pub fn encode_image(&self, pixel_values: Tensor<4>) -> Result<ImagePrefix, GitError> {
        let features = self.vision_features(pixel_values)?; // [B, I, E]
        let (linear, norm) = &self.git.visual_projection.visual_projection;
        let rows = norm.forward(linear.forward(features)); // [B, I, D]
        Ok(self.git.encoder.encode_image(rows))
    }

    /// The vision encoder's last hidden state, `[B, 3, H, W]` to `[B, I, E]`.
    ///
    /// # Errors
    /// When the pictures are not of the model's size.
    pub fn vision_features(&self, pixel_values: Tensor<4>) -> Result<Tensor<3>, GitError> {
        let [_, _, height, width] = pixel_values.dims();
        let size = self.config.vision_config.image_size;
        if height != size || width != size {
            return Err(GitError::PictureSize {
                height,
                width,
                size,
            });
        }
        let encoder = &self.git.image_encoder.vision_model;
        Ok(encoder.forward(pixel_values))
    }

    /// Logits of every text position: ids `[R, T]` to `[R, T, V]`.
    ///
    /// # Errors
    /// When the text is longer than the model's positions, or the rows don't fit the pictures.
    pub fn logits(
        &self,
        prefix: &ImagePrefix,
        input_ids: Tensor<2, Int>,
    ) -> Result<Tensor<3>, GitError> {
        Ok(self.output.forward(self.hidden(prefix, input_ids)?))
    }

    /// The summed loss of a batch. The head runs on counted positions only.
    ///
    /// # Errors
    /// As [`logits`](Self::logits), and when no position counts.
    pub fn loss(&self, batch: &CaptionBatch, label_smoothing: f64) -> Result<LossOutput, GitError> {
        let (logits, targets) = self.counted_logits(batch)?;
        let losses = cross_entropy(logits, targets, label_smoothing);
        let [count] = losses.dims();
        Ok(LossOutput {
            sum: losses.sum(),
            count,
        })
    }

    /// Loss and likeliest tokens, each given the true tokens before it (teacher forcing).
    ///
    /// # Errors
    /// As [`loss`](Self::loss), and when the device fails.
    pub fn predict(&self, batch: &CaptionBatch) -> Result<Predictions, GitError> {
        let (logits, targets) = self.counted_logits(batch)?;
        let [count, _] = logits.dims();
        let best = ids_on_host(logits.clone().argmax(1).reshape([count]))?;
        let losses = floats_on_host(cross_entropy(logits, targets, 0.0))?;
        let mut predicted = vec![Vec::new(); batch.caption_shape[0]];
        let mut expected = predicted.clone();
        let targets = batch.targets();
        let rows = targets.positions.iter().zip(&targets.tokens).zip(best);
        for ((position, target), best) in rows {
            let row = *position as usize / batch.caption_shape[1];
            predicted[row].push(best);
            expected[row].push(*target as u32);
        }
        Ok(Predictions {
            loss_sum: losses.into_iter().map(f64::from).sum(),
            count,
            predicted,
            expected,
        })
    }

    /// Logits and targets of the counted positions, `[N, V]` and `[N]`.
    fn counted_logits(
        &self,
        batch: &CaptionBatch,
    ) -> Result<(Tensor<2>, Tensor<1, Int>), GitError> {
        let device = self.device();
        let targets = batch.targets();
        let count = targets.tokens.len();
        if count == 0 {
            let problem = "no position counts: every caption is a single token";
            return Err(GitError::Batch(problem.into()));
        }
        let prefix = self.encode_image(batch.upload_pixels(&device))?;
        let hidden = self.hidden(&prefix, batch.upload_ids(&device))?; // [R, T, D]
        let [rows, length, width] = hidden.dims();
        let ints = |values| Tensor::from_data(TensorData::new(values, [count]), &device);
        let counted = hidden
            .reshape([rows * length, width])
            .select(0, ints(targets.positions));
        Ok((self.output.forward(counted), ints(targets.tokens)))
    }

    /// Decoder output of every text position, `[R, T]` to `[R, T, D]`.
    fn hidden(
        &self,
        prefix: &ImagePrefix,
        input_ids: Tensor<2, Int>,
    ) -> Result<Tensor<3>, GitError> {
        let [rows, length] = input_ids.dims();
        self.check_text(prefix, rows, length)?;
        let x = self.git.embeddings.forward(input_ids, 0);
        Ok(self.git.encoder.forward_text(x, prefix))
    }

    /// Logits of the last of the given tokens, which follow those in `cache`: `[R, T]` to `[R, V]`.
    pub(crate) fn extend(
        &self,
        prefix: &ImagePrefix,
        input_ids: Tensor<2, Int>,
        cache: &mut TextCache,
    ) -> Tensor<2> {
        let [rows, length] = input_ids.dims();
        let x = self.git.embeddings.forward(input_ids, cache.length());
        let x = self.git.encoder.extend_text(x, prefix, cache);
        let last = x
            .narrow(1, length - 1, 1)
            .reshape([rows, self.config.hidden_size]);
        self.output.forward(last)
    }

    pub(crate) fn check_text(
        &self,
        prefix: &ImagePrefix,
        rows: usize,
        length: usize,
    ) -> Result<(), GitError> {
        let limit = self.config.max_position_embeddings;
        if length > limit {
            return Err(GitError::TooLong { length, limit });
        }
        let pictures = prefix.batch();
        if pictures == 0 || length == 0 || rows == 0 || !rows.is_multiple_of(pictures) {
            return Err(GitError::Batch(format!(
                "{rows} captions of {length} tokens for {pictures} pictures"
            )));
        }
        Ok(())
    }
}

pub(crate) fn ids_on_host(ids: Tensor<1, Int>) -> Result<Vec<u32>, GitError> {
    let data = ids.try_into_data().map_err(device_failed)?;
    Ok(data.iter::<i64>().map(|id| id as u32).collect())
}

fn floats_on_host(values: Tensor<1>) -> Result<Vec<f32>, GitError> {
    let data = values.try_into_data().map_err(device_failed)?;
    Ok(data.iter::<f32>().collect())
}

fn device_failed(error: impl ToString) -> GitError {
    GitError::Device(error.to_string())
}
