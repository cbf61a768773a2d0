//! Every device that is compiled in computes the same as the CPU backend:
//! `cargo test --release --features ndarray,wgpu --test devices`.
//!
//! A software Vulkan device does (Mesa's lavapipe, which takes the shaders of the feature `wgpu`; on
//! those of `vulkan` its compiler crashes). Tolerances are those of single precision with
//! sums in another order, each stated beside what was measured.

#![allow(
    clippy::print_stdout,
    reason = "the values beside the tolerances are for the docs"
)]

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::{Device, Int, Tensor, TensorData};
use captioner::git::{GitConfig, GitForCausalLm};
use captioner::model::{
    CaptionBatch, CaptionModel, EncodeOptions, GenerationConfig, LossOptions, Padding, PixelValues,
    TokenBatch, Tokens,
};
use captioner::ops::DeviceSpec;

/// Largest difference from the CPU backend, as a share of the largest value of its kind.
struct Tolerance {
    logits: f32,
    gradients: f32,
    losses: f32,
}

/// What a device computes.
struct Results {
    vision: Vec<f32>,
    logits: Vec<f32>,
    /// Each parameter's.
    gradients: Vec<Vec<f32>>,
    /// Five steps of AdamW.
    losses: Vec<f32>,
    greedy: Vec<Vec<u32>>,
    beams: Vec<Vec<u32>>,
}

fn config() -> GitConfig {
    let mut config = GitConfig::small(61, 0, 1, 2);
    config.vision_config.image_size = 48;
    config
}

fn pixels() -> PixelValues {
    let side = config().vision_config.image_size;
    let values = (0..2 * 3 * side * side).map(|i| ((i * 31 + 7) % 83) as f32 / 41.0 - 1.0);
    PixelValues::new(values.collect(), &[2, 3, side, side]).unwrap()
}

fn batch() -> CaptionBatch {
    let rows = [vec![1, 5, 9, 33, 60, 2], vec![1, 8, 2]];
    let options = EncodeOptions {
        padding: Padding::Longest,
        ..EncodeOptions::default()
    };
    let tokens = TokenBatch::from_rows(&rows, 0, &options).unwrap();
    CaptionBatch::new(pixels(), tokens).unwrap()
}

fn floats<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    x.into_data().try_to_vec().unwrap()
}

struct Gradients<'a> {
    all: &'a GradientsParams,
    found: Vec<Vec<f32>>,
}

impl ModuleVisitor for Gradients<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let grad = self.all.get::<D>(param.id);
        self.found.push(grad.map(floats).unwrap_or_default());
    }
}

fn compute(device: &Device) -> Results {
    let batch = batch();
    let model = GitForCausalLm::new(config(), 3, device).unwrap();
    let prefix = model.encode_pixels(&pixels()).unwrap();
    let generate = |num_beams| {
        let config = GenerationConfig {
            max_length: Some(14),
            num_beams,
            ..GenerationConfig::default()
        };
        let generated = model.generate(&prefix, &[], &config).unwrap();
        generated.into_iter().map(|row| row.ids).collect()
    };
    let (greedy, beams) = (generate(1), generate(3));
    let side = config().vision_config.image_size;
    let pixels = TensorData::new(pixels().into_values(), [2, 3, side, side]);
    let pixels = Tensor::<4>::from_data(pixels, device);
    let vision = floats(model.vision_features(pixels).unwrap());
    let ids: Vec<i64> = batch
        .tokens()
        .input_ids
        .iter()
        .map(|id| i64::from(*id))
        .collect();
    let ids = TensorData::new(ids, [batch.captions(), batch.padded_length()]);
    let ids = Tensor::<2, Int>::from_data(ids, device);
    let logits = floats(model.logits(&prefix, Tokens::new(ids)).unwrap());

    let mut model = GitForCausalLm::new(config(), 3, &device.clone().autodiff()).unwrap();
    let mut optimizer = AdamWConfig::new().init();
    let (mut losses, mut gradients) = (Vec::new(), Vec::new());
    for step in 0..5 {
        let (output, grads) = model.gradients(&batch, &LossOptions::default()).unwrap();
        losses.push(output.loss.into_scalar::<f32>());
        if step == 0 {
            let mut visitor = Gradients {
                all: &grads,
                found: Vec::new(),
            };
            model.visit(&mut visitor);
            gradients = visitor.found;
        }
        model = optimizer.step(1e-3, model, grads);
    }
    Results {
        vision,
        logits,
        gradients,
        losses,
        greedy,
        beams,
    }
}

