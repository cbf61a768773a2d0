//! Captioning in one call.

use std::path::Path;

use captioner_git::{Caption, GenerationConfig, GitError, GitForCausalLm, Processor};
use captioner_image::{DecodeOptions, ImageError, RgbImage, open};
use captioner_ops::{DeviceError, DeviceSpec};
use thiserror::Error;

/// A model with its processor, ready to caption pictures.
///
/// ```no_run
/// use captioner::{Captioner, ops::DeviceSpec};
///
/// # fn main() -> Result<(), captioner::CaptionerError> {
/// let captioner = Captioner::from_pretrained("git-pokemon/model", DeviceSpec::AUTO)?;
/// println!("{}", captioner.caption_file("picture.png")?.text);
/// # Ok(())
/// # }
/// ```
pub struct Captioner {
    model: GitForCausalLm,
    processor: Processor,
    decoding: DecodeOptions,
    generation: GenerationConfig,
}

/// Why a picture can't be captioned.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CaptionerError {
    /// The device.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The model.
    #[error(transparent)]
    Model(#[from] GitError),
    /// The picture.
    #[error(transparent)]
    Picture(#[from] ImageError),
}

impl Captioner {
    /// Loads the checkpoint in `folder` onto a device.
    ///
    /// # Errors
    /// When the device can't be opened, or a file of the checkpoint is missing or damaged.
    pub fn from_pretrained(
        folder: impl AsRef<Path>,
        device: DeviceSpec,
    ) -> Result<Self, CaptionerError> {
        let folder = folder.as_ref();
        Ok(Self {
            model: GitForCausalLm::from_pretrained(folder, &device.open()?)?,
            processor: Processor::from_pretrained(folder)?,
            decoding: DecodeOptions::default(),
            generation: GenerationConfig::default(),
        })
    }

    /// Sets how captions are written.
    pub fn with_generation(mut self, generation: GenerationConfig) -> Self {
        self.generation = generation;
        self
    }

    /// Captions the picture in a file.
    ///
    /// # Errors
    /// When the file can't be read or decoded, or the device fails.
    pub fn caption_file(&self, path: impl AsRef<Path>) -> Result<Caption, CaptionerError> {
        let picture = open(path, &self.decoding)?;
        let mut captions = self.caption(&[picture])?;
        captions
            .pop()
            .ok_or_else(|| GitError::Batch("no caption came back".into()).into())
    }

    /// Captions several pictures as one batch.
    ///
    /// # Errors
    /// When a picture can't be preprocessed, or the device fails.
    pub fn caption(&self, pictures: &[RgbImage]) -> Result<Vec<Caption>, CaptionerError> {
        let captions = self
            .model
            .caption(&self.processor, pictures, &self.generation)?;
        Ok(captions)
    }
}
