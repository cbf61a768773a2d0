//! GIT, the Generative Image-to-text Transformer
//! ([Wang et al., 2022](https://arxiv.org/abs/2205.14100)).
//!
//! A vision encoder's rows are projected to the decoder's width and put before the text; the
//! decoder predicts each next token. Read [`GitForCausalLm::loss`] from top to bottom.

use burn::module::{Module, Param};
use burn::tensor::{Bool, Device, Int, Tensor, TensorData};

use captioner_ops::{causal_mask, cross_entropy};

use crate::GitError;
use crate::batch::{CaptionBatch, PixelValues};
use crate::cache::TextCache;
use crate::config::GitConfig;
use crate::decoder::{Decoder, ImagePrefix, TextEmbeddings};
use crate::layers::{LayerNorm, Linear, LinearVisitor, parameter};
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
    #[module(skip)]
    interpolate_pos_encoding: bool,
}

#[derive(Module, Debug)]
struct GitModel {
    embeddings: TextEmbeddings,
    image_encoder: VisionModel,
    encoder: Decoder,
    visual_projection: Projection,
    /// `[1, 1, E]` for each frame of a video.
    img_temporal_embedding: Vec<Param<Tensor<3>>>,
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
        let frames = config.num_image_with_embedding.unwrap_or(0);
        let temporal = || parameter([1, 1, vision.hidden_size], device);
        let git = GitModel {
            embeddings: TextEmbeddings::new(&config, device),
            image_encoder: VisionModel {
                vision_model: VisionTransformer::new(vision, device),
            },
            encoder: Decoder::new(&config, device),
            visual_projection: Projection {
                visual_projection: projection,
            },
            img_temporal_embedding: (0..frames).map(|_| temporal()).collect(),
        };
        Ok(Self {
            git,
            output: Linear::new(width, config.vocab_size, device),
            config,
            interpolate_pos_encoding: false,
        })
    }

    /// Whether pictures of another size than the model's are read, with position embeddings
    /// interpolated to it; they are refused otherwise. Sides are cut to whole patches.
    pub fn with_interpolate_pos_encoding(mut self, interpolate: bool) -> Self {
        self.interpolate_pos_encoding = interpolate;
        self
    }

    /// The configuration it was built from.
    pub fn config(&self) -> &GitConfig {
        &self.config
    }

    /// The device that its weights are on.
    pub fn device(&self) -> Device {
        self.output.weight.lazy_device()
    }

    /// Calls `visit` with every linear map and its name in the checkpoint.
    pub(crate) fn linear_maps(&mut self, visit: &mut LinearVisitor) {
        let vision = &mut self.git.image_encoder.vision_model;
        vision.linear_maps("git.image_encoder.vision_model", visit);
        self.git.encoder.linear_maps("git.encoder", visit);
        let projection = &mut self.git.visual_projection.visual_projection.0;
        visit("git.visual_projection.visual_projection.0", projection);
        visit("output", &mut self.output);
    }

    /// Reads pictures: `[B, 3, H, W]` to what the decoder keeps of them.
    ///
    /// # Errors
    /// When the pictures are not of the model's size.
    pub fn encode_image(&self, pixel_values: Tensor<4>) -> Result<ImagePrefix, GitError> {
        let features = self.vision_features(pixel_values)?; // [B, I, E]
        Ok(self.read_features(features))
    }

    /// Reads videos: `[B, F, 3, H, W]` to what the decoder keeps of them. Every frame has its own
    /// temporal embedding.
    ///
    /// # Errors
    /// When the frames are not of the model's size, or more than it has temporal embeddings for.
    pub fn encode_frames(&self, pixel_values: Tensor<5>) -> Result<ImagePrefix, GitError> {
        let [videos, frames, channels, height, width] = pixel_values.dims();
        let pixel_values = pixel_values.reshape([videos * frames, channels, height, width]);
        let features = self.frame_features(pixel_values, frames)?;
        Ok(self.read_features(features))
    }

    /// Reads pictures or videos from host memory.
    ///
    /// # Errors
    /// As [`encode_image`](Self::encode_image) and [`encode_frames`](Self::encode_frames).
    pub fn encode_pixels(&self, pixels: &PixelValues) -> Result<ImagePrefix, GitError> {
        let frames = pixels.upload(&self.device());
        let features = match pixels.shape() {
            [_, count, _, _, _] => self.frame_features(frames, *count)?,
            _ => self.vision_features(frames)?,
        };
        Ok(self.read_features(features))
    }

    /// The vision encoder's last hidden state, `[B, 3, H, W]` to `[B, I, E]`.
    ///
    /// # Errors
    /// When the pictures are not of the model's size.
    pub fn vision_features(&self, pixel_values: Tensor<4>) -> Result<Tensor<3>, GitError> {
        let [_, _, height, width] = pixel_values.dims();
        let vision = &self.config.vision_config;
        let size = vision.image_size;
        let smallest = height.min(width);
        let fits = if self.interpolate_pos_encoding {
            smallest >= vision.patch_size
        } else {
            height == size && width == size
        };
        if !fits {
            return Err(GitError::PictureSize {
                height,
                width,
                size,
            });
        }
        let encoder = &self.git.image_encoder.vision_model;
        Ok(encoder.forward(pixel_values))
    }

    /// Features of all frames of a video beside each other, `[B · F, 3, H, W]` to `[B, F · N, E]`.
    fn frame_features(
        &self,
        pixel_values: Tensor<4>,
        frames: usize,
    ) -> Result<Tensor<3>, GitError> {
        let embeddings = &self.git.img_temporal_embedding;
        let known = embeddings.len();
        if frames == 0 || frames > known {
            return Err(GitError::Pixels(format!(
                "{frames} frames for a model with {known} temporal embeddings \
                 (num_image_with_embedding)"
            )));
        }
        let features = self.vision_features(pixel_values)?; // [B · F, N, E]
        let [all, positions, width] = features.dims();
        let features = features.reshape([all / frames, frames, positions, width]);
        let temporal = embeddings[..frames].iter().map(Param::val).collect();
        let temporal = Tensor::cat(temporal, 0).unsqueeze::<4>(); // [1, F, 1, E]
        let features = features + temporal;
        Ok(features.reshape([all / frames, frames * positions, width]))
    }

    /// Vision features `[B, I, E]` to what the decoder keeps of them.
    fn read_features(&self, features: Tensor<3>) -> ImagePrefix {
        self.git.encoder.encode_image(self.project(features))
    }

    /// Vision features `[B, I, E]` to rows of the decoder, `[B, I, D]`.
    pub(crate) fn project(&self, features: Tensor<3>) -> Tensor<3> {
        let (linear, norm) = &self.git.visual_projection.visual_projection;
        norm.forward(linear.forward(features))
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
        Ok(self.output.forward(self.hidden(prefix, input_ids, None)?))
    }

    /// The summed loss of a batch. The head runs on counted positions only.
    ///
    /// # Errors
    /// As [`logits`](Self::logits), and when no position counts.
    pub fn loss(&self, batch: &CaptionBatch, label_smoothing: f64) -> Result<LossOutput, GitError> {
        let prefix = self.encode_pixels(batch.pixels())?;
        let (logits, targets) = self.counted_logits(&prefix, batch)?;
        let losses = cross_entropy(logits, targets, label_smoothing);
        let [count] = losses.dims();
        Ok(LossOutput {
            sum: losses.sum(),
            count,
        })
    }

    /// Loss and likeliest tokens, each given the true tokens before it (teacher forcing). `prefix`
    /// is what was read of the batch's pictures.
    ///
    /// # Errors
    /// As [`loss`](Self::loss), and when the device fails.
    pub fn predict(
        &self,
        prefix: &ImagePrefix,
        batch: &CaptionBatch,
    ) -> Result<Predictions, GitError> {
        let (logits, targets) = self.counted_logits(prefix, batch)?;
        let [count, _] = logits.dims();
        let best = ids_on_host(logits.clone().argmax(1).reshape([count]))?;
        let losses = floats_on_host(cross_entropy(logits, targets, 0.0))?;
        let mut predicted = vec![Vec::new(); batch.captions()];
        let mut expected = predicted.clone();
        let targets = batch.targets();
        let rows = targets.positions.iter().zip(&targets.tokens).zip(best);
        for ((position, target), best) in rows {
            let row = *position as usize / batch.padded_length();
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
        prefix: &ImagePrefix,
        batch: &CaptionBatch,
    ) -> Result<(Tensor<2>, Tensor<1, Int>), GitError> {
        let device = self.device();
        let targets = batch.targets();
        let count = targets.tokens.len();
        if count == 0 {
            let problem = "no position counts: every caption is a single token";
            return Err(GitError::Batch(problem.into()));
        }
        batch.check_tokens(self.config.vocab_size)?;
        let pads = batch.upload_pads(&device);
        let hidden = self.hidden(prefix, batch.upload_ids(&device), pads)?; // [R, T, D]
        let [rows, length, width] = hidden.dims();
        let ints = |values| Tensor::from_data(TensorData::new(values, [count]), &device);
        let counted = hidden
            .reshape([rows * length, width])
            .select(0, ints(targets.positions));
        Ok((self.output.forward(counted), ints(targets.tokens)))
    }

    /// Decoder output of every text position, `[R, T]` to `[R, T, D]`. `pads`, `[R, 1, 1, T]`, is
    /// true where no row may look.
    fn hidden(
        &self,
        prefix: &ImagePrefix,
        input_ids: Tensor<2, Int>,
        pads: Option<Tensor<4, Bool>>,
    ) -> Result<Tensor<3>, GitError> {
        let [rows, length] = input_ids.dims();
        self.check_text(prefix, rows, length)?;
        let mut mask = causal_mask(length, 0, &input_ids.device()).unsqueeze();
        if let Some(pads) = pads {
            let shape = [rows, 1, length, length];
            mask = pads.expand(shape).bool_or(mask.expand(shape));
        }
        let x = self.git.embeddings.forward(input_ids);
        Ok(self.git.encoder.forward_text(x, prefix, mask))
    }

    /// Logits of the last of the given tokens, which follow those in `cache`: `[R, T]` to `[R, V]`.
    pub(crate) fn extend(
        &self,
        prefix: &ImagePrefix,
        input_ids: Tensor<2, Int>,
        cache: &mut TextCache,
    ) -> Tensor<2> {
        let [rows, length] = input_ids.dims();
        let x = self.git.embeddings.extend(input_ids, cache);
        let x = self.git.encoder.extend_text(x, prefix, cache);
        let last = x
            .narrow(1, length - 1, 1)
            .reshape([rows, self.config.hidden_size]);
        self.output.forward(last)
    }

    #[cfg(test)]
    pub(crate) fn embed(&self, input_ids: Tensor<2, Int>) -> Tensor<3> {
        self.git.embeddings.forward(input_ids)
    }

    #[cfg(test)]
    pub(crate) fn decoder(&self) -> &Decoder {
        &self.git.encoder
    }

    #[cfg(test)]
    pub(crate) fn head(&self, rows: Tensor<3>) -> Tensor<3> {
        self.output.forward(rows)
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

pub(crate) fn floats_on_host<const D: usize>(values: Tensor<D>) -> Result<Vec<f32>, GitError> {
    let data = values.try_into_data().map_err(device_failed)?;
    Ok(data.iter::<f32>().collect())
}

fn device_failed(error: impl ToString) -> GitError {
    GitError::Device(error.to_string())
}
