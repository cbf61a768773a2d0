//! The colours of one drawing.

use rand::{Rng, RngExt};

use super::pen::Ink;
use crate::traits::{Backdrop, Colour, Scene, Traits};

/// What lies under the creature.
pub(super) const SHADOW: Ink = Ink(40, 40, 60, 36);

/// The colours of one drawing: those of its traits, each a little off.
pub(super) struct Palette {
    /// The body.
    pub(super) main: Ink,
    /// The belly, if there is a second colour.
    pub(super) belly: Option<Ink>,
    /// What grows on the body: the second colour, or else the first.
    pub(super) accent: Ink,
    /// The background.
    pub(super) ground: Ink,
}

impl Palette {
    pub(super) fn sample(traits: &Traits, rng: &mut impl Rng) -> Self {
        let main = shaded(colour(traits.colour), 12, rng);
        let belly = traits.second.map(|second| shaded(colour(second), 12, rng));
        let ground = shaded(ground(traits.scene), 3, rng);
        Self {
            main,
            belly,
            accent: belly.unwrap_or(main),
            ground,
        }
    }
}

/// Saturated and far apart, in brightness where the hue is near.
fn colour(colour: Colour) -> Ink {
    match colour {
        Colour::Red => Ink::rgb(222, 36, 40),
        Colour::Orange => Ink::rgb(255, 140, 22),
        Colour::Yellow => Ink::rgb(252, 220, 40),
        Colour::Green => Ink::rgb(64, 182, 72),
        Colour::Blue => Ink::rgb(52, 108, 228),
        Colour::Purple => Ink::rgb(140, 62, 196),
        Colour::Pink => Ink::rgb(255, 146, 196),
        Colour::Brown => Ink::rgb(130, 82, 44),
    }
}

/// Paler than any body.
fn ground(scene: Scene) -> Ink {
    match scene {
        Scene::Plain | Scene::Holding(_) => Ink::rgb(251, 251, 251),
        Scene::On(Backdrop::Blue) => Ink::rgb(176, 214, 250),
        Scene::On(Backdrop::Green) => Ink::rgb(184, 232, 184),
        Scene::On(Backdrop::Yellow) => Ink::rgb(252, 242, 168),
        Scene::On(Backdrop::Pink) => Ink::rgb(252, 206, 222),
    }
}

/// The colour with its brightness off by up to `most`, and its hue by very little:
/// brown must not turn olive, nor pink purple.
fn shaded(Ink(red, green, blue, alpha): Ink, most: i16, rng: &mut impl Rng) -> Ink {
    let brightness = rng.random_range(-most..=most);
    let [red, green, blue] = [red, green, blue].map(|channel| {
        let channel = i16::from(channel) + brightness + rng.random_range(-4..=4);
        channel.clamp(0, 255) as u8
    });
    Ink(red, green, blue, alpha)
}
