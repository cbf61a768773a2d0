//! The processor: pictures to pixel values and captions to tokens, as one thing that travels with
//! the model.

use std::path::Path;

use burn::tensor::{Tensor, TensorData};
use captioner_image::{ImageProcessor, ImageProcessorConfig, RgbImage};
use captioner_text::CaptionTokenizer;

use crate::GitError;
use crate::generation::GenerationConfig;
use crate::model::GitForCausalLm;

/// Picture settings and tokenizer of a model.
#[derive(Clone, Debug)]
pub struct Processor {
    /// Pictures to pixel values.
    pub image: ImageProcessor,
    /// Captions to token ids and back.
    pub tokenizer: CaptionTokenizer,
}

/// A caption that the model wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caption {
    /// Its tokens, start and end included.
    pub ids: Vec<u32>,
    /// Its words.
    pub text: String,
}

impl Processor {
    /// Reads the processor of a checkpoint folder, as transformers 4 or 5 wrote it.
    ///
    /// # Errors
    /// When a file is missing, damaged or contradictory.
    pub fn from_pretrained(folder: &Path) -> Result<Self, GitError> {
        Ok(Self {
            image: ImageProcessor::from_pretrained(folder)?,
            tokenizer: CaptionTokenizer::from_pretrained(folder)?,
        })
    }

    /// The processor of a model with square pictures of `image_size` pixels and CLIP's pixel
    /// statistics.
    ///
    /// # Errors
    /// When `image_size` is 0.
    pub fn clip(image_size: u32, tokenizer: CaptionTokenizer) -> Result<Self, GitError> {
        let image = ImageProcessor::new(ImageProcessorConfig::clip(image_size))?;
        Ok(Self { image, tokenizer })
    }

    /// Writes the processor's files into a folder that exists.
    ///
    /// # Errors
    /// When a file can't be written.
    pub fn save_pretrained(&self, folder: &Path) -> Result<(), GitError> {
        self.image.save_pretrained(folder)?;
        self.tokenizer.save_pretrained(folder)?;
        Ok(())
    }

    /// Pixel values of several pictures, one after the other, and their shape `[B, 3, H, W]`.
    ///
    /// # Errors
    /// When a picture can't be resized, or the settings give pictures of several sizes.
    pub fn pixel_values(&self, pictures: &[RgbImage]) -> Result<(Vec<f32>, [usize; 4]), GitError> {
        let mut shape = [pictures.len(), 3, 0, 0];
        let mut values = Vec::new();
        for picture in pictures {
            let pixels = self.image.preprocess(picture)?;
            let size = [pixels.height as usize, pixels.width as usize];
            if !values.is_empty() && shape[2..] != size {
                let first = (shape[2], shape[3]);
                return Err(GitError::Batch(format!(
                    "pictures of {first:?} and {size:?} pixels do not make a batch: \
                     switch do_center_crop on in preprocessor_config.json"
                )));
            }
            shape[2..].copy_from_slice(&size);
            values.extend_from_slice(&pixels.data);
        }
        Ok((values, shape))
    }
}

impl GitForCausalLm {
    /// Captions pictures: preprocess, generate, decode.
    ///
    /// # Errors
    /// As [`Processor::pixel_values`] and [`GitForCausalLm::generate`].
    pub fn caption(
        &self,
        processor: &Processor,
        pictures: &[RgbImage],
        config: &GenerationConfig,
    ) -> Result<Vec<Caption>, GitError> {
        if pictures.is_empty() {
            return Ok(Vec::new());
        }
        let (values, shape) = processor.pixel_values(pictures)?;
        let pixels = Tensor::from_data(TensorData::new(values, shape), &self.device());
        let rows = self.generate(pixels, config)?;
        rows.into_iter()
            .map(|ids| {
                let text = processor.tokenizer.decode(&ids, true)?;
                Ok(Caption { ids, text })
            })
            .collect()
    }
}
