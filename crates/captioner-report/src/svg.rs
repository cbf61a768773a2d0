//! A Scalable Vector Graphics document, put together element by element.
//!
//! Only presentation attributes of SVG 1.1 are used, no style sheet and no script, so that
//! browsers, editors and rasterisers show the same. Text is set by whoever shows the document, in
//! a typeface of the reader's system; how wide it gets is therefore an estimate.
//!
//! No plotting crate does this. plotters 0.3.7 rounds SVG coordinates to whole pixels, writes a
//! dashed curve dash by dash (megabytes for a noisy one), puts no tick below the first whole power
//! of ten and does not return for an infinite range: ticks, legend and checks would stay ours.
//! kuva 0.6 has good ticks, but takes fifteen times as long to compile and overflows when a
//! logarithmic axis is empty.

use std::fmt::Write;

use image::Rgb;

use crate::lines::{shorten, wrap};

/// A place in the document, in pixels from its top left corner.
pub(crate) type Point = (f64, f64);

const FONTS: &str = "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif";
/// The width of a letter as a part of the font's size: the mean of English text in the wide faces
/// among [`FONTS`], rounded up.
const LETTER: f64 = 0.6;
/// The same for ideographs, kana, Hangul and emoji.
const FULL_WIDTH: f64 = 1.0;
/// From here on scripts hold full-width characters.
const FIRST_FULL_WIDTH: char = '\u{1100}';

/// A document in the making.
pub(crate) struct Document {
    text: String,
}

/// Which point of a text stands at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// How text is set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Font {
    /// In pixels.
    pub(crate) size: f64,
    pub(crate) bold: bool,
    pub(crate) colour: Rgb<u8>,
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stroke {
    /// In pixels.
    pub(crate) width: f64,
    pub(crate) colour: Rgb<u8>,
    /// Lengths of dash and gap, in pixels; none for a solid line.
    pub(crate) dashes: Option<(f64, f64)>,
}

impl Document {
    /// An empty sheet. The title and the description are read out by screen readers.
    pub(crate) fn new(
        (width, height): (u32, u32),
        background: Rgb<u8>,
        title: &str,
        description: &str,
    ) -> Self {
        let mut document = Self {
            text: format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
                 viewBox=\"0 0 {width} {height}\" role=\"img\" font-family=\"{FONTS}\" \
                 stroke-linejoin=\"round\" stroke-linecap=\"round\">\n\
                 <title>{}</title>\n<desc>{}</desc>\n",
                escaped(title),
                escaped(description)
            ),
        };
        let fill = hex(background);
        document.add(format_args!(
            "<rect width=\"{width}\" height=\"{height}\" fill=\"{fill}\"/>"
        ));
        document
    }

    fn add(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a string can't fail.
        let _ = writeln!(self.text, "{element}");
    }

    /// One line of text whose baseline passes through the point.
    pub(crate) fn text(&mut self, text: &str, (x, y): Point, font: Font, anchor: Anchor) {
        if text.is_empty() {
            return;
        }
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let weight = if font.bold {
            " font-weight=\"600\""
        } else {
            ""
        };
        let (x, y, size) = (rounded(x), rounded(y), font.size);
        let (fill, text) = (hex(font.colour), escaped(text));
        self.add(format_args!(
            "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\"{weight} fill=\"{fill}\"{anchor}>{text}</text>"
        ));
    }

    /// A line through the points, with round joints and ends.
    pub(crate) fn polyline(&mut self, points: &[Point], stroke: Stroke) {
        let mut places = String::with_capacity(points.len() * 12);
        for (index, (x, y)) in points.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            let _ = write!(places, "{space}{},{}", rounded(*x), rounded(*y));
        }
        let (colour, width, dashes) = (hex(stroke.colour), stroke.width, dash_array(stroke));
        self.add(format_args!(
            "<polyline points=\"{places}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"{dashes}/>"
        ));
    }

    /// A filled circle, with a text that browsers show when the pointer rests on it.
    pub(crate) fn dot(&mut self, (x, y): Point, radius: f64, colour: Rgb<u8>, note: Option<&str>) {
        let (x, y, fill) = (rounded(x), rounded(y), hex(colour));
        let circle = format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" fill=\"{fill}\"");
        match note.map(escaped) {
            Some(note) => self.add(format_args!("{circle}><title>{note}</title></circle>")),
            None => self.add(format_args!("{circle}/>")),
        }
    }

    /// The whole document.
    pub(crate) fn finish(mut self) -> String {
        self.text.push_str("</svg>\n");
        self.text
    }
}

