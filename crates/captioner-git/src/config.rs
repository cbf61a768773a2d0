//! The model's configuration, as `config.json` spells it.

use captioner_model::check_config::{heads, positive, probability, wrong};
use captioner_model::{ConfigError, HiddenAct, ModelSpec, TokenIds};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// The whole model; field names and defaults are those of transformers' `GitConfig`.
///
/// Keys that computing does not need are ignored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GitConfig {
    /// Always `git`.
    pub model_type: String,
    /// The class that transformers builds from this file.
    pub architectures: Vec<String>,
    /// The vision encoder.
    pub vision_config: GitVisionConfig,
    /// Number of tokens that the model can read and write.
    pub vocab_size: usize,
    /// Width of the decoder.
    pub hidden_size: usize,
    /// Layers of the decoder.
    pub num_hidden_layers: usize,
    /// Attention heads of each decoder layer.
    pub num_attention_heads: usize,
    /// Width between the two linear maps of a decoder layer.
    pub intermediate_size: usize,
    /// Activation between those two maps.
    pub hidden_act: HiddenAct,
    /// Dropout after embeddings and linear maps, while training.
    pub hidden_dropout_prob: f64,
    /// Dropout of attention probabilities, while training.
    pub attention_probs_dropout_prob: f64,
    /// Longest text, in tokens.
    pub max_position_embeddings: usize,
    /// Standard deviation of fresh weights.
    pub initializer_range: f64,
    /// Added to the variance in the decoder's layer norms.
    pub layer_norm_eps: f64,
    /// Token that fills up short rows.
    pub pad_token_id: u32,
    /// Token that a caption starts with.
    pub bos_token_id: u32,
    /// Tokens that end a caption; usually one.
    pub eos_token_id: TokenIds,
    /// Whether the head's weight is that of the word embeddings. No published GIT ties them.
    pub tie_word_embeddings: bool,
    /// Number of video frames with a temporal embedding; none for pictures.
    pub num_image_with_embedding: Option<usize>,
    /// `absolute` in old files, absent in new ones, which means the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position_embedding_type: Option<String>,
}

/// The vision encoder, as `vision_config` in `config.json` spells it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GitVisionConfig {
    /// Always `git_vision_model`.
    pub model_type: String,
    /// Width of the encoder.
    pub hidden_size: usize,
    /// Width between the two linear maps of a layer.
    pub intermediate_size: usize,
    /// Layers of the encoder.
    pub num_hidden_layers: usize,
    /// Attention heads of each layer.
    pub num_attention_heads: usize,
    /// Colour channels of a picture.
    pub num_channels: usize,
    /// Side of the square picture, in pixels.
    #[serde(deserialize_with = "side")]
    pub image_size: usize,
    /// Side of the square patches that it is cut into, in pixels.
    #[serde(deserialize_with = "side")]
    pub patch_size: usize,
    /// Activation between the two linear maps of a layer.
    pub hidden_act: HiddenAct,
    /// Added to the variance in layer norms, the projection's included.
    pub layer_norm_eps: f64,
    /// Dropout of attention probabilities, while training.
    pub attention_dropout: f64,
    /// Standard deviation of fresh weights.
    pub initializer_range: f64,
}

impl Default for GitVisionConfig {
    fn default() -> Self {
        Self {
            model_type: "git_vision_model".into(),
            hidden_size: 768,
            intermediate_size: 3072,
            num_hidden_layers: 12,
            num_attention_heads: 12,
            num_channels: 3,
            image_size: 224,
            patch_size: 16,
            hidden_act: HiddenAct::QuickGelu,
            layer_norm_eps: 1e-5,
            attention_dropout: 0.0,
            initializer_range: 0.02,
        }
    }
}

/// The configuration of `microsoft/git-base`.
impl Default for GitConfig {
    fn default() -> Self {
        Self {
            model_type: "git".into(),
            architectures: vec!["GitForCausalLM".into()],
            vision_config: GitVisionConfig::default(),
            vocab_size: 30522,
            hidden_size: 768,
            num_hidden_layers: 6,
            num_attention_heads: 12,
            intermediate_size: 3072,
            hidden_act: HiddenAct::Gelu,
            hidden_dropout_prob: 0.1,
            attention_probs_dropout_prob: 0.1,
            max_position_embeddings: 1024,
            initializer_range: 0.02,
            layer_norm_eps: 1e-12,
            pad_token_id: 0,
            bos_token_id: 101,
            eos_token_id: vec![102].into(),
            tie_word_embeddings: false,
            num_image_with_embedding: None,
            position_embedding_type: None,
        }
    }
}

