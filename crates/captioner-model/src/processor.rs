//! The processor: pictures to pixel values and captions to tokens, as one thing that travels with
//! the model.

use std::path::Path;

use captioner_files::create_folder;
use captioner_image::{
    DecodeOptions, ImageError, ImageProcessor, ImageProcessorConfig, PixelValues, Source, Workers,
};
use captioner_text::{
    CaptionTokenizer, EncodeOptions, EncodedRows, Padding, TextError, TokenBatch,
};

use crate::batch::CaptionBatch;
use crate::error::{BatchError, ModelError};
use crate::generation::Generated;
use crate::other_folder::other_folder;
use crate::spec::ModelSpec;

/// Picture settings and tokenizer of a model. What it gives is what the model takes.
///
/// ```no_run
/// use captioner_image::{Source, Workers};
/// use captioner_model::Processor;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let processor = Processor::from_pretrained("git-base")?;
/// let pictures = [Source::File("cat.jpg".as_ref())];
/// let batch = processor.batch(&pictures, &["a cat"], Some(64), &Workers::new(0)?)?;
/// assert_eq!(batch.captions(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Processor {
    /// Pictures to pixel values.
    pub image: ImageProcessor,
    /// Captions to token ids and back.
    pub tokenizer: CaptionTokenizer,
    /// How pictures are decoded, wherever this processor reads them.
    pub decoding: DecodeOptions,
    start_token_id: u32,
}

