//! What is kept of a picture to find its copies.

use std::f32::consts::PI;

use captioner_image::{
    DecodeOptions, ImageError, ImageProcessor, ImageProcessorConfig, Resample, RgbImage, Size,
    Source,
};
use sha2::{Digest, Sha256};

/// The side of the square that a picture is shrunk to.
const SIDE: usize = 32;
/// Frequencies, both ways, that the hash looks at.
const FREQUENCIES: usize = 8;
/// The part of their root mean square that a frequency must pass. Drawings are often symmetric: half
/// of their frequencies are next to 0, and which side they are on is noise.
const DEAD_ZONE: f32 = 0.05;
/// Greys that the pixels of a flat picture may be apart.
const FLAT: u8 = 4;
/// The standard deviation of grey below which nothing but noise can be hashed.
const PLAIN: f32 = 1.0;
/// How far red, green and blue of a quarter of two pictures may be apart.
const COLOUR_TOLERANCE: u8 = 10;

/// What is kept of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    /// The first half of the SHA-256 of size and decoded pixels.
    pub(crate) pixels: [u8; 16],
    /// A perceptual hash of the greys.
    pub(crate) hash: u64,
    /// Mean red, green and blue of the four quarters.
    pub(crate) colours: [u8; 12],
}

/// How much there is to see on a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// It can't be read.
    Bad,
    /// All of one colour.
    Flat,
    /// So little that its hash would be noise.
    Plain,
    /// Something.
    Something,
}

impl Fingerprint {
    /// Of a picture that can't be read.
    pub(crate) const NONE: Self = Self {
        pixels: [0; 16],
        hash: 0,
        colours: [0; 12],
    };

    /// Whether two pictures are nearly the same.
    pub(crate) fn is_near(&self, other: &Self, max_distance: u32) -> bool {
        let mut colours = self.colours.iter().zip(&other.colours);
        (self.hash ^ other.hash).count_ones() <= max_distance
            && colours.all(|(a, b)| a.abs_diff(*b) <= COLOUR_TOLERANCE)
    }
}

/// Makes fingerprints.
///
/// The hash has a bit for each of 64 low frequencies of the greys, of a discrete cosine transform of
/// 32 x 32, as in Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions"
/// (2010). Differently, a bit is set where a frequency is clearly above 0 rather than above the
/// median, so that symmetric drawings keep their bits, and colours are compared too: a red and a blue
/// heart are two pictures. Of 300 emoji saved as JPEG of quality 50, or at half their size, all are
/// found; of all 833 as they are, 38 are in 18 groups, nearly all drawn alike (an astronaut and a man
/// astronaut).
pub(crate) struct Fingerprinter {
    shrink: ImageProcessor,
    /// `cosines[frequency][place]`, one frequency more for the 64th bit.
    cosines: [[f32; SIDE]; FREQUENCIES + 1],
}

impl Fingerprinter {
    pub(crate) fn new() -> Result<Self, ImageError> {
        let side = SIDE as u32;
        let shrink = ImageProcessor::new(ImageProcessorConfig {
            size: Size::Exact {
                height: side,
                width: side,
            },
            resample: Resample::Box,
            do_center_crop: false,
            ..ImageProcessorConfig::clip(side)
        })?;
        let mut cosines = [[0.0; SIDE]; FREQUENCIES + 1];
        for (frequency, row) in cosines.iter_mut().enumerate() {
            for (place, value) in row.iter_mut().enumerate() {
                let angle = PI * ((2 * place + 1) * frequency) as f32 / (2 * SIDE) as f32;
                *value = angle.cos();
            }
        }
        Ok(Self { shrink, cosines })
    }

    pub(crate) fn of(&self, picture: &RgbImage) -> Result<(Fingerprint, Content), ImageError> {
        let shrunk = self
            .shrink
            .resize(Source::Rgb(picture), &DecodeOptions::default())?;
        let (greys, colours) = greys_and_colours(shrunk.pixels());
        let content = match () {
            () if is_flat(picture) => Content::Flat,
            () if deviation(&greys) < PLAIN => Content::Plain,
            () => Content::Something,
        };
        let fingerprint = Fingerprint {
            pixels: digest(picture),
            hash: self.hash(&greys),
            colours,
        };
        Ok((fingerprint, content))
    }

    fn hash(&self, greys: &[f32]) -> u64 {
        let mut values = Vec::with_capacity(FREQUENCIES * FREQUENCIES);
        for down in 0..FREQUENCIES {
            let column = self.vertical(greys, down);
            values.extend((0..FREQUENCIES).map(|across| dot(&column, &self.cosines[across])));
        }
        // The first is the mean; one of the next higher frequency takes its place.
        values[0] = dot(&self.vertical(greys, FREQUENCIES), &self.cosines[0]);
        let energy: f32 = values.iter().map(|value| value * value).sum();
        let least = DEAD_ZONE * (energy / values.len() as f32).sqrt();
        let bits = values.iter().map(|value| u64::from(*value > least));
        bits.fold(0, |hash, bit| hash << 1 | bit)
    }

    /// For each column, how much it has of one frequency.
    fn vertical(&self, greys: &[f32], frequency: usize) -> [f32; SIDE] {
        let mut sums = [0.0; SIDE];
        for (row, weight) in greys.chunks(SIDE).zip(self.cosines[frequency]) {
            for (sum, grey) in sums.iter_mut().zip(row) {
                *sum += weight * grey;
            }
        }
        sums
    }
}

