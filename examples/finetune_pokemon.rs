//! The image-captioning guide, end to end: load a set, split it, look at it, load processor and
//! base model, measure, train, measure again, save, caption a held-out picture.
//!
//! `cargo run --release --example finetune_pokemon`

#![allow(clippy::print_stdout, reason = "an example talks on the terminal")]

mod cli;
#[path = "finetune_pokemon/flags.rs"]
mod flags;
#[path = "finetune_pokemon/show.rs"]
mod show;

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use burn::module::Module;
use burn::tensor::Device;
use captioner::Captioner;
use captioner::data::{CaptionDataset, Split, Subset, open_dataset, train_test_split};
use captioner::git::{GitConfig, GitForCausalLm, Processor, save_pretrained};
use captioner::hub::{ModelCard, find_model};
use captioner::image::DecodeOptions;
use captioner::ops::on_worker;
use captioner::text::{CaptionTokenizer, WordPieceTraining};
use captioner::train::{
    Augmentation, Evaluation, OutputFolder, PreparedSet, ProgressCallback, TrainOutput, Trainer,
    TrainingArguments, check_pictures, evaluate,
};

use flags::Flags;

// Large tensors are otherwise mapped and cleared by the kernel at every step.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Training rows that are captioned too, to see whether they were learnt.
const TRAINING_ROWS: usize = 50;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let flags = match cli::parse::<Flags>() {
        Ok(flags) => flags,
        Err(code) => return code,
    };
    on_worker(|| match run(&flags) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => cli::fail(error.as_ref()),
    })
}

fn run(flags: &Flags) -> Outcome<()> {
    // Whatever is wrong with the arguments shows here, before anything is written.
    let arguments = flags.training_arguments();
    arguments.validate()?;
    let output = OutputFolder::check(&arguments.output_dir)?;
    let device = flags.device.open()?;
    let checkpoint = flags.checkpoint.as_deref().map(find_model).transpose()?;

    show::step("1. Load the data set");
    let dataset = load(flags, arguments.seed)?;
    show::features(dataset.as_ref());

    show::step("2. Split it");
    let Split { train, test } = train_test_split(dataset, flags.test_size, arguments.seed)?;
    println!("{} rows to train on, {} held out", train.len(), test.len());
    // Opened here, shown in step 4: if something is wrong with it, nothing must have been written.
    let (processor, model) = base_model(checkpoint.as_deref(), &train, arguments.seed, &device)?;
    let model = flags.choose_parameters(model, arguments.seed)?;

    show::step("3. Look at five samples");
    output.claim(&arguments)?;
    show::samples(&train, &arguments.output_dir.join("samples.png"))?;

    show::step("4. Load processor and base model");
    show::model(&model, &device);
    let positions = model.config().max_position_embeddings;
    let prepare = |part: Subset| {
        let set = PreparedSet::new(Arc::new(part), processor.clone(), positions);
        set.with_padding(flags.padding())
    };
    // Fresh weights see few pictures: each is varied every time it is used.
    let augmentation = checkpoint.is_none().then(Augmentation::default);
    let few: Vec<usize> = (0..TRAINING_ROWS.min(train.len())).collect();
    let few = Subset::new(Arc::new(train.clone()), few, "training rows")?;
    let few = Arc::new(prepare(few));
    let train = Arc::new(prepare(train).with_augmentation(augmentation));
    let held_out = Arc::new(prepare(test.clone()));
    let trainer = Trainer::new(arguments.clone(), train, Some(held_out))?;
    let mut trainer = match arguments.disable_tqdm {
        true => trainer,
        false => trainer.with_callback(ProgressCallback::default()),
    };

    show::step("5. Measure the base model on the held-out rows");
    let before = trainer.evaluate(&model.valid())?;
    println!("done in {:.1} s", before.seconds);

    show::step("6. Train");
    println!(
        "{} steps of {} captions",
        trainer.total_steps(),
        arguments.per_device_train_batch_size * arguments.gradient_accumulation_steps
    );
    let TrainOutput {
        model,
        state,
        seconds,
    } = trainer.train(model)?;
    println!("trained {:.1} epochs in {seconds:.0} s", state.epoch);
    show::curves(&state, &arguments.output_dir.join("loss.png"))?;

    show::step("7. Measure again");
    let model = model.valid();
    let after = trainer.evaluate(&model)?;
    show::before_and_after(&before, &after);
    let learnt = evaluate(&model, &few, &trainer.evaluation_options(true))?;
    show::learnt(&learnt);

    show::step("8. Save model and processor");
    if model.has_adapter() {
        let adapter = arguments.output_dir.join("adapter");
        model.save_adapter(&adapter, flags.checkpoint.as_deref())?;
        println!("{} (the adapter alone, for PEFT)", adapter.display());
    }
    let folder = arguments.output_dir.join("model");
    save_pretrained(&model, &processor, &folder)?;
    card(flags, &arguments, &after).write(&folder)?;
    fs::write(
        arguments.output_dir.join("evaluation.json"),
        serde_json::to_string_pretty(&after)?,
    )?;
    println!("{}", folder.display());

    show::step("9. Caption held-out pictures with the saved model");
    let generation = trainer
        .evaluation_options(true)
        .generation
        .unwrap_or_default();
    let captioner = Captioner::from_pretrained(&folder, flags.device)?.with_generation(generation);
    show::captions(
        &captioner,
        &test,
        &arguments.output_dir.join("captions.png"),
    )?;
    how_to_go_on(&folder);
    Ok(())
}

