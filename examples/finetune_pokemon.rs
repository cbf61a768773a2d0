//! The image-captioning guide, end to end: load a set, split it, look at it, load processor and
//! base model, measure, train, measure again, save, caption a held-out picture, publish.
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
#[path = "finetune_pokemon/go_on.rs"]
mod go_on;
#[path = "finetune_pokemon/publish.rs"]
mod publish;
#[path = "finetune_pokemon/row_flags.rs"]
mod row_flags;
#[path = "finetune_pokemon/show.rs"]
mod show;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use burn::module::Module;
use burn::tensor::Device;
use captioner::data::{BadRows, CaptionDataset, SkippedRow, Split, Subset, train_and_eval};
use captioner::files::{remove_folder, write_json};
use captioner::git::{GitConfig, GitForCausalLm};
use captioner::hub::find_model;
use captioner::model::{
    CaptionModel, ModelSpec, Pretrained, Processor, has_adapter, save_adapter, save_pretrained,
};
use captioner::publish::Publication;
use captioner::text::{CaptionTokenizer, WordPieceTraining};
use captioner::train::cli::stop_on_signals;
use captioner::train::{
    PixelCache, PreparedSet, ProgressCallback, RunEnd, Trainer, check_output_dir, evaluate,
    find_bad_rows,
};
use captioner::{Captioner, open_splits};

use flags::Flags;
use go_on::{how_to_resume, interrupted, measure_before};
use publish::{About, Publishing};

/// Training rows that are captioned too, to see whether they were learnt.
const TRAINING_ROWS: usize = 50;

/// Most rows whose captions a vocabulary is learnt from.
const VOCABULARY_ROWS: usize = 100_000;

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

fn run(flags: &Flags) -> Outcome<ExitCode> {
    let arguments = flags.training_arguments();
    arguments.validate()?;
    let checkpoint = flags.checkpoint.as_deref().map(find_model).transpose()?;
    refuse_own_start(&arguments.output_dir, checkpoint.as_deref())?;
    check_output_dir(&arguments)?;
    let (publishing, pushes) = Publishing::new(flags, &arguments)?;
    let device = flags.device.open()?;

    show::step("1. Load the data set");
    let spec = flags.dataset.as_deref().unwrap_or("creatures");
    let splits = open_splits(spec, arguments.seed, &flags.open_options())?;
    show::splits(&splits);
    let of_splits = splits.iter().flat_map(|(_, set)| set.skipped());
    let opened: Vec<_> = of_splits.cloned().collect();
    show::skipped("when the set was opened", &opened);

    show::step("2. Split it");
    let split = train_and_eval(&splits, &flags.splits(arguments.seed))?;
    let about = About::new(flags, &arguments, &publishing, (&splits, &split)).with_start(
        flags,
        checkpoint.as_deref(),
        publish::named(&device),
    );
    let Split { train, test } = split;
    say!("{} rows to train on, {} held out", train.len(), test.len());

    // Opened here, shown in step 4: whatever is wrong shows before anything is written.
    let (processor, model) = base_model(
        checkpoint.as_deref(),
        &train,
        flags.bad_rows(),
        arguments.seed,
        &device,
    )?;
    flags.check_padding(model.spec().max_positions)?;
    let sets = Sets::new(flags, &processor, &model, &train, &test)?;
    if flags.check_dataset {
        sets.check(flags)?;
    }
    let held_out = Some(sets.held_out.clone());
    let progress = ProgressCallback::default().without_bar(arguments.disable_tqdm);
    let trainer = Trainer::new(arguments.clone(), sets.train.clone(), held_out)?;
    let mut trainer = trainer.with_callback(progress);
    if let Some(name) = &flags.checkpoint {
        trainer = trainer.with_base_model(name);
    }
    if let Some(pushes) = pushes {
        trainer = trainer.with_callback(pushes.with_base_model(about.base_model()));
    }
    stop_on_signals(&trainer.stop_handle())?;
    trainer.check(&model)?;

    show::step("3. Look at five samples");
    let samples = show::samples(&train, &processor)?;
    trainer.claim_output_dir()?;
    show::draw(&samples, &arguments.output_dir.join("samples.png"))?;

    show::step("4. Load processor and base model");
    show::model(&model, &device);

    show::step("5. Measure the base model on the held-out rows");
    let before = measure_before(&trainer, &model)?;

    show::step("6. Train");
    say!(
        "{} steps of {} captions",
        trainer.total_steps(),
        arguments.per_device_train_batch_size * arguments.gradient_accumulation_steps
    );
    let trained = match trainer.train(model) {
        Ok(trained) => trained,
        Err(failure) => {
            if failure.checkpoint.is_some() {
                say!("to go on from there: {}", how_to_resume(&arguments));
            }
            return Err(failure);
        }
    };
    if let RunEnd::Interrupted(saved) = &trained.end {
        return Ok(interrupted(&arguments, saved.as_deref()));
    }
    say!(
        "trained {:.1} epochs in {:.0} s",
        trained.state.epoch,
        trained.seconds
    );
    let model = trained.model.valid();

    show::step("7. Save model and processor");
    let folder = save(&trainer, &model, &processor)?;
    show::curves(&trained.state, &arguments.output_dir.join("loss.svg"))?;

    show::step("8. Measure again");
    let after = trainer.evaluate(&model)?;
    write_json(arguments.output_dir.join("evaluation.json"), &after)?;
    let run = about.run(&trainer, (&trained.state, trained.seconds), &after);
    run.card(false, None).write(&folder)?;
    show::before_and_after(&before, &after);
    let evaluation = trainer.evaluation_options(&model, true);
    show::learnt(&evaluate(&model, &sets.few, &evaluation)?);
    sets.report(&opened, &arguments.output_dir)?;

    show::step("9. Caption held-out pictures with the saved model");
    let generation = evaluation.generation.unwrap_or_default();
    let captioner = Captioner::from_pretrained(&folder, flags.device)?.with_generation(generation);
    let captions = arguments.output_dir.join("captions.png");
    show::captions(&captioner, &test, &processor, &captions)?;
    if !matches!(publishing, Publishing::No) {
        show::step("10. Publish");
        publishing.publish(&Publication {
            model: &model,
            processor: &processor,
            sample_sheet: Some(&captions),
            run,
        })?;
    }
    how_to_go_on(&folder);
    Ok(ExitCode::SUCCESS)
}