fn dot(a: &[f32; SIDE], b: &[f32; SIDE]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn digest(picture: &RgbImage) -> [u8; 16] {
    let mut hasher = Sha256::new();
    hasher.update(picture.width().to_le_bytes());
    hasher.update(picture.height().to_le_bytes());
    hasher.update(picture.as_raw());
    let mut first = [0; 16];
    first.copy_from_slice(&hasher.finalize()[..16]);
    first
}

/// The greys (luma of ITU-R BT.601) of three planes, and the mean colour of each quarter.
fn greys_and_colours(planes: &[u8]) -> (Vec<f32>, [u8; 12]) {
    let plane = SIDE * SIDE;
    let mut greys = vec![0.0; plane];
    let mut sums = [0_u32; 12];
    for (place, grey) in greys.iter_mut().enumerate() {
        let pixel = [0, 1, 2].map(|channel| planes[channel * plane + place]);
        let [red, green, blue] = pixel.map(f32::from);
        *grey = 0.299 * red + 0.587 * green + 0.114 * blue;
        let (low, right) = (place / SIDE >= SIDE / 2, place % SIDE >= SIDE / 2);
        let quarter = 3 * (2 * usize::from(low) + usize::from(right));
        for (sum, value) in sums[quarter..quarter + 3].iter_mut().zip(pixel) {
            *sum += u32::from(value);
        }
    }
    let pixels = plane as u32 / 4;
    (greys, sums.map(|sum| ((sum + pixels / 2) / pixels) as u8)) // a mean of bytes
}

fn deviation(greys: &[f32]) -> f32 {
    let count = greys.len() as f32;
    let mean = greys.iter().sum::<f32>() / count;
    let squares: f32 = greys.iter().map(|grey| (grey - mean).powi(2)).sum();
    (squares / count).sqrt()
}

/// Whether all pixels are of about one colour.
fn is_flat(picture: &RgbImage) -> bool {
    let pixels = picture.as_raw().as_chunks::<3>().0;
    let Some(first) = pixels.first() else {
        return true;
    };
    let (mut least, mut most) = (*first, *first);
    // Nearly every picture shows within its first pixels that it isn't flat.
    pixels.chunks(1024).all(|some| {
        for pixel in some {
            for channel in 0..3 {
                least[channel] = least[channel].min(pixel[channel]);
                most[channel] = most[channel].max(pixel[channel]);
            }
        }
        (0..3).all(|channel| most[channel] - least[channel] <= FLAT)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drawn::{jpeg, scene};
    use image::Rgb;
    use image::imageops::{FilterType, flip_horizontal, resize};

    fn fingerprint(picture: &RgbImage) -> (Fingerprint, Content) {
        Fingerprinter::new().unwrap().of(picture).unwrap()
    }

    #[test]
    fn a_picture_saved_again_is_near_and_another_is_not() {
        for seed in 0..20 {
            let picture = scene(seed, 120, 90);
            let (own, content) = fingerprint(&picture);
            assert_eq!(content, Content::Something);
            let half = resize(&picture, 60, 45, FilterType::Triangle);
            let saved = captioner_image::decode(&jpeg(&picture, 50), &DecodeOptions::default());
            for near in [half, saved.unwrap()] {
                let other = fingerprint(&near).0;
                assert_ne!(own.pixels, other.pixels);
                assert!(own.is_near(&other, 4), "{seed}: {own:?} {other:?}");
            }
            let other = fingerprint(&scene(seed + 100, 120, 90)).0;
            assert!(!own.is_near(&other, 4), "{seed}: {own:?} {other:?}");
            assert!(
                !own.is_near(&fingerprint(&flip_horizontal(&picture)).0, 4),
                "{seed}"
            );
        }
    }

    #[test]
    fn the_same_shape_in_another_colour_is_another_picture() {
        let shape = |colour| {
            RgbImage::from_fn(64, 64, |x, y| match (16..40).contains(&x) && y > 20 {
                true => Rgb(colour),
                false => Rgb([255; 3]),
            })
        };
        // Of the same grey.
        let (red, green) = (
            fingerprint(&shape([200, 40, 40])).0,
            fingerprint(&shape([40, 122, 40])).0,
        );
        assert_eq!(red.hash, green.hash);
        assert!(!red.is_near(&green, 4));
    }

    #[test]
    fn flat_and_plain_pictures_are_told() {
        let content = |picture: &RgbImage| fingerprint(picture).1;
        let white = RgbImage::from_pixel(50, 40, Rgb([255; 3]));
        assert_eq!(content(&white), Content::Flat);
        let mut dot = white.clone();
        dot.put_pixel(49, 39, Rgb([230, 255, 255]));
        assert_eq!(content(&dot), Content::Plain);
        assert_eq!(
            content(&RgbImage::from_pixel(1, 1, Rgb([7; 3]))),
            Content::Flat
        );
    }

    #[test]
    fn size_counts_as_content() {
        let (wide, high) = (RgbImage::new(4, 2), RgbImage::new(2, 4));
        assert_ne!(digest(&wide), digest(&high));
        assert_eq!(digest(&wide), digest(&wide.clone()));
    }
}
