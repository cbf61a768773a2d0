//! A captioner that is not GIT: the picture is read by cross-attention, captions start with a token
//! of the model's own, and its checkpoint has a fused layer and a tied head, as BLIP's
//! ([Li et al., 2022](https://arxiv.org/abs/2201.12086)). Everything that is written over the traits
//! works with it.

use std::collections::BTreeMap;
use std::path::Path;

use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Int, Tensor, TensorData, Tolerance};
use captioner_model::{
    CaptionBatch, CaptionModel, ConfigError, Embedding, EncodeOptions, FeatureRows, Fused,
    GenerationConfig, Init, KeyValuePrefix, LayerKind, LayerNorm, Linear, LinearVisitor,
    LoraConfig, LossOptions, LossOutput, ModelError, ModelSpec, NamePattern, Padding, PixelValues,
    Pretrained, Rows, TextCache, TokenBatch, Tokens, Visual, WeightLayout, add_lora, check_config,
    freeze, has_adapter, initialize, merge_adapter, parameter_names,
};
use captioner_ops::{KeyValue, cross_attention, masked_attention, merge_heads, split_heads};
use serde::{Deserialize, Serialize};

const WIDTH: usize = 8;
const HEADS: usize = 2;
const PATCH: usize = 4;
const START: u32 = 9;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Config {
    model_type: String,
    vocab_size: usize,
}

#[derive(Module, Debug)]
struct Captioner {
    vision: Vision,
    text: Text,
    #[module(skip)]
    config: Config,
    #[module(skip)]
    generation: GenerationConfig,
}

/// Patches, and one layer of self-attention whose query, key and value are one layer in the
/// checkpoint.
#[derive(Module, Debug)]
struct Vision {
    patch_embedding: Linear,
    self_attn: VisionAttention,
}

#[derive(Module, Debug)]
struct VisionAttention {
    query: Linear,
    key: Linear,
    value: Linear,
    projection: Linear,
}

/// One decoder layer. The head is the transpose of the word embeddings.
#[derive(Module, Debug)]
struct Text {
    word_embeddings: Embedding,
    position_embeddings: Embedding,
    self_: [Linear; 3],
    crossattention: [Linear; 3],
    layer_norm: LayerNorm,
    bias: Param<Tensor<1>>,
}

fn heads(linear: &Linear, x: &Tensor<3>) -> Tensor<4> {
    split_heads(linear.forward(x.clone()), HEADS)
}

fn key_value([_, key, value]: &[Linear; 3], x: &Tensor<3>) -> KeyValue {
    KeyValue {
        key: heads(key, x),
        value: heads(value, x),
    }
}

impl Text {
    /// Text rows `[R, T, D]`, given the keys and values of those that they see.
    fn layer(
        &self,
        x: Tensor<3>,
        image: &KeyValue,
        text: KeyValue,
        mask: Option<Tensor<4, burn::tensor::Bool>>,
    ) -> Tensor<3> {
        let own = masked_attention(heads(&self.self_[0], &x), &text, mask, 0.0);
        let x = x + merge_heads(own);
        let read = cross_attention(heads(&self.crossattention[0], &x), image, 0.0);
        self.layer_norm.forward(x + merge_heads(read))
    }
}

impl CaptionModel for Captioner {
    type Prefix = KeyValuePrefix;
    type Cache = TextCache;

    fn spec(&self) -> ModelSpec {
        ModelSpec {
            vocab_size: self.config.vocab_size,
            max_positions: 12,
            max_frames: 1,
            start_token_id: START,
            eos_token_ids: vec![2],
            pad_token_id: 0,
        }
    }

    fn device(&self) -> Device {
        self.text.bias.lazy_device()
    }

    fn encode(&self, pixels: &PixelValues) -> Result<Tensor<3>, ModelError> {
        let (height, width) = pixels.size();
        if (height, width) != (2 * PATCH, 2 * PATCH) {
            let size = 2 * PATCH;
            return Err(ModelError::PictureSize {
                height,
                width,
                size,
            });
        }
        let shape = [pixels.count(), 3, 2, PATCH, 2, PATCH];
        let data = TensorData::new(pixels.values().to_vec(), shape);
        let patches = Tensor::<6>::from_data(data, &self.device())
            .permute([0, 2, 4, 1, 3, 5])
            .reshape([pixels.count(), 4, 3 * PATCH * PATCH]);
        let x = self.vision.patch_embedding.forward(patches);
        let own = &self.vision.self_attn;
        let keys = KeyValue {
            key: heads(&own.key, &x),
            value: heads(&own.value, &x),
        };
        let read = merge_heads(captioner_ops::attention(heads(&own.query, &x), keys, 0.0));
        Ok(x + own.projection.forward(read))
    }

