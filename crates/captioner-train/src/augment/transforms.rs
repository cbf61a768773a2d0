//! Random transforms of training pictures, by torchvision's names.

use captioner_image::ResizedPicture;
use captioner_model::SettingError;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::color_jitter::ColorJitter;
use super::crop::RandomResizedCrop;

/// Random transforms of training pictures before they are normalised, in this order: a random part,
/// resized; a flip from left to right; a change of colours. Names, parameters and distributions are
/// torchvision's; the numbers are drawn from the run's seed, the epoch and the row, and are the same
/// whatever threads load the pictures.
///
/// # The part is cut from the whole picture
/// With [`random_resized_crop`](Self::random_resized_crop) a picture is decoded anew each time, also
/// where a cache of pixels has room for it. What is cached has the size that the model reads, without
/// what the centre crop cut off: parts of it would be blurred by up to the inverse of their share, and
/// never show the rest. A flip and a change of colours are made of what is cached.
///
/// # A flip minds the caption
/// Where one of the captions that are learnt from says left or right (as whole words, in any case, in
/// English and some other languages), the picture stays as it is. Exchanging the words would be right
/// for "to the left of" and wrong for "left the room". Letters in a picture are mirrored all the same:
/// leave flips out where captions read them.
///
/// ```
/// use captioner_train::{ColorJitter, PictureTransforms, RandomResizedCrop};
///
/// let transforms = PictureTransforms {
///     random_resized_crop: Some(RandomResizedCrop { scale: (0.5, 1.0), ..Default::default() }),
///     horizontal_flip: 0.5,
///     color_jitter: "0.1".parse()?,
/// };
/// assert_eq!(transforms.color_jitter.contrast, 0.1);
/// transforms.validate()?;
/// # Ok::<(), captioner_train::SettingError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PictureTransforms {
    /// A random part of the picture in place of its centre.
    pub random_resized_crop: Option<RandomResizedCrop>,
    /// How likely a picture is flipped; torchvision's `RandomHorizontalFlip` has 0.5.
    pub horizontal_flip: f64,
    /// How colours change.
    pub color_jitter: ColorJitter,
}

impl PictureTransforms {
    /// Checks the parameters.
    ///
    /// # Errors
    /// Where one is out of its range.
    pub fn validate(&self) -> Result<(), SettingError> {
        if let Some(crop) = &self.random_resized_crop {
            crop.validate()?;
        }
        let flip = self.horizontal_flip;
        let help = "give a probability from 0 to 1, such as 0.5";
        SettingError::check("horizontal_flip", flip, (0.0..=1.0).contains(&flip), help)?;
        self.color_jitter.validate()
    }

    /// Whether pictures stay as they are.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// What a sample's transforms are drawn from. The stream is none of those that
    /// [`Augmentation`](super::Augmentation) draws from.
    pub(crate) fn random(seed: u64, row: usize) -> ChaCha8Rng {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(!(row as u64));
        random
    }

    /// Flips and recolours.
    pub(crate) fn apply(
        &self,
        picture: &mut ResizedPicture,
        may_flip: bool,
        random: &mut ChaCha8Rng,
    ) {
        // Drawn in any case, so that a caption changes no colours.
        let flip = random.random::<f64>() < self.horizontal_flip;
        let (_, width) = picture.size();
        if flip && may_flip {
            for line in picture.pixels_mut().chunks_mut(width.max(1)) {
                line.reverse();
            }
        }
        self.color_jitter.apply(picture.pixels_mut(), random);
    }
}

/// Numbers separated by commas; `None` where one is none.
pub(super) fn numbers(text: &str) -> Option<Vec<f64>> {
    let numbers = text.split(',').map(|number| number.trim().parse().ok());
    numbers.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use captioner_image::{DecodeOptions, ImageProcessor, ImageProcessorConfig, Source};

    fn picture() -> ResizedPicture {
        let pixels: Vec<u8> = (0..8 * 8 * 3).map(|i| (i * 29 % 251) as u8).collect();
        let source = Source::Rgb8 {
            width: 8,
            height: 8,
            pixels: &pixels,
        };
        let processor = ImageProcessor::new(ImageProcessorConfig::clip(8)).unwrap();
        processor.resize(source, &DecodeOptions::default()).unwrap()
    }

    fn applied(transforms: PictureTransforms, may_flip: bool, seed: u64) -> ResizedPicture {
        let mut picture = picture();
        transforms.apply(
            &mut picture,
            may_flip,
            &mut PictureTransforms::random(seed, 3),
        );
        picture
    }

    #[test]
    fn a_flip_reverses_each_line_where_the_caption_allows_it() {
        let flips = PictureTransforms {
            horizontal_flip: 1.0,
            ..PictureTransforms::default()
        };
        let reversed: Vec<u8> = picture()
            .pixels()
            .chunks(8)
            .flat_map(|line| line.iter().rev().copied())
            .collect();
        assert_eq!(applied(flips, true, 1).pixels(), reversed);
        assert_eq!(applied(flips, false, 1), picture());
        let half = PictureTransforms {
            horizontal_flip: 0.5,
            ..flips
        };
        let flipped = (0..400).filter(|seed| applied(half, true, *seed).pixels() == reversed);
        let flipped = flipped.count();
        assert!((160..240).contains(&flipped), "{flipped} of 400");
    }

    #[test]
    fn a_caption_that_forbids_a_flip_changes_no_colours() {
        let both = PictureTransforms {
            horizontal_flip: 1.0,
            color_jitter: "0.5,0.5,0.5,0.2".parse().unwrap(),
            ..PictureTransforms::default()
        };
        let (flipped, kept) = (applied(both, true, 7), applied(both, false, 7));
        let back: Vec<u8> = flipped
            .pixels()
            .chunks(8)
            .flat_map(|line| line.iter().rev().copied())
            .collect();
        assert_eq!(back, kept.pixels());
        assert_ne!(kept, picture());
    }

    #[test]
    fn parameters_out_of_range_are_named() {
        for flip in [-0.1, 1.1, f64::NAN] {
            let transforms = PictureTransforms {
                horizontal_flip: flip,
                ..PictureTransforms::default()
            };
            let message = transforms.validate().unwrap_err().to_string();
            assert!(message.starts_with("horizontal_flip is "), "{message}");
        }
        assert!(PictureTransforms::default().validate().is_ok());
        assert!(PictureTransforms::default().is_none());
    }
}
