//! Random augmentation of training pictures.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// How far training pictures are augmented each time they are used: rotated, scaled, translated,
/// flipped, colour-jittered, made noisy, and partly erased, all at random. A model that learns from
/// few pictures, and from fresh weights, needs it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Augmentation {
    /// Largest rotation to either side, in degrees.
    pub degrees: f32,
    /// Largest change of size, as a share of it.
    pub scale: f32,
    /// Largest translation along each axis, as a share of the picture's side.
    pub translate: f32,
    /// Whether half of the pictures are flipped; none whose caption says left or right is.
    pub horizontal_flip: bool,
    /// Largest change of contrast, as a share, and of brightness, in standardised pixel values.
    pub colour_jitter: f32,
    /// Largest noise of each pixel value, in standardised pixel values; small noise is likelier.
    pub noise: f32,
    /// Whether a square of a random colour, a tenth to a quarter of the side, covers a place
    /// ([Zhong et al., 2017](https://arxiv.org/abs/1708.04896)).
    pub erase: bool,
}

impl Default for Augmentation {
    fn default() -> Self {
        Self {
            degrees: 5.0,
            scale: 0.08,
            translate: 0.04,
            horizontal_flip: false,
            colour_jitter: 0.1,
            noise: 0.15,
            erase: true,
        }
    }
}

/// From a place in the augmented picture to the place in the original that it shows; both measured
/// in pixels from the centre.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Warp {
    across: [f32; 3],
    down: [f32; 3],
}

impl Augmentation {
    /// Augments a picture of `[3, height, width]` normalised values into `out` of the same length;
    /// the same seed and stream give the same. What comes in from outside repeats the nearest edge.
    /// It is not flipped where it may not be.
    pub(crate) fn apply_into(
        &self,
        values: &[f32],
        (height, width): (usize, usize),
        (seed, stream): (u64, u64),
        may_flip: bool,
        out: &mut [f32],
    ) {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(stream);
        let warp = self.draw(&mut random, height.min(width) as f32, may_flip);
        let plane = height * width;
        for y in 0..height {
            for x in 0..width {
                let taps = warp.taps(x, y, height, width);
                for channel in 0..values.len() / plane.max(1) {
                    let source = &values[channel * plane..(channel + 1) * plane];
                    let sum = taps.iter().map(|(at, weight)| source[*at] * weight).sum();
                    out[channel * plane + y * width + x] = sum;
                }
            }
        }
        if self.erase {
            erase(out, height, width, &mut random);
        }
        self.jitter(out, &mut random);
    }

    fn jitter(&self, values: &mut [f32], random: &mut ChaCha8Rng) {
        if self.colour_jitter == 0.0 && self.noise == 0.0 {
            return;
        }
        let contrast = 1.0 + self.colour_jitter * between(random, -1.0, 1.0);
        let brightness = self.colour_jitter * between(random, -1.0, 1.0);
        for value in values {
            let noise = random.random::<f32>() + random.random::<f32>() - 1.0;
            *value = *value * contrast + brightness + self.noise * noise;
        }
    }

    fn draw(&self, random: &mut ChaCha8Rng, side: f32, may_flip: bool) -> Warp {
        let mut within = |limit: f32| (random.random::<f32>() * 2.0 - 1.0) * limit;
        let (sin, cos) = within(self.degrees).to_radians().sin_cos();
        let scale = 1.0 / (1.0 + within(self.scale));
        let (right, below) = (within(self.translate) * side, within(self.translate) * side);
        // Drawn in any case, so that a caption changes nothing else.
        let flips = self.horizontal_flip && within(1.0) < 0.0;
        let flip = if flips && may_flip { -1.0 } else { 1.0 };
        Warp {
            across: [flip * cos * scale, -sin * scale, right],
            down: [flip * sin * scale, cos * scale, below],
        }
    }
}

fn between(random: &mut ChaCha8Rng, low: f32, high: f32) -> f32 {
    low + random.random::<f32>() * (high - low)
}

