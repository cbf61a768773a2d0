//! Captioning in one call.

use std::path::Path;

use captioner_image::{DecodeOptions, ImageError, Source, Workers};
use captioner_model::{AnyCaptioner, Caption, GenerationConfig, ModelError, Processor};
use captioner_ops::{DeviceError, DeviceSpec};
use thiserror::Error;

use crate::open::open_captioner;

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
    model: Box<dyn AnyCaptioner>,
    processor: Processor,
    /// They decode and preprocess.
    workers: Workers,
    generation: GenerationConfig,
}

/// Why a picture can't be captioned.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CaptionerError {
    /// The device.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The model, its processor, or a picture.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The threads that decode pictures.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The settings gave no caption of a picture.
    #[error("no caption was generated: check the generation settings")]
    NoCaption,
}

impl Captioner {
    /// A model in memory, of whatever kind, with its processor and its own decoding settings. A
    /// model that was just trained is given without autodiff (`Module::valid`).
    ///
    /// # Errors
    /// When the threads that decode pictures can't be started.
    pub fn new(
        model: impl AnyCaptioner + 'static,
        processor: Processor,
    ) -> Result<Self, CaptionerError> {
        Self::from_any(Box::new(model), processor)
    }

    fn from_any(
        model: Box<dyn AnyCaptioner>,
        processor: Processor,
    ) -> Result<Self, CaptionerError> {
        Ok(Self {
            processor: processor.for_model(&model.model_spec()),
            generation: model.decoding_settings().clone(),
            model,
            workers: Workers::new(0)?,
        })
    }

    /// Loads the checkpoint in `folder` onto a device: model, processor and
    /// `generation_config.json`.
    ///
    /// # Errors
    /// When the device can't be opened, or a file of the checkpoint is missing or damaged.
    pub fn from_pretrained(
        folder: impl AsRef<Path>,
        device: DeviceSpec,
    ) -> Result<Self, CaptionerError> {
        let folder = folder.as_ref();
        let model = open_captioner(folder, &device.open()?)?;
        Self::from_any(model, Processor::from_pretrained(folder)?)
    }

    /// The decoding settings: those of the checkpoint's `generation_config.json`, unless replaced.
    pub fn generation(&self) -> &GenerationConfig {
        &self.generation
    }

    /// Replaces the decoding settings.
    pub fn with_generation(mut self, generation: GenerationConfig) -> Self {
        self.generation = generation;
        self
    }

    /// Sets how pictures are decoded.
    pub fn with_decoding(mut self, options: DecodeOptions) -> Self {
        self.processor.decoding = options;
        self
    }

    /// Captions the picture in a file.
    ///
    /// # Errors
    /// When the file can't be read or decoded, or the device fails.
    pub fn caption_file(&self, path: impl AsRef<Path>) -> Result<Caption, CaptionerError> {
        let captions = self.caption(&[Source::File(path.as_ref())])?;
        captions.into_iter().next().ok_or(CaptionerError::NoCaption)
    }

    /// Captions several pictures as one batch, decoded and preprocessed on all cores. The captions
    /// come in the order of the pictures, `num_return_sequences` for each.
    ///
    /// # Errors
    /// When a picture can't be decoded or preprocessed (it is named), or the device fails.
    pub fn caption(&self, pictures: &[Source<'_>]) -> Result<Vec<Caption>, CaptionerError> {
        if pictures.is_empty() {
            return Ok(Vec::new());
        }
        let pixels = self.processor.pixel_values(pictures, &self.workers)?;
        let sequences = self
            .model
            .generate_captions(&pixels, &[], &self.generation)?;
        let captions = sequences.into_iter();
        let captions = captions.map(|sequence| self.processor.caption(sequence));
        Ok(captions.collect::<Result<_, _>>()?)
    }
}
