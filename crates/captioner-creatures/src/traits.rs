//! What a creature is: everything that its caption says.

use rand::{Rng, RngExt};

use self::Colour::{Blue, Brown, Green, Orange, Pink, Purple, Red, Yellow};

/// A body's colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Colour {
    Red,
    Orange,
    Yellow,
    Green,
    Blue,
    Purple,
    Pink,
    Brown,
}

impl Colour {
    pub(super) const ALL: [Self; 8] = [Red, Orange, Yellow, Green, Blue, Purple, Pink, Brown];

    /// The second colours that stand out from this one. The relation is symmetric.
    pub(super) fn partners(self) -> &'static [Self] {
        match self {
            Red => &[Yellow, Green, Blue, Purple],
            Orange => &[Green, Blue, Purple],
            Yellow => &[Red, Green, Blue, Purple, Pink, Brown],
            Green => &[Red, Orange, Yellow, Blue, Purple, Pink, Brown],
            Blue => &[Red, Orange, Yellow, Green, Pink, Brown],
            Purple => &[Red, Orange, Yellow, Green],
            Pink => &[Yellow, Green, Blue, Brown],
            Brown => &[Yellow, Green, Blue, Pink],
        }
    }
}

/// The body's outline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Shape {
    /// A round body on two feet.
    Creature,
    /// An egg on stick legs, with a beak and tail feathers.
    Bird,
    /// A lying ellipse with fins.
    Fish,
    /// A spiral shell on a long foot, with the head held up.
    Snail,
    /// A dome with a wavy hem.
    Ghost,
}

impl Shape {
    pub(super) const ALL: [Self; 5] = [
        Self::Creature,
        Self::Bird,
        Self::Fish,
        Self::Snail,
        Self::Ghost,
    ];
}

/// What grows on the head or the back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Growth {
    LongEars,
    PointedEars,
    Horns,
    Antennae,
    Wings,
    Tail,
}

impl Growth {
    pub(super) const ALL: [Self; 6] = [
        Self::LongEars,
        Self::PointedEars,
        Self::Horns,
        Self::Antennae,
        Self::Wings,
        Self::Tail,
    ];
}

/// What the face shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Expression {
    Smile,
    Frown,
    AngryEyes,
    ClosedEyes,
}

impl Expression {
    pub(super) const ALL: [Self; 4] = [Self::Smile, Self::Frown, Self::AngryEyes, Self::ClosedEyes];
}

/// What a creature holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Item {
    Ball,
    Flower,
    Star,
    Leaf,
    Umbrella,
}

impl Item {
    pub(super) const ALL: [Self; 5] = [
        Self::Ball,
        Self::Flower,
        Self::Star,
        Self::Leaf,
        Self::Umbrella,
    ];
}

/// A background which isn't white.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Backdrop {
    Blue,
    Green,
    Yellow,
    Pink,
}

impl Backdrop {
    pub(super) const ALL: [Self; 4] = [Self::Blue, Self::Green, Self::Yellow, Self::Pink];
}

/// What is there besides the creature. One thing at most, which keeps captions short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Scene {
    Plain,
    Holding(Item),
    On(Backdrop),
}

/// What a creature is: everything that its caption says, and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Traits {
    pub(super) colour: Colour,
    pub(super) second: Option<Colour>,
    pub(super) shape: Shape,
    pub(super) growth: Option<Growth>,
    pub(super) expression: Expression,
    pub(super) scene: Scene,
}

impl Traits {
    /// Draws each trait on its own, so that none gives another away.
    pub(super) fn sample(rng: &mut impl Rng) -> Self {
        let colour = pick(rng, &Colour::ALL);
        let second = rng.random_ratio(1, 2).then(|| pick(rng, colour.partners()));
        Self {
            colour,
            second,
            shape: pick(rng, &Shape::ALL),
            growth: rng.random_ratio(6, 7).then(|| pick(rng, &Growth::ALL)),
            expression: pick(rng, &Expression::ALL),
            scene: sample_scene(rng),
        }
    }
}

/// Each item and each backdrop is as likely as the other; a quarter of the scenes is plain.
fn sample_scene(rng: &mut impl Rng) -> Scene {
    match rng.random_range(0..12_u32) {
        0..3 => Scene::Plain,
        3..8 => Scene::Holding(pick(rng, &Item::ALL)),
        _ => Scene::On(pick(rng, &Backdrop::ALL)),
    }
}

/// One of `choices`, which is never empty.
fn pick<T: Copy>(rng: &mut impl Rng, choices: &[T]) -> T {
    choices[rng.random_range(0..choices.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_colour_stands_out_from_the_first() {
        for colour in Colour::ALL {
            assert!(!colour.partners().contains(&colour));
            for partner in colour.partners() {
                assert!(
                    partner.partners().contains(&colour),
                    "{colour:?} {partner:?}"
                );
            }
        }
        for (one, other) in [
            (Red, Orange),
            (Orange, Brown),
            (Pink, Purple),
            (Orange, Yellow),
        ] {
            assert!(!one.partners().contains(&other));
        }
    }
}