/// A generated caption.
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
    /// Puts the two halves together.
    pub fn new(image: ImageProcessor, tokenizer: CaptionTokenizer) -> Self {
        Self {
            start_token_id: tokenizer.cls_id(),
            image,
            tokenizer,
            decoding: DecodeOptions::default(),
        }
    }

    /// Reads the processor of a checkpoint folder, as transformers 4 or 5 wrote it.
    ///
    /// # Errors
    /// When a file is missing, damaged or contradictory.
    pub fn from_pretrained(folder: impl AsRef<Path>) -> Result<Self, ModelError> {
        let folder = folder.as_ref();
        let read = || -> Result<Self, ModelError> {
            let image = ImageProcessor::from_pretrained(folder)?;
            Ok(Self::new(image, CaptionTokenizer::from_pretrained(folder)?))
        };
        read().map_err(|error| named(folder, error))
    }

    /// The processor of a model with square pictures of `image_size` pixels and CLIP's pixel
    /// statistics.
    ///
    /// # Errors
    /// When `image_size` is 0.
    pub fn clip(image_size: u32, tokenizer: CaptionTokenizer) -> Result<Self, ModelError> {
        let image = ImageProcessor::new(ImageProcessorConfig::clip(image_size))?;
        Ok(Self::new(image, tokenizer))
    }

    /// Sets how pictures are decoded.
    pub fn with_decoding(mut self, options: DecodeOptions) -> Self {
        self.decoding = options;
        self
    }

    /// Starts every caption with the model's own start token, where that is not the tokenizer's
    /// (BLIP's is `[DEC]`).
    pub fn for_model(mut self, spec: &ModelSpec) -> Self {
        self.start_token_id = spec.start_token_id;
        self
    }

    /// Writes the processor's files into a folder, which is made where there is none. Each is
    /// written whole or not at all, and all other files stay.
    ///
    /// # Errors
    /// When a file can't be written.
    pub fn save_pretrained(&self, folder: impl AsRef<Path>) -> Result<(), ModelError> {
        let folder = folder.as_ref();
        create_folder(folder)?;
        self.image.save_pretrained(folder)?;
        self.tokenizer.save_pretrained(folder)?;
        Ok(())
    }

    /// Pixel values of pictures, decoded and processed by `workers`, `[B, 3, H, W]`.
    ///
    /// # Errors
    /// When there is none, one can't be decoded or resized (it is named by its place), or the
    /// settings give pictures of several sizes.
    pub fn pixel_values(
        &self,
        pictures: &[Source<'_>],
        workers: &Workers,
    ) -> Result<PixelValues, ModelError> {
        Ok(self.image.preprocess(pictures, &self.decoding, workers)?)
    }

    /// Pixel values of one video's frames, `[1, F, 3, H, W]`.
    ///
    /// # Errors
    /// As [`pixel_values`](Self::pixel_values).
    pub fn frame_values(
        &self,
        frames: &[Source<'_>],
        workers: &Workers,
    ) -> Result<PixelValues, ModelError> {
        let values = self
            .image
            .preprocess_frames(frames, &self.decoding, workers)?;
        Ok(values)
    }

    /// How captions are padded and truncated by default, as the tokenizer's files say.
    pub fn encode_options(&self) -> EncodeOptions {
        self.tokenizer.encode_options()
    }

    /// Tokens of captions, padded and truncated as `options` say, each from the start token to the
    /// end token.
    ///
    /// # Errors
    /// When a text can't be made into tokens, or texts of several lengths are not to be padded.
    pub fn tokens<S: AsRef<str> + Sync>(
        &self,
        captions: &[S],
        options: &EncodeOptions,
    ) -> Result<TokenBatch, ModelError> {
        let rows = self.encode_rows(captions, options)?;
        let mut batch = TokenBatch::from_rows(&rows.ids, self.tokenizer.pad_id(), options)?;
        batch.truncated = rows.truncated;
        Ok(batch)
    }

    /// Tokens of captions without padding, each truncated to `max_length` tokens, start and end
    /// included.
    ///
    /// # Errors
    /// When a text can't be made into tokens.
    pub fn token_rows<S: AsRef<str> + Sync>(
        &self,
        captions: &[S],
        max_length: Option<usize>,
    ) -> Result<EncodedRows, ModelError> {
        let options = EncodeOptions {
            max_length,
            ..EncodeOptions::default()
        };
        self.encode_rows(captions, &options)
    }

    fn encode_rows<S: AsRef<str> + Sync>(
        &self,
        captions: &[S],
        options: &EncodeOptions,
    ) -> Result<EncodedRows, ModelError> {
        let mut rows = self.tokenizer.encode_rows(captions, options)?;
        for ids in &mut rows.ids {
            self.start(ids);
        }
        Ok(rows)
    }

    /// The token that every caption starts with.
    pub fn start_token_id(&self) -> u32 {
        self.start_token_id
    }

    /// Pictures and their captions as a model takes them: equally many captions for each picture,
    /// those of a picture beside each other, truncated to `max_length` tokens and padded to the
    /// longest.
    ///
    /// # Errors
    /// As [`pixel_values`](Self::pixel_values), [`tokens`](Self::tokens) and [`CaptionBatch::new`].
    pub fn batch<S: AsRef<str> + Sync>(
        &self,
        pictures: &[Source<'_>],
        captions: &[S],
        max_length: Option<usize>,
        workers: &Workers,
    ) -> Result<CaptionBatch, ModelError> {
        if pictures.is_empty() || captions.is_empty() {
            return Err(BatchError::Rows {
                captions: captions.len(),
                longest: 0,
                pictures: pictures.len(),
            }
            .into());
        }
        let options = EncodeOptions {
            padding: Padding::Longest,
            max_length,
            ..EncodeOptions::default()
        };
        let tokens = self.tokens(captions, &options)?;
        CaptionBatch::new(self.pixel_values(pictures, workers)?, tokens)
    }

    /// A prompt that generation continues: the start token and the text, without an end.
    ///
    /// # Errors
    /// When the text can't be made into tokens.
    pub fn prompt(&self, text: &str) -> Result<Vec<u32>, ModelError> {
        let mut ids = self.tokenizer.encode(text)?;
        if ids.last() == Some(&self.tokenizer.sep_id()) {
            ids.pop();
        }
        self.start(&mut ids);
        Ok(ids)
    }

    fn start(&self, ids: &mut [u32]) {
        if let Some(first) = ids.first_mut()
            && *first == self.tokenizer.cls_id()
        {
            *first = self.start_token_id;
        }
    }

    /// Decodes what was generated.
    ///
    /// # Errors
    /// When the tokenizer does not know a token.
    pub fn caption(&self, generated: Generated) -> Result<Caption, ModelError> {
        Ok(Caption {
            text: self.tokenizer.decode(&generated.ids, true)?,
            ids: generated.ids,
            score: generated.score,
        })
    }
}

/// The error, or what the folder holds in place of a processor.
fn named(folder: &Path, error: ModelError) -> ModelError {
    let nothing = matches!(
        error,
        ModelError::Image(ImageError::NoConfig { .. })
            | ModelError::Text(TextError::NoTokenizer { .. })
    );
    let path = folder.to_owned();
    match other_folder(folder).filter(|_| nothing) {
        Some(found) => ModelError::OtherFolder { path, found },
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use captioner_image::{RgbImage, rgb_from_raw};
    use captioner_text::WordPieceTraining;

    fn processor() -> Processor {
        let captions = ["a cat", "a cat on a mat"];
        let training = WordPieceTraining::default();
        let tokenizer = CaptionTokenizer::train_word_piece(captions, &training).unwrap();
        Processor::clip(32, tokenizer).unwrap()
    }

    fn picture(side: u32, shade: u8) -> RgbImage {
        let pixels = vec![shade; (side * side * 3) as usize];
        rgb_from_raw(side, side, pixels).unwrap()
    }

    fn padded(processor: &Processor) -> EncodeOptions {
        EncodeOptions {
            padding: Padding::Longest,
            ..processor.encode_options()
        }
    }

    #[test]
    fn a_batch_is_what_pictures_and_texts_are_alone() {
        let (processor, workers) = (processor(), Workers::new(2).unwrap());
        let pictures = [picture(40, 10), picture(64, 200)];
        let sources = [Source::Rgb(&pictures[0]), Source::Rgb(&pictures[1])];
        let text = ["a cat", "a mat", "a cat on a mat", "a cat"];
        let options = padded(&processor);
        let batch = processor.batch(&sources, &text, None, &workers).unwrap();
        let pixels = processor.pixel_values(&sources, &workers).unwrap();
        assert_eq!(pixels.shape(), [2, 3, 32, 32]);
        assert_eq!(*batch.visual(), pixels.into());
        let tokens = processor.tokenizer.encode_batch(&text, &options).unwrap();
        assert_eq!(*batch.tokens(), tokens);
        assert_eq!((tokens.rows, tokens.columns), (4, 7));
    }

    #[test]
    fn nothing_and_a_broken_picture_are_named() {
        let (processor, workers) = (processor(), Workers::new(1).unwrap());
        let message = |sources: &[Source<'_>], text: &[&str]| {
            let error = processor.batch(sources, text, None, &workers);
            error.unwrap_err().to_string()
        };
        assert!(message(&[], &[]).contains("0 pictures"));
        let good = picture(32, 1);
        let sources = [Source::Rgb(&good), Source::Encoded(b"no picture")];
        let broken = message(&sources, &["a", "a cat"]);
        assert!(broken.contains('1'), "{broken}");
    }

    #[test]
    fn captions_and_prompts_start_with_the_models_own_token() {
        let spec = ModelSpec {
            vocab_size: 99,
            max_positions: 9,
            max_frames: 1,
            start_token_id: 77,
            eos_token_ids: vec![3],
            pad_token_id: 0,
        };
        let processor = processor().for_model(&spec);
        let tokens = processor.tokens(&["a cat"], &padded(&processor)).unwrap();
        let own = processor.tokenizer.encode("a cat").unwrap();
        assert_eq!(tokens.input_ids[0], 77);
        assert_eq!(tokens.input_ids[1..], own[1..]);
        let prompt = processor.prompt("a cat").unwrap();
        assert_eq!(prompt, tokens.input_ids[..own.len() - 1]);
    }
}
