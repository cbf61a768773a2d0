//! Pictures, texts, or both, as the tensors that a model takes.

use captioner_image::{DecodeOptions, Source, Workers};
use captioner_text::{EncodeOptions, TokenBatch};

use crate::GitError;
use crate::batch::PixelValues;
use crate::processor::Processor;

/// What a [`Processor`] is to process: pictures, texts, or both.
///
/// ```no_run
/// use captioner_git::{Processor, ProcessorInput};
/// use captioner_image::{Source, Workers};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let processor = Processor::from_pretrained("git-base".as_ref())?;
/// let picture = [Source::File("cat.jpg".as_ref())];
/// let input = ProcessorInput::new().with_images(&picture).with_text(&["a cat"]);
/// let batch = processor.process(&input, &Workers::new(0)?)?;
/// let shape = batch.pixel_values.map(|pixels| pixels.shape().to_vec());
/// assert_eq!(shape, Some(vec![1, 3, 224, 224]));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct ProcessorInput<'a> {
    images: &'a [Source<'a>],
    text: &'a [&'a str],
    decoding: DecodeOptions,
    encoding: Option<EncodeOptions>,
}

/// What came of a [`ProcessorInput`]; names and layouts are those of transformers' processors.
#[derive(Debug)]
pub struct ProcessedBatch {
    /// `[B, 3, H, W]`, one for each picture. None without pictures.
    pub pixel_values: Option<PixelValues>,
    /// `input_ids` and `attention_mask`, one row for each text. None without texts.
    pub text: Option<TokenBatch>,
}

impl<'a> ProcessorInput<'a> {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Pictures, decoded and processed in this order.
    pub fn with_images(mut self, images: &'a [Source<'a>]) -> Self {
        self.images = images;
        self
    }

    /// Texts, in this order; as many as wanted, however many pictures there are.
    pub fn with_text(mut self, text: &'a [&'a str]) -> Self {
        self.text = text;
        self
    }

    /// How pictures are decoded. By default as [`DecodeOptions::default`] says.
    pub fn with_decoding(mut self, options: DecodeOptions) -> Self {
        self.decoding = options;
        self
    }

    /// How texts are encoded: padding, truncation, special tokens. By default as the tokenizer's
    /// files say ([`CaptionTokenizer::encode_options`](captioner_text::CaptionTokenizer)).
    pub fn with_encoding(mut self, options: EncodeOptions) -> Self {
        self.encoding = Some(options);
        self
    }
}

impl Processor {
    /// Processes pictures on `workers` and texts on all cores.
    ///
    /// # Errors
    /// When there are neither pictures nor texts, a picture can't be decoded or processed (it is
    /// named by its place), pictures give several sizes, or texts of several lengths are not to be
    /// padded.
    pub fn process(
        &self,
        input: &ProcessorInput<'_>,
        workers: &Workers,
    ) -> Result<ProcessedBatch, GitError> {
        if input.images.is_empty() && input.text.is_empty() {
            let problem = "there are neither pictures nor texts: give at least one of them";
            return Err(GitError::Batch(problem.into()));
        }
        Ok(ProcessedBatch {
            pixel_values: self.process_images(input, workers)?,
            text: self.process_text(input)?,
        })
    }

    fn process_images(
        &self,
        input: &ProcessorInput<'_>,
        workers: &Workers,
    ) -> Result<Option<PixelValues>, GitError> {
        if input.images.is_empty() {
            return Ok(None);
        }
        let batch = self
            .image
            .preprocess_batch(input.images, &input.decoding, workers)?;
        let [height, width] = [batch.height, batch.width].map(|side| side as usize);
        PixelValues::new(batch.data, &[batch.rows, 3, height, width]).map(Some)
    }

    fn process_text(&self, input: &ProcessorInput<'_>) -> Result<Option<TokenBatch>, GitError> {
        if input.text.is_empty() {
            return Ok(None);
        }
        let own = || self.tokenizer.encode_options();
        let options = input.encoding.clone().unwrap_or_else(own);
        Ok(Some(self.tokenizer.encode_batch(input.text, &options)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use captioner_image::{RgbImage, rgb_from_raw};
    use captioner_text::{CaptionTokenizer, Padding, WordPieceTraining};

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

    #[test]
    fn together_pictures_and_texts_are_what_each_is_alone() {
        let (processor, workers) = (processor(), Workers::new(2).unwrap());
        let pictures = [picture(40, 10), picture(64, 200)];
        let sources = [Source::Rgb(&pictures[0]), Source::Rgb(&pictures[1])];
        let text = ["a cat", "a mat", "a cat on a mat"];
        let padded = EncodeOptions {
            padding: Padding::Longest,
            ..processor.tokenizer.encode_options()
        };
        let images = ProcessorInput::new().with_images(&sources);
        let texts = ProcessorInput::new()
            .with_text(&text)
            .with_encoding(padded.clone());
        let both = images.clone().with_text(&text).with_encoding(padded);

        let images = processor.process(&images, &workers).unwrap();
        assert!(images.text.is_none());
        let texts = processor.process(&texts, &workers).unwrap();
        assert!(texts.pixel_values.is_none());
        let both = processor.process(&both, &workers).unwrap();

        let pixels = both.pixel_values.unwrap();
        assert_eq!(pixels.shape(), [2, 3, 32, 32]);
        assert_eq!(pixels.values(), images.pixel_values.unwrap().values());
        let plain = processor.pixel_values(&pictures).unwrap();
        assert_eq!(pixels.values(), plain.values());
        let tokens = both.text.unwrap();
        assert_eq!(tokens, texts.text.unwrap());
        assert_eq!((tokens.rows, tokens.columns), (3, 7));
        assert_eq!(tokens.attention_mask_row(0), [1, 1, 1, 1, 0, 0, 0]);
    }

    #[test]
    fn nothing_a_broken_picture_and_ragged_texts_are_named() {
        let (processor, workers) = (processor(), Workers::new(1).unwrap());
        let message = |input: ProcessorInput<'_>| {
            let error = processor.process(&input, &workers).unwrap_err();
            error.to_string()
        };
        assert!(message(ProcessorInput::new()).contains("neither pictures nor texts"));
        let good = picture(32, 1);
        let sources = [Source::Rgb(&good), Source::Encoded(b"no picture")];
        let broken = message(ProcessorInput::new().with_images(&sources));
        assert!(broken.contains('1'), "{broken}");
        let ragged = message(ProcessorInput::new().with_text(&["a cat", "a"]));
        assert!(ragged.contains("tokens"), "{ragged}");
    }
}
