//! The image-captioning guide, end to end: load a set, split it, look at it, load processor and
//! base model, measure, train, measure again, save, caption a held-out picture.
//!
//! `cargo run --release --example finetune_pokemon`

/// Prints a line as `println!` does, and does not panic where nobody reads it any more.
macro_rules! say {
    ($($line:tt)*) => {
        crate::cli::out(format_args!($($line)*))
    };
}

mod cli;
#[path = "finetune_pokemon/flags.rs"]
mod flags;
#[path = "finetune_pokemon/show.rs"]
mod show;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use burn::module::Module;
use burn::tensor::Device;
use captioner::data::{BadRows, CaptionDataset, OpenOptions, Split, Subset, train_test_split};
use captioner::files::write_json;
use captioner::git::{GitConfig, GitForCausalLm};
use captioner::hub::{ModelCard, find_model};
use captioner::model::{
    CaptionModel, ModelSpec, Pretrained, Processor, has_adapter, save_adapter, save_pretrained,
};
use captioner::text::{CaptionTokenizer, WordPieceTraining};
use captioner::train::{
    Augmentation, Evaluation, OutputFolder, PixelCache, PreparedSet, ProgressCallback, TrainOutput,
    Trainer, TrainingArguments, evaluate, find_bad_rows,
};
use captioner::{Captioner, open_dataset};

use flags::Flags;

/// Training rows that are captioned too, to see whether they were learnt.
const TRAINING_ROWS: usize = 50;

/// Longest caption that a fresh model reads, in tokens.
const MAX_TOKENS: usize = 64;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let flags = match cli::parse::<Flags>() {
        Ok(flags) => flags,
        Err(code) => return code,
    };
    cli::end(|| run(&flags))
}

