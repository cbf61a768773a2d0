//! Random changes of a picture's colours.

use std::fmt;
use std::str::FromStr;

use captioner_model::SettingError;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::crop::between;
use super::transforms::numbers;

/// Random changes of brightness, contrast, saturation and hue, in a random order: torchvision's
/// [`ColorJitter`](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.ColorJitter.html)
/// with its arithmetic on pictures of Pillow (`ImageEnhance`, and hue in Pillow's HSV).
///
/// In text it is `0.1` for the first three, or one number for each: `0.4,0.4,0.2,0.1`, those left
/// out being 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ColorJitter {
    /// Brightness is multiplied by a factor from `1 - brightness` (or 0) to `1 + brightness`.
    pub brightness: f64,
    /// The distance from the picture's mean grey is multiplied by such a factor.
    pub contrast: f64,
    /// The distance from each pixel's own grey is multiplied by such a factor.
    pub saturation: f64,
    /// Hue is turned by at most this share of the circle to either side; at most 0.5.
    pub hue: f64,
}

/// A change that was drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Change {
    Brightness(f32),
    Contrast(f32),
    Saturation(f32),
    Hue(f64),
}

impl ColorJitter {
    /// Checks that factors can be drawn.
    ///
    /// # Errors
    /// Where a value is below 0, not a number, or the hue above 0.5.
    pub fn validate(&self) -> Result<(), SettingError> {
        let all = [self.brightness, self.contrast, self.saturation, self.hue];
        let fits = all.iter().all(|v| v.is_finite() && *v >= 0.0) && self.hue <= 0.5;
        let help = "give numbers of 0 or more for brightness, contrast and saturation, and from 0 to \
                    0.5 for the hue";
        SettingError::check("color_jitter", self, fits, help)
    }

    /// Changes the planes of a picture: red, green and blue, each of one length.
    pub(super) fn apply(&self, planes: &mut [u8], random: &mut ChaCha8Rng) {
        for change in self.draw(random) {
            change.apply(planes);
        }
    }

    fn draw(&self, random: &mut ChaCha8Rng) -> Vec<Change> {
        type Make = fn(f64) -> Change;
        let around_one = |value: f64| ((1.0 - value).max(0.0), 1.0 + value);
        let mut all: [(f64, (f64, f64), Make); 4] = [
            (self.brightness, around_one(self.brightness), |f| {
                Change::Brightness(f as f32)
            }),
            (self.contrast, around_one(self.contrast), |f| {
                Change::Contrast(f as f32)
            }),
            (self.saturation, around_one(self.saturation), |f| {
                Change::Saturation(f as f32)
            }),
            (self.hue, (-self.hue, self.hue), Change::Hue),
        ];
        all.shuffle(random);
        let used = all.into_iter().filter(|(value, ..)| *value > 0.0);
        used.map(|(_, bounds, make)| make(between(random, bounds)))
            .collect()
    }
}

impl Change {
    fn apply(self, planes: &mut [u8]) {
        match self {
            Self::Brightness(factor) => map(planes, |value| blend(0, value, factor)),
            Self::Contrast(factor) => {
                let grey = mean_grey(planes);
                map(planes, |value| blend(grey, value, factor));
            }
            Self::Saturation(factor) => pixels(planes, |pixel| {
                let grey = grey(pixel);
                pixel.map(|value| blend(grey, value, factor))
            }),
            Self::Hue(turn) => {
                // Cut off and wrapped around, as NumPy's `int32` and `uint8` do.
                let turn = (turn * 255.0) as i32 as u8;
                pixels(planes, |pixel| {
                    let [hue, saturation, value] = to_hsv(pixel);
                    from_hsv([hue.wrapping_add(turn), saturation, value])
                });
            }
        }
    }
}

/// Changes every value by a table.
fn map(planes: &mut [u8], change: impl Fn(u8) -> u8) {
    let table: [u8; 256] = std::array::from_fn(|value| change(value as u8));
    for value in planes {
        *value = table[usize::from(*value)];
    }
}

/// Changes every pixel.
fn pixels(planes: &mut [u8], change: impl Fn([u8; 3]) -> [u8; 3]) {
    let length = planes.len() / 3;
    let (red, rest) = planes.split_at_mut(length);
    let (green, blue) = rest.split_at_mut(length);
    for ((red, green), blue) in red.iter_mut().zip(green).zip(blue) {
        [*red, *green, *blue] = change([*red, *green, *blue]);
    }
}

/// Pillow's `ImagingBlend`: in 32-bit floats, cut off.
fn blend(from: u8, to: u8, share: f32) -> u8 {
    // What a cast gives below 0 and above 255 is what the reference clips to.
    (f32::from(from) + share * (f32::from(to) - f32::from(from))) as u8
}

