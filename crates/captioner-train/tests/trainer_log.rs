//! A run logs what transformers' `Trainer` and a plain PyTorch loop log, step by step: the loss, the
//! gradients' norm, the learning rate, and evaluations. `tools/reference/trainer_log.py` made the
//! logs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::tensor::Device;
use captioner_data::{InMemoryDataset, Picture};
use captioner_git::GitForCausalLm;
use captioner_model::{Padding, Pretrained, Processor};
use captioner_train::{
    IntervalStrategy, PreparedSet, SamplingStrategy, SaveStrategy, Steps, Trainer, TrainerState,
    TrainingArguments,
};
use serde::Deserialize;

/// Largest difference of a value, as a share of it.
const TOLERANCE: f64 = 1e-4;

#[derive(Deserialize)]
struct Reference {
    settings: Settings,
    captions: Vec<String>,
    input_ids: Vec<Vec<u32>>,
    /// Of each way of padding, by program: each value's course.
    logs: BTreeMap<String, BTreeMap<String, BTreeMap<String, Vec<f64>>>>,
}

#[derive(Clone, Deserialize)]
struct Settings {
    height: u32,
    width: u32,
    /// Of training; the rows after them are for evaluation.
    rows: usize,
    max_length: usize,
    per_device_train_batch_size: usize,
    gradient_accumulation_steps: usize,
    max_steps: usize,
    warmup_steps: usize,
    eval_steps: usize,
    learning_rate: f64,
    weight_decay: f64,
    max_grad_norm: f64,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/trainer_log")
}

fn reference() -> Reference {
    serde_json::from_slice(&fs::read(folder().join("log.json")).unwrap()).unwrap()
}

/// The rows of training and those of evaluation.
fn sets(reference: &Reference, padding: Padding, pads_in_loss: bool) -> [Arc<PreparedSet>; 2] {
    let (height, width) = (reference.settings.height, reference.settings.width);
    let bytes = fs::read(folder().join("pictures.u8")).unwrap();
    let pictures = bytes.chunks((3 * height * width) as usize);
    let mut sets = ["train", "test"].map(InMemoryDataset::new);
    for (row, (pixels, caption)) in pictures.zip(&reference.captions).enumerate() {
        let pixels = pixels.to_vec();
        let picture = Picture::Rgb8 {
            width,
            height,
            pixels,
        };
        sets[usize::from(row >= reference.settings.rows)].push(picture, [caption.as_str()]);
    }
    let processor = Processor::from_pretrained(folder()).unwrap();
    let max_tokens = reference.settings.max_length;
    sets.map(|set| {
        let set = PreparedSet::new(Arc::new(set), processor.clone(), max_tokens);
        Arc::new(set.with_padding(padding).with_pads_in_loss(pads_in_loss))
    })
}

fn arguments(settings: &Settings, output: &Path) -> TrainingArguments {
    TrainingArguments {
        output_dir: output.join("run"),
        max_steps: Some(settings.max_steps),
        per_device_train_batch_size: settings.per_device_train_batch_size,
        per_device_eval_batch_size: 64, // one batch, as there
        gradient_accumulation_steps: settings.gradient_accumulation_steps,
        train_sampling_strategy: SamplingStrategy::Sequential,
        learning_rate: settings.learning_rate,
        weight_decay: settings.weight_decay,
        max_grad_norm: settings.max_grad_norm,
        warmup_steps: Steps::Count(settings.warmup_steps),
        logging_steps: Steps::Count(1),
        eval_strategy: IntervalStrategy::Steps,
        eval_steps: Some(Steps::Count(settings.eval_steps)),
        save_strategy: SaveStrategy::No,
        disable_tqdm: true,
        ..TrainingArguments::default()
    }
}

fn trained(reference: &Reference, padding: Padding, pads_in_loss: bool) -> TrainerState {
    let root = tempfile::tempdir().unwrap();
    let [train, test] = sets(reference, padding, pads_in_loss);
    let arguments = arguments(&reference.settings, root.path());
    let mut trainer = Trainer::new(arguments, train, Some(test)).unwrap();
    let device = Device::flex().autodiff();
    let model = GitForCausalLm::from_pretrained(folder(), &device).unwrap();
    trainer.train(model).unwrap().state
}

/// The largest difference between a value's course and the reference's, as a share.
fn difference(state: &TrainerState, value: &str, want: &[f64]) -> f64 {
    let curve = state.curve(value);
    assert_eq!(curve.len(), want.len(), "{value}");
    let shares = curve.iter().zip(want).map(|(&(_, got), &want)| {
        let scale = if want == 0.0 { 1.0 } else { want.abs() };
        (got - want).abs() / scale
    });
    shares.fold(0.0, f64::max)
}

#[test]
fn each_step_logs_what_transformers_trainer_and_a_plain_loop_log() {
    let reference = reference();
    let counted = Padding::MaxLength(reference.settings.max_length);
    for (name, padding, pads_in_loss) in [
        ("ignored", Padding::Longest, false),
        ("counted", counted, true),
    ] {
        let state = trained(&reference, padding, pads_in_loss);
        for program in ["trainer", "trainer_compute_loss", "loop"] {
            let want = &reference.logs[name][program];
            for value in ["loss", "grad_norm", "learning_rate", "eval_loss"] {
                let difference = difference(&state, value, &want[value]);
                eprintln!("pads {name}: {value} from {program}: {difference:.1e}");
                assert!(difference <= TOLERANCE, "pads {name}, {program}: {value}");
            }
        }
        let norms = &reference.logs[name]["loop"]["grad_norm_f64"];
        let norm = difference(&state, "grad_norm", norms);
        eprintln!("pads {name}: grad_norm from one summed in f64: {norm:.1e}");
        assert!(norm <= TOLERANCE);
        let epochs = &reference.logs[name]["trainer"]["epoch"];
        let steps = state.log_history.iter();
        let steps = steps.filter(|entry| entry.values.contains_key("loss"));
        let got: Vec<f64> = steps.map(|entry| entry.epoch).collect();
        assert_eq!(&got, epochs, "pads {name}");
    }
}

#[test]
fn the_reference_read_the_same_captions_and_some_of_its_steps_were_clipped() {
    let reference = reference();
    let processor = Processor::from_pretrained(folder()).unwrap();
    for (caption, want) in reference.captions.iter().zip(&reference.input_ids) {
        assert_eq!(&processor.tokenizer.encode(caption).unwrap(), want);
    }
    let settings = &reference.settings;
    for (name, programs) in &reference.logs {
        let norms = &programs["loop"]["grad_norm"];
        let clipped = norms.iter().filter(|norm| **norm > settings.max_grad_norm);
        let clipped = clipped.count();
        assert!(clipped > 0 && clipped < settings.max_steps, "pads {name}");
    }
    // The last step of an epoch has fewer batches, and its last batch fewer rows.
    let batches = settings.rows.div_ceil(settings.per_device_train_batch_size);
    assert_ne!(batches % settings.gradient_accumulation_steps, 0);
    assert_ne!(settings.rows % settings.per_device_train_batch_size, 0);
}
