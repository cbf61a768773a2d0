//! A random part of a picture.

use std::fmt;
use std::str::FromStr;

use captioner_image::{ImageError, RgbImage, rgb_from_raw};
use captioner_model::SettingError;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::transforms::numbers;

/// Parts that are drawn before the middle of the picture is taken.
const TRIES: usize = 10;

/// A random part of a picture, resized to what the model reads: torchvision's
/// [`RandomResizedCrop`](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomResizedCrop.html)
/// ([Szegedy et al., 2014](https://arxiv.org/abs/1409.4842), section 6), whose parameters and
/// defaults it has. It is resized with the processor's filter, which is bicubic for CLIP;
/// torchvision's own is bilinear.
///
/// In text it is `0.08,1`, or with the ratios `0.08,1,0.75,1.333`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RandomResizedCrop {
    /// Smallest and largest area of the part, as a share of the picture's; at most 1.
    pub scale: (f64, f64),
    /// Smallest and largest width of the part divided by its height.
    pub ratio: (f64, f64),
}

/// A part of a picture, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Default for RandomResizedCrop {
    fn default() -> Self {
        Self {
            scale: (0.08, 1.0),
            ratio: (3.0 / 4.0, 4.0 / 3.0),
        }
    }
}

impl RandomResizedCrop {
    /// Checks that a part can be drawn.
    ///
    /// # Errors
    /// Where a bound is not above 0, the lower is above the upper, or a share is above 1.
    pub fn validate(&self) -> Result<(), SettingError> {
        let (scale, ratio) = (self.scale, self.ratio);
        let ordered = |(low, high): (f64, f64)| low > 0.0 && low <= high && high.is_finite();
        let fits = ordered(scale) && scale.1 <= 1.0 && ordered(ratio);
        let help = "give the least and the largest share of the picture's area, such as 0.08,1, and \
                    after them, if you like, those of width by height, such as 0.75,1.333";
        SettingError::check("random_resized_crop", self, fits, help)
    }

    /// A part of a picture of this width and height: `get_params` of the reference.
    pub(super) fn draw(&self, (width, height): (u32, u32), random: &mut ChaCha8Rng) -> Part {
        let area = f64::from(width) * f64::from(height);
        let (low, high) = (self.ratio.0.ln(), self.ratio.1.ln());
        for _ in 0..TRIES {
            let share = between(random, self.scale);
            let ratio = between(random, (low, high)).exp();
            let w = (area * share * ratio).sqrt().round_ties_even() as u32;
            let h = (area * share / ratio).sqrt().round_ties_even() as u32;
            if (1..=width).contains(&w) && (1..=height).contains(&h) {
                return Part {
                    left: random.random_range(0..=width - w),
                    top: random.random_range(0..=height - h),
                    width: w,
                    height: h,
                };
            }
        }
        self.middle(width, height)
    }

    /// The largest part about the centre that has a ratio within the bounds.
    fn middle(&self, width: u32, height: u32) -> Part {
        let ratio = f64::from(width) / f64::from(height);
        let (mut w, mut h) = (width, height);
        if ratio < self.ratio.0 {
            h = (f64::from(w) / self.ratio.0).round_ties_even() as u32;
        } else if ratio > self.ratio.1 {
            w = (f64::from(h) * self.ratio.1).round_ties_even() as u32;
        }
        // A strip of one pixel would round to none.
        let (w, h) = (w.clamp(1, width), h.clamp(1, height));
        Part {
            left: (width - w) / 2,
            top: (height - h) / 2,
            width: w,
            height: h,
        }
    }

    /// The pixels of a random part.
    pub(crate) fn cut(
        &self,
        picture: &RgbImage,
        random: &mut ChaCha8Rng,
    ) -> Result<RgbImage, ImageError> {
        let part = self.draw(picture.dimensions(), random);
        let line = 3 * picture.width() as usize;
        let (start, length) = (3 * part.left as usize, 3 * part.width as usize);
        let lines = picture.as_raw().chunks(line.max(1));
        let lines = lines.skip(part.top as usize).take(part.height as usize);
        let pixels: Vec<_> = lines.map(|line| &line[start..start + length]).collect();
        rgb_from_raw(part.width, part.height, pixels.concat())
    }
}

/// A number between two, evenly; the lower where they are one.
pub(super) fn between(random: &mut ChaCha8Rng, (low, high): (f64, f64)) -> f64 {
    low + random.random::<f64>() * (high - low)
}