    fn prefix(&self, features: Tensor<3>) -> Result<KeyValuePrefix, ModelError> {
        Ok(KeyValuePrefix {
            layers: vec![key_value(&self.text.crossattention, &features)],
        })
    }

    fn cache(&self, pads: &[usize], capacity: usize) -> TextCache {
        TextCache::new(1, capacity, pads.to_vec())
    }

    fn hidden(&self, prefix: &KeyValuePrefix, tokens: Tokens) -> Result<Tensor<3>, ModelError> {
        let [_, length] = tokens.dims();
        let positions = self.text.position_embeddings.range(0, length).unsqueeze();
        let x = self.text.word_embeddings.forward(tokens.ids.clone()) + positions;
        let keys = key_value(&self.text.self_, &x);
        let mask = Some(tokens.mask());
        Ok(self.text.layer(x, &prefix.layers[0], keys, mask))
    }

    fn extend(
        &self,
        prefix: &KeyValuePrefix,
        ids: Tensor<2, Int>,
        cache: &mut TextCache,
    ) -> Result<Tensor<3>, ModelError> {
        let [_, length] = ids.dims();
        let table = &self.text.position_embeddings;
        let positions = match cache.positions(length, &ids.device()) {
            Some(positions) => table.forward(positions),
            None => table.range(cache.length(), length).unsqueeze(),
        };
        let x = self.text.word_embeddings.forward(ids) + positions;
        let mask = cache.mask(length, &x.device());
        let keys = cache.extend(0, key_value(&self.text.self_, &x));
        let x = self.text.layer(x, &prefix.layers[0], keys, mask);
        cache.advance(length);
        Ok(x)
    }

    fn head(&self, hidden: Tensor<2>) -> Tensor<2> {
        let words = self.text.word_embeddings.weight.val();
        hidden.matmul(words.transpose()) + self.text.bias.val().unsqueeze()
    }

    fn linear_layers(&mut self, visit: &mut LinearVisitor<'_>) {
        let own = &mut self.vision.self_attn;
        visit("vision.self_attn.query", &mut own.query);
        visit("vision.self_attn.value", &mut own.value);
    }
}

impl Pretrained for Captioner {
    const MODEL_TYPE: &'static str = "cross-attention-test";
    type Config = Config;

    fn validate_config(config: &Config) -> Result<(), ConfigError> {
        check_config::positive("vocab_size", config.vocab_size)
    }

    fn from_config(config: Config, device: &Device) -> Self {
        let linear = || Linear::new(WIDTH, WIDTH, device);
        Self {
            vision: Vision {
                patch_embedding: Linear::new(3 * PATCH * PATCH, WIDTH, device),
                self_attn: VisionAttention {
                    query: linear(),
                    key: linear(),
                    value: linear(),
                    projection: linear(),
                },
            },
            text: Text {
                word_embeddings: Embedding::new(config.vocab_size, WIDTH, device),
                position_embeddings: Embedding::new(12, WIDTH, device),
                self_: [linear(), linear(), linear()],
                crossattention: [linear(), linear(), linear()],
                layer_norm: LayerNorm::new(WIDTH, 1e-6, device),
                bias: captioner_model::parameter([config.vocab_size], device),
            },
            config,
            generation: GenerationConfig::default(),
        }
    }

    fn config(&self) -> &Config {
        &self.config
    }

    fn layout() -> WeightLayout {
        WeightLayout {
            renames: &[("layer_norm", "LayerNorm"), ("text", "text_decoder")],
            fused: &[Fused {
                stored: "self_attn.qkv",
                parts: &["self_attn.query", "self_attn.key", "self_attn.value"],
            }],
            ties: &[(
                "text_decoder.decoder.weight",
                "text_decoder.word_embeddings.weight",
            )],
            ignored: &[".position_ids"],
            parts: &[("image_encoder", "vision")],
        }
    }

    fn generation_config(&self) -> &GenerationConfig {
        &self.generation
    }

    fn set_generation_config(&mut self, config: GenerationConfig) {
        self.generation = config;
    }
}

fn model(seed: u64, device: &Device) -> Captioner {
    let config = Config {
        model_type: Captioner::MODEL_TYPE.into(),
        vocab_size: 14,
    };
    let fresh = Captioner::from_config(config, device);
    initialize(fresh, &Captioner::layout(), seed, |name| {
        match name.kind() {
            LayerKind::Norm if name.last() == "weight" => Init::Ones,
            LayerKind::Norm => Init::Zeros,
            _ => Init::Normal { std: 0.5 },
        }
    })
}

fn pixels(pictures: usize) -> PixelValues {
    let count = pictures * 3 * 64;
    let values = (0..count).map(|i| ((i * 29) % 31) as f32 / 15.0 - 1.0);
    PixelValues::new(values.collect(), &[pictures, 3, 8, 8]).unwrap()
}

