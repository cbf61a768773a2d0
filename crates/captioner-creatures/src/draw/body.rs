//! The five bodies.

use super::palette::Palette;
use super::pen::{Ink, LINE, Outline, Pen, Point, curve, oval, polygon};
use crate::traits::Shape;

const GLOSS: Ink = Ink(255, 255, 255, 110);
const BEAK: Ink = Ink::rgb(255, 178, 30);

/// Where the parts of a body meet, facing right, in the pixels of the unposed picture.
pub(super) struct Anatomy {
    /// The middle of the body from left to right.
    pub(super) middle: f32,
    /// The top of the head.
    pub(super) crown: Point,
    /// How far from the crown ears and horns grow.
    pub(super) crown_half: f32,
    /// Between the eyes and the mouth.
    pub(super) face: Point,
    /// Where the tail begins.
    pub(super) rump: Point,
    /// Where the near wing begins.
    pub(super) wing: Point,
    /// Where the far wing is.
    pub(super) far_wing: FarWing,
    /// Where an arm begins.
    pub(super) hand: Point,
}

impl Anatomy {
    pub(super) const fn of(shape: Shape) -> Self {
        match shape {
            Shape::Creature => Self {
                middle: 128.0,
                crown: (128.0, 96.0),
                crown_half: 34.0,
                face: (128.0, 148.0),
                rump: (80.0, 190.0),
                wing: (78.0, 158.0),
                far_wing: FarWing::Mirrored,
                hand: (182.0, 176.0),
            },
            Shape::Bird => Self {
                middle: 128.0,
                crown: (136.0, 86.0),
                crown_half: 26.0,
                face: (140.0, 132.0),
                rump: (84.0, 176.0),
                wing: (82.0, 152.0),
                far_wing: FarWing::Mirrored,
                hand: (176.0, 172.0),
            },
            Shape::Fish => Self {
                middle: 128.0,
                crown: (152.0, 100.0),
                crown_half: 28.0,
                face: (156.0, 146.0),
                rump: (76.0, 150.0),
                wing: (88.0, 136.0),
                far_wing: FarWing::Mirrored,
                hand: (178.0, 188.0),
            },
            Shape::Snail => Self {
                middle: 128.0,
                crown: (176.0, 88.0),
                crown_half: 26.0,
                face: (176.0, 134.0),
                rump: (52.0, 205.0),
                wing: (102.0, 114.0),
                far_wing: FarWing::Beside((34.0, -12.0)),
                hand: (186.0, 190.0),
            },
            Shape::Ghost => Self {
                middle: 128.0,
                crown: (128.0, 80.0),
                crown_half: 30.0,
                face: (128.0, 130.0),
                rump: (82.0, 190.0),
                wing: (82.0, 150.0),
                far_wing: FarWing::Mirrored,
                hand: (178.0, 172.0),
            },
        }
    }
}

/// Where the far wing is.
pub(super) enum FarWing {
    /// On the other side of the body.
    Mirrored,
    /// Behind the near wing, this far away: the head is in the way of the other side.
    Beside(Point),
}

/// What lies behind the head and what grows on it.
pub(super) fn draw_back(pen: &mut Pen, shape: Shape, palette: &Palette) {
    match shape {
        Shape::Creature | Shape::Ghost => {}
        Shape::Bird => draw_bird_back(pen, palette),
        Shape::Fish => draw_fins(pen, palette),
        Shape::Snail => draw_shell(pen, palette),
    }
}

/// The body itself.
pub(super) fn draw_front(pen: &mut Pen, shape: Shape, palette: &Palette) {
    match shape {
        Shape::Creature => draw_creature(pen, palette),
        Shape::Bird => draw_bird(pen, palette),
        Shape::Fish => draw_fish(pen, palette),
        Shape::Snail => draw_snail(pen, palette),
        Shape::Ghost => draw_ghost(pen, palette),
    }
}

/// The body with its belly and a gloss.
fn torso(pen: &mut Pen, palette: &Palette, outline: Outline, belly: Outline, gloss: Outline) {
    pen.solid(outline.clone(), palette.main);
    if let Some(ink) = palette.belly {
        pen.inside(&outline, |pen| pen.tint(belly, ink));
        // Once more, for the belly may have covered its inner half.
        pen.outline(outline);
    }
    pen.tint(gloss, GLOSS);
}

fn draw_creature(pen: &mut Pen, palette: &Palette) {
    for x in [98.0, 158.0] {
        pen.shape(oval(x, 222.0, 27.0, 15.0), palette.accent);
    }
    for x in [68.0, 188.0] {
        pen.shape(oval(x, 172.0, 14.0, 20.0), palette.main);
    }
    let body = oval(128.0, 157.0, 64.0, 61.0);
    torso(
        pen,
        palette,
        body,
        oval(128.0, 206.0, 42.0, 32.0),
        oval(98.0, 118.0, 15.0, 9.0),
    );
}

fn draw_bird_back(pen: &mut Pen, palette: &Palette) {
    for x in [110.0, 146.0] {
        let foot = [(x - 16.0, 236.0), (x, 231.0), (x + 18.0, 236.0)];
        let leg = polygon(&[(x, 196.0), foot[1], foot[0], foot[1], foot[2], foot[1]]);
        pen.tube(leg, 5.0, BEAK);
    }
    for (x, y) in [(36.0, 156.0), (30.0, 178.0), (42.0, 198.0)] {
        let feather = curve(
            (90.0, 164.0),
            &[
                [(70.0, y - 18.0), (x, y - 20.0), (x, y)],
                [(x + 4.0, y + 14.0), (70.0, y + 12.0), (94.0, 186.0)],
            ],
        );
        pen.shape(feather, palette.accent);
    }
}

