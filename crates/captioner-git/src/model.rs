//! GIT, the Generative Image-to-text Transformer
//! ([Wang et al., 2022](https://arxiv.org/abs/2205.14100)).
//!
//! A vision encoder's rows are projected to the decoder's width and put before the text; the
//! decoder predicts each next token.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Int, Tensor, TensorData};

use captioner_model::{
    BatchError, CaptionModel, ConfigError, GenerationConfig, Init, KeyValuePrefix, LayerNorm,
    Linear, LinearVisitor, ModelError, ModelSpec, ParameterName, PixelValues, Pretrained,
    TextCache, Tokens, WeightLayout, parameter,
};

use crate::config::GitConfig;
use crate::decoder::{Decoder, TextEmbeddings};
use crate::vision::{VisionModel, VisionTransformer};

/// GIT with its language-modelling head.
#[derive(Module, Debug)]
pub struct GitForCausalLm {
    git: GitModel,
    /// The head: decoder width to vocabulary.
    output: Linear,
    #[module(skip)]
    config: GitConfig,
    #[module(skip)]
    generation: GenerationConfig,
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

impl GitForCausalLm {
    /// A model with fresh weights: normal with the configuration's `initializer_range`, biases
    /// zero, norms one, as transformers initialises GIT. The same seed gives the same weights on
    /// every device. For training, `device` is one with autodiff.
    ///
    /// # Errors
    /// When the configuration can't be used.
    pub fn new(config: GitConfig, seed: u64, device: &Device) -> Result<Self, ModelError> {
        Self::with_fresh_weights(config, seed, device)
    }

    /// Whether pictures of another size than the model's are read, with position embeddings
    /// interpolated to it; they are refused otherwise. Sides are cut to whole patches.
    pub fn with_interpolate_pos_encoding(mut self, interpolate: bool) -> Self {
        self.interpolate_pos_encoding = interpolate;
        self
    }

    /// The vision encoder's last hidden state of pictures or frames, `[N, 3, H, W]` to
    /// `[N, I, E]`.
    ///
    /// # Errors
    /// When the pictures are not of the model's size.
    pub fn vision_features(&self, pixel_values: Tensor<4>) -> Result<Tensor<3>, ModelError> {
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
            return Err(ModelError::PictureSize {
                height,
                width,
                size,
            });
        }
        let encoder = &self.git.image_encoder.vision_model;
        Ok(encoder.forward(pixel_values))
    }

    /// Features of all frames of a video beside each other, `[B · F, 3, H, W]` to `[B, F · I, E]`.
    fn frame_features(
        &self,
        pixel_values: Tensor<4>,
        frames: usize,
    ) -> Result<Tensor<3>, ModelError> {
        let embeddings = &self.git.img_temporal_embedding;
        let known = embeddings.len();
        if frames == 0 || frames > known {
            return Err(ModelError::Frames { frames, known });
        }
        let features = self.vision_features(pixel_values)?; // [B · F, I, E]
        let [all, positions, width] = features.dims();
        let features = features.reshape([all / frames, frames, positions, width]);
        let temporal = embeddings[..frames].iter().map(Param::val).collect();
        let temporal = Tensor::cat(temporal, 0).unsqueeze::<4>(); // [1, F, 1, E]
        let features = features + temporal;
        Ok(features.reshape([all / frames, frames * positions, width]))
    }

    /// Vision features `[B, I, E]` to rows of the decoder, `[B, I, D]`.
    pub(crate) fn project(&self, features: Tensor<3>) -> Tensor<3> {
        let (linear, norm) = &self.git.visual_projection.visual_projection;
        norm.forward(linear.forward(features))
    }

    fn check_width(&self, features: &Tensor<3>) -> Result<(), BatchError> {
        let [_, _, found] = features.dims();
        let expected = self.config.vision_config.hidden_size;
        match found == expected {
            true => Ok(()),
            false => Err(BatchError::FeatureWidth { found, expected }),
        }
    }

    #[cfg(test)]
    pub(crate) fn embed(&self, input_ids: Tensor<2, Int>) -> Tensor<3> {
        self.git.embeddings.forward(input_ids)
    }

    #[cfg(test)]
    pub(crate) fn decoder(&self) -> &Decoder {
        &self.git.encoder
    }
}

impl CaptionModel for GitForCausalLm {
    type Prefix = KeyValuePrefix;
    type Cache = TextCache;

    fn spec(&self) -> ModelSpec {
        let config = &self.config;
        ModelSpec {
            vocab_size: config.vocab_size,
            max_positions: config.max_position_embeddings,
            max_frames: config.num_image_with_embedding.unwrap_or(1),
            start_token_id: config.bos_token_id,
            eos_token_ids: config.eos_token_id.0.clone(),
            pad_token_id: config.pad_token_id,
        }
    }