fn tokens(rows: &[Vec<u32>]) -> TokenBatch {
    let options = EncodeOptions {
        padding: Padding::Longest,
        ..EncodeOptions::default()
    };
    TokenBatch::from_rows(rows, 0, &options).unwrap()
}

/// Two pictures with two captions each.
fn batch() -> CaptionBatch {
    let rows = [
        vec![START, 5, 6, 2],
        vec![START, 7, 2],
        vec![START, 8, 8, 2],
        vec![START, 3, 2],
    ];
    CaptionBatch::new(pixels(2), tokens(&rows)).unwrap()
}

fn loss(model: &Captioner, batch: &CaptionBatch) -> f32 {
    let output = model.loss(batch, &LossOptions::default()).unwrap();
    output.loss.into_scalar::<f32>()
}

#[test]
fn captions_start_with_the_models_token_and_every_strategy_works() {
    let model = model(3, &Device::flex());
    let prefix = model.encode_pixels(&pixels(3)).unwrap();
    assert_eq!(prefix.rows(), 3);
    for (num_beams, copies, do_sample) in [(1, 1, false), (3, 2, false), (1, 4, true)] {
        let config = GenerationConfig {
            max_new_tokens: Some(6),
            num_beams,
            num_return_sequences: copies,
            do_sample,
            ..GenerationConfig::default()
        };
        let all = model.generate(&prefix, &[], &config).unwrap();
        assert_eq!(all.len(), 3 * copies);
        assert!(all.iter().all(|sequence| sequence.ids[0] == START));
    }
}

#[test]
fn the_cache_gives_the_teacher_forced_logits() {
    let device = Device::flex();
    let model = model(3, &device);
    let prefix = model.encode_pixels(&pixels(2)).unwrap();
    let ids: Tensor<2, Int> = Tensor::from_data([[9, 5, 6, 2], [9, 8, 8, 2]], &device);
    let want = model.logits(&prefix, Tokens::new(ids.clone())).unwrap();
    let mut cache = model.cache(&[0, 0], 4);
    for (start, length) in [(0, 2), (2, 1), (3, 1)] {
        let next = ids.clone().narrow(1, start, length);
        let hidden = model.extend(&prefix, next, &mut cache).unwrap();
        let got = model.head(hidden.narrow(1, length - 1, 1).reshape([2, WIDTH]));
        let want = want
            .clone()
            .narrow(1, start + length - 1, 1)
            .reshape([2, 14]);
        got.into_data()
            .assert_approx_eq::<f32>(&want.into_data(), Tolerance::absolute(1e-5));
    }
}

#[test]
fn kept_features_of_the_encoder_give_the_loss_of_the_pixels() {
    let model = model(3, &Device::flex());
    let pixels = batch();
    let Visual::Pixels(values) = pixels.visual() else {
        panic!("the batch holds pixels");
    };
    let features = model.encode(values).unwrap();
    let shape = features.dims();
    let features = features.into_data().try_to_vec().unwrap();
    let features = FeatureRows::new(features, shape).unwrap();
    let kept = CaptionBatch::new(features, pixels.tokens().clone()).unwrap();
    assert_eq!(loss(&model, &kept), loss(&model, &pixels));
}

#[test]
fn what_the_loss_does_not_reach_is_an_error_and_no_panic() {
    let device = Device::flex().autodiff();
    let model = model(3, &device);
    let names = ["text_decoder", "vision.self_attn"].map(|p| NamePattern::new(p).unwrap());
    // The patches alone are trained, and the batch holds features that come after them.
    let model = freeze(model, &names).unwrap();
    let features = model.encode(&pixels(2)).unwrap();
    let features = FeatureRows::from_tensor(features).unwrap();
    let kept = CaptionBatch::new(features, batch().tokens().clone()).unwrap();
    let error = model.gradients(&kept, &LossOptions::default());
    assert!(matches!(error, Err(ModelError::NothingToTrain { .. })));
}

#[test]
fn training_lowers_the_loss_and_a_frozen_encoder_gets_no_gradient() {
    let device = Device::flex().autodiff();
    let mut trained = model(3, &device);
    let mut optimizer = burn::optim::AdamWConfig::new().init();
    let before = loss(&trained, &batch());
    for _ in 0..20 {
        let (_, grads) = trained
            .gradients(&batch(), &LossOptions::default())
            .unwrap();
        trained = optimizer.step(0.02, trained, grads);
    }
    assert!(loss(&trained, &batch()) < 0.5 * before);
    let all = parameter_names(&trained).len();
    let frozen = freeze(trained, &[NamePattern::new("image_encoder").unwrap()]).unwrap();
    let (_, grads) = frozen.gradients(&batch(), &LossOptions::default()).unwrap();
    let of_the_encoder = 2 + 4 * 2; // weight and bias of five linear layers
    assert_eq!(grads.len(), all - of_the_encoder);
}

