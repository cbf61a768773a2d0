//! A captioner of one's own on the traits that GIT implements, trained, evaluated, saved and loaded
//! by the same `Trainer`: `cargo run --release --example custom_model`
//!
//! Each patch of a picture is a row by itself. A window over the last words, a causal convolution,
//! asks the patches by cross-attention what comes next. Shapes: B pictures, R sequences, T tokens.

#[path = "cli/lines.rs"]
mod lines;
mod prepare;

use std::process::ExitCode;

use captioner::Captioner;
use captioner::burn::tensor::{Device, Int, Tensor};
use captioner::burn::{self, module::Module};
use captioner::model::*;
use captioner::ops::{DeviceSpec, KeyValue, cross_attention, gelu, merge_heads, split_heads};
use captioner::train::{ProgressCallback, Trainer};
use prepare::*;

const PATCH: usize = 8; // pixels
const HEADS: usize = 4;
const WINDOW: usize = 8; // words that a prediction sees

type Hidden = Result<Tensor<3>, ModelError>;

/// What `config.json` holds.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct PatchConfig {
    pub(crate) width: usize, // D
    #[serde(flatten)]
    pub(crate) spec: ModelSpec,
}

#[derive(Module, Debug)]
pub(crate) struct PatchCaptioner {
    patches: Linear,
    places: Embedding,
    words: Embedding,
    window: Linear,
    query: Linear,
    output: Linear,
    head: Linear,
    #[module(skip)]
    config: PatchConfig,
    #[module(skip)]
    generation: GenerationConfig,
}

impl CaptionModel for PatchCaptioner {
    type Prefix = Tensor<4>; // a picture's patches, [B, HEADS, patches, D / HEADS]
    type Cache = Tensor<3>; // a sequence's last words, [R, WINDOW - 1, D]
    fn spec(&self) -> ModelSpec {
        self.config.spec.clone()
    }
    fn device(&self) -> Device {
        self.head.weight.lazy_device()
    }
    fn encode(&self, pixels: &PixelValues) -> Hidden {
        let pictures = upload_pictures(pixels, IMAGE_SIZE, &self.device())?; // [B, 3, H, W]
        let (batch, side) = (pixels.count(), IMAGE_SIZE / PATCH);
        let patches = pictures.reshape([batch, 3, side, PATCH, side, PATCH]);
        let patches = patches.permute([0, 2, 4, 1, 3, 5]);
        let patches = patches.reshape([batch, side * side, 3 * PATCH * PATCH]);
        let places = self.places.range(0, side * side).unsqueeze();
        Ok(gelu(self.patches.forward(patches) + places))
    }
    fn prefix(&self, features: Tensor<3>) -> Result<Tensor<4>, ModelError> {
        Ok(split_heads(features, HEADS))
    }
    // Before the first word stand pads, so that a prompt's pads on its left change nothing.
    fn cache(&self, pads: &[usize], _capacity: usize) -> Tensor<3> {
        let (shape, pad) = ([pads.len(), WINDOW - 1], self.config.spec.pad_token_id);
        self.words.forward(Tensor::full(shape, pad, &self.device()))
    }
    fn extend(&self, image: &Tensor<4>, ids: Tensor<2, Int>, last: &mut Tensor<3>) -> Hidden {
        let [_, length] = ids.dims();
        let words = Tensor::cat(vec![last.clone(), self.words.forward(ids)], 1);
        *last = words.clone().narrow(1, length, WINDOW - 1);
        let window = (0..WINDOW).map(|at| words.clone().narrow(1, at, length));
        let x = gelu(self.window.forward(Tensor::cat(window.collect(), 2)));
        let query = split_heads(self.query.forward(x.clone()), HEADS);
        let (key, value) = (image.clone(), image.clone());
        let seen = cross_attention(query, &KeyValue { key, value }, 0.0);
        let both = Tensor::cat(vec![x, merge_heads(seen)], 2);
        Ok(gelu(self.output.forward(both)))
    }
    fn head(&self, hidden: Tensor<2>) -> Tensor<2> {
        self.head.forward(hidden)
    }
}

impl Pretrained for PatchCaptioner {
    const MODEL_TYPE: &'static str = "patch_captioner";
    type Config = PatchConfig;
    fn validate_config(config: &PatchConfig) -> Result<(), ConfigError> {
        check_config::heads("width", config.width, HEADS)
    }
    fn from_config(config: PatchConfig, device: &Device) -> Self {
        let (width, vocab_size) = (config.width, config.spec.vocab_size);
        Self {
            patches: Linear::new(3 * PATCH * PATCH, width, device),
            places: Embedding::new((IMAGE_SIZE / PATCH).pow(2), width, device),
            words: Embedding::new(vocab_size, width, device),
            window: Linear::new(WINDOW * width, width, device),
            query: Linear::new(width, width, device),
            output: Linear::new(2 * width, width, device),
            head: Linear::new(width, vocab_size, device),
            config,
            generation: GenerationConfig::default(),
        }
    }
    fn config(&self) -> &PatchConfig {
        &self.config
    }
    fn generation_config(&self) -> &GenerationConfig {
        &self.generation
    }
    fn set_generation_config(&mut self, config: GenerationConfig) {
        self.generation = config;
    }
}

fn main() -> ExitCode {
    lines::end(run)
}

fn run() -> Outcome<()> {
    let (processor, train, held_out) = prepare()?;
    let (folder, device) = (tempfile::tempdir()?, DeviceSpec::AUTO.open()?.autodiff());
    let spec = ModelSpec::for_tokenizer(&processor.tokenizer, MAX_TOKENS);
    let config = PatchConfig { width: 128, spec };
    let model = PatchCaptioner::with_fresh_weights(config, SEED, &device)?;

    let mut trainer = Trainer::new(arguments(folder.path()), train, Some(held_out.clone()))?
        .with_callback(ProgressCallback::default());
    let before = trainer.evaluate(&model.valid())?;
    let model = trainer.train(model)?.model.valid();
    lines::out(compare(&before, &trainer.evaluate(&model)?));

    let saved = folder.path().join("model");
    save_pretrained(&model, &processor, &saved)?;
    let written = captions(&Captioner::new(model, processor)?, &held_out)?;
    let opened = PatchCaptioner::from_pretrained(&saved, &device.inner())?;
    let opened = Captioner::new(opened, Processor::from_pretrained(&saved)?)?;
    let same = captions(&opened, &held_out)? == written;
    lines::out(written);
    lines::out(format_args!("the same from the saved model: {same}"));
    Ok(())
}
