//! The filters that Pillow resizes with.

use crate::InvalidSetting;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::f64::consts::PI;

/// A resampling filter. In JSON it is Pillow's number for it; its name is read too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "u8")]
pub enum Resample {
    /// The one nearest pixel.
    Nearest,
    /// Lanczos with a radius of 3.
    Lanczos,
    /// A triangle.
    Bilinear,
    /// A cubic with a = -0.5 (Catmull-Rom); CLIP's filter.
    Bicubic,
    /// Equal weights.
    Box,
    /// Hamming's window.
    Hamming,
}

const NUMBERED: [Resample; 6] = [
    Resample::Nearest,
    Resample::Lanczos,
    Resample::Bilinear,
    Resample::Bicubic,
    Resample::Box,
    Resample::Hamming,
];

/// Their names, in the order of their numbers.
const NAMES: [&str; 6] = [
    "nearest", "lanczos", "bilinear", "bicubic", "box", "hamming",
];

impl TryFrom<u8> for Resample {
    type Error = InvalidSetting;

    fn try_from(number: u8) -> Result<Self, InvalidSetting> {
        let known = NUMBERED.get(usize::from(number)).copied();
        known.ok_or_else(|| unknown(&number))
    }
}

impl TryFrom<Value> for Resample {
    type Error = InvalidSetting;

    fn try_from(value: Value) -> Result<Self, InvalidSetting> {
        let place = match &value {
            Value::String(name) => NAMES
                .iter()
                .position(|known| name.eq_ignore_ascii_case(known)),
            value => value
                .as_u64()
                .and_then(|number| usize::try_from(number).ok()),
        };
        let known = place.and_then(|place| NUMBERED.get(place)).copied();
        known.ok_or_else(|| unknown(&value))
    }
}

fn unknown(given: &dyn std::fmt::Display) -> InvalidSetting {
    InvalidSetting {
        key: "resample",
        value: given.to_string(),
        help: "give 0 (nearest), 1 (lanczos), 2 (bilinear), 3 (bicubic), 4 (box) or 5 (hamming)",
    }
}

impl From<Resample> for u8 {
    fn from(resample: Resample) -> Self {
        resample as u8
    }
}

impl Resample {
    /// How neighbouring pixels are weighed, as in Pillow's `Resample.c`; `None` for the nearest one.
    pub(crate) fn filter(self) -> Option<Filter> {
        let (radius, weight): (f64, fn(f64) -> f64) = match self {
            Self::Nearest => return None,
            Self::Lanczos => (3.0, lanczos),
            Self::Bilinear => (1.0, triangle),
            Self::Bicubic => (2.0, cubic),
            Self::Box => (0.5, rectangle),
            Self::Hamming => (1.0, hamming),
        };
        Some(Filter { radius, weight })
    }
}

/// A weighing of pixels by their distance.
#[derive(Clone, Copy)]
pub(crate) struct Filter {
    /// The distance in pixels beyond which all weights are zero.
    pub(crate) radius: f64,
    /// The weight at a distance.
    pub(crate) weight: fn(f64) -> f64,
}

fn rectangle(x: f64) -> f64 {
    if x > -0.5 && x <= 0.5 { 1.0 } else { 0.0 }
}

fn triangle(x: f64) -> f64 {
    (1.0 - x.abs()).max(0.0)
}

fn hamming(x: f64) -> f64 {
    match x.abs() {
        0.0 => 1.0,
        x if x >= 1.0 => 0.0,
        x => {
            let x = x * PI;
            // Pillow writes these two as 32-bit numbers; the difference reaches some pixels.
            x.sin() / x * (f64::from(0.54_f32) + f64::from(0.46_f32) * x.cos())
        }
    }
}

fn cubic(x: f64) -> f64 {
    const A: f64 = -0.5;
    match x.abs() {
        x if x < 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
        x if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * A,
        _ => 0.0,
    }
}

fn lanczos(x: f64) -> f64 {
    if (-3.0..3.0).contains(&x) {
        sinc(x) * sinc(x / 3.0)
    } else {
        0.0
    }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        return 1.0;
    }
    let x = x * PI;
    x.sin() / x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_pillows() {
        let numbers: Vec<u8> = NUMBERED.map(u8::from).to_vec();
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5]);
        assert_eq!(Resample::try_from(3), Ok(Resample::Bicubic));
    }

    #[test]
    fn names_and_numbers_mean_the_same() {
        for (number, name) in NAMES.into_iter().enumerate() {
            let from_name: Resample = serde_json::from_value(name.to_uppercase().into()).unwrap();
            let from_number: Resample = serde_json::from_value(number.into()).unwrap();
            assert_eq!(from_name, from_number);
        }
        assert!(serde_json::from_str::<Resample>("\"cubic\"").is_err());
    }

    #[test]
    fn an_unknown_number_is_a_named_error() {
        let error = serde_json::from_str::<Resample>("6")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("resample is 6") && error.contains("3 (bicubic)"),
            "{error}"
        );
    }

    #[test]
    fn filters_are_one_at_the_centre_and_nothing_at_their_radius() {
        for Filter { radius, weight } in NUMBERED.into_iter().filter_map(Resample::filter) {
            assert_eq!(weight(0.0), 1.0);
            assert_eq!(weight(radius + 1e-9), 0.0);
            assert_eq!(weight(-radius - 1e-9), 0.0);
        }
    }
}