/// Opens the set and checks its pictures.
fn load(flags: &Flags, seed: u64) -> Outcome<Arc<dyn CaptionDataset>> {
    let dataset = open_dataset(flags.dataset.as_deref().unwrap_or("creatures"), seed)?;
    let mut checked = check_pictures(&dataset, &DecodeOptions::default())?;
    if checked.bad.is_empty() {
        return Ok(dataset);
    }
    if !flags.skip_bad_rows {
        return Err(checked.bad.swap_remove(0).into());
    }
    println!(
        "left out {} rows with bad pictures, such as:",
        checked.bad.len()
    );
    println!("  {}", checked.bad[0]);
    Ok(Arc::new(checked.good))
}

/// The checkpoint's processor and model, or a small fresh model with a vocabulary learnt from the
/// training captions.
fn base_model(
    checkpoint: Option<&Path>,
    train: &Subset,
    seed: u64,
    device: &Device,
) -> Outcome<(Processor, GitForCausalLm)> {
    let device = device.clone().autodiff();
    if let Some(folder) = checkpoint {
        let model = GitForCausalLm::from_pretrained(folder, &device)?;
        return Ok((Processor::from_pretrained(folder)?, model));
    }
    let captions: Result<Vec<_>, _> = (0..train.len()).map(|row| train.captions(row)).collect();
    let captions = captions?.concat();
    let tokenizer = CaptionTokenizer::train_word_piece(captions, &WordPieceTraining::default())?;
    let (pad, bos, eos) = (tokenizer.pad_id(), tokenizer.cls_id(), tokenizer.sep_id());
    let config = GitConfig::small(tokenizer.vocab_size(), pad, bos, eos);
    let image_size = config.vision_config.image_size as u32;
    let model = GitForCausalLm::new(config, seed, &device)?;
    Ok((Processor::clip(image_size, tokenizer)?, model))
}

fn card(flags: &Flags, arguments: &TrainingArguments, after: &Evaluation) -> ModelCard {
    let name = arguments.output_dir.file_name().unwrap_or_default();
    let rate = format!("{:e}", arguments.learning_rate);
    ModelCard {
        name: name.to_string_lossy().into_owned(),
        base_model: flags.checkpoint.clone(),
        dataset: flags
            .dataset
            .clone()
            .unwrap_or_else(|| "drawn creatures".into()),
        scores: after
            .scores
            .iter()
            .map(|(name, value)| (name.clone(), *value))
            .collect(),
        settings: vec![
            (
                "num_train_epochs".into(),
                arguments.num_train_epochs.to_string(),
            ),
            ("learning_rate".into(), rate),
            ("seed".into(), arguments.seed.to_string()),
        ],
    }
}

fn how_to_go_on(folder: &Path) {
    println!("\nCaption a picture of your own:");
    println!(
        "  cargo run --release --example caption -- picture.png --model {}",
        folder.display()
    );
}