impl GitConfig {
    /// A model small enough to be trained from nothing on a CPU in minutes: 96-pixel pictures,
    /// 16-pixel patches, width 128, four vision and two decoder layers.
    pub fn small(vocab_size: usize, pad: u32, bos: u32, eos: u32) -> Self {
        Self {
            vision_config: GitVisionConfig {
                hidden_size: 128,
                intermediate_size: 512,
                num_hidden_layers: 4,
                num_attention_heads: 4,
                image_size: 96,
                patch_size: 16,
                initializer_range: 0.05,
                ..GitVisionConfig::default()
            },
            vocab_size,
            hidden_size: 128,
            num_hidden_layers: 2,
            num_attention_heads: 4,
            intermediate_size: 512,
            hidden_dropout_prob: 0.0,
            attention_probs_dropout_prob: 0.0,
            max_position_embeddings: 64,
            initializer_range: 0.05,
            pad_token_id: pad,
            bos_token_id: bos,
            eos_token_id: vec![eos].into(),
            ..Self::default()
        }
    }

    /// [`small`](Self::small), with the vocabulary, special tokens and positions of `spec`.
    pub fn small_for(spec: &ModelSpec) -> Self {
        let (pad, bos) = (spec.pad_token_id, spec.start_token_id);
        Self {
            eos_token_id: spec.eos_token_ids.clone().into(),
            max_position_embeddings: spec.max_positions,
            ..Self::small(spec.vocab_size, pad, bos, 0)
        }
    }

    /// Image rows that the decoder reads for one picture: its patches and the class embedding; for
    /// a video, those of all frames.
    pub fn image_tokens(&self) -> usize {
        self.vision_config.num_positions() * self.num_image_with_embedding.unwrap_or(1)
    }

    /// Checks that a model can be built.
    ///
    /// # Errors
    /// Names the first value that contradicts another or is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.validate_kind()?;
        if let Some(frames) = self.num_image_with_embedding {
            positive("num_image_with_embedding", frames)?;
        }
        positive("vocab_size", self.vocab_size)?;
        positive("num_hidden_layers", self.num_hidden_layers)?;
        let vision = self.vision_config.num_hidden_layers;
        for (key, layers) in [
            ("num_hidden_layers", self.num_hidden_layers),
            ("vision_config.num_hidden_layers", vision),
        ] {
            if layers > 1000 {
                return Err(wrong(key, layers, "but no model has more than 1000"));
            }
        }
        positive("intermediate_size", self.intermediate_size)?;
        positive("max_position_embeddings", self.max_position_embeddings)?;
        heads("hidden_size", self.hidden_size, self.num_attention_heads)?;
        probability("hidden_dropout_prob", self.hidden_dropout_prob)?;
        let attention_dropout = self.attention_probs_dropout_prob;
        probability("attention_probs_dropout_prob", attention_dropout)?;
        let range = self.initializer_range;
        if !range.is_finite() || range < 0.0 {
            return Err(wrong("initializer_range", range, "but 0 or more is needed"));
        }
        self.validate_ids()?;
        self.vision_config.validate()
    }

    /// Checks that the file asks for what is computed here.
    fn validate_kind(&self) -> Result<(), ConfigError> {
        if self.model_type != "git" {
            let problem = "but only `git` models are read here";
            return Err(wrong("model_type", &self.model_type, problem));
        }
        if self.tie_word_embeddings {
            let problem = "but GIT has a head of its own: set it to false";
            return Err(wrong("tie_word_embeddings", true, problem));
        }
        match self.position_embedding_type.as_deref() {
            None | Some("absolute") => Ok(()),
            Some(kind) => {
                let problem = "but only `absolute` positions are computed here";
                Err(wrong("position_embedding_type", kind, problem))
            }
        }
    }

    fn validate_ids(&self) -> Result<(), ConfigError> {
        let one = [
            ("pad_token_id", self.pad_token_id),
            ("bos_token_id", self.bos_token_id),
        ];
        let ends = self.eos_token_id.0.iter().map(|id| ("eos_token_id", *id));
        let mut ids = one.into_iter().chain(ends);
        match ids.find(|(_, id)| *id as usize >= self.vocab_size) {
            Some((key, id)) => {
                let problem = format!("but vocab_size is {}", self.vocab_size);
                Err(wrong(key, id, problem))
            }
            None => Ok(()),
        }
    }
}

