//! The five things a creature can hold.

use super::pen::{Ink, LINE, Pen, Point, curve, oval, polygon};
use crate::traits::Item;

/// Where the hand meets the item.
const GRIP: Point = (206.0, 190.0);

const RED: Ink = Ink::rgb(232, 48, 56);
const WHITE: Ink = Ink::rgb(255, 255, 255);
const GOLD: Ink = Ink::rgb(255, 208, 36);
const LEAF: Ink = Ink::rgb(70, 190, 60);
const STEM: Ink = Ink::rgb(46, 140, 54);
const PETAL: Ink = Ink::rgb(250, 120, 200);
const CYAN: Ink = Ink::rgb(60, 190, 225);

/// The corners of a star of five points: (sine, -cosine) of each tenth of a turn.
const TENTHS: [Point; 10] = [
    (0.0, -1.0),
    (0.587_785, -0.809_017),
    (0.951_057, -0.309_017),
    (0.951_057, 0.309_017),
    (0.587_785, 0.809_017),
    (0.0, 1.0),
    (-0.587_785, 0.809_017),
    (-0.951_057, 0.309_017),
    (-0.951_057, -0.309_017),
    (-0.587_785, -0.809_017),
];

/// Draws what the hand holds, to the right of the creature.
pub(super) fn draw(pen: &mut Pen, item: Item) {
    match item {
        Item::Ball => draw_ball(pen),
        Item::Flower => draw_flower(pen),
        Item::Star => draw_star(pen),
        Item::Leaf => draw_leaf(pen),
        Item::Umbrella => draw_umbrella(pen),
    }
}

/// An arm from the body to the item, in front of both.
pub(super) fn draw_arm(pen: &mut Pen, shoulder: Point, ink: Ink) {
    let (x, y) = GRIP;
    let elbow = ((shoulder.0 + x) / 2.0, y + 10.0);
    let arm = curve(shoulder, &[[elbow, elbow, (x - 6.0, y)]]);
    pen.tube(arm, 15.0, ink);
}

fn draw_ball(pen: &mut Pen) {
    let (x, y, r) = (214.0, 166.0, 32.0);
    let ball = oval(x, y, r, r);
    pen.tint(ball.clone(), WHITE);
    pen.inside(&ball, |pen| {
        pen.tint(
            polygon(&[
                (x - 40.0, y - 10.0),
                (x + 40.0, y - 10.0),
                (x + 40.0, y - 40.0),
                (x - 40.0, y - 40.0),
            ]),
            RED,
        );
        pen.tint(
            polygon(&[
                (x - 40.0, y + 10.0),
                (x + 40.0, y + 10.0),
                (x + 40.0, y + 40.0),
                (x - 40.0, y + 40.0),
            ]),
            RED,
        );
    });
    pen.outline(ball);
}

fn draw_flower(pen: &mut Pen) {
    let (x, y) = (214.0, 128.0);
    pen.tube(polygon(&[(x, y), (GRIP.0 + 2.0, 216.0)]), 5.0, STEM);
    for index in [0, 2, 4, 6, 8] {
        let (dx, dy) = TENTHS[index];
        pen.shape(oval(x + dx * 22.0, y + dy * 22.0, 15.0, 15.0), PETAL);
    }
    pen.shape(oval(x, y, 13.0, 13.0), GOLD);
}

fn draw_star(pen: &mut Pen) {
    let (x, y) = (214.0, 156.0);
    let corner = |(index, &(dx, dy)): (usize, &Point)| {
        let radius = if index % 2 == 0 { 40.0 } else { 19.0 };
        (x + dx * radius, y + dy * radius)
    };
    let corners: Vec<_> = TENTHS.iter().enumerate().map(corner).collect();
    pen.shape(polygon(&corners), GOLD);
}

fn draw_leaf(pen: &mut Pen) {
    let leaf = curve(
        (206.0, 186.0),
        &[
            [(176.0, 150.0), (190.0, 104.0), (234.0, 92.0)],
            [(252.0, 130.0), (244.0, 172.0), (206.0, 186.0)],
        ],
    );
    pen.tube(polygon(&[(206.0, 186.0), (200.0, 212.0)]), 4.0, STEM);
    pen.shape(leaf, LEAF);
    pen.line(polygon(&[(206.0, 186.0), (226.0, 116.0)]), 4.0, STEM);
}

fn draw_umbrella(pen: &mut Pen) {
    let (x, top, rim) = (212.0, 72.0, 118.0);
    pen.line(
        curve(
            (x, top),
            &[
                [(x, 120.0), (x, 180.0), (x, 212.0)],
                [(x, 226.0), (x - 18.0, 226.0), (x - 18.0, 212.0)],
            ],
        ),
        6.0,
        LINE,
    );
    let canopy = curve(
        (x - 42.0, rim),
        &[
            [(x - 42.0, 62.0), (x + 42.0, 62.0), (x + 42.0, rim)],
            [(x + 36.0, 106.0), (x + 20.0, 106.0), (x + 14.0, rim)],
            [(x + 8.0, 106.0), (x - 8.0, 106.0), (x - 14.0, rim)],
            [(x - 20.0, 106.0), (x - 36.0, 106.0), (x - 42.0, rim)],
        ],
    );
    pen.shape(canopy, CYAN);
}