/// The largest difference as a share of the largest value.
fn difference(got: &[f32], want: &[f32]) -> f32 {
    assert_eq!(got.len(), want.len());
    assert!(got.iter().all(|x| x.is_finite()));
    let largest = |values: &mut dyn Iterator<Item = f32>| values.fold(0.0, f32::max);
    let scale = largest(&mut want.iter().map(|x| x.abs()));
    let most = largest(&mut got.iter().zip(want).map(|(g, w)| (g - w).abs()));
    if most == 0.0 { 0.0 } else { most / scale }
}

fn compare(name: &str, tolerance: &Tolerance) {
    let open = |name: &str| name.parse::<DeviceSpec>().unwrap().open().unwrap();
    let (want, got) = (compute(&open("flex")), compute(&open(name)));
    let vision = difference(&got.vision, &want.vision);
    let logits = difference(&got.logits, &want.logits);
    // Each parameter by its own largest entry, but none below a thousandth of the largest of all:
    // the gradient of the keys' biases is zero, and what is computed for it is rounding.
    let all = want.gradients.iter().flatten();
    let floor = 1e-3 * all.fold(0.0, |most: f32, g| most.max(g.abs()));
    let pairs = got.gradients.iter().zip(&want.gradients);
    let gradients = pairs.map(|(got, want)| {
        let scale = want.iter().fold(floor, |most, g| most.max(g.abs()));
        let differences = got.iter().zip(want).map(|(g, w)| (g - w).abs() / scale);
        differences.fold(0.0, f32::max)
    });
    let gradients = gradients.fold(0.0, f32::max);
    let losses = difference(&got.losses, &want.losses);
    println!(
        "{name}: vision {vision:.1e}, logits {logits:.1e}, gradients {gradients:.1e}, \
         losses of five steps {losses:.1e}"
    );
    assert!(vision <= tolerance.logits, "vision output: {vision}");
    assert!(logits <= tolerance.logits, "logits: {logits}");
    assert!(gradients <= tolerance.gradients, "gradients: {gradients}");
    assert!(losses <= tolerance.losses, "losses: {losses}");
    assert_eq!(got.greedy, want.greedy, "greedy search");
    assert_eq!(got.beams, want.beams, "beam search");
}

#[test]
fn flex_repeats_itself_to_the_bit() {
    let exact = Tolerance {
        logits: 0.0,
        gradients: 0.0,
        losses: 0.0,
    };
    compare("flex", &exact);
}

#[cfg(feature = "ndarray")]
#[test]
fn ndarray_agrees_with_flex() {
    // Measured: 6.3e-7, 1.1e-6, 6.4e-8.
    let tolerance = Tolerance {
        logits: 3e-6,
        gradients: 5e-6,
        losses: 5e-7,
    };
    compare("ndarray", &tolerance);
}

#[cfg(any(feature = "vulkan", feature = "wgpu"))]
#[test]
fn vulkan_agrees_with_flex() {
    // Measured on llvmpipe through WGSL: 9.1e-7, 1.8e-6, 6.4e-8.
    let tolerance = Tolerance {
        logits: 3e-6,
        gradients: 1e-5,
        losses: 5e-7,
    };
    let name = if cfg!(feature = "vulkan") {
        "vulkan"
    } else {
        "wgpu"
    };
    compare(name, &tolerance);
}
