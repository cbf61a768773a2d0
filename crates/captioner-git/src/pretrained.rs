//! Checkpoint folders in Hugging Face's format: `config.json`, `generation_config.json`,
//! `model.safetensors`, and the files of the processor.

use std::path::Path;

use burn::tensor::Device;
use serde::Serialize;

use crate::GitError;
use crate::config::{CONFIG_FILE, GitConfig};
use crate::files::{write_folder, write_json};
use crate::model::GitForCausalLm;
use crate::processor::Processor;
use crate::weights::{self, WEIGHTS_FILE};

impl GitForCausalLm {
    /// Loads the model of a checkpoint folder onto `device`. For training, that is one with
    /// autodiff.
    ///
    /// # Errors
    /// When the folder or one of its files is missing, damaged or contradictory; nothing is half
    /// loaded.
    pub fn from_pretrained(folder: &Path, device: &Device) -> Result<Self, GitError> {
        check_folder(folder)?;
        let config = GitConfig::from_pretrained(folder)?;
        let model = Self::unset(config, device)?;
        Ok(weights::load(model, folder)?)
    }
}

/// Saves model and processor as a checkpoint folder that transformers'
/// `AutoModelForCausalLM` and `AutoProcessor` load. The folder appears whole or not at all, and
/// one of that name is replaced.
///
/// # Errors
/// When a file can't be written or the device fails; a former folder is then still there.
pub fn save_pretrained(
    model: &GitForCausalLm,
    processor: &Processor,
    folder: &Path,
) -> Result<(), GitError> {
    write_folder(folder, |scratch| write_files(model, processor, scratch))
}

/// Writes the files of a checkpoint into a folder that exists; meant for use inside
/// [`write_folder`], where a checkpoint holds more files than these.
///
/// # Errors
/// When a file can't be written or the device fails.
pub fn write_files(
    model: &GitForCausalLm,
    processor: &Processor,
    folder: &Path,
) -> Result<(), GitError> {
    let config = model.config();
    write_json(&folder.join(CONFIG_FILE), config)?;
    let generation = GenerationFile {
        bos_token_id: config.bos_token_id,
        eos_token_id: config.eos_token_id,
        pad_token_id: config.pad_token_id,
    };
    write_json(&folder.join("generation_config.json"), &generation)?;
    processor.save_pretrained(folder)?;
    Ok(weights::save(model, folder)?)
}

#[derive(Serialize)]
struct GenerationFile {
    bos_token_id: u32,
    eos_token_id: u32,
    pad_token_id: u32,
}

fn check_folder(folder: &Path) -> Result<(), GitError> {
    let problem = if !folder.exists() {
        "there is no such folder: name one that holds config.json and model.safetensors".to_owned()
    } else if !folder.is_dir() {
        "it is a file: name the folder that holds config.json and model.safetensors".to_owned()
    } else {
        let files = [CONFIG_FILE, WEIGHTS_FILE];
        match files.into_iter().find(|file| !folder.join(file).is_file()) {
            Some(file) => format!("{file} is missing"),
            None => return Ok(()),
        }
    };
    let path = folder.to_owned();
    Err(GitError::NoModel { path, problem })
}
