//! git-base with random weights: transformers and this crate, in turns, on the CPU.
//!
//! ```text
//! CAPTIONER_PYTHON=python cargo bench -p captioner-git --bench against_python
//! ```
//!
//! `CAPTIONER_PYTHON` is a Python with torch and transformers. Single precision on both sides, medians.
//! The pictures, the weights and the texts are the same, and so must the ids and losses be. 20 tokens
//! are generated, whatever they are; a training step is loss and gradients of all parameters, with 24
//! tokens of text and without dropout. About 700 MB are written to a temporary folder.

#![expect(clippy::print_stdout, reason = "a bench prints its values")]

#[path = "../../../benches/peers/peer.rs"]
mod peer;

use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use captioner_git::GitForCausalLm;
use captioner_model::{
    CaptionBatch, CaptionModel, EncodeOptions, GenerationConfig, LossOptions, Padding, PixelValues,
    Pretrained, TokenBatch,
};
use captioner_ops::on_worker;
use peer::{Peer, Seconds, median, time};
use safetensors::SafeTensors;

/// As in the examples: otherwise the kernel maps and clears large tensors at every step.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Runs of each piece of work, odd, so that there is one in the middle; another number can be given
/// behind `--`.
const RUNS: usize = 5;
const NEW_TOKENS: usize = 20;
const PICTURE: usize = 3 * 224 * 224;

const WORK: [(&str, usize); 7] = [
    ("vision", 1),
    ("vision", 8),
    ("greedy", 1),
    ("greedy", 8),
    ("beams", 1),
    ("beams", 4),
    ("training", 4),
];

fn main() {
    // As in the examples.
    on_worker(run);
}

fn run() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let Some(mut peer) = Peer::start("git.py", &[folder.path().as_os_str()]) else {
        return;
    };
    let side = Side::new(folder.path());
    let given = std::env::args().find_map(|runs| runs.parse().ok());
    let runs: usize = given.unwrap_or(RUNS);
    println!("medians of {runs}");
    let [a, b, c, d] = ["Python s", "ours s", "ratio", "by CPU"];
    println!("{:<14} {a:>9} {b:>9} {c:>7} {d:>7}", "");
    for (work, count) in WORK {
        measure(&mut peer, &side, work, count, runs);
    }
}

fn measure(peer: &mut Peer, side: &Side, work: &str, count: usize, runs: usize) {
    let (mut theirs, mut own): (Vec<Seconds>, Vec<Seconds>) = Default::default();
    for run in 0..=runs {
        let answer = peer.ask(&format!("{work} {count}"));
        let mut value = 0.0;
        let seconds = time(|| value = side.run(work, count));
        let off = (value - answer[2]).abs() / answer[2].abs();
        assert!(off < 1e-5, "{work} {count}: {value} is not {}", answer[2]);
        if run > 0 {
            // The first run warms both up.
            theirs.push((answer[0], answer[1]));
            own.push(seconds);
        }
    }
    let (theirs, own) = (median(&theirs), median(&own));
    let (ratio, by_processor) = (theirs.0 / own.0, theirs.1 / own.1);
    let title = format!("{work} {count}");
    println!(
        "{title:<14} {:>9.3} {:>9.3} {ratio:>6.2}x {by_processor:>6.2}x",
        theirs.0, own.0
    );
}

/// This crate's side.
struct Side {
    model: GitForCausalLm,
    training: GitForCausalLm,
    pixels: Vec<f32>,
    ids: Vec<Vec<u32>>,
}

impl Side {
    fn new(folder: &Path) -> Self {
        let device = Device::flex();
        let open = |device: &Device| GitForCausalLm::from_pretrained(folder, device);
        let bytes = std::fs::read(folder.join("pixels.safetensors")).expect("the script wrote it");
        let tensors = SafeTensors::deserialize(&bytes).expect("safetensors");
        let words = |name: &str| -> Vec<[u8; 4]> {
            let data = tensors.tensor(name).expect("the tensor").data().to_vec();
            data.as_chunks().0.to_vec()
        };
        let ids = words("ids").into_iter().map(u32::from_le_bytes);
        let ids: Vec<u32> = ids.collect();
        let pixels = words("pixels").into_iter().map(f32::from_le_bytes);
        Self {
            model: open(&device).expect("the model"),
            training: open(&device.autodiff()).expect("the model"),
            pixels: pixels.collect(),
            ids: ids.chunks(ids.len() / 8).map(<[u32]>::to_vec).collect(),
        }
    }

    fn run(&self, work: &str, count: usize) -> f64 {
        let values = self.pixels[..count * PICTURE].to_vec();
        match work {
            "vision" => self.look(values, count),
            "training" => self.train(values, count),
            _ => self.generate(values, count, if work == "greedy" { 1 } else { 4 }),
        }
    }

    /// The largest magnitude among the features.
    fn look(&self, values: Vec<f32>, count: usize) -> f64 {
        let values = TensorData::new(values, [count, 3, 224, 224]);
        let pixels = Tensor::<4>::from_data(values, &self.model.device());
        let features = self.model.vision_features(pixels).expect("features");
        f64::from(features.abs().max().into_scalar::<f32>())
    }

    /// The mean loss; its gradients are computed and dropped.
    fn train(&self, values: Vec<f32>, count: usize) -> f64 {
        let pixels = PixelValues::new(values, &[count, 3, 224, 224]).expect("pictures");
        let options = EncodeOptions {
            padding: Padding::Longest,
            ..EncodeOptions::default()
        };
        let tokens = TokenBatch::from_rows(&self.ids[..count], 0, &options).expect("tokens");
        let batch = CaptionBatch::new(pixels, tokens).expect("a batch");
        let options = LossOptions {
            divisor: batch.target_count() as f64,
            ..LossOptions::default()
        };
        let (output, grads) = self
            .training
            .gradients(&batch, &options)
            .expect("gradients");
        assert!(!grads.is_empty());
        f64::from(output.loss.into_scalar::<f32>())
    }

    /// The sum of all ids.
    fn generate(&self, values: Vec<f32>, count: usize, num_beams: usize) -> f64 {
        let pixels = PixelValues::new(values, &[count, 3, 224, 224]).expect("pictures");
        let prefix = self.model.encode_pixels(&pixels).expect("a prefix");
        let config = GenerationConfig {
            min_new_tokens: Some(NEW_TOKENS),
            max_new_tokens: Some(NEW_TOKENS),
            num_beams,
            ..GenerationConfig::default()
        };
        let generated = self
            .model
            .generate(&prefix, &[], &config)
            .expect("sequences");
        let ids = generated.iter().flat_map(|row| &row.ids);
        ids.map(|id| f64::from(*id)).sum()
    }
}
