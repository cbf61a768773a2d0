//! Checkpoint folders in Hugging Face's format: `config.json`, `generation_config.json`,
//! `model.safetensors`, and the files of the processor.

use std::path::Path;

use burn::tensor::Device;
use captioner_files::{create_folder, read_json, update_folder, write_json};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::adapter::{has_adapter, merge_adapter};
use crate::config::{CONFIG_FILE, ConfigError};
use crate::error::{MissingPart, ModelError};
use crate::generation::GenerationConfig;
use crate::model::CaptionModel;
use crate::other_folder::other_folder;
use crate::parameters::ParameterName;
use crate::processor::Processor;
use crate::weights::{self, Init, LoadReport, WeightLayout};

/// A captioner whose checkpoints are Hugging Face's.
pub trait Pretrained: CaptionModel {
    /// `model_type` in `config.json`, such as `git`.
    const MODEL_TYPE: &'static str;

    /// What `config.json` holds; its `model_type` is added where this has none.
    type Config: Clone + Serialize + DeserializeOwned;

    /// Checks that a model can be built.
    ///
    /// # Errors
    /// Names the first value that contradicts another or is out of range.
    fn validate_config(config: &Self::Config) -> Result<(), ConfigError>;

    /// A model whose weights are yet to be loaded or drawn. The configuration was validated.
    fn from_config(config: Self::Config, device: &Device) -> Self;

    /// The configuration it was built from.
    fn config(&self) -> &Self::Config;

    /// How its parameters are named and laid out in the checkpoint: by default as the fields are.
    fn layout() -> WeightLayout {
        WeightLayout::default()
    }

    /// The fresh value of a parameter: by default [`Init::standard`] with a deviation of 0.02.
    fn init(_config: &Self::Config, name: &ParameterName) -> Init {
        Init::standard(name, 0.02)
    }

    /// The decoding settings that came with it.
    fn generation_config(&self) -> &GenerationConfig;

    /// Replaces the decoding settings that go with it.
    fn set_generation_config(&mut self, config: GenerationConfig);

    /// A model with fresh weights, drawn as [`init`](Self::init) says: the same seed gives the same
    /// weights on every device. For training, `device` is one with autodiff.
    ///
    /// # Errors
    /// When the configuration can't be used.
    fn with_fresh_weights(
        config: Self::Config,
        seed: u64,
        device: &Device,
    ) -> Result<Self, ModelError> {
        Self::validate_config(&config)?;
        let model = Self::from_config(config.clone(), device);
        let init = |name: &ParameterName| Self::init(&config, name);
        Ok(weights::initialize(model, &Self::layout(), seed, init))
    }

    /// Loads the model of a checkpoint folder onto `device`. For training, that is one with
    /// autodiff.
    ///
    /// # Errors
    /// When the folder or one of its files is missing, damaged or contradictory; nothing is half
    /// loaded.
    fn from_pretrained(folder: impl AsRef<Path>, device: &Device) -> Result<Self, ModelError> {
        Ok(Self::from_pretrained_with_report(folder, device)?.0)
    }

    /// As [`from_pretrained`](Self::from_pretrained), and says what was noticed: weights that are
    /// infinite or NaN, and tensors that were left out.
    ///
    /// # Errors
    /// As [`from_pretrained`](Self::from_pretrained).
    fn from_pretrained_with_report(
        folder: impl AsRef<Path>,
        device: &Device,
    ) -> Result<(Self, LoadReport), ModelError> {
        let folder = folder.as_ref();
        check_folder(folder)?;
        let config = read_config::<Self>(folder)?;
        check_weights(folder)?;
        let generation = GenerationConfig::from_pretrained(folder)?;
        let model = Self::from_config(config, device);
        let (mut model, report) = weights::load(model, &Self::layout(), folder)?;
        model.set_generation_config(generation);
        Ok((model, report))
    }

    /// Loads the weights of a checkpoint folder into this model: adapters, freezing and settings
    /// stay.
    ///
    /// # Errors
    /// When the weights are missing, damaged or another model's; nothing is half loaded.
    fn load_weights(self, folder: impl AsRef<Path>) -> Result<Self, ModelError> {
        Ok(weights::load(self, &Self::layout(), folder.as_ref())?.0)
    }