/// Pillow's conversion to `L`: ITU-R 601-2 luma in 16-bit fixed point.
fn grey([red, green, blue]: [u8; 3]) -> u8 {
    let [red, green, blue] = [red, green, blue].map(u32::from);
    ((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16) as u8
}

/// The mean of the greys, rounded.
fn mean_grey(planes: &[u8]) -> u8 {
    let length = planes.len() / 3;
    let at = |place: usize| {
        [
            planes[place],
            planes[length + place],
            planes[2 * length + place],
        ]
    };
    let sum: u64 = (0..length).map(|place| u64::from(grey(at(place)))).sum();
    (sum as f64 / length.max(1) as f64 + 0.5) as u8
}

/// Pillow's `rgb2hsv_row`, in its precisions.
fn to_hsv([red, green, blue]: [u8; 3]) -> [u8; 3] {
    let (most, least) = (red.max(green).max(blue), red.min(green).min(blue));
    if most == least {
        return [0, 0, most];
    }
    let range = f32::from(most - least);
    let from_most = |value: u8| f32::from(most - value) / range;
    let (r, g, b) = (from_most(red), from_most(green), from_most(blue));
    let sixths = if red == most {
        b - g
    } else if green == most {
        (2.0 + f64::from(r) - f64::from(b)) as f32
    } else {
        (4.0 + f64::from(g) - f64::from(r)) as f32
    };
    let hue = ((f64::from(sixths) / 6.0 + 1.0) % 1.0) as f32;
    let saturation = range / f32::from(most);
    let byte = |value: f32| (f64::from(value) * 255.0) as u8;
    [byte(hue), byte(saturation), most]
}

/// Pillow's `hsv2rgb`, in its precisions.
fn from_hsv([hue, saturation, value]: [u8; 3]) -> [u8; 3] {
    if saturation == 0 {
        return [value; 3];
    }
    let sixths = f64::from(f32::from(hue)) * 6.0 / 255.0;
    let sixth = sixths.floor();
    let part = f64::from((sixths - sixth) as f32);
    let saturation = f64::from((f64::from(saturation) / 255.0) as f32);
    let byte = |share: f64| (f64::from(value) * share).round() as u8;
    let p = byte(1.0 - saturation);
    let q = byte(1.0 - saturation * part);
    let t = byte(1.0 - saturation * (1.0 - part));
    match sixth as u8 % 6 {
        0 => [value, t, p],
        1 => [q, value, p],
        2 => [p, value, t],
        3 => [p, q, value],
        4 => [t, p, value],
        _ => [value, p, q],
    }
}

impl fmt::Display for ColorJitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            brightness,
            contrast,
            saturation,
            hue,
        } = self;
        write!(f, "{brightness},{contrast},{saturation},{hue}")
    }
}

impl FromStr for ColorJitter {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        let help = "give one number, such as 0.1, or up to four, for brightness, contrast, saturation \
                    and hue, such as 0.4,0.4,0.2,0.1";
        let wrong = || SettingError::new("color_jitter", text, help);
        let numbers = numbers(text).ok_or_else(wrong)?;
        let at = |place: usize| numbers.get(place).copied().unwrap_or(0.0);
        let jitter = match numbers[..] {
            [] | [_, _, _, _, _, ..] => return Err(wrong()),
            [all] => Self {
                brightness: all,
                contrast: all,
                saturation: all,
                hue: 0.0,
            },
            _ => Self {
                brightness: at(0),
                contrast: at(1),
                saturation: at(2),
                hue: at(3),
            },
        };
        jitter.validate()?;
        Ok(jitter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Fixture {
        /// `[3, height, width]`.
        planes: Vec<u8>,
        cases: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        change: String,
        factor: f64,
        planes: Vec<u8>,
    }

    /// `tools/reference/color_jitter.py` made them with what torchvision calls of Pillow.
    #[test]
    fn each_change_is_that_of_torchvision_on_a_picture_of_pillow() {
        let fixture = include_str!("../../tests/fixtures/color_jitter.json");
        let fixture: Fixture = serde_json::from_str(fixture).unwrap();
        assert!(fixture.cases.len() > 10);
        for case in fixture.cases {
            let change = match case.change.as_str() {
                "brightness" => Change::Brightness(case.factor as f32),
                "contrast" => Change::Contrast(case.factor as f32),
                "saturation" => Change::Saturation(case.factor as f32),
                "hue" => Change::Hue(case.factor),
                other => panic!("{other}"),
            };
            let mut planes = fixture.planes.clone();
            change.apply(&mut planes);
            assert_eq!(planes, case.planes, "{change:?}");
        }
    }

    #[test]
    fn factors_lie_within_their_bounds_and_orders_vary() {
        let jitter = ColorJitter {
            brightness: 0.4,
            contrast: 2.0,
            saturation: 0.0,
            hue: 0.1,
        };
        let mut random = ChaCha8Rng::seed_from_u64(5);
        let mut firsts = [0; 3];
        for _ in 0..300 {
            let drawn = jitter.draw(&mut random);
            assert_eq!(drawn.len(), 3);
            for change in &drawn {
                match change {
                    Change::Brightness(f) => assert!((0.6..=1.4).contains(f)),
                    Change::Contrast(f) => assert!((0.0..=3.0).contains(f)),
                    Change::Hue(f) => assert!((-0.1..=0.1).contains(f)),
                    Change::Saturation(_) => panic!("not asked for"),
                }
            }
            let first = match drawn[0] {
                Change::Brightness(_) => 0,
                Change::Contrast(_) => 1,
                _ => 2,
            };
            firsts[first] += 1;
        }
        assert!(firsts.iter().all(|count| *count > 60), "{firsts:?}");
        assert!(ColorJitter::default().draw(&mut random).is_empty());
    }

    #[test]
    fn numbers_are_read_and_refused_by_name() {
        let jitter: ColorJitter = "0.1".parse().unwrap();
        assert_eq!(jitter.to_string(), "0.1,0.1,0.1,0");
        let jitter: ColorJitter = "0.4, 0.3".parse().unwrap();
        assert_eq!(jitter.to_string(), "0.4,0.3,0,0");
        for text in ["", "-1", "0.1,0.1,0.1,0.6", "1,1,1,0.1,2", "inf", "much"] {
            let error = text.parse::<ColorJitter>().unwrap_err().to_string();
            assert!(error.starts_with("color_jitter is "), "{error}");
        }
    }
}