fn run(flags: &Flags) -> Outcome<()> {
    // Whatever is wrong with the arguments shows here, before anything is written.
    let arguments = flags.training_arguments();
    arguments.validate()?;
    let overwrite = arguments.overwrite_output_dir;
    let output = OutputFolder::check(&arguments.output_dir, overwrite)?;
    let device = flags.device.open()?;
    let checkpoint = flags.checkpoint.as_deref().map(find_model).transpose()?;

    show::step("1. Load the data set");
    let options = OpenOptions::default().with_bad_rows(flags.bad_rows());
    let spec = flags.dataset.as_deref().unwrap_or("creatures");
    let dataset = open_dataset(spec, arguments.seed, &options)?;
    show::features(dataset.as_ref());
    show::skipped("when the set was opened", dataset.skipped());

    show::step("2. Split it");
    let Split { train, test } = train_test_split(dataset, flags.test_size, arguments.seed)?;
    say!("{} rows to train on, {} held out", train.len(), test.len());
    // Opened here, shown in step 4: if something is wrong with it, nothing must have been written.
    let (processor, model) = base_model(checkpoint.as_deref(), &train, arguments.seed, &device)?;
    let model = flags.choose_parameters(model, arguments.seed)?;

    show::step("3. Look at five samples");
    output.claim(&arguments)?;
    show::samples(
        &train,
        &processor,
        &arguments.output_dir.join("samples.png"),
    )?;

    show::step("4. Load processor and base model");
    show::model(&model, &device);
    let positions = model.config().max_position_embeddings;
    let cache = PixelCache::default();
    let prepare = |part: Subset| {
        PreparedSet::new(Arc::new(part), processor.clone(), positions)
            .with_cache(&cache)
            .with_padding(flags.padding())
            .with_pads_in_loss(flags.pads_in_loss)
            .with_bad_rows(flags.bad_rows())
    };
    // Fresh weights see few pictures: each is varied every time it is used.
    let augmentation = checkpoint.is_none().then(Augmentation::default);
    let few: Vec<usize> = (0..TRAINING_ROWS.min(train.len())).collect();
    let few = Subset::new(Arc::new(train.clone()), few, "training rows")?;
    let few = Arc::new(prepare(few));
    let train = Arc::new(prepare(train).with_augmentation(augmentation));
    let held_out = Arc::new(prepare(test.clone()));
    if flags.check_dataset {
        check(&[&train, &held_out], flags)?;
    }
    let sets = [train.clone(), held_out.clone()];
    let trainer = Trainer::new(arguments.clone(), train, Some(held_out))?;
    let mut trainer = match arguments.disable_tqdm {
        true => trainer,
        false => trainer.with_callback(ProgressCallback::default()),
    };

    show::step("5. Measure the base model on the held-out rows");
    let before = trainer.evaluate(&model.valid())?;
    say!("done in {:.1} s", before.seconds);

    show::step("6. Train");
    say!(
        "{} steps of {} captions",
        trainer.total_steps(),
        arguments.per_device_train_batch_size * arguments.gradient_accumulation_steps
    );
    let TrainOutput {
        model,
        state,
        seconds,
    } = trainer.train(model)?;
    say!("trained {:.1} epochs in {seconds:.0} s", state.epoch);
    show::curves(&state, &arguments.output_dir.join("loss.svg"))?;

    let skipped: Vec<_> = sets.iter().flat_map(|set| set.skipped()).collect();
    show::skipped("while training", &skipped);
    let truncated: usize = sets.iter().map(|set| set.truncated_captions()).sum();
    if truncated > 0 {
        say!("{truncated} captions were truncated to {positions} tokens");
    }

    show::step("7. Measure again");
    let model = model.valid();
    let after = trainer.evaluate(&model)?;
    show::before_and_after(&before, &after);
    let learnt = evaluate(&model, &few, &trainer.evaluation_options(&model, true))?;
    show::learnt(&learnt);

    show::step("8. Save model and processor");
    if has_adapter(&model) {
        let adapter = arguments.output_dir.join("adapter");
        save_adapter(&model, &adapter, flags.checkpoint.as_deref())?;
        say!("{} (the adapter alone, for PEFT)", adapter.display());
    }
    let folder = arguments.output_dir.join("model");
    save_pretrained(&model, &processor, &folder)?;
    card(flags, &arguments, &after).write(&folder)?;
    write_json(arguments.output_dir.join("evaluation.json"), &after)?;
    say!("{}", folder.display());

    show::step("9. Caption held-out pictures with the saved model");
    let generation = trainer
        .evaluation_options(&model, true)
        .generation
        .unwrap_or_default();
    let captioner = Captioner::from_pretrained(&folder, flags.device)?.with_generation(generation);
    show::captions(
        &captioner,
        &test,
        &processor,
        &arguments.output_dir.join("captions.png"),
    )?;
    how_to_go_on(&folder);
    Ok(())
}

/// Reads every row once; the first that can't be used stops the run, unless such rows are skipped.
fn check(sets: &[&PreparedSet], flags: &Flags) -> Outcome<()> {
    for set in sets {
        let mut bad = find_bad_rows(set);
        say!(
            "{} of {} rows can't be used",
            bad.len(),
            set.dataset().len()
        );
        if !bad.is_empty() && flags.bad_rows() == BadRows::Stop {
            return Err(bad.swap_remove(0).into());
        }
    }
    Ok(())
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
        let processor = Processor::from_pretrained(folder)?.for_model(&model.spec());
        return Ok((processor, model));
    }
    let mut captions = Vec::new();
    for row in 0..train.len() {
        captions.extend(train.captions(row)?.into_owned());
    }
    let tokenizer = CaptionTokenizer::train_word_piece(captions, &WordPieceTraining::default())?;
    let config = GitConfig::small_for(&ModelSpec::for_tokenizer(&tokenizer, MAX_TOKENS));
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
    say!("\nCaption a picture of your own:");
    say!(
        "  cargo run --release --example caption -- picture.png --model {}",
        folder.display()
    );
}
