//! A run that takes a second or two, with every training argument: what the scripts of
//! `tools/reliability` kill, starve and damage. It trains a GIT of a few thousand parameters on 30
//! drawn pictures.
//!
//! `cargo run --release -p captioner-train --example small_run -- --output-dir run --max-steps 40`

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use burn::module::Module;
use burn::tensor::Device;
use captioner_creatures::Creatures;
use captioner_data::{CaptionDataset, train_test_split};
use captioner_git::{GitConfig, GitForCausalLm};
use captioner_model::{ModelSpec, Processor, has_adapter, save_adapter, save_pretrained};
use captioner_text::{CaptionTokenizer, WordPieceTraining};
use captioner_train::cli::{TrainingFlags, stop_on_signals};
use captioner_train::{
    Augmentation, PreparedSet, ProgressCallback, RunEnd, Trainer, TrainingArguments,
};
use clap::Parser;

#[derive(Parser)]
struct Flags {
    /// Augments pictures at random, as the default run of the fine-tuning example does.
    #[arg(long)]
    augment: bool,

    /// Dropout of the decoder.
    #[arg(long, default_value_t = 0.1)]
    dropout: f64,

    #[command(flatten)]
    training: TrainingFlags,
}

fn main() -> ExitCode {
    match run(&Flags::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(flags: &Flags) -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = TrainingArguments {
        output_dir: "small-run".into(),
        max_steps: Some(40),
        per_device_train_batch_size: 4,
        learning_rate: 1e-3,
        logging_steps: 7.into(),
        ..TrainingArguments::default()
    };
    flags.training.override_in(&mut arguments);

    let seed = arguments.seed;
    let split = train_test_split(Arc::new(Creatures::with_rows(30, 1)), 0.2, 1)?;
    let captions: Result<Vec<_>, _> = (0..split.train.len())
        .map(|row| {
            split
                .train
                .captions(row)
                .map(|captions| captions.into_owned())
        })
        .collect();
    let training = WordPieceTraining::default();
    let tokenizer = CaptionTokenizer::train_word_piece(captions?.concat(), &training)?;
    let mut config = GitConfig::small_for(&ModelSpec::for_tokenizer(&tokenizer, 32));
    config.vision_config.image_size = 32;
    config.vision_config.num_hidden_layers = 1;
    config.num_hidden_layers = 1;
    config.hidden_dropout_prob = flags.dropout;
    config.attention_probs_dropout_prob = flags.dropout;
    let model = GitForCausalLm::new(config, seed, &Device::flex().autodiff())?;

    let processor = Processor::clip(32, tokenizer)?;
    let prepare = |part| PreparedSet::new(Arc::new(part), processor.clone(), 32);
    let augmentation = flags.augment.then(Augmentation::default);
    let train = Arc::new(prepare(split.train).with_augmentation(augmentation));
    let test = Arc::new(prepare(split.test));

    let output_dir = arguments.output_dir.clone();
    let trainer = Trainer::new(arguments, train, Some(test))?;
    let mut trainer = trainer.with_callback(ProgressCallback::default().without_bar(true));
    stop_on_signals(&trainer.stop_handle())?;
    let output = trainer.train(model)?;
    if let RunEnd::Interrupted(checkpoint) = output.end {
        eprintln!("stopped; checkpoint: {checkpoint:?}");
        return Ok(ExitCode::from(130));
    }
    let model = output.model.valid();
    match has_adapter(&model) {
        true => save_adapter(
            &model,
            output_dir.join("adapter"),
            Some(&trainer.base_model()),
        )?,
        false => save_pretrained(&model, &processor, output_dir.join("model"))?,
    }
    Ok(ExitCode::SUCCESS)
}
