//! The pens that tell series apart, and the legend that names them.

use image::{Rgb, RgbImage};

use crate::colour;
use crate::stroke::{Coverage, Point, dashes};
use crate::text::{Face, draw, measure, shorten};

/// How wide every curve is, in pixels.
pub(crate) const LINE_WIDTH: f64 = 2.0;
/// The longest name shown whole, in characters.
const MAX_NAME: usize = 40;
/// The length of the sample line before a name.
const SAMPLE: u32 = 28;
const SAMPLE_AIR: u32 = 8;
/// Between one entry and the next in a row.
const ENTRY_GAP: u32 = 24;
const ROW_HEIGHT: u32 = 20;

/// The colour and dashes of one series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pen {
    pub(crate) colour: Rgb<u8>,
    /// Lengths of dash and gap, in pixels.
    dash: Option<(f64, f64)>,
}

impl Pen {
    /// How many series get a pen that no other has: each colour comes solid, dashed and dotted.
    pub(crate) const COUNT: usize = colour::SERIES.len() * 3;

    /// The pen of the series at a place in the list.
    pub(crate) fn of(index: usize) -> Self {
        let colours = colour::SERIES.len();
        let dash = match (index / colours) % 3 {
            0 => None,
            1 => Some((9.0, 6.0)),
            _ => Some((0.5, 4.5)),
        };
        Self {
            colour: colour::SERIES[index % colours], // below the length by the remainder
            dash,
        }
    }

    /// Adds a line through the points in this pen's dashes.
    pub(crate) fn cover(self, coverage: &mut Coverage, points: &[Point]) {
        match self.dash {
            Some((on, off)) if points.len() > 1 => {
                for dash in dashes(points, on, off) {
                    coverage.polyline(&dash, LINE_WIDTH);
                }
            }
            _ => coverage.polyline(points, LINE_WIDTH),
        }
    }
}

/// The names of the series, set in rows, each after a sample of its line.
pub(crate) struct Legend {
    entries: Vec<Entry>,
    rows: u32,
}

struct Entry {
    name: String,
    x: u32,
    row: u32,
}

impl Legend {
    /// Sets names into rows of at most `width` pixels; longer names are shortened.
    pub(crate) fn new<'a>(names: impl Iterator<Item = &'a str>, width: u32) -> Self {
        let room = width.saturating_sub(SAMPLE + SAMPLE_AIR);
        let columns = Face::Body.columns(room).min(MAX_NAME);
        let mut entries = Vec::new();
        let (mut x, mut row) = (0, 0);
        for name in names {
            let name = shorten(name, Face::Body, columns);
            let entry_width = SAMPLE + SAMPLE_AIR + measure(&name, Face::Body);
            if x > 0 && x + entry_width > width {
                (x, row) = (0, row + 1);
            }
            entries.push(Entry { name, x, row });
            x += entry_width + ENTRY_GAP;
        }
        Self {
            entries,
            rows: row + 1,
        }
    }

    /// Its height in pixels.
    pub(crate) fn height(&self) -> u32 {
        self.rows * ROW_HEIGHT
    }

    /// Draws it with its top left corner at (left, top).
    pub(crate) fn draw(&self, sheet: &mut RgbImage, (left, top): (u32, u32)) {
        for (index, entry) in self.entries.iter().enumerate() {
            let (x, y) = (left + entry.x, top + entry.row * ROW_HEIGHT);
            let middle = f64::from(y + ROW_HEIGHT / 2);
            let ends = [(f64::from(x), middle), (f64::from(x + SAMPLE), middle)];
            let pen = Pen::of(index);
            let mut coverage = Coverage::of(sheet);
            pen.cover(&mut coverage, &ends);
            coverage.paint(sheet, pen.colour);
            let text_top = y + (ROW_HEIGHT - Face::Body.height()) / 2;
            let text_left = x + SAMPLE + SAMPLE_AIR;
            let corner = (i64::from(text_left), i64::from(text_top));
            draw(sheet, &entry.name, Face::Body, corner, colour::TEXT);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_series_share_a_pen() {
        let pens: Vec<Pen> = (0..Pen::COUNT).map(Pen::of).collect();
        for (index, pen) in pens.iter().enumerate() {
            assert!(!pens[..index].contains(pen), "{index}");
        }
    }

    #[test]
    fn names_that_do_not_fit_go_to_the_next_row() {
        let names = ["training loss", "evaluation loss", "word error rate"];
        assert_eq!(Legend::new(names.into_iter(), 900).height(), ROW_HEIGHT);
        assert_eq!(Legend::new(names.into_iter(), 200).height(), 3 * ROW_HEIGHT);
    }

    #[test]
    fn an_endless_name_is_shortened_to_the_width() {
        let name = "n".repeat(1000);
        for width in [1, 120, 2000] {
            let legend = Legend::new(std::iter::once(name.as_str()), width);
            let shown = &legend.entries[0].name;
            assert!(shown.chars().count() <= MAX_NAME);
            let least = SAMPLE + SAMPLE_AIR + Face::Body.advance();
            assert!(SAMPLE + SAMPLE_AIR + measure(shown, Face::Body) <= width.max(least));
        }
    }
}
