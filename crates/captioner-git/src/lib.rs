//! Microsoft's GIT: model, weights, processor and generation.
//!
//! The configuration, the names of the weights and the files are Hugging Face's, so that a
//! checkpoint goes to Python and back. Read [`GitForCausalLm`] first.

mod adapter;
mod batch;
mod cache;
mod config;
mod decoder;
mod error;
mod files;
mod freeze;
mod generation;
mod interpolation;
mod layers;
mod model;
mod pattern;
#[cfg(test)]
mod plain;
mod pretrained;
mod process;
mod processor;
mod vision;
mod weights;

pub use adapter::{AdapterError, LoraConfig};
pub use batch::{CaptionBatch, IGNORE_INDEX, PixelValues, TextPadding};
pub use config::{CONFIG_FILE, ConfigError, GitConfig, GitVisionConfig, HiddenAct, TokenIds};
pub use decoder::ImagePrefix;
pub use error::GitError;
pub use files::{FileError, read_json, write_folder, write_json};
pub use generation::{EarlyStopping, GENERATION_FILE, Generated, GenerationConfig, StreamedToken};
pub use model::{GitForCausalLm, LossOutput, Predictions};
pub use pattern::NamePattern;
pub use pretrained::{save_pretrained, write_files};
pub use process::{ProcessedBatch, ProcessorInput};
pub use processor::{Caption, Processor};
pub use weights::{LoadReport, Mismatches, WeightsError};