/// A run must not remove the checkpoint that it starts from.
fn refuse_own_start(output: &Path, checkpoint: Option<&Path>) -> Outcome<()> {
    let (Some(checkpoint), Ok(output)) = (checkpoint, output.canonicalize()) else {
        return Ok(());
    };
    if checkpoint.canonicalize()?.starts_with(&output) {
        let output = output.display();
        return Err(format!("{output} holds the checkpoint to start from: choose another").into());
    }
    Ok(())
}

/// The sets of a run, as the model reads them, with one cache of pictures.
struct Sets {
    train: Arc<PreparedSet>,
    held_out: Arc<PreparedSet>,
    /// Some of the training rows, to see whether they were learnt.
    few: Arc<PreparedSet>,
    /// Tokens that captions are truncated to.
    longest: usize,
}

impl Sets {
    fn new(
        flags: &Flags,
        processor: &Processor,
        model: &GitForCausalLm,
        train: &Subset,
        test: &Subset,
    ) -> Outcome<Self> {
        let positions = model.spec().max_positions;
        let cache = PixelCache::default();
        let prepare = |part: Subset, bad_rows| {
            PreparedSet::new(Arc::new(part), processor.clone(), positions)
                .with_cache(&cache)
                .with_padding(flags.padding())
                .with_pads_in_loss(flags.pads_in_loss)
                .with_bad_rows(bad_rows)
        };
        let few: Vec<usize> = (0..TRAINING_ROWS.min(train.len())).collect();
        let few = Subset::new(Arc::new(train.clone()), few, "training rows")?;
        let train = prepare(train.clone(), flags.bad_rows());
        Ok(Self {
            train: Arc::new(flags.rows.training(train, flags.checkpoint.is_none())?),
            held_out: Arc::new(prepare(test.clone(), flags.bad_rows())),
            // A row that training never came to must not end a run that is done.
            few: Arc::new(prepare(few, BadRows::Skip)),
            longest: flags.longest_caption(positions),
        })
    }

