//! Captions pictures with a saved model.
//!
//! `cargo run --release --example caption -- picture.png --model git-pokemon/model`

mod cli;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use captioner::Captioner;
use captioner::git::GenerationConfig;
use captioner::hub::find_model;
use captioner::ops::DeviceSpec;
use clap::Parser;
use serde_json::json;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Endings of the files that are taken from a folder.
const PICTURES: [&str; 9] = [
    "png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff", "apng",
];

/// Caption pictures.
#[derive(Parser)]
struct Arguments {
    /// Pictures, and folders whose pictures are taken in the order of their names.
    #[arg(required = true, value_name = "PICTURE OR FOLDER")]
    pictures: Vec<PathBuf>,

    /// Folder of the model, as the fine-tuning example or transformers saves it.
    #[arg(long, value_name = "FOLDER")]
    model: String,

    /// Longest caption in tokens, start and end included.
    #[arg(long, default_value_t = 20, value_name = "N")]
    max_length: usize,

    /// Where to compute: auto, flex, ndarray, cuda, wgpu, vulkan or metal; `cuda:1` is the second.
    #[arg(long, default_value_t = DeviceSpec::AUTO, value_name = "DEVICE")]
    device: DeviceSpec,

    /// One JSON object a line: file, ids, text, seconds.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let arguments = match cli::parse::<Arguments>() {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => cli::fail(error.as_ref()),
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let files = find_pictures(&arguments.pictures)?;
    let generation = GenerationConfig {
        max_length: arguments.max_length,
    };
    let folder = find_model(&arguments.model)?;
    let captioner =
        Captioner::from_pretrained(folder, arguments.device)?.with_generation(generation);
    for file in files {
        let start = Instant::now();
        let caption = captioner.caption_file(&file)?;
        let seconds = start.elapsed().as_secs_f64();
        let file = file.display().to_string();
        if arguments.json {
            let (ids, text) = (caption.ids, caption.text);
            let line = json!({"file": file, "ids": ids, "text": text, "seconds": seconds});
            println!("{line}");
        } else {
            println!("{file}: {}", caption.text);
        }
    }
    Ok(())
}

/// Files as they are, and the pictures of each folder, sorted by name.
fn find_pictures(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let mut inside = Vec::new();
        for entry in fs::read_dir(path).map_err(|error| format!("{}: {error}", path.display()))? {
            inside.push(entry?.path());
        }
        inside.retain(|file| is_picture(file));
        if inside.is_empty() {
            let endings = PICTURES.join(", ");
            return Err(format!("{} holds no picture ({endings})", path.display()).into());
        }
        inside.sort();
        files.append(&mut inside);
    }
    Ok(files)
}

fn is_picture(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| PICTURES.contains(&ending.to_lowercase().as_str()))
}
