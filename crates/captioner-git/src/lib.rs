//! Microsoft's GIT: model, weights, processor and generation.
//!
//! The configuration, the names of the weights and the files are Hugging Face's, so that a
//! checkpoint goes to Python and back. Read [`GitForCausalLm`] first.

mod batch;
mod cache;
mod config;
mod decoder;
mod error;
mod files;
mod generation;
mod layers;
mod model;
mod pretrained;
mod processor;
mod vision;
mod weights;

pub use batch::{CaptionBatch, IGNORE_INDEX};
pub use config::{CONFIG_FILE, ConfigError, GitConfig, GitVisionConfig, HiddenAct};
pub use decoder::ImagePrefix;
pub use error::GitError;
pub use files::{FileError, read_json, write_folder, write_json};
pub use generation::GenerationConfig;
pub use model::{GitForCausalLm, LossOutput, Predictions};
pub use pretrained::{save_pretrained, write_files};
pub use processor::{Caption, Processor};
pub use weights::WeightsError;
