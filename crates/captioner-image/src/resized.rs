//! The two halves of processing a picture: its resized bytes, and the pixel values of these.

use crate::processor::Output;
use crate::{DecodeOptions, ImageError, ImageProcessor, Source};

/// A picture that is decoded, resized and cropped, but not yet rescaled and normalised.
///
/// Whatever the settings, these are bytes: pictures are decoded to 8 bits a channel, Pillow's filters
/// round their results to 8 bits, what a crop pads with is 0, and rescaling and normalising come last.
/// So a cache of these takes a quarter of the memory of pixel values, and gives the same ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResizedPicture {
    height: usize,
    width: usize,
    pixels: Vec<u8>,
}

impl ResizedPicture {
    /// Height and width in pixels.
    pub fn size(&self) -> (usize, usize) {
        (self.height, self.width)
    }

    /// The bytes, `[3, height, width]`: the red plane first, row after row.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The same bytes, to be changed.
    pub fn pixels_mut(&mut self) -> &mut [u8] {
        &mut self.pixels
    }

    /// How many bytes it takes in memory.
    pub fn bytes(&self) -> usize {
        self.pixels.capacity() + size_of::<Self>()
    }
}

impl ImageProcessor {
    /// Decodes, resizes and crops a picture on the calling thread: what [`Self::preprocess`] does
    /// before it rescales and normalises.
    ///
    /// # Errors
    /// As [`Source::to_rgb`] and [`Self::output_size_of`], naming the file.
    ///
    /// ```
    /// use captioner_image::{DecodeOptions, ImageProcessor, ImageProcessorConfig, Source};
    ///
    /// let processor = ImageProcessor::new(ImageProcessorConfig::clip(32))?;
    /// let white = [255; 40 * 64 * 3];
    /// let source = Source::Rgb8 { width: 40, height: 64, pixels: &white };
    /// let resized = processor.resize(source, &DecodeOptions::default())?;
    /// assert_eq!(resized.pixels(), [255; 3 * 32 * 32]);
    ///
    /// let mut values = vec![0.0; 3 * 32 * 32];
    /// processor.normalize_into(&resized, &mut values)?;
    /// assert!((values[0] - (1.0 - 0.48145466) / 0.26862954).abs() < 1e-6);
    /// # Ok::<(), captioner_image::ImageError>(())
    /// ```
    pub fn resize(
        &self,
        source: Source<'_>,
        options: &DecodeOptions,
    ) -> Result<ResizedPicture, ImageError> {
        let opened = source.open(options)?;
        let (width, height) = opened.size();
        let size = self.output_size_of(width, height);
        let (height, width) = size.map_err(|error| source.name(error))?;
        let mut pixels = vec![0; 3 * height * width];
        let output = Output {
            tables: &BYTES,
            pool: None,
            values: &mut pixels,
        };
        let done = opened.process_into(self, options, output);
        done.map_err(|error| source.name(error))?;
        Ok(ResizedPicture {
            height,
            width,
            pixels,
        })
    }

    /// Rescales and normalises a picture that this processor resized, into its place in a batch: the
    /// values that [`Self::preprocess`] gives, bit for bit.
    ///
    /// # Errors
    /// When `out` doesn't hold `3 * height * width` values.
    pub fn normalize_into(
        &self,
        picture: &ResizedPicture,
        out: &mut [f32],
    ) -> Result<(), ImageError> {
        if out.len() != picture.pixels.len() {
            return Err(ImageError::OutputLength {
                height: picture.height,
                width: picture.width,
                expected: picture.pixels.len(),
                given: out.len(),
            });
        }
        let plane = (picture.height * picture.width).max(1);
        let planes = picture.pixels.chunks(plane).zip(out.chunks_mut(plane));
        for ((bytes, values), table) in planes.zip(self.tables()) {
            for (value, byte) in values.iter_mut().zip(bytes) {
                *value = table[usize::from(*byte)];
            }
        }
        Ok(())
    }
}

/// For each channel, every byte as it is.
static BYTES: [[u8; 256]; 3] = [crate::resize::BYTES; 3];
