//! Checkpoint folders in Hugging Face's format: `config.json`, `generation_config.json`,
//! `model.safetensors`, and the files of the processor.

use std::path::Path;

use burn::tensor::Device;
use serde::Serialize;

use crate::GitError;
use crate::config::{CONFIG_FILE, GitConfig, TokenIds};
use crate::files::{write_folder, write_json};
use crate::generation::GENERATION_FILE;
use crate::model::GitForCausalLm;
use crate::processor::Processor;
use crate::weights::{self, LoadReport, WEIGHTS_FILE};

impl GitForCausalLm {
    /// Loads the model of a checkpoint folder onto `device`. For training, that is one with
    /// autodiff.
    ///
    /// # Errors
    /// When the folder or one of its files is missing, damaged or contradictory; nothing is half
    /// loaded.
    pub fn from_pretrained(folder: &Path, device: &Device) -> Result<Self, GitError> {
        Ok(Self::from_pretrained_with_report(folder, device)?.0)
    }

    /// As [`from_pretrained`](Self::from_pretrained), and says what was noticed: weights that are
    /// infinite or no numbers, and tensors that were left out.
    ///
    /// # Errors
    /// As [`from_pretrained`](Self::from_pretrained).
    pub fn from_pretrained_with_report(
        folder: &Path,
        device: &Device,
    ) -> Result<(Self, LoadReport), GitError> {
        check_folder(folder)?;
        let config = GitConfig::from_pretrained(folder)?;
        let model = Self::unset(config, device)?;
        Ok(weights::load(model, folder)?)
    }

    /// Saves the model alone: configuration and weights, an adapter merged into them. The folder
    /// appears whole or not at all, and one of that name is replaced.
    ///
    /// # Errors
    /// When a file can't be written or the device fails; a former folder is then still there.
    pub fn save_pretrained(&self, folder: &Path) -> Result<(), GitError> {
        write_folder(folder, |scratch| self.write_files(scratch))
    }

    fn write_files(&self, folder: &Path) -> Result<(), GitError> {
        let config = self.config();
        write_json(&folder.join(CONFIG_FILE), config)?;
        let generation = GenerationFile {
            bos_token_id: config.bos_token_id,
            eos_token_id: &config.eos_token_id,
            pad_token_id: config.pad_token_id,
        };
        write_json(&folder.join(GENERATION_FILE), &generation)?;
        Ok(weights::save(self, folder)?)
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
    model.write_files(folder)?;
    processor.save_pretrained(folder)
}

#[derive(Serialize)]
struct GenerationFile<'a> {
    bos_token_id: u32,
    eos_token_id: &'a TokenIds,
    pad_token_id: u32,
}

fn check_folder(folder: &Path) -> Result<(), GitError> {
    let problem = if !folder.exists() {
        "there is no such folder: name one that holds config.json and model.safetensors".to_owned()
    } else if !folder.is_dir() {
        "it is a file: name the folder that holds config.json and model.safetensors".to_owned()
    } else {
        let has_config = folder.join(CONFIG_FILE).is_file();
        match (has_config, weights::has_weights(folder)) {
            (true, true) => return Ok(()),
            (false, _) => format!("{CONFIG_FILE} is missing"),
            (true, false) => format!("{WEIGHTS_FILE} (or pytorch_model.bin) is missing"),
        }
    };
    let path = folder.to_owned();
    Err(GitError::NoModel { path, problem })
}
