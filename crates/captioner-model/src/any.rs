//! A captioner of any kind behind one object.

use std::path::Path;

use captioner_image::PixelValues;

use crate::error::ModelError;
use crate::generation::{Generated, GenerationConfig};
use crate::pretrained::Pretrained;
use crate::spec::ModelSpec;

/// A captioner whose type is chosen at run time, by the `model_type` of its folder. Every
/// [`Pretrained`] model is one.
pub trait AnyCaptioner: Send {
    /// `model_type` of its `config.json`.
    fn model_type(&self) -> &'static str;

    /// Sizes and special tokens.
    fn model_spec(&self) -> ModelSpec;

    /// The decoding settings that came with it.
    fn decoding_settings(&self) -> &GenerationConfig;

    /// Captions pictures `[B, 3, H, W]` or videos `[B, F, 3, H, W]`; see
    /// [`CaptionModel::generate`](crate::CaptionModel::generate).
    ///
    /// # Errors
    /// As [`encode`](crate::CaptionModel::encode) and
    /// [`generate`](crate::CaptionModel::generate) of a model.
    fn generate_captions(
        &self,
        pixels: &PixelValues,
        prompts: &[Vec<u32>],
        config: &GenerationConfig,
    ) -> Result<Vec<Generated>, ModelError>;

    /// Saves the model alone; see [`Pretrained::save_pretrained`].
    ///
    /// # Errors
    /// When a file can't be written or the device fails.
    fn save_checkpoint(&self, folder: &Path) -> Result<(), ModelError>;
}

impl<M: Pretrained> AnyCaptioner for M {
    fn model_type(&self) -> &'static str {
        M::MODEL_TYPE
    }

    fn model_spec(&self) -> ModelSpec {
        self.spec()
    }

    fn decoding_settings(&self) -> &GenerationConfig {
        self.generation_config()
    }

    fn generate_captions(
        &self,
        pixels: &PixelValues,
        prompts: &[Vec<u32>],
        config: &GenerationConfig,
    ) -> Result<Vec<Generated>, ModelError> {
        let prefix = self.encode_pixels(pixels)?;
        self.generate(&prefix, prompts, config)
    }

    fn save_checkpoint(&self, folder: &Path) -> Result<(), ModelError> {
        self.save_pretrained(folder)
    }
}
