//! Microsoft's GIT, the Generative Image-to-text Transformer
//! ([Wang et al., 2022](https://arxiv.org/abs/2205.14100)).
//!
//! [`GitForCausalLm`] is a [`CaptionModel`](captioner_model::CaptionModel) whose configuration,
//! names of weights and files are Hugging Face's, so that a checkpoint goes to Python and back.
//!
//! ```
//! use burn::tensor::Device;
//! use captioner_git::{GitConfig, GitForCausalLm};
//! use captioner_model::{CaptionModel, GenerationConfig, PixelValues, Pretrained};
//!
//! // A small model with fresh weights: a vocabulary of 30 tokens, pictures of 96 x 96 pixels.
//! let config = GitConfig::small(30, 0, 1, 2);
//! let model = GitForCausalLm::new(config, 42, &Device::flex())?;
//!
//! let picture = PixelValues::new(vec![0.0; 3 * 96 * 96], &[1, 3, 96, 96])?;
//! let prefix = model.encode_pixels(&picture)?;
//! let settings = GenerationConfig { max_new_tokens: Some(5), ..Default::default() };
//! let captions = model.generate(&prefix, &[], &settings)?;
//! assert_eq!(captions[0].ids[0], 1); // the start token
//!
//! // A folder that `AutoModelForCausalLM.from_pretrained` loads, and so does this crate.
//! let folder = tempfile::tempdir()?;
//! model.save_pretrained(folder.path())?;
//! let again = GitForCausalLm::from_pretrained(folder.path(), &Device::flex())?;
//! assert_eq!(again.config().vocab_size, 30);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod config;
mod decoder;
mod interpolation;
mod model;
#[cfg(test)]
mod reference;
mod vision;

pub use burn;
pub use config::{GitConfig, GitVisionConfig};
pub use model::GitForCausalLm;
