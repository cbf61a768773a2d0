//! Drawing a creature.
//!
//! Only solid colours are painted, and angles come from rational functions: no
//! gradient, sine or cosine whose last bit could differ between platforms.

mod body;
mod face;
mod growth;
mod item;
mod palette;
mod pen;
mod style;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use tiny_skia::Pixmap;

use crate::traits::{Scene, Traits};
use body::Anatomy;
use captioner_data::Picture;
use palette::Palette;
use pen::{Pen, oval};
use style::Style;

/// Width and height of a drawing, in pixels.
const SIDE: u32 = 256;

/// How far a creature steps aside for what it holds.
const STEP_ASIDE: f32 = 30.0;

/// Draws a creature. What its traits leave open (pose, size, shades, noise) comes from `rng`.
pub(super) fn picture(traits: &Traits, rng: &mut ChaCha8Rng) -> Picture {
    let style = Style::sample(rng);
    let palette = Palette::sample(traits, rng);
    let mut pen = Pen::new(SIDE, palette.ground, style.outline);
    draw(&mut pen, traits, &palette, &style);
    style::add_specks(&mut pen, rng);
    Picture::Rgb8 {
        width: SIDE,
        height: SIDE,
        pixels: noisy_rgb(&pen.into_pixmap(), rng),
    }
}

fn draw(pen: &mut Pen, traits: &Traits, palette: &Palette, style: &Style) {
    let anatomy = Anatomy::of(traits.shape);
    let holding = matches!(traits.scene, Scene::Holding(_));
    let pose = style.pose(holding);
    let step = if holding { -STEP_ASIDE } else { 0.0 };
    pen.place(pose.pre_translate(step, 0.0));

    pen.tint(oval(anatomy.middle, 234.0, 66.0, 8.0), palette::SHADOW);
    body::draw_back(pen, traits.shape, palette);
    if let Some(growth) = traits.growth {
        growth::draw(pen, growth, &anatomy, palette);
    }
    body::draw_front(pen, traits.shape, palette);
    face::draw(pen, traits.expression, anatomy.face);

    if let Scene::Holding(item) = traits.scene {
        pen.place(pose);
        item::draw(pen, item);
        let hand = (anatomy.hand.0 - STEP_ASIDE, anatomy.hand.1);
        item::draw_arm(pen, hand, palette.main);
    }
}

/// The picture's RGB bytes with a little grey noise on each pixel.
fn noisy_rgb(pixmap: &Pixmap, rng: &mut ChaCha8Rng) -> Vec<u8> {
    let mut noise = vec![0; (SIDE * SIDE) as usize];
    rng.fill_bytes(&mut noise);
    let mut rgb = Vec::with_capacity(noise.len() * 3);
    for (pixel, noise) in pixmap.pixels().iter().zip(noise) {
        // The sum of two numbers from 0 to 7, centred: -7 to 7, small ones more often.
        let noise = i16::from(noise & 7) + i16::from(noise >> 3 & 7) - 7;
        let channels = [pixel.red(), pixel.green(), pixel.blue()];
        rgb.extend(channels.map(|channel| (i16::from(channel) + noise).clamp(0, 255) as u8));
    }
    rgb
}