    /// Reads every row once and names each that can't be used; they stop the run, unless such rows
    /// are skipped.
    fn check(&self, flags: &Flags) -> Outcome<()> {
        let mut bad = Vec::new();
        for set in [&self.train, &self.held_out] {
            bad.extend(find_bad_rows(set));
        }
        let rows = self.train.dataset().len() + self.held_out.dataset().len();
        say!("{} of {rows} rows can't be used", bad.len());
        for error in &bad {
            say!("  {error}");
        }
        match (bad.is_empty(), flags.bad_rows()) {
            (false, BadRows::Stop) => Err(bad.swap_remove(0).into()),
            _ => Ok(()),
        }
    }

    /// What was skipped and truncated; all skipped rows are listed in a file.
    fn report(&self, opened: &[SkippedRow], output: &Path) -> Outcome<()> {
        let mut all = opened.to_vec();
        let mut used: Vec<_> = [&self.train, &self.few, &self.held_out]
            .into_iter()
            .flat_map(|set| set.skipped())
            .collect();
        used.sort_by_key(|skipped| skipped.row);
        used.dedup();
        show::skipped("while training and measuring", &used);
        all.extend(used);
        let path = output.join("skipped_rows.json");
        if !all.is_empty() || path.exists() {
            all.sort_by_key(|skipped| skipped.row);
            write_json(&path, &all)?;
            say!("all skipped rows are listed in {}", path.display());
        }
        let truncated = self.train.truncated_captions() + self.held_out.truncated_captions();
        if truncated > 0 {
            say!(
                "{truncated} captions were truncated to {} tokens",
                self.longest
            );
        }
        Ok(())
    }
}

/// Saves the model with its processor, and an adapter beside it; gives the model's folder.
fn save(
    trainer: &Trainer<GitForCausalLm>,
    model: &GitForCausalLm,
    processor: &Processor,
) -> Outcome<PathBuf> {
    let arguments = trainer.arguments();
    let adapter = arguments.output_dir.join("adapter");
    if has_adapter(model) {
        save_adapter(model, &adapter, Some(&trainer.base_model()))?;
        say!("{} (the adapter alone, for PEFT)", adapter.display());
    }
    let folder = arguments.output_dir.join("model");
    save_pretrained(model, processor, &folder)?;
    if !has_adapter(model) && arguments.overwrite_output_dir && adapter.is_dir() {
        // An earlier run's, which does not belong to this model.
        remove_folder(&adapter)?;
    }
    say!("{}", folder.display());
    Ok(folder)
}

/// The checkpoint's processor and model, or a small fresh model with a vocabulary learnt from the
/// training captions.
fn base_model(
    checkpoint: Option<&Path>,
    train: &Subset,
    bad_rows: BadRows,
    seed: u64,
    device: &Device,
) -> Outcome<(Processor, GitForCausalLm)> {
    let device = device.clone().autodiff();
    if let Some(folder) = checkpoint {
        let model = GitForCausalLm::from_pretrained(folder, &device)?;
        let processor = Processor::from_pretrained(folder)?.for_model(&model.spec());
        return Ok((processor, model));
    }
    let captions = some_captions(train, bad_rows)?;
    let tokenizer = CaptionTokenizer::train_word_piece(captions, &WordPieceTraining::default())?;
    let config = GitConfig::small_for(&ModelSpec::for_tokenizer(&tokenizer, MAX_TOKENS));
    let image_size = config.vision_config.image_size as u32;
    let model = GitForCausalLm::new(config, seed, &device)?;
    Ok((Processor::clip(image_size, tokenizer)?, model))
}

/// The captions of rows to learn a vocabulary from: of all, or of as many as are enough, spread over
/// the set.
fn some_captions(train: &Subset, bad_rows: BadRows) -> Outcome<Vec<String>> {
    let mut captions = Vec::new();
    for row in (0..train.len()).step_by(train.len().div_ceil(VOCABULARY_ROWS).max(1)) {
        match train.captions(row) {
            Ok(of_row) => captions.extend(of_row.into_owned()),
            // The loader says so when it comes to it.
            Err(_) if bad_rows == BadRows::Skip => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(captions)
}

fn how_to_go_on(folder: &Path) {
    say!("\nCaption a picture of your own:");
    say!(
        "  cargo run --release --example caption -- picture.png --model {}",
        folder.display()
    );
}
