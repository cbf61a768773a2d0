//! The processor: pictures to pixel values and captions to tokens, as one thing that travels with
//! the model.

use std::path::Path;

use captioner_image::{ImageProcessor, ImageProcessorConfig, RgbImage};
use captioner_text::CaptionTokenizer;

use crate::GitError;
use crate::batch::PixelValues;
use crate::generation::{Generated, GenerationConfig};
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
#[derive(Clone, Debug, PartialEq)]
pub struct Caption {
    /// Its tokens, start and end included.
    pub ids: Vec<u32>,
    /// Its words.
    pub text: String,
    /// See [`Generated::score`].
    pub score: Option<f32>,
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

    /// Pixel values of several pictures, `[B, 3, H, W]`.
    ///
    /// # Errors
    /// When there is none, one can't be resized, or the settings give pictures of several sizes.
    pub fn pixel_values(&self, pictures: &[RgbImage]) -> Result<PixelValues, GitError> {
        let (values, [height, width]) = self.preprocess(pictures)?;
        PixelValues::new(values, &[pictures.len(), 3, height, width])
    }

    /// Pixel values of one video's frames, `[1, F, 3, H, W]`.
    ///
    /// # Errors
    /// As [`pixel_values`](Self::pixel_values).
    pub fn frame_values(&self, frames: &[RgbImage]) -> Result<PixelValues, GitError> {
        let (values, [height, width]) = self.preprocess(frames)?;
        PixelValues::new(values, &[1, frames.len(), 3, height, width])
    }

    fn preprocess(&self, pictures: &[RgbImage]) -> Result<(Vec<f32>, [usize; 2]), GitError> {
        let mut size = [0, 0];
        let mut values = Vec::new();
        for picture in pictures {
            let pixels = self.image.preprocess(picture)?;
            let own = [pixels.height as usize, pixels.width as usize];
            if !values.is_empty() && size != own {
                return Err(GitError::Batch(format!(
                    "pictures of {size:?} and {own:?} pixels do not make a batch: \
                     switch do_center_crop on in preprocessor_config.json"
                )));
            }
            size = own;
            values.extend_from_slice(&pixels.data);
        }
        Ok((values, size))
    }

    /// A prompt to go on from: the start token and the text, without an end.
    ///
    /// # Errors
    /// When the text can't be made into tokens.
    pub fn prompt(&self, text: &str) -> Result<Vec<u32>, GitError> {
        let mut ids = self.tokenizer.encode(text)?;
        if ids.last() == Some(&self.tokenizer.sep_id()) {
            ids.pop();
        }
        Ok(ids)
    }

    /// Decodes what was generated.
    ///
    /// # Errors
    /// When the tokenizer does not know a token.
    pub fn caption(&self, generated: Generated) -> Result<Caption, GitError> {
        Ok(Caption {
            text: self.tokenizer.decode(&generated.ids, true)?,
            ids: generated.ids,
            score: generated.score,
        })
    }
}

impl GitForCausalLm {
    /// Captions pictures: preprocess, generate, decode. The captions come in the order of the
    /// pictures, `num_return_sequences` for each.
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
        let prefix = self.encode_pixels(&processor.pixel_values(pictures)?)?;
        let texts = self.generate(&prefix, &[], config)?;
        texts
            .into_iter()
            .map(|text| processor.caption(text))
            .collect()
    }
}
