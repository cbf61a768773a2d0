//! The four faces. Each is drawn on the same pale ground and has a colour of its own besides its
//! lines: what a small picture keeps of a face shouldn't depend on the body's colour.

use super::pen::{Ink, LINE, Outline, Pen, Point, curve, oval, polygon};
use crate::traits::Expression;

const PALE: Ink = Ink::rgb(255, 243, 222);
const WHITE: Ink = Ink::rgb(255, 255, 255);
const MOUTH: Ink = Ink::rgb(122, 20, 36);
const TONGUE: Ink = Ink::rgb(242, 112, 126);
const CHEEK: Ink = Ink(255, 96, 128, 190);
const TEAR: Ink = Ink::rgb(110, 205, 255);
const FURY: Ink = Ink::rgb(255, 84, 60);
const EYELID: Ink = Ink::rgb(126, 104, 176);

/// From the face's middle to each eye.
const EYE_HALF: f32 = 23.0;

/// Draws eyes and mouth about `at`.
pub(super) fn draw(pen: &mut Pen, expression: Expression, at: Point) {
    pen.shape(oval(at.0, at.1 + 6.0, 50.0, 46.0), PALE);
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

/// An eye with a ball of that colour, which looks down by `look` pixels.
fn draw_eye(pen: &mut Pen, (x, y): Point, look: f32, ball: Ink) {
    pen.shape(oval(x, y, 18.0, 20.0), ball);
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
        draw_eye(pen, eye, 0.0, WHITE);
    }
    for side in [-1.0, 1.0] {
        pen.tint(oval(x + side * 42.0, y + 14.0, 12.0, 9.0), CHEEK);
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
        draw_eye(pen, eye, 4.0, WHITE);
    }
    pen.line(
        bow((x - 21.0, y + 36.0), (x + 21.0, y + 36.0), -24.0),
        7.0,
        LINE,
    );
    for side in [-1.0, 1.0] {
        pen.shape(tear((x + side * 34.0, y)), TEAR);
    }
}

/// A tear that hangs from `(x, y)`.
fn tear((x, y): Point) -> Outline {
    curve(
        (x, y),
        &[
            [(x + 6.0, y + 10.0), (x + 19.0, y + 38.0), (x, y + 38.0)],
            [(x - 19.0, y + 38.0), (x - 6.0, y + 10.0), (x, y)],
        ],
    )
}

fn draw_angry_eyes(pen: &mut Pen, at @ (x, y): Point) {
    for eye in eyes(at) {
        draw_eye(pen, eye, 2.0, FURY);
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
        pen.shape(oval(x, y, 18.0, 20.0), EYELID);
        pen.line(
            bow((x - 17.0, y + 4.0), (x + 17.0, y + 4.0), 14.0),
            6.0,
            LINE,
        );
    }
    pen.shape(oval(x, y + 26.0, 9.0, 8.0), MOUTH);
}
