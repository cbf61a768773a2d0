//! Seconds an epoch at git-base's size, random weights, on the CPU, where the image encoder is frozen:
//! with its outputs kept, and made anew each time.
//!
//! ```text
//! cargo bench -p captioner-train --bench frozen_encoder -- 16
//! ```
//!
//! The number behind `--` is that of the pictures, 16 unless given; an epoch grows with it.

#![expect(clippy::print_stdout, reason = "a bench prints its values")]

mod git_base;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use burn::tensor::Device;
use captioner_creatures::Creatures;
use captioner_git::GitForCausalLm;
use captioner_model::{Pretrained, Processor};
use captioner_ops::on_worker;
use captioner_train::{
    CallbackResult, PreparedSet, SaveStrategy, Trainer, TrainerCallback, TrainerContext,
    TrainerControl, TrainingArguments,
};

/// As in the examples: otherwise the kernel maps and clears large tensors at every step.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROWS: usize = 16;
const EPOCHS: usize = 4;

/// When each epoch ended.
#[derive(Clone, Default)]
struct Clock(Arc<Mutex<Vec<Instant>>>);

impl Clock {
    fn note(&self) {
        let mut times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        times.push(Instant::now());
    }

    /// Seconds of each epoch.
    fn epochs(&self) -> Vec<f64> {
        let times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pairs = times.windows(2);
        pairs
            .map(|pair| (pair[1] - pair[0]).as_secs_f64())
            .collect()
    }
}

impl<M> TrainerCallback<M> for Clock {
    fn on_train_begin(
        &mut self,
        _run: &TrainerContext<'_, M>,
        _control: &mut TrainerControl,
    ) -> CallbackResult {
        self.note();
        Ok(())
    }

    fn on_epoch_end(
        &mut self,
        _run: &TrainerContext<'_, M>,
        _control: &mut TrainerControl,
    ) -> CallbackResult {
        self.note();
        Ok(())
    }
}

fn main() {
    // As in the examples.
    on_worker(run);
}

fn run() {
    let rows = git_base::rows(ROWS);
    let (tokenizer, config) = git_base::for_creatures(rows);
    let processor = Processor::clip(224, tokenizer).expect("a processor");
    println!("{rows} pictures, batches of 8, {EPOCHS} epochs; seconds of each");
    for trained in ["decoder", "adapters of the decoder"] {
        for kept in [false, true] {
            let folder = tempfile::tempdir().expect("a folder");
            let adapters = trained != "decoder";
            let arguments = TrainingArguments {
                output_dir: folder.path().join("run"),
                num_train_epochs: EPOCHS as f64,
                save_strategy: SaveStrategy::No,
                freeze: vec!["image_encoder".into()],
                lora_r: adapters.then_some(8),
                lora_target_modules: vec!["query".into(), "value".into()],
                dataloader_num_workers: 1,
                cache_encoder_outputs: kept,
                ..TrainingArguments::default()
            };
            let set = PreparedSet::new(
                Arc::new(Creatures::with_rows(rows, 42)),
                processor.clone(),
                64,
            );
            let device = Device::flex().autodiff();
            let model = GitForCausalLm::with_fresh_weights(config.clone(), 1, &device);
            let clock = Clock::default();
            let trainer = Trainer::new(arguments, Arc::new(set), None).expect("a trainer");
            let mut trainer = trainer.with_callback(clock.clone());
            trainer.train(model.expect("a model")).expect("a run");
            let seconds = clock.epochs().into_iter().map(|s| format!("{s:8.1}"));
            let seconds = seconds.collect::<String>();
            let how = if kept { "kept" } else { "anew" };
            println!("{trained:<26}{how:<8}{seconds}");
        }
    }
}