    /// Saves the model alone: configuration and weights, an adapter merged into them. Each file is
    /// written whole or not at all, and all other files of the folder stay.
    ///
    /// # Errors
    /// When a file can't be written or the device fails.
    fn save_pretrained(&self, folder: impl AsRef<Path>) -> Result<(), ModelError> {
        let folder = folder.as_ref();
        create_folder(folder)?;
        write_config::<Self>(self.config(), folder)?;
        self.generation_config()
            .save_pretrained(folder, &self.spec())?;
        let layout = Self::layout();
        if has_adapter(self) {
            weights::save(&merge_adapter(self.clone()), &layout, folder)?;
        } else {
            weights::save(self, &layout, folder)?;
        }
        Ok(())
    }
}

/// Saves model and processor as a checkpoint folder that transformers'
/// `AutoModelForCausalLM` and `AutoProcessor` load. All files appear together, so that a model never
/// stands beside the tokenizer of another, and all other files of the folder stay.
///
/// # Errors
/// When a file can't be written or the device fails.
pub fn save_pretrained<M: Pretrained>(
    model: &M,
    processor: &Processor,
    folder: impl AsRef<Path>,
) -> Result<(), ModelError> {
    update_folder(folder, |scratch| {
        model.save_pretrained(scratch)?;
        processor.save_pretrained(scratch)
    })
}

/// The `model_type` of a checkpoint folder.
///
/// # Errors
/// When the folder or its `config.json` is missing, or that names none.
pub fn model_type(folder: impl AsRef<Path>) -> Result<String, ModelError> {
    let folder = folder.as_ref();
    check_folder(folder)?;
    let path = folder.join(CONFIG_FILE);
    let config: Map<String, Value> = read_json(&path)?;
    match config.get("model_type").and_then(Value::as_str) {
        Some(kind) => Ok(kind.to_owned()),
        None => Err(ModelError::ConfigFile {
            path,
            source: ConfigError {
                key: "model_type",
                value: "missing".into(),
                problem: "but it says which model this is".into(),
            },
        }),
    }
}

/// Writes `config.json`, with the `model_type` by which it is opened again.
fn write_config<M: Pretrained>(config: &M::Config, folder: &Path) -> Result<(), ModelError> {
    #[derive(Serialize)]
    struct Typed<'a, C> {
        model_type: &'a str,
        #[serde(flatten)]
        config: &'a C,
    }
    let path = folder.join(CONFIG_FILE);
    let keys = serde_json::to_value(config);
    if keys.is_ok_and(|keys| keys.get("model_type").is_some()) {
        return Ok(write_json(path, config)?);
    }
    let model_type = M::MODEL_TYPE;
    Ok(write_json(path, &Typed { model_type, config })?)
}

fn read_config<M: Pretrained>(folder: &Path) -> Result<M::Config, ModelError> {
    let path = folder.join(CONFIG_FILE);
    let raw: Map<String, Value> = read_json(&path)?;
    if let Some(found) = raw.get("model_type").and_then(Value::as_str)
        && found != M::MODEL_TYPE
    {
        return Err(ModelError::UnknownModelType {
            path,
            found: found.to_owned(),
            known: M::MODEL_TYPE.to_owned(),
        });
    }
    // Read once more, so that a wrong value is named with its line.
    let config: M::Config = read_json(&path)?;
    M::validate_config(&config).map_err(|source| ModelError::ConfigFile { path, source })?;
    Ok(config)
}

/// Checks that a folder holds a configuration.
fn check_folder(folder: &Path) -> Result<(), ModelError> {
    let missing = if !folder.exists() {
        MissingPart::Folder
    } else if !folder.is_dir() {
        MissingPart::IsFile
    } else if !folder.join(CONFIG_FILE).is_file() {
        MissingPart::Config
    } else {
        return Ok(());
    };
    Err(no_model(folder, missing))
}

/// Checks that a folder holds weights.
fn check_weights(folder: &Path) -> Result<(), ModelError> {
    match weights::has_weights(folder) {
        true => Ok(()),
        false => Err(no_model(folder, MissingPart::Weights)),
    }
}

/// What is missing, or what the folder holds in place of a model.
fn no_model(folder: &Path, missing: MissingPart) -> ModelError {
    let path = folder.to_owned();
    match other_folder(folder) {
        Some(found) => ModelError::OtherFolder { path, found },
        None => ModelError::NoModel { path, missing },
    }
}