impl GitVisionConfig {
    /// Patches along one side of a picture.
    pub fn grid(&self) -> usize {
        self.image_size / self.patch_size
    }

    /// Patches of a picture and the class embedding.
    pub fn num_positions(&self) -> usize {
        self.grid() * self.grid() + 1
    }

    fn validate(&self) -> Result<(), ConfigError> {
        positive("vision_config.intermediate_size", self.intermediate_size)?;
        positive("vision_config.patch_size", self.patch_size)?;
        probability("vision_config.attention_dropout", self.attention_dropout)?;
        let (width, count) = (self.hidden_size, self.num_attention_heads);
        heads("vision_config.hidden_size", width, count)?;
        if self.num_channels != 3 {
            let problem = "but pictures have 3 channels here";
            return Err(wrong(
                "vision_config.num_channels",
                self.num_channels,
                problem,
            ));
        }
        if self.image_size < self.patch_size {
            let problem = format!("less than one patch of {}", self.patch_size);
            return Err(wrong("vision_config.image_size", self.image_size, problem));
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

/// A side as a number, or as a height and an equal width.
fn side<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    match OneOrMany::<usize>::deserialize(deserializer)? {
        OneOrMany::One(side) => Ok(side),
        OneOrMany::Many(sides) => match sides.as_slice() {
            [height, width] if height == width => Ok(*height),
            other => Err(D::Error::custom(format!(
                "{other:?} is no square: pictures and patches have one side"
            ))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::GitForCausalLm;
    use burn::tensor::Device;
    use captioner_model::CaptionModel;

    #[test]
    fn git_base_is_the_default_and_missing_keys_take_it() {
        let config: GitConfig = serde_json::from_str(r#"{"vision_config": {}}"#).unwrap();
        assert_eq!(config, GitConfig::default());
        assert_eq!(config.image_tokens(), 197);
        config.validate().unwrap();
    }

    #[test]
    fn a_small_model_has_the_vocabulary_and_special_tokens_that_are_given() {
        let spec = ModelSpec {
            vocab_size: 30,
            max_positions: 17,
            max_frames: 1,
            start_token_id: 5,
            eos_token_ids: vec![6, 7],
            pad_token_id: 8,
        };
        let model = GitForCausalLm::new(GitConfig::small_for(&spec), 1, &Device::flex());
        assert_eq!(model.unwrap().spec(), spec);
    }

    #[test]
    fn heads_that_do_not_divide_the_width_are_named() {
        let config = GitConfig {
            num_attention_heads: 7,
            ..GitConfig::default()
        };
        let message = config.validate().unwrap_err().to_string();
        assert_eq!(
            message,
            "hidden_size is 768, which 7 attention heads can't share evenly"
        );
    }

    #[test]
    fn token_ids_outside_the_vocabulary_are_named() {
        let error = GitConfig::small(50, 0, 2, 50).validate().unwrap_err();
        assert_eq!(error.key, "eos_token_id");
    }

    #[test]
    fn an_unknown_activation_is_named_with_the_known_ones() {
        let text = r#"{"hidden_act": "swish"}"#;
        let error = serde_json::from_str::<GitConfig>(text).unwrap_err();
        let message = error.to_string();
        assert!(message.contains("swish") && message.contains("quick_gelu"));
    }

    #[test]
    fn positions_of_another_kind_are_named_and_absolute_ones_may_be_left_out() {
        let read = |kind: &str| -> GitConfig {
            let text = format!(r#"{{"position_embedding_type": {kind}}}"#);
            serde_json::from_str(&text).unwrap()
        };
        read("null").validate().unwrap();
        read(r#""absolute""#).validate().unwrap();
        let error = read(r#""relative_key_query""#).validate().unwrap_err();
        assert_eq!(
            error.to_string(),
            "position_embedding_type is relative_key_query, but only `absolute` positions are \
             computed here"
        );
    }

    #[test]
    fn zero_sizes_are_refused_before_a_division_by_them() {
        let mut config = GitConfig::default();
        config.vision_config.patch_size = 0;
        assert_eq!(
            config.validate().unwrap_err().key,
            "vision_config.patch_size"
        );
    }
}
