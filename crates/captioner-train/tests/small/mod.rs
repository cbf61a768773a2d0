//! A run of a few thousand parameters over drawn creatures, and what tests compare of it.

#![allow(dead_code)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::tensor::Device;
use captioner_creatures::Creatures;
use captioner_data::CaptionDataset;
use captioner_git::{GitConfig, GitForCausalLm};
use captioner_model::{ModelSpec, Processor};
use captioner_text::{CaptionTokenizer, WordPieceTraining};
use captioner_train::{
    Augmentation, IntervalStrategy, LogEntry, PreparedSet, Steps, Trainer, TrainerState,
    TrainingArguments,
};

pub(crate) fn creatures(rows: usize) -> Arc<Creatures> {
    Arc::new(Creatures::with_rows(rows, 5))
}

pub(crate) fn processor() -> Processor {
    let set = creatures(22);
    let captions = (0..set.len()).map(|row| set.captions(row).unwrap().into_owned());
    let captions = captions.collect::<Vec<_>>().concat();
    let training = WordPieceTraining::default();
    let tokenizer = CaptionTokenizer::train_word_piece(captions, &training).unwrap();
    Processor::clip(32, tokenizer).unwrap()
}

/// 22 rows: in batches of 4 the last is of 2.
pub(crate) fn train_set() -> Arc<PreparedSet> {
    let set = PreparedSet::new(creatures(22), processor(), 32);
    Arc::new(set.with_augmentation(Some(Augmentation::default())))
}

pub(crate) fn eval_set() -> Arc<PreparedSet> {
    Arc::new(PreparedSet::new(creatures(6), processor(), 32))
}

/// Dropout in the decoder, so that its masks matter.
pub(crate) fn model() -> GitForCausalLm {
    let spec = ModelSpec::for_tokenizer(&processor().tokenizer, 32);
    let mut config = GitConfig::small_for(&spec);
    config.vision_config.image_size = 32;
    config.vision_config.num_hidden_layers = 1;
    config.num_hidden_layers = 1;
    config.hidden_dropout_prob = 0.1;
    config.attention_probs_dropout_prob = 0.1;
    GitForCausalLm::new(config, 1, &Device::flex().autodiff()).unwrap()
}

/// 13 steps of 4 rows, 6 steps an epoch; a log entry every 5 steps, evaluated every 4, saved every
/// 3: no interval fits another.
pub(crate) fn arguments(output_dir: impl Into<PathBuf>) -> TrainingArguments {
    TrainingArguments {
        output_dir: output_dir.into(),
        max_steps: Some(13),
        per_device_train_batch_size: 4,
        learning_rate: 2e-3,
        weight_decay: 0.1,
        warmup_steps: Steps::Count(3),
        logging_steps: Steps::Count(5),
        eval_strategy: IntervalStrategy::Steps,
        eval_steps: Some(Steps::Count(4)),
        save_steps: Steps::Count(3),
        ..TrainingArguments::default()
    }
}

pub(crate) fn trainer(arguments: TrainingArguments) -> Trainer<GitForCausalLm> {
    Trainer::new(arguments, train_set(), Some(eval_set())).unwrap()
}

/// What is the same of two runs, however often they were stopped: the bytes of the checkpoint's
/// tensors, and the log without times.
pub(crate) fn course(checkpoint: &Path) -> (BTreeMap<String, Vec<u8>>, Vec<LogEntry>) {
    let mut tensors = BTreeMap::new();
    for entry in fs::read_dir(checkpoint).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ext| ext == "safetensors") {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            tensors.insert(name, fs::read(&path).unwrap());
        }
    }
    (tensors, log(&state(checkpoint)))
}

pub(crate) fn state(checkpoint: &Path) -> TrainerState {
    let file = fs::read(checkpoint.join("trainer_state.json")).unwrap();
    serde_json::from_slice(&file).unwrap()
}

/// The log without times.
pub(crate) fn log(state: &TrainerState) -> Vec<LogEntry> {
    let mut log = state.log_history.clone();
    for entry in &mut log {
        let timed = |name: &String| name.ends_with("_runtime") || name.ends_with("_per_second");
        entry.values.retain(|name, _| !timed(name));
    }
    log
}

/// The names of a folder's entries, in order.
pub(crate) fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}
