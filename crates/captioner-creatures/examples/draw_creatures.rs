//! Draws a contact sheet of the creatures, to look at them.
//!
//! `cargo run -p captioner-creatures --example draw_creatures -- sheet.png 0 24 6 1`
//! draws rows 0 to 23 of seed 0, six beside each other, each pixel shrunk by 1 (by 4: 64 pixels wide).

use std::env;
use std::error::Error;
use std::time::{Duration, Instant};

use captioner_creatures::Creatures;
use captioner_data::{CaptionDataset, Picture};
use tiny_skia::{IntSize, Pixmap, PixmapPaint, Transform};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let file = arguments.first().map_or("creatures.png", String::as_str);
    let number = |index: usize, default: u32| match arguments.get(index) {
        Some(text) => text.parse(),
        None => Ok(default),
    };
    let (first, count, columns, shrink) =
        (number(1, 0)?, number(2, 24)?, number(3, 6)?, number(4, 1)?);
    let set = Creatures::with_rows((first + count) as usize, 0);

    let side = 256 / shrink;
    let mut sheet =
        Pixmap::new(columns * side, count.div_ceil(columns) * side).ok_or("no picture to draw")?;
    let mut drawing = Duration::ZERO;
    for offset in 0..count {
        let start = Instant::now();
        let row = (first + offset) as usize;
        let picture = set.picture(row)?;
        drawing += start.elapsed();
        let (x, y) = (
            (offset % columns * side) as i32,
            (offset / columns * side) as i32,
        );
        let tile = tile(&picture, shrink).ok_or("not a drawing")?;
        sheet.draw_pixmap(
            x,
            y,
            tile.as_ref(),
            &PixmapPaint::default(),
            Transform::identity(),
            None,
        );
        eprintln!("{row:>4}  {}", set.captions(row)?.join(" | "));
    }
    eprintln!(
        "{:.2} ms a row",
        drawing.as_secs_f64() * 1e3 / f64::from(count)
    );
    sheet.save_png(file)?;
    Ok(())
}

/// A drawing as a pixmap, each side divided by `shrink` (the mean of the pixels which become one).
fn tile(picture: &Picture, shrink: u32) -> Option<Pixmap> {
    let Picture::Rgb8 {
        width,
        height,
        pixels,
    } = picture
    else {
        return None;
    };
    let (small_width, small_height) = (width / shrink, height / shrink);
    let mut rgba = Vec::new();
    for y in 0..small_height {
        for x in 0..small_width {
            for channel in 0..3 {
                let inner = (0..shrink * shrink).map(|i| {
                    let (x, y) = (x * shrink + i % shrink, y * shrink + i / shrink);
                    u32::from(pixels[((y * width + x) * 3 + channel) as usize])
                });
                rgba.push((inner.sum::<u32>() / (shrink * shrink)) as u8);
            }
            rgba.push(255);
        }
    }
    Pixmap::from_vec(rgba, IntSize::from_wh(small_width, small_height)?)
}
