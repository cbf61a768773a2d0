//! The line styles that tell series apart, and the legend that names them.

use image::Rgb;

use crate::colour;
use crate::svg::{Anchor, Document, Font, Point, Stroke, shorten_to, text_width};

/// How wide every curve is, in pixels.
const LINE_WIDTH: f64 = 2.0;
const DOT_RADIUS: f64 = 3.5;
/// The longest name shown whole, in characters.
const MAX_NAME: usize = 40;
/// The length of the sample line before a name.
const SAMPLE: f64 = 28.0;
const SAMPLE_GAP: f64 = 8.0;
/// Between one entry and the next in a row.
const ENTRY_GAP: f64 = 24.0;
const ROW_HEIGHT: f64 = 20.0;
const FONT: Font = Font {
    size: 13.0,
    bold: false,
    colour: colour::TEXT,
};

/// The colour and dashes of one series, and whether each of its points is marked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LineStyle {
    colour: Rgb<u8>,
    dashes: Option<(f64, f64)>,
    pub(crate) marked: bool,
}

impl LineStyle {
    /// How many series get a style that no other has: each colour comes solid, dashed and dotted.
    pub(crate) const COUNT: usize = colour::SERIES.len() * 3;

    /// The style of the series at a place in the list.
    pub(crate) fn of(index: usize, marked: bool) -> Self {
        let colours = colour::SERIES.len();
        let dashes = match (index / colours) % 3 {
            0 => None,
            1 => Some((9.0, 6.0)),
            _ => Some((0.5, 4.5)),
        };
        Self {
            colour: colour::SERIES[index % colours], // below the length by the remainder
            dashes,
            marked,
        }
    }

    /// Draws a line through the points.
    pub(crate) fn line(self, document: &mut Document, points: &[Point]) {
        let stroke = Stroke {
            width: LINE_WIDTH,
            colour: self.colour,
            dashes: self.dashes,
        };
        document.polyline(points, stroke);
    }

    /// Draws a dot at a point, with a note that browsers show when asked.
    pub(crate) fn dot(self, document: &mut Document, point: Point, note: Option<&str>) {
        document.dot(point, DOT_RADIUS, self.colour, note);
    }
}

/// The names of the series, set in rows, each after a sample of its line.
pub(crate) struct Legend {
    entries: Vec<Entry>,
    rows: usize,
}

struct Entry {
    name: String,
    style: LineStyle,
    x: f64,
    row: usize,
}

impl Legend {
    /// Sets names into rows of at most `width` pixels; longer names are shortened.
    pub(crate) fn new<'a>(series: impl Iterator<Item = (&'a str, LineStyle)>, width: f64) -> Self {
        let mut entries = Vec::new();
        let (mut x, mut row) = (0.0, 0);
        for (name, style) in series {
            let name = shorten_to(name, FONT.size, width - SAMPLE - SAMPLE_GAP, MAX_NAME);
            let entry_width = SAMPLE + SAMPLE_GAP + text_width(&name, FONT.size);
            if x > 0.0 && x + entry_width > width {
                (x, row) = (0.0, row + 1);
            }
            entries.push(Entry {
                name,
                style,
                x,
                row,
            });
            x += entry_width + ENTRY_GAP;
        }
        Self {
            entries,
            rows: row + 1,
        }
    }

    /// Its height in pixels.
    pub(crate) fn height(&self) -> f64 {
        self.rows as f64 * ROW_HEIGHT
    }

    /// Draws it with its top left corner at (left, top).
    pub(crate) fn draw(&self, document: &mut Document, (left, top): Point) {
        for entry in &self.entries {
            let x = left + entry.x;
            let middle = top + (entry.row as f64 + 0.5) * ROW_HEIGHT;
            let style = entry.style;
            style.line(document, &[(x, middle), (x + SAMPLE, middle)]);
            if style.marked {
                style.dot(document, (x + SAMPLE / 2.0, middle), None);
            }
            let place = (x + SAMPLE + SAMPLE_GAP, middle + FONT.size * 0.35);
            document.text(&entry.name, place, FONT, Anchor::Start);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn legend(names: &[&str], width: f64) -> Legend {
        let style = |index| LineStyle::of(index, false);
        let series = names.iter().zip(0..).map(|(name, i)| (*name, style(i)));
        Legend::new(series, width)
    }

    #[test]
    fn no_two_series_share_a_style() {
        let styles: Vec<LineStyle> = (0..LineStyle::COUNT)
            .map(|index| LineStyle::of(index, false))
            .collect();
        for (index, style) in styles.iter().enumerate() {
            assert!(!styles[..index].contains(style), "{index}");
        }
    }

    #[test]
    fn names_that_do_not_fit_go_to_the_next_row() {
        let names = ["training loss", "evaluation loss", "word error rate"];
        assert_eq!(legend(&names, 900.0).height(), ROW_HEIGHT);
        assert_eq!(legend(&names, 200.0).height(), 3.0 * ROW_HEIGHT);
    }

    #[test]
    fn an_endless_name_is_shortened_to_the_width() {
        let name = "n".repeat(1000);
        for width in [1.0, 120.0, 2000.0] {
            let legend = legend(&[&name], width);
            let shown = &legend.entries[0].name;
            assert!(shown.chars().count() <= MAX_NAME);
            let least = SAMPLE + SAMPLE_GAP + FONT.size;
            let entry_width = SAMPLE + SAMPLE_GAP + text_width(shown, FONT.size);
            assert!(entry_width <= width.max(least), "{width}: {shown}");
        }
    }
}