    fn device(&self) -> Device {
        self.output.weight.lazy_device()
    }

    fn encode(&self, pixels: &PixelValues) -> Result<Tensor<3>, ModelError> {
        let (height, width) = pixels.size();
        let count = pixels.values().len() / (3 * height * width);
        let shape = [count, 3, height, width]; // frame by frame
        let data = TensorData::new(pixels.values().to_vec(), shape);
        let values = Tensor::from_data(data, &self.device());
        match pixels.frames() {
            Some(frames) => self.frame_features(values, frames),
            None => self.vision_features(values),
        }
    }

    fn prefix(&self, features: Tensor<3>) -> Result<KeyValuePrefix, ModelError> {
        self.check_width(&features)?;
        Ok(self.git.encoder.encode_image(self.project(features)))
    }

    fn image_hidden(&self, features: Tensor<3>) -> Result<Option<Tensor<3>>, ModelError> {
        self.check_width(&features)?;
        let rows = self.project(features);
        Ok(Some(self.git.encoder.forward_image(rows)))
    }

    fn encoder_is_frozen(&self) -> bool {
        let drops = self.config.vision_config.attention_dropout > 0.0;
        let temporal = &self.git.img_temporal_embedding;
        !drops && is_frozen(&self.git.image_encoder) && is_frozen(temporal)
    }

    fn cache(&self, pads: &[usize], capacity: usize) -> TextCache {
        TextCache::new(self.config.num_hidden_layers, capacity, pads.to_vec())
    }

    fn hidden(&self, prefix: &KeyValuePrefix, tokens: Tokens) -> Result<Tensor<3>, ModelError> {
        let x = self.git.embeddings.forward(tokens.ids.clone());
        Ok(self.git.encoder.forward_text(x, prefix, tokens.mask()))
    }

    fn extend(
        &self,
        prefix: &KeyValuePrefix,
        ids: Tensor<2, Int>,
        cache: &mut TextCache,
    ) -> Result<Tensor<3>, ModelError> {
        let x = self.git.embeddings.extend(ids, cache);
        Ok(self.git.encoder.extend_text(x, prefix, cache))
    }

    fn head(&self, hidden: Tensor<2>) -> Tensor<2> {
        self.output.forward(hidden)
    }

    fn linear_layers(&mut self, visit: &mut LinearVisitor<'_>) {
        let vision = &mut self.git.image_encoder.vision_model;
        vision.linear_layers("git.image_encoder.vision_model", visit);
        self.git.encoder.linear_layers("git.encoder", visit);
        let projection = &mut self.git.visual_projection.visual_projection.0;
        visit("git.visual_projection.visual_projection.0", projection);
        visit("output", &mut self.output);
    }
}

impl Pretrained for GitForCausalLm {
    const MODEL_TYPE: &'static str = "git";
    type Config = GitConfig;

    fn validate_config(config: &GitConfig) -> Result<(), ConfigError> {
        config.validate()
    }

    fn from_config(config: GitConfig, device: &Device) -> Self {
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
        Self {
            git,
            output: Linear::new(width, config.vocab_size, device),
            config,
            generation: GenerationConfig::default(),
            interpolate_pos_encoding: false,
        }
    }

    fn config(&self) -> &GitConfig {
        &self.config
    }

    fn layout() -> WeightLayout {
        WeightLayout {
            renames: &[("layer_norm", "LayerNorm")],
            ignored: &[".position_ids"],
            parts: &[
                ("image_encoder", "git.image_encoder"),
                ("decoder", "git.encoder"),
                ("embeddings", "git.embeddings"),
                ("projection", "git.visual_projection"),
            ],
            ..WeightLayout::default()
        }
    }

    /// As transformers draws them.
    fn init(config: &GitConfig, name: &ParameterName) -> Init {
        let (std, padding_idx) = (config.initializer_range, config.pad_token_id as usize);
        let full = name.full();
        if full.contains("img_temporal_embedding") {
            Init::Zeros
        } else if full.ends_with("word_embeddings.weight") {
            Init::Embedding { std, padding_idx }
        } else {
            Init::standard(name, std)
        }
    }

    fn generation_config(&self) -> &GenerationConfig {
        &self.generation
    }

    fn set_generation_config(&mut self, config: GenerationConfig) {
        self.generation = config;
    }
}

/// Whether no parameter of a module is trained, those of an adapter included.
fn is_frozen(module: &impl Module) -> bool {
    struct Trained(bool);
    impl ModuleVisitor for Trained {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0 |= param.is_require_grad();
        }
    }
    let mut trained = Trained(false);
    module.visit(&mut trained);
    !trained.0
}