fn draw_bird(pen: &mut Pen, palette: &Palette) {
    let body = curve(
        (136.0, 80.0),
        &[
            [(176.0, 80.0), (192.0, 126.0), (190.0, 158.0)],
            [(188.0, 192.0), (162.0, 212.0), (128.0, 212.0)],
            [(94.0, 212.0), (70.0, 192.0), (72.0, 160.0)],
            [(74.0, 124.0), (98.0, 80.0), (136.0, 80.0)],
        ],
    );
    torso(
        pen,
        palette,
        body,
        oval(134.0, 200.0, 44.0, 32.0),
        oval(104.0, 110.0, 13.0, 9.0),
    );
    let beak = curve(
        (182.0, 118.0),
        &[
            [(202.0, 120.0), (220.0, 132.0), (224.0, 142.0)],
            [(214.0, 148.0), (198.0, 152.0), (186.0, 150.0)],
            [(182.0, 140.0), (180.0, 128.0), (182.0, 118.0)],
        ],
    );
    pen.shape(beak, BEAK);
}

fn draw_fins(pen: &mut Pen, palette: &Palette) {
    let tail = curve(
        (72.0, 156.0),
        &[
            [(50.0, 120.0), (24.0, 104.0), (16.0, 114.0)],
            [(12.0, 130.0), (26.0, 142.0), (30.0, 156.0)],
            [(26.0, 172.0), (12.0, 184.0), (16.0, 200.0)],
            [(26.0, 208.0), (52.0, 194.0), (72.0, 156.0)],
        ],
    );
    pen.shape(tail, palette.accent);
    let back = curve(
        (64.0, 136.0),
        &[
            [(56.0, 112.0), (58.0, 94.0), (70.0, 86.0)],
            [(84.0, 88.0), (100.0, 94.0), (118.0, 112.0)],
            [(100.0, 130.0), (80.0, 136.0), (64.0, 136.0)],
        ],
    );
    pen.shape(back, palette.accent);
}

fn draw_fish(pen: &mut Pen, palette: &Palette) {
    let body = oval(134.0, 156.0, 78.0, 58.0);
    torso(
        pen,
        palette,
        body,
        oval(138.0, 206.0, 62.0, 30.0),
        oval(112.0, 118.0, 16.0, 7.0),
    );
    let fin = curve(
        (104.0, 158.0),
        &[
            [(84.0, 154.0), (74.0, 164.0), (72.0, 178.0)],
            [(88.0, 184.0), (104.0, 176.0), (104.0, 158.0)],
        ],
    );
    pen.shape(fin, palette.accent);
}

fn draw_shell(pen: &mut Pen, palette: &Palette) {
    pen.solid(oval(92.0, 152.0, 60.0, 60.0), palette.accent);
    let spiral = curve(
        (92.0, 152.0),
        &[
            [(92.0, 142.0), (108.0, 144.0), (108.0, 156.0)],
            [(108.0, 174.0), (76.0, 176.0), (74.0, 152.0)],
            [(72.0, 122.0), (128.0, 116.0), (130.0, 158.0)],
            [(131.0, 178.0), (118.0, 192.0), (104.0, 198.0)],
        ],
    );
    pen.line(spiral, 6.0, LINE);
    pen.tint(oval(62.0, 122.0, 11.0, 9.0), GLOSS);
}

fn draw_snail(pen: &mut Pen, palette: &Palette) {
    let body = curve(
        (24.0, 226.0),
        &[
            [(44.0, 196.0), (100.0, 200.0), (132.0, 196.0)],
            [(146.0, 190.0), (140.0, 170.0), (134.0, 152.0)],
            [(122.0, 116.0), (142.0, 84.0), (176.0, 84.0)],
            [(212.0, 84.0), (230.0, 116.0), (220.0, 150.0)],
            [(214.0, 170.0), (222.0, 190.0), (218.0, 212.0)],
            [(214.0, 230.0), (196.0, 234.0), (180.0, 234.0)],
            [(130.0, 234.0), (60.0, 236.0), (24.0, 226.0)],
        ],
    );
    pen.solid(body, palette.main);
    pen.tint(oval(156.0, 104.0, 11.0, 7.0), GLOSS);
}

fn draw_ghost(pen: &mut Pen, palette: &Palette) {
    for x in [64.0, 192.0] {
        pen.shape(oval(x, 166.0, 16.0, 13.0), palette.main);
    }
    let body = curve(
        (64.0, 150.0),
        &[
            [(64.0, 104.0), (90.0, 74.0), (128.0, 74.0)],
            [(166.0, 74.0), (192.0, 104.0), (192.0, 150.0)],
            [(192.0, 180.0), (196.0, 200.0), (200.0, 216.0)],
            [(200.0, 242.0), (164.0, 242.0), (164.0, 216.0)],
            [(164.0, 242.0), (128.0, 242.0), (128.0, 216.0)],
            [(128.0, 242.0), (92.0, 242.0), (92.0, 216.0)],
            [(92.0, 242.0), (56.0, 242.0), (56.0, 216.0)],
            [(60.0, 200.0), (64.0, 180.0), (64.0, 150.0)],
        ],
    );
    torso(
        pen,
        palette,
        body,
        oval(128.0, 196.0, 42.0, 34.0),
        oval(98.0, 102.0, 14.0, 10.0),
    );
}
