//! The four faces.

use super::pen::{Ink, LINE, Outline, Pen, Point, curve, oval, polygon};
use crate::creatures::traits::Expression;

const WHITE: Ink = Ink::rgb(255, 255, 255);
const MOUTH: Ink = Ink::rgb(122, 20, 36);
const TONGUE: Ink = Ink::rgb(242, 112, 126);
const CHEEK: Ink = Ink(255, 90, 110, 90);
const TEAR: Ink = Ink::rgb(120, 205, 255);

/// From the face's middle to each eye.
const EYE_HALF: f32 = 25.0;

/// Draws eyes and mouth about `at`.
pub(super) fn draw(pen: &mut Pen, expression: Expression, at: Point) {
    match expression {
        Expression::Smile => draw_smile(pen, at),
        Expression::Frown => draw_frown(pen, at),
        Expression::AngryEyes => draw_angry_eyes(pen, at),
        Expression::ClosedEyes => draw_closed_eyes(pen, at),
    }
}

fn eyes(at: Point) -> [Point; 2] {
    [
        (at.0 - EYE_HALF, at.1 - 12.0),
        (at.0 + EYE_HALF, at.1 - 12.0),
    ]
}

/// An eye which looks down by `look` pixels.
fn draw_eye(pen: &mut Pen, (x, y): Point, look: f32) {
    pen.shape(oval(x, y, 17.0, 19.0), WHITE);
    pen.tint(oval(x, y + look, 10.0, 12.0), LINE);
    pen.tint(oval(x - 4.0, y + look - 5.0, 4.0, 4.5), WHITE);
}

/// A line bent from one point over `bend` (the height of its middle) to another.
fn bow(from: Point, to: Point, bend: f32) -> Outline {
    let third = (to.0 - from.0) / 4.0;
    curve(
        from,
        &[[
            (from.0 + third, from.1 + bend),
            (to.0 - third, to.1 + bend),
            to,
        ]],
    )
}

fn draw_smile(pen: &mut Pen, at @ (x, y): Point) {
    for eye in eyes(at) {
        draw_eye(pen, eye, 0.0);
    }
    for side in [-1.0, 1.0] {
        pen.tint(oval(x + side * 40.0, y + 14.0, 9.0, 6.0), CHEEK);
    }
    let mouth = curve(
        (x - 26.0, y + 14.0),
        &[
            [
                (x - 12.0, y + 18.0),
                (x + 12.0, y + 18.0),
                (x + 26.0, y + 14.0),
            ],
            [(x + 24.0, y + 34.0), (x + 12.0, y + 42.0), (x, y + 42.0)],
            [
                (x - 12.0, y + 42.0),
                (x - 24.0, y + 34.0),
                (x - 26.0, y + 14.0),
            ],
        ],
    );
    pen.tint(mouth.clone(), MOUTH);
    pen.inside(&mouth, |pen| {
        pen.tint(oval(x, y + 15.0, 26.0, 8.0), WHITE);
        pen.tint(oval(x, y + 42.0, 14.0, 9.0), TONGUE);
    });
    pen.outline(mouth);
}

fn draw_frown(pen: &mut Pen, at @ (x, y): Point) {
    for eye in eyes(at) {
        draw_eye(pen, eye, 4.0);
    }
    pen.line(
        bow((x - 21.0, y + 36.0), (x + 21.0, y + 36.0), -24.0),
        7.0,
        LINE,
    );
    // On the left, where neither beak nor item hides it.
    let (x, y) = (x - EYE_HALF - 12.0, y);
    let tear = curve(
        (x, y),
        &[
            [(x + 4.0, y + 12.0), (x + 13.0, y + 29.0), (x, y + 29.0)],
            [(x - 13.0, y + 29.0), (x - 4.0, y + 12.0), (x, y)],
        ],
    );
    pen.shape(tear, TEAR);
}

fn draw_angry_eyes(pen: &mut Pen, at @ (x, y): Point) {
    for eye in eyes(at) {
        draw_eye(pen, eye, 2.0);
    }
    for side in [-1.0, 1.0] {
        let brow = polygon(&[(x + side * 46.0, y - 34.0), (x + side * 8.0, y - 16.0)]);
        pen.line(brow, 11.0, LINE);
    }
    let teeth = [
        (x - 22.0, y + 22.0),
        (x + 22.0, y + 22.0),
        (x + 22.0, y + 36.0),
        (x - 22.0, y + 36.0),
    ];
    pen.shape(polygon(&teeth), WHITE);
    for offset in [-11.0, 0.0, 11.0] {
        pen.line(
            polygon(&[(x + offset, y + 22.0), (x + offset, y + 36.0)]),
            2.5,
            LINE,
        );
    }
}

fn draw_closed_eyes(pen: &mut Pen, at @ (x, y): Point) {
    for (x, y) in eyes(at) {
        pen.line(bow((x - 16.0, y), (x + 16.0, y), 18.0), 7.0, LINE);
    }
    pen.shape(oval(x, y + 26.0, 9.0, 8.0), MOUTH);
}
