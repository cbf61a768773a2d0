//! What varies from drawing to drawing and is in no caption.

use rand::{Rng, RngExt};
use tiny_skia::Transform;

use super::SIDE;
use super::pen::{Ink, Pen, oval};

/// The tangent of half the greatest rotation (4 degrees).
const MAX_TAN_HALF_ANGLE: f32 = 0.035;

/// The point about which a creature is rotated and scaled.
const CENTRE: (f32, f32) = (128.0, 132.0);

/// What varies from drawing to drawing and is in no caption.
pub(super) struct Style {
    tan_half_angle: f32,
    scale: f32,
    translation: (f32, f32),
    /// The outlines' width in pixels.
    pub(super) outline: f32,
}

impl Style {
    pub(super) fn sample(rng: &mut impl Rng) -> Self {
        Self {
            tan_half_angle: rng.random_range(-MAX_TAN_HALF_ANGLE..MAX_TAN_HALF_ANGLE),
            scale: rng.random_range(0.94..1.06),
            translation: (rng.random_range(-6.0..6.0), rng.random_range(-5.0..5.0)),
            outline: rng.random_range(4.0..6.0),
        }
    }

    /// The pose as a transform. All face right, where things are held; who holds something moves
    /// less, for the picture is full.
    pub(super) fn pose(&self, holding: bool) -> Transform {
        // The half-angle formulas give sine and cosine from the four basic
        // operations, which have the same bits everywhere.
        let t = self.tan_half_angle;
        let scale = if holding {
            self.scale * 0.94
        } else {
            self.scale
        };
        let translate_x = if holding {
            self.translation.0 / 2.0
        } else {
            self.translation.0
        };
        let cos = scale * (1.0 - t * t) / (1.0 + t * t);
        let sin = scale * 2.0 * t / (1.0 + t * t);
        let rotation = Transform::from_row(cos, sin, -sin, cos, 0.0, 0.0);
        Transform::from_translate(-CENTRE.0, -CENTRE.1)
            .post_concat(rotation)
            .post_translate(CENTRE.0 + translate_x, CENTRE.1 + self.translation.1)
    }
}

/// A few specks of dust.
pub(super) fn add_specks(pen: &mut Pen, rng: &mut impl Rng) {
    pen.place(Transform::identity());
    let side = SIDE as f32;
    for _ in 0..rng.random_range(0..7_u32) {
        let (x, y) = (rng.random_range(0.0..side), rng.random_range(0.0..side));
        let (radius, grey) = (rng.random_range(0.8..2.2), rng.random_range(60..200_u8));
        pen.tint(oval(x, y, radius, radius), Ink(grey, grey, grey, 160));
    }
}