/// Erases a square: it gets one colour.
fn erase(values: &mut [f32], height: usize, width: usize, random: &mut ChaCha8Rng) {
    let side = (height.min(width) as f32 * between(random, 0.1, 0.25)) as usize;
    let top = random.random_range(0..=height - side);
    let left = random.random_range(0..=width - side);
    for plane in values.chunks_mut(height * width) {
        let colour = between(random, -2.0, 2.0);
        for row in plane.chunks_mut(width).skip(top).take(side) {
            row[left..left + side].fill(colour);
        }
    }
}

impl Warp {
    /// The four nearest original pixels of a place, and how much each counts.
    fn taps(&self, x: usize, y: usize, height: usize, width: usize) -> [(usize, f32); 4] {
        let centre = |size: usize| (size as f32 - 1.0) / 2.0;
        let (dx, dy) = (x as f32 - centre(width), y as f32 - centre(height));
        let place = |row: [f32; 3], size: usize| {
            let at = row[0] * dx + row[1] * dy + row[2] + centre(size);
            at.clamp(0.0, size as f32 - 1.0)
        };
        let (sx, sy) = (place(self.across, width), place(self.down, height));
        let (left, top) = (sx as usize, sy as usize);
        let (right, below) = ((left + 1).min(width - 1), (top + 1).min(height - 1));
        let (fx, fy) = (sx - left as f32, sy - top as f32);
        [
            (top * width + left, (1.0 - fx) * (1.0 - fy)),
            (top * width + right, fx * (1.0 - fy)),
            (below * width + left, (1.0 - fx) * fy),
            (below * width + right, fx * fy),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STILL: Augmentation = Augmentation {
        degrees: 0.0,
        scale: 0.0,
        translate: 0.0,
        horizontal_flip: false,
        colour_jitter: 0.0,
        noise: 0.0,
        erase: false,
    };

    fn apply(
        augmentation: Augmentation,
        values: &[f32],
        size: (usize, usize),
        seeds: (u64, u64),
    ) -> Vec<f32> {
        let mut out = vec![0.0; values.len()];
        augmentation.apply_into(values, size, seeds, true, &mut out);
        out
    }

    fn picture() -> Vec<f32> {
        (0..3 * 5 * 4).map(|value| value as f32).collect()
    }

    #[test]
    fn no_augmentation_changes_no_bit() {
        assert_eq!(apply(STILL, &picture(), (5, 4), (1, 2)), picture());
    }

    #[test]
    fn a_flipped_picture_is_the_original_from_right_to_left() {
        let flip = Augmentation {
            horizontal_flip: true,
            ..STILL
        };
        let flipped: Vec<f32> = picture()
            .chunks(4)
            .flat_map(|row| row.iter().rev().copied())
            .collect();
        let seen: Vec<_> = (0..20)
            .map(|stream| apply(flip, &picture(), (5, 4), (1, stream)))
            .collect();
        assert!(seen.contains(&flipped) && seen.contains(&picture()));
        for stream in 0..20 {
            let mut out = vec![0.0; picture().len()];
            flip.apply_into(&picture(), (5, 4), (1, stream), false, &mut out);
            assert_eq!(out, picture(), "a caption forbids it");
        }
    }

    #[test]
    fn values_stay_within_the_pictures_own_and_a_seed_repeats_them() {
        let strong = Augmentation {
            degrees: 90.0,
            scale: 0.9,
            translate: 2.0,
            horizontal_flip: true,
            ..STILL
        };
        for stream in 0..50 {
            let augmented = apply(strong, &picture(), (5, 4), (3, stream));
            assert!(augmented.iter().all(|v| (0.0..=59.001).contains(v)));
            assert_eq!(augmented, apply(strong, &picture(), (5, 4), (3, stream)));
        }
    }

    #[test]
    fn an_erased_square_stays_within_the_picture() {
        let erasing = Augmentation {
            erase: true,
            ..STILL
        };
        let before = vec![9.0; 3 * 40 * 30];
        for stream in 0..200 {
            let erased = apply(erasing, &before, (40, 30), (1, stream));
            let count = erased.iter().filter(|value| **value != 9.0).count();
            assert!((3 * 9..=3 * 49).contains(&count), "{count} values");
        }
    }
}