impl fmt::Display for RandomResizedCrop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scale, ratio) = (self.scale, self.ratio);
        write!(f, "{},{},{},{}", scale.0, scale.1, ratio.0, ratio.1)
    }
}

impl FromStr for RandomResizedCrop {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        let help = "give two numbers, such as 0.08,1, or four, such as 0.08,1,0.75,1.333";
        let wrong = || SettingError::new("random_resized_crop", text, help);
        let numbers = numbers(text).ok_or_else(wrong)?;
        let crop = match numbers[..] {
            [least, most] => Self {
                scale: (least, most),
                ..Self::default()
            },
            [least, most, narrowest, widest] => Self {
                scale: (least, most),
                ratio: (narrowest, widest),
            },
            _ => return Err(wrong()),
        };
        crop.validate()?;
        Ok(crop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn random(seed: u64) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(seed)
    }

    #[test]
    fn parts_lie_in_the_picture_and_have_the_areas_and_ratios_that_are_asked_for() {
        let crop = RandomResizedCrop {
            scale: (0.2, 0.6),
            ..RandomResizedCrop::default()
        };
        let (mut least, mut most) = (1.0, 0.0);
        let mut random = random(1);
        for _ in 0..2000 {
            let part = crop.draw((400, 300), &mut random);
            assert!(part.left + part.width <= 400 && part.top + part.height <= 300);
            let share = f64::from(part.width * part.height) / 120_000.0;
            let ratio = f64::from(part.width) / f64::from(part.height);
            // Rounded to whole pixels.
            assert!((0.195..=0.605).contains(&share), "{share}");
            assert!((0.74..=1.35).contains(&ratio), "{ratio}");
            (least, most) = (f64::min(least, share), f64::max(most, share));
        }
        // The bounds are reached, and areas are as likely below as above their middle.
        assert!(least < 0.21 && most > 0.59, "{least} to {most}");
    }

    #[test]
    fn a_picture_without_such_a_part_gives_its_middle() {
        let whole = RandomResizedCrop {
            scale: (1.0, 1.0),
            ..RandomResizedCrop::default()
        };
        // As `get_params` falls back: round(90 * 4 / 3) = 120 wide, and round(30 / (3 / 4)) = 40 high.
        for (size, (left, top, width, height)) in [
            ((400, 90), (140, 0, 120, 90)),
            ((30, 200), (0, 80, 30, 40)),
            ((1, 1), (0, 0, 1, 1)),
        ] {
            let part = whole.draw(size, &mut random(3));
            let want = Part {
                left,
                top,
                width,
                height,
            };
            assert_eq!(part, want, "{size:?}");
        }
    }

    #[test]
    fn what_is_cut_is_the_part() {
        let picture = RgbImage::from_fn(40, 30, |x, y| [x as u8, y as u8, 7].into());
        let crop = RandomResizedCrop::default();
        for seed in 0..50 {
            let part = crop.draw((40, 30), &mut random(seed));
            let cut = crop.cut(&picture, &mut random(seed)).unwrap();
            assert_eq!(cut.dimensions(), (part.width, part.height));
            let (first, last) = (cut.get_pixel(0, 0), (part.width - 1, part.height - 1));
            assert_eq!(first.0, [part.left as u8, part.top as u8, 7]);
            let corner = [(part.left + last.0) as u8, (part.top + last.1) as u8, 7];
            assert_eq!(cut.get_pixel(last.0, last.1).0, corner);
        }
    }

    #[test]
    fn bounds_are_read_and_refused_by_name() {
        let crop: RandomResizedCrop = "0.5, 1".parse().unwrap();
        assert_eq!((crop.scale, crop.ratio), ((0.5, 1.0), (0.75, 4.0 / 3.0)));
        let crop: RandomResizedCrop = "0.5,1,1,2".parse().unwrap();
        assert_eq!(
            (crop.to_string().as_str(), crop.ratio),
            ("0.5,1,1,2", (1.0, 2.0))
        );
        for text in [
            "",
            "0.5",
            "1,0.5",
            "0,1",
            "0.5,1.5",
            "0.5,1,2",
            "a,b",
            "0.5,NaN",
            "0.5,1,0,1",
        ] {
            let error = text.parse::<RandomResizedCrop>().unwrap_err().to_string();
            assert!(error.starts_with("random_resized_crop is "), "{error}");
        }
    }
}
