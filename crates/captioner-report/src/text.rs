//! Text on a sheet: what can be drawn, how wide it is, and the drawing itself.
//!
//! The typeface is monospaced, so a line's width is its number of characters times one width.

use image::{Rgb, RgbImage};
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

use crate::canvas::{Rect, blend, frame};
use crate::lines::{self, ELLIPSIS};

/// Stands for any character which the compiled-in typeface lacks; drawn as a hollow box.
const MISSING: char = '\u{FFFD}';

/// The faces a report uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Face {
    /// Captions.
    Body,
    /// The line above a sheet.
    Title,
}

impl Face {
    fn style(self) -> (FontWeight, RasterHeight) {
        match self {
            Face::Body => (FontWeight::Regular, RasterHeight::Size16),
            Face::Title => (FontWeight::Bold, RasterHeight::Size20),
        }
    }

    /// The width of every character, in pixels.
    pub(crate) fn advance(self) -> u32 {
        let (weight, size) = self.style();
        get_raster_width(weight, size) as u32 // at most 20
    }

    /// The height of a character's box, in pixels.
    pub(crate) fn height(self) -> u32 {
        self.style().1.val() as u32 // 16 or 20
    }

    /// The distance from one line's top to the next line's top, in pixels.
    pub(crate) fn line_height(self) -> u32 {
        self.height() + 2
    }

    /// The height of a block of lines, in pixels.
    pub(crate) fn block_height(self, lines: usize) -> u32 {
        u32::try_from(lines)
            .unwrap_or(u32::MAX)
            .saturating_mul(self.line_height())
    }

    /// How many characters fit side by side, at least one.
    pub(crate) fn columns(self, pixels: u32) -> usize {
        (pixels / self.advance()).max(1) as usize
    }

    fn has(self, character: char) -> bool {
        let (weight, size) = self.style();
        get_raster(character, weight, size).is_some()
    }
}

/// Rewrites text in characters which the face can draw, each one column wide.
///
/// Typographic quotes and dashes become plain ones, marks without a width of their own vanish,
/// white space becomes a space, and whatever is still unknown becomes one box.
pub(crate) fn fold(text: &str, face: Face) -> String {
    let mut folded = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\u{2018}' | '\u{2019}' | '\u{201A}' | '\u{2032}' => folded.push('\''),
            '\u{201C}' | '\u{201D}' | '\u{201E}' | '\u{2033}' => folded.push('"'),
            '\u{2010}'..='\u{2015}' | '\u{2212}' => folded.push('-'),
            '\u{2026}' => folded.push_str(ELLIPSIS),
            '\u{2022}' => folded.push('\u{B7}'),
            c if has_no_width(c) => {}
            c if c.is_whitespace() || c.is_control() => folded.push(' '),
            c if face.has(c) => folded.push(c),
            _ => folded.push(MISSING),
        }
    }
    folded
}

/// Combining marks, joiners, direction marks, variation selectors, skin tones and soft hyphens.
fn has_no_width(character: char) -> bool {
    matches!(
        character,
        '\u{AD}' | '\u{300}'..='\u{36F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206F}' | '\u{20D0}'..='\u{20FF}' | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}' | '\u{1F3FB}'..='\u{1F3FF}'
    )
}

/// Folds text and breaks it into at most `max_lines` lines of at most `columns` characters, as
/// [`lines::wrap`] does.
pub(crate) fn wrap(text: &str, face: Face, columns: usize, max_lines: usize) -> Vec<String> {
    lines::wrap(&fold(text, face), columns, max_lines)
}

/// Draws one folded line with its top left corner at (x, y).
pub(crate) fn draw(
    sheet: &mut RgbImage,
    line: &str,
    face: Face,
    (x, y): (i64, i64),
    colour: Rgb<u8>,
) {
    let mut left = x;
    for character in line.chars() {
        draw_glyph(sheet, character, face, (left, y), colour);
        left += i64::from(face.advance());
    }
}

/// Draws folded lines one beneath the other.
pub(crate) fn draw_block(
    sheet: &mut RgbImage,
    lines: &[String],
    face: Face,
    (x, y): (i64, i64),
    colour: Rgb<u8>,
) {
    let mut top = y;
    for line in lines {
        draw(sheet, line, face, (x, top), colour);
        top += i64::from(face.line_height());
    }
}

fn draw_glyph(
    sheet: &mut RgbImage,
    character: char,
    face: Face,
    (x, y): (i64, i64),
    colour: Rgb<u8>,
) {
    let (weight, size) = face.style();
    let Some(glyph) = get_raster(character, weight, size) else {
        return draw_box(sheet, face, (x, y), colour);
    };
    for (row, coverages) in (y..).zip(glyph.rows()) {
        for (column, &coverage) in (x..).zip(coverages) {
            blend(sheet, column, row, colour, coverage);
        }
    }
}

/// A hollow box as high as a capital letter.
fn draw_box(sheet: &mut RgbImage, face: Face, (x, y): (i64, i64), colour: Rgb<u8>) {
    let area = Rect {
        x: x + 1,
        y: y + i64::from(face.height()) * 3 / 16,
        width: face.advance() - 2,
        height: face.height() * 9 / 16,
    };
    frame(sheet, area, colour);
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: Face = Face::Body;

    #[test]
    fn typographic_characters_become_plain_ones() {
        assert_eq!(fold("“it’s” – here…\u{AD}", BODY), "\"it's\" - here...");
        assert_eq!(fold("naïve Łódź e\u{301}", BODY), "naïve Łódź e");
    }

    #[test]
    fn unknown_characters_become_one_box_each() {
        assert_eq!(fold("a 龙 👍🏽", BODY), "a \u{FFFD} \u{FFFD}");
        let mut sheet = RgbImage::from_pixel(10, 20, Rgb([255, 255, 255]));
        draw(&mut sheet, "\u{FFFD}", BODY, (0, 0), Rgb([0, 0, 0]));
        assert!(sheet.pixels().any(|pixel| pixel.0 == [0, 0, 0]));
    }

    #[test]
    fn every_plain_character_has_a_glyph_in_both_faces() {
        for character in (' '..='~').chain('\u{A1}'..='\u{AC}') {
            assert!(BODY.has(character) && Face::Title.has(character));
        }
    }

    #[test]
    fn drawn_text_stays_inside_its_columns() {
        let line = "Wide_|words";
        let mut sheet = RgbImage::from_pixel(200, 40, Rgb([255, 255, 255]));
        draw(&mut sheet, line, Face::Title, (0, 0), Rgb([0, 0, 0]));
        let inked = sheet
            .enumerate_pixels()
            .filter(|(_, _, p)| p.0 != [255, 255, 255]);
        let (right, bottom) = inked.fold((0, 0), |(r, b), (x, y, _)| (r.max(x + 1), b.max(y + 1)));
        let width = line.len() as u32 * Face::Title.advance();
        assert!(right > 90 && right <= width);
        assert!(bottom <= Face::Title.height());
    }

    #[test]
    fn drawing_off_the_sheet_does_not_panic() {
        let mut sheet = RgbImage::new(4, 4);
        draw(&mut sheet, "text", BODY, (-100, 2), Rgb([1, 1, 1]));
        draw(&mut sheet, "龙", BODY, (3, -8), Rgb([1, 1, 1]));
    }
}