fn dash_array(stroke: Stroke) -> String {
    let array = |(dash, gap)| format!(" stroke-dasharray=\"{dash} {gap}\"");
    stroke.dashes.map(array).unwrap_or_default()
}

/// To a hundredth of a pixel, which no one can tell from the value itself.
fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// A colour as SVG writes it, such as `#0072b2`.
pub(crate) fn hex(Rgb([red, green, blue]): Rgb<u8>) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// Text as it stands in XML. Characters that XML 1.0 has no way to hold become U+FFFD.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\t' | '\n' | '\r' => escaped.push(' '),
            '\0'..'\u{20}' | '\u{FFFE}' | '\u{FFFF}' => escaped.push('\u{FFFD}'),
            other => escaped.push(other),
        }
    }
    escaped
}

fn letter_width(character: char) -> f64 {
    if character < FIRST_FULL_WIDTH {
        LETTER
    } else {
        FULL_WIDTH
    }
}

/// About how wide a text gets, in pixels.
pub(crate) fn text_width(text: &str, size: f64) -> f64 {
    text.chars().map(letter_width).sum::<f64>() * size
}

/// How many characters of a text about fit side by side, at least one.
fn columns(text: &str, size: f64, width: f64) -> usize {
    let widest = text.chars().map(letter_width).fold(LETTER, f64::max);
    (width / (widest * size)).max(1.0) as usize
}

/// Breaks text into at most `max_lines` lines that about fit into a width.
pub(crate) fn wrap_to(text: &str, size: f64, width: f64, max_lines: usize) -> Vec<String> {
    wrap(text, columns(text, size, width), max_lines)
}

/// Shortens text to one line that about fits into a width and has at most `longest` characters.
pub(crate) fn shorten_to(text: &str, size: f64, width: f64, longest: usize) -> String {
    shorten(text, columns(text, size, width).min(longest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::colour;

    const FONT: Font = Font {
        size: 13.0,
        bold: false,
        colour: colour::TEXT,
    };

    #[test]
    fn any_text_leaves_the_document_well_formed() {
        let text = "<b> & \"it's\" ]]> \u{0}\u{8}\u{1F}\u{FFFF} 龙 👍🏽 \u{7F}\u{85}\r\nend";
        let mut document = Document::new((9, 9), colour::SHEET, text, text);
        document.text(text, (1.0, 1.0), FONT, Anchor::Start);
        document.dot((1.0, 1.0), 2.0, colour::BLUE, Some(text));
        let svg = document.finish();
        let parsed = roxmltree::Document::parse(&svg).unwrap();
        let shown = "<b> & \"it's\" ]]> \u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD} 龙 👍🏽 \u{7F}\u{85}  end";
        let with_text = parsed.descendants().filter(|n| n.text() == Some(shown));
        assert_eq!(with_text.filter(|n| n.is_element()).count(), 4);
    }

    #[test]
    fn a_colour_is_written_in_hexadecimal() {
        assert_eq!(hex(Rgb([0, 114, 178])), "#0072b2");
    }

    #[test]
    fn coordinates_are_short() {
        let mut document = Document::new((9, 9), colour::SHEET, "", "");
        let stroke = Stroke {
            width: 2.0,
            colour: colour::BLUE,
            dashes: Some((9.0, 6.0)),
        };
        document.polyline(&[(1.0 / 3.0, 2.0), (1e3, 0.005)], stroke);
        let svg = document.finish();
        assert!(svg.contains("points=\"0.33,2 1000,0.01\""), "{svg}");
        assert!(svg.contains("stroke-dasharray=\"9 6\""), "{svg}");
    }

    #[test]
    fn full_width_text_is_given_more_space() {
        assert_eq!(text_width("ab", 10.0), 12.0);
        assert_eq!(text_width("龙龙", 10.0), 20.0);
        assert_eq!(wrap_to("龙龙龙", 10.0, 20.0, 9), ["龙龙", "龙"]);
        assert_eq!(shorten_to("abcdefgh", 10.0, 30.0, 4), "a...");
    }
}
