//! Says what is in a captioned picture set, and what training on it would trip over.
//!
//! ```text
//! cargo run --release --example inspect_dataset -- SET --output report
//! ```

mod cli;

use std::error::Error;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use captioner::data::{BadRows, OpenOptions};
use captioner::files::read_json;
use captioner::hub::find_model;
use captioner::inspect::{InspectOptions, NamedSplit, Progress, Stage, inspect};
use captioner::model::CONFIG_FILE;
use captioner::open_splits;
use captioner::text::CaptionTokenizer;
use clap::Parser;

/// Says what is in a captioned picture set, and what training on it would trip over.
///
/// Reads every row once. The result goes to standard output, and with --output also into a folder: a
/// page for a browser, JSON, and a sheet of samples.
#[derive(Parser)]
struct Flags {
    /// The set: a folder or a file, `creatures`, or a repository of the Hub.
    #[arg(value_name = "SET")]
    set: String,

    /// Further sets to look for the same pictures in, such as the one to evaluate with.
    #[arg(long, value_name = "SET")]
    also: Vec<String>,

    /// The column of the captions. [default: text, caption or captions]
    #[arg(long, value_name = "NAME")]
    caption_column: Option<String>,

    /// The model, for its tokenizer and its number of positions: a folder, or a repository of the Hub.
    #[arg(long, value_name = "MODEL")]
    checkpoint: Option<String>,

    /// The most tokens that the model reads. [default: what the checkpoint says]
    #[arg(long, value_name = "N")]
    max_positions: Option<usize>,

    /// Where the page, the JSON and the sheet go.
    #[arg(long, value_name = "FOLDER")]
    output: Option<PathBuf>,

    /// How many rows are drawn as samples.
    #[arg(long, default_value_t = 24, value_name = "N")]
    samples: usize,

    /// Which rows are drawn.
    #[arg(long, default_value_t = 0)]
    seed: u64,

    /// How many bits of their 64-bit hashes may differ between nearly the same pictures, 0 to 8.
    #[arg(long, default_value_t = 4, value_name = "N")]
    max_distance: u32,

    /// Threads that read rows; 0 for as many as there are cores.
    #[arg(long, default_value_t = 0, value_name = "N")]
    workers: usize,

    /// Print JSON in place of text.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let flags = match cli::parse::<Flags>() {
        Ok(flags) => flags,
        Err(code) => return code,
    };
    cli::end(|| run(&flags))
}

fn run(flags: &Flags) -> Result<(), Box<dyn Error>> {
    let splits = splits(flags)?;
    let shown = Shown::default();
    let found = inspect(&splits, &options(flags)?, &|progress| shown.show(progress))?;
    let text = match flags.json {
        true => serde_json::to_string_pretty(&found)? + "\n",
        false => found.to_text(),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    if let Some(folder) = &flags.output {
        for file in found.save(folder)? {
            cli::note(format_args!("wrote {}", file.display()));
        }
    }
    Ok(())
}

/// Every split of every set that was named, with the rows that can't be used left out and listed. What
/// is trained on comes first: the order says which split leaks into which.
fn splits(flags: &Flags) -> Result<Vec<NamedSplit>, Box<dyn Error>> {
    let mut options = OpenOptions::default().with_bad_rows(BadRows::Skip);
    options.caption_column.clone_from(&flags.caption_column);
    let mut splits = Vec::new();
    for spec in std::iter::once(&flags.set).chain(&flags.also) {
        let set = open_splits(spec, flags.seed, &options)?;
        for (split, rows) in set.iter() {
            let name = match flags.also.is_empty() {
                true => split.to_owned(),
                false => format!("{spec}: {split}"),
            };
            splits.push((name, rows.clone()));
        }
    }
    splits.sort_by_key(|(name, _)| !name.ends_with("train"));
    Ok(splits)
}

fn options(flags: &Flags) -> Result<InspectOptions, Box<dyn Error>> {
    let checkpoint = flags.checkpoint.as_deref().map(find_model).transpose()?;
    let checkpoint = checkpoint.as_deref();
    let tokenizer = checkpoint.map(CaptionTokenizer::from_pretrained);
    Ok(InspectOptions {
        tokenizer: tokenizer.transpose()?,
        max_positions: flags.max_positions.or_else(|| positions(checkpoint?)),
        workers: flags.workers,
        seed: flags.seed,
        samples: flags.samples,
        max_distance: flags.max_distance,
        ..InspectOptions::default()
    })
}

/// What a checkpoint's configuration says of positions; a folder with a tokenizer alone says nothing.
fn positions(checkpoint: &Path) -> Option<usize> {
    let config: serde_json::Value = read_json(checkpoint.join(CONFIG_FILE)).ok()?;
    usize::try_from(config.get("max_position_embeddings")?.as_u64()?).ok()
}

/// A line on a terminal, written anew a few times a second.
#[derive(Default)]
struct Shown {
    last: Mutex<Option<Instant>>,
}

impl Shown {
    fn show(&self, progress: Progress) {
        let mut err = std::io::stderr();
        let Ok(mut last) = self.last.lock() else {
            return;
        };
        let is_done = progress.done == progress.total;
        let is_due = last.is_none_or(|last| last.elapsed() >= Duration::from_millis(200));
        if !err.is_terminal() || !(is_done || is_due) {
            return;
        }
        *last = Some(Instant::now());
        let stage = match progress.stage {
            Stage::Reading => "reading rows",
            Stage::Comparing => "comparing pictures",
            _ => "drawing",
        };
        let ending = if is_done { "\n" } else { "" };
        let _ = write!(
            err,
            "\r{stage} {} of {}{ending}",
            progress.done, progress.total
        );
    }
}
