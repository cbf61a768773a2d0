//! Ears, horns, antennae, wings and tails.

use super::body::{Anatomy, FarWing};
use super::palette::Palette;
use super::pen::{Ink, LINE, Outline, Pen, Point, curve, mirrored, moved, oval};
use crate::traits::Growth;

// What tells one growth from another where shapes are small.
const INSIDE_LONG_EARS: Ink = Ink::rgb(255, 196, 204);
const IVORY: Ink = Ink::rgb(246, 236, 208);
/// A tail's tuft, and the inside of pointed ears.
const DARK: Ink = Ink::rgb(64, 44, 60);
const KNOB: Ink = Ink::rgb(255, 236, 84);
const FEATHER: Ink = Ink::rgb(226, 240, 252);

/// Draws what grows on the head or the back. The body goes on top of its roots.
pub(super) fn draw(pen: &mut Pen, growth: Growth, anatomy: &Anatomy, palette: &Palette) {
    match growth {
        Growth::LongEars => draw_long_ears(pen, anatomy, palette.accent),
        Growth::PointedEars => draw_pointed_ears(pen, anatomy, palette.accent),
        Growth::Horns => draw_horns(pen, anatomy),
        Growth::Antennae => draw_antennae(pen, anatomy),
        Growth::Wings => draw_wings(pen, anatomy),
        Growth::Tail => draw_tail(pen, anatomy, palette),
    }
}

/// The left one of a pair on the head and its mirror image.
fn pair(anatomy: &Anatomy, left: Outline) -> [Outline; 2] {
    let right = mirrored(&left, anatomy.crown.0);
    [left, right]
}

/// A closed or open curve by offsets from a point.
fn curve_at(at: Point, start: Point, pieces: &[[Point; 3]]) -> Outline {
    let from_there = |(x, y): Point| (at.0 + x, at.1 + y);
    let pieces: Vec<_> = pieces.iter().map(|piece| piece.map(from_there)).collect();
    curve(from_there(start), &pieces)
}

/// The left root on the head, from which the curves below are measured.
fn root(anatomy: &Anatomy) -> Point {
    (anatomy.crown.0 - anatomy.crown_half, anatomy.crown.1)
}

fn draw_long_ears(pen: &mut Pen, anatomy: &Anatomy, ink: Ink) {
    let ear = curve_at(
        root(anatomy),
        (-8.0, 26.0),
        &[
            [(-24.0, -20.0), (-34.0, -70.0), (-14.0, -74.0)],
            [(8.0, -76.0), (20.0, -20.0), (22.0, 20.0)],
        ],
    );
    let inner = curve_at(
        root(anatomy),
        (0.0, 10.0),
        &[
            [(-14.0, -20.0), (-20.0, -56.0), (-11.0, -59.0)],
            [(0.0, -60.0), (8.0, -20.0), (11.0, 8.0)],
        ],
    );
    for (ear, inner) in pair(anatomy, ear).into_iter().zip(pair(anatomy, inner)) {
        pen.shape(ear, ink);
        pen.tint(inner, INSIDE_LONG_EARS);
    }
}

fn draw_pointed_ears(pen: &mut Pen, anatomy: &Anatomy, ink: Ink) {
    let ear = curve_at(
        root(anatomy),
        (-22.0, 32.0),
        &[
            [(-26.0, 4.0), (-28.0, -24.0), (-24.0, -44.0)],
            [(-2.0, -32.0), (18.0, -16.0), (30.0, 8.0)],
        ],
    );
    let inner = curve_at(
        root(anatomy),
        (-14.0, 18.0),
        &[
            [(-17.0, 2.0), (-18.0, -12.0), (-16.0, -25.0)],
            [(-4.0, -19.0), (8.0, -8.0), (14.0, 6.0)],
        ],
    );
    for (ear, inner) in pair(anatomy, ear).into_iter().zip(pair(anatomy, inner)) {
        pen.shape(ear, ink);
        pen.tint(inner, DARK);
    }
}

fn draw_horns(pen: &mut Pen, anatomy: &Anatomy) {
    let horn = curve_at(
        root(anatomy),
        (-12.0, 26.0),
        &[
            [(-40.0, 14.0), (-44.0, -24.0), (-24.0, -48.0)],
            [(-26.0, -26.0), (-12.0, -10.0), (14.0, -2.0)],
            [(20.0, 12.0), (6.0, 24.0), (-12.0, 26.0)],
        ],
    );
    for horn in pair(anatomy, horn) {
        pen.shape(horn, IVORY);
    }
}

fn draw_antennae(pen: &mut Pen, anatomy: &Anatomy) {
    let (x, y) = root(anatomy);
    let stalk = curve_at(
        (x, y),
        (18.0, 16.0),
        &[[(16.0, -20.0), (6.0, -40.0), (-12.0, -48.0)]],
    );
    let knob = oval(x - 14.0, y - 50.0, 15.0, 15.0);
    for (stalk, knob) in pair(anatomy, stalk).into_iter().zip(pair(anatomy, knob)) {
        pen.line(stalk, 7.0, LINE);
        pen.shape(knob, KNOB);
    }
}

fn draw_wings(pen: &mut Pen, anatomy: &Anatomy) {
    let wing = curve_at(
        anatomy.wing,
        (10.0, 20.0),
        &[
            [(-10.0, 30.0), (-34.0, 30.0), (-40.0, 18.0)],
            [(-54.0, 16.0), (-62.0, 0.0), (-56.0, -10.0)],
            [(-72.0, -22.0), (-74.0, -56.0), (-60.0, -76.0)],
            [(-36.0, -64.0), (0.0, -50.0), (20.0, -14.0)],
        ],
    );
    let far = match anatomy.far_wing {
        FarWing::Mirrored => mirrored(&wing, anatomy.middle),
        FarWing::Beside(distance) => moved(&wing, distance),
    };
    pen.shape(far, FEATHER);
    pen.shape(wing, FEATHER);
}

fn draw_tail(pen: &mut Pen, anatomy: &Anatomy, palette: &Palette) {
    let tail = curve_at(
        anatomy.rump,
        (10.0, 0.0),
        &[
            [(-26.0, 18.0), (-52.0, 4.0), (-44.0, -30.0)],
            [(-38.0, -52.0), (-16.0, -62.0), (-32.0, -94.0)],
        ],
    );
    pen.tube(tail, 15.0, palette.main);
    let (x, y) = anatomy.rump;
    pen.shape(oval(x - 34.0, y - 98.0, 20.0, 20.0), DARK);
}
