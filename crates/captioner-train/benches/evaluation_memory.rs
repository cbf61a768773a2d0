//! What an evaluation adds to the memory that git-base's weights take, random ones, on the CPU: 84
//! pictures of 224 x 224, batches of 32, a vocabulary of 30,522.
//!
//! ```text
//! cargo bench -p captioner-train --bench evaluation_memory
//! ```
//!
//! Takes minutes, and 1 GB of memory; fewer pictures can be given behind `--`. Reads Linux' `/proc/self/status`; elsewhere it says so and ends.

#![expect(clippy::print_stdout, reason = "a bench prints its values")]

mod git_base;

use std::fs;
use std::sync::Arc;
use std::time::Instant;

use burn::module::Module;
use burn::tensor::Device;
use captioner_creatures::Creatures;
use captioner_git::GitForCausalLm;
use captioner_metrics::MetricSet;
use captioner_model::{GenerationConfig, Pretrained, Processor};
use captioner_ops::on_worker;
use captioner_train::{EvaluationOptions, GuideOptions, PreparedSet, evaluate, guide_metrics};

/// As in the examples: otherwise the kernel maps and clears large tensors at every step.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROWS: usize = 84;
const BATCH_SIZE: usize = 32;
/// What an evaluation may add, in MiB.
const LIMIT: f64 = 300.0;

fn main() {
    // As in the examples.
    on_worker(run);
}

fn run() {
    if memory("VmRSS").is_none() {
        println!("no /proc/self/status here: nothing is measured");
        return;
    }
    let rows = git_base::rows(ROWS);
    let (tokenizer, config) = git_base::for_creatures(rows);
    let model = GitForCausalLm::with_fresh_weights(config, 1, &Device::flex()).expect("a model");
    let set = || {
        let processor = Processor::clip(224, tokenizer.clone()).expect("a processor");
        let set = PreparedSet::new(Arc::new(Creatures::with_rows(rows, 42)), processor, 64);
        Arc::new(set)
    };
    let options = |generate: bool| EvaluationOptions {
        batch_size: BATCH_SIZE,
        generation: generate.then(|| GenerationConfig {
            max_length: Some(20),
            ..GenerationConfig::default()
        }),
        metrics: MetricSet::from_names(["wer"]).expect("a metric"),
        ..EvaluationOptions::default()
    };
    let weights = model.num_params() as f64 * 4.0 / 1024.0 / 1024.0;
    // With what making the weights left behind.
    let before = memory("VmRSS").expect("checked");
    println!("{rows} pictures, batches of {BATCH_SIZE}; {weights:.0} MiB of weights");
    let [most, added, seconds] = ["most MiB", "added MiB", "seconds"];
    println!("{:<28}{most:>12}{added:>12}{seconds:>10}", "");
    let measure = |what, work: &dyn Fn()| measure(before, what, work);
    measure("teacher-forced", &|| {
        evaluate(&model, &set(), &options(false)).expect("an evaluation");
    });
    measure("with generated captions", &|| {
        evaluate(&model, &set(), &options(true)).expect("an evaluation");
    });
    measure("the guide's, padded to 64", &|| {
        let options = GuideOptions {
            batch_size: BATCH_SIZE,
            max_length: Some(64),
            ..GuideOptions::default()
        };
        guide_metrics(&model, &set(), &options).expect("the guide's numbers");
    });
}

fn measure(before: f64, what: &str, work: &dyn Fn()) {
    // The highest mark is the kernel's; 5 sets it to what is held now.
    let reset = fs::write("/proc/self/clear_refs", "5");
    let start = Instant::now();
    work();
    let seconds = start.elapsed().as_secs_f64();
    let most = memory("VmHWM").expect("checked");
    let added = most - before;
    println!("{what:<28}{most:>12.0}{added:>12.0}{seconds:>10.1}");
    if reset.is_ok() {
        assert!(
            added < LIMIT,
            "{what} added {added:.0} MiB, but at most {LIMIT} are to be"
        );
    }
}

/// A value of `/proc/self/status` in MiB.
fn memory(key: &str) -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(key))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}