/// Names and shapes of a safetensors file.
fn stored(folder: &Path) -> BTreeMap<String, Vec<usize>> {
    let bytes = std::fs::read(folder.join("model.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    file.iter()
        .map(|(name, tensor)| (name.to_owned(), tensor.shape().to_vec()))
        .collect()
}

#[test]
fn a_checkpoint_has_renamed_fused_and_tied_tensors_and_opens_again() {
    let device = Device::flex();
    let saved = model(3, &device);
    let folder = tempfile::tempdir().unwrap();
    saved.save_pretrained(folder.path()).unwrap();
    let names = stored(folder.path());
    assert_eq!(names["vision.self_attn.qkv.weight"], [3 * WIDTH, WIDTH]);
    assert_eq!(names["vision.self_attn.qkv.bias"], [3 * WIDTH]);
    assert_eq!(names["text_decoder.word_embeddings.weight"], [14, WIDTH]);
    assert_eq!(names["text_decoder.LayerNorm.weight"], [WIDTH]);
    assert!(!names.contains_key("text_decoder.decoder.weight"));
    assert!(!names.keys().any(|name| name.contains("query")));
    let loaded = Captioner::from_pretrained(folder.path(), &device).unwrap();
    assert_eq!(loss(&loaded, &batch()), loss(&saved, &batch()));
    let again = tempfile::tempdir().unwrap();
    loaded.save_pretrained(again.path()).unwrap();
    let bytes = |folder: &Path| std::fs::read(folder.join("model.safetensors")).unwrap();
    assert_eq!(bytes(again.path()), bytes(folder.path()));
}

/// The file again, each tensor under the name that `rename` gives it, if any.
fn rewrite(folder: &Path, rename: impl Fn(&str) -> Vec<String>) {
    let path = folder.join("model.safetensors");
    let bytes = std::fs::read(&path).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let views = file.iter().flat_map(|(name, tensor)| {
        let names = rename(name).into_iter();
        names.map(move |name| {
            let (dtype, shape) = (tensor.dtype(), tensor.shape().to_vec());
            let view = safetensors::tensor::TensorView::new(dtype, shape, tensor.data());
            (name, view.unwrap())
        })
    });
    let views: Vec<_> = views.collect();
    let bytes = safetensors::serialize(views, None).unwrap();
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_tied_tensor_may_be_there_twice_or_under_its_second_name_alone() {
    const OWN: &str = "text_decoder.word_embeddings.weight";
    const TIED: &str = "text_decoder.decoder.weight";
    let device = Device::flex();
    let saved = model(3, &device);
    for names in [&[OWN, TIED][..], &[TIED]] {
        let folder = tempfile::tempdir().unwrap();
        saved.save_pretrained(folder.path()).unwrap();
        rewrite(folder.path(), |name| match name {
            OWN => names.iter().map(|name| (*name).to_owned()).collect(),
            other => vec![other.to_owned()],
        });
        let (loaded, report) =
            Captioner::from_pretrained_with_report(folder.path(), &device).unwrap();
        assert_eq!(loss(&loaded, &batch()), loss(&saved, &batch()));
        assert_eq!(report.ignored.len(), names.len() - 1);
    }
    let folder = tempfile::tempdir().unwrap();
    saved.save_pretrained(folder.path()).unwrap();
    rewrite(folder.path(), |name| match name {
        "vision.self_attn.qkv.bias" => Vec::new(),
        other => vec![other.to_owned()],
    });
    let error = Captioner::from_pretrained(folder.path(), &device).unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("1 missing: vision.self_attn.qkv.bias"),
        "{message}"
    );
}

#[test]
fn adapters_reach_the_layers_that_the_model_names() {
    let device = Device::flex().autodiff();
    let config = LoraConfig {
        target_modules: vec!["query".into(), "value".into()],
        ..LoraConfig::default()
    };
    let adapted = add_lora(model(3, &device), &config, 1).unwrap();
    let (_, grads) = adapted
        .gradients(&batch(), &LossOptions::default())
        .unwrap();
    assert_eq!(grads.len(), 2 * 2);
    assert!(has_adapter(&adapted) && !has_adapter(&merge_adapter(adapted)));
}

#[test]
fn gradients_are_those_of_the_losses() {
    let model = model(3, &Device::flex().autodiff());
    let options = LossOptions {
        divisor: 7.0,
        ..LossOptions::default()
    };
    let (LossOutput { loss, count }, grads) = model.gradients(&batch(), &options).unwrap();
    let own = model.losses(&batch(), 0.0).unwrap();
    assert_eq!(own.dims(), [count]);
    let own = own.sum() / 7.0;
    assert_eq!(own.clone().into_scalar::<f32>(), loss.into_scalar::<f32>());
    let own = GradientsParams::from_grads(own.backward(), &model);
    assert_eq!(own.len(), grads.len());
}
