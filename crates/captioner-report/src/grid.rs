//! Pictures in a grid, each with its caption beneath.

use std::borrow::Cow;

use image::imageops::{FilterType, replace, resize};
use image::{Rgb, RgbImage};

use crate::ReportError;
use crate::canvas::{Rect, fill, frame};
use crate::colour;
use crate::text::{Face, draw_block, wrap};

const MAX_PICTURES: usize = 10_000;
const MIN_CELL: u32 = 32;
const MAX_CELL: u32 = 1024;
/// 300 MB as RGB.
const MAX_SHEET_PIXELS: u64 = 100_000_000;
const MAX_TITLE_LINES: usize = 3;

const MARGIN: u32 = 24;
/// Between one cell and the next, both ways.
const GAP: u32 = 24;
/// Between a picture and its caption, and between the title and the first row.
const AIR: u32 = 8;
/// Between a caption and its notes.
const NOTE_AIR: u32 = 3;

/// A picture with the text that stands under it.
#[derive(Clone, Debug)]
pub struct Captioned<'a> {
    /// The picture, of any size from 1x1.
    pub picture: &'a RgbImage,
    /// The text beneath it, in the colour of text.
    pub caption: Cow<'a, str>,
    /// Further texts beneath the caption, each on lines of its own.
    pub notes: Vec<Note<'a>>,
}

/// A text under a caption in a colour of its own, such as what the model predicted.
#[derive(Clone, Debug)]
pub struct Note<'a> {
    /// The text.
    pub text: Cow<'a, str>,
    /// Its colour; the module [`colour`] holds some which read well.
    pub colour: Rgb<u8>,
}

impl<'a> Captioned<'a> {
    /// A picture with a caption and no notes.
    pub fn new(picture: &'a RgbImage, caption: impl Into<Cow<'a, str>>) -> Self {
        Self {
            picture,
            caption: caption.into(),
            notes: Vec::new(),
        }
    }

    /// Adds a note beneath the caption.
    pub fn with_note(mut self, note: Note<'a>) -> Self {
        self.notes.push(note);
        self
    }
}

impl<'a> Note<'a> {
    /// A text in a colour.
    pub fn new(text: impl Into<Cow<'a, str>>, colour: Rgb<u8>) -> Self {
        Self {
            text: text.into(),
            colour,
        }
    }
}

/// How [`sample_grid`] lays out its pictures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GridOptions {
    /// Pictures side by side, at least 1. Default 5.
    pub columns: usize,
    /// The side of the square each picture is fitted into, in pixels, 32 to 1024. Default 240.
    pub cell_size: u32,
    /// Lines for each caption and for each note; the rest gives way to an ellipsis. 0 draws no
    /// text. Default 6.
    pub max_lines: usize,
    /// A line above the sheet. Default none.
    pub title: Option<String>,
}

impl Default for GridOptions {
    fn default() -> Self {
        Self {
            columns: 5,
            cell_size: 240,
            max_lines: 6,
            title: None,
        }
    }
}

/// Draws pictures in a grid, in reading order, each with its caption word-wrapped beneath.
///
/// Each picture is scaled to fit its cell, its aspect kept (Lanczos when it shrinks, Catmull-Rom
/// when it grows), and centred there. The captions of one row start on one line. Characters that
/// the compiled-in typeface lacks (it has Latin letters) are drawn as a box.
///
/// # Errors
/// [`ReportError::NoPictures`], [`ReportError::TooManyPictures`] above 10,000,
/// [`ReportError::EmptyPicture`], [`ReportError::NoColumns`], [`ReportError::CellSize`], and
/// [`ReportError::SheetTooLarge`] when the sheet would pass 100 million pixels.
pub fn sample_grid(
    items: &[Captioned<'_>],
    options: &GridOptions,
) -> Result<RgbImage, ReportError> {
    check(items, options)?;
    let layout = Layout::new(items, options);
    let mut sheet = blank_sheet(&layout)?;
    let margin = i64::from(MARGIN);
    draw_block(
        &mut sheet,
        &layout.title,
        Face::Title,
        (margin, margin),
        colour::TEXT,
    );
    let mut top = i64::from(layout.first_row_top);
    for (row, &text_height) in items.chunks(layout.columns).zip(&layout.text_heights) {
        let mut left = margin;
        for item in row {
            draw_picture(&mut sheet, item.picture, (left, top), options.cell_size);
            let text_top = top + i64::from(options.cell_size + AIR);
            draw_texts(&mut sheet, item, options, (left, text_top));
            left += i64::from(options.cell_size + GAP);
        }
        top += i64::from(row_height(options.cell_size, text_height) + GAP);
    }
    Ok(sheet)
}

fn check(items: &[Captioned<'_>], options: &GridOptions) -> Result<(), ReportError> {
    let (count, cell_size) = (items.len(), options.cell_size);
    if count == 0 {
        return Err(ReportError::NoPictures);
    }
    if count > MAX_PICTURES {
        let limit = MAX_PICTURES;
        return Err(ReportError::TooManyPictures { count, limit });
    }
    if options.columns == 0 {
        return Err(ReportError::NoColumns);
    }
    if !(MIN_CELL..=MAX_CELL).contains(&cell_size) {
        let (min, max) = (MIN_CELL, MAX_CELL);
        return Err(ReportError::CellSize {
            cell_size,
            min,
            max,
        });
    }
    let sizes = items.iter().map(|item| item.picture.dimensions());
    match sizes.enumerate().find(|(_, (w, h))| *w == 0 || *h == 0) {
        Some((index, (width, height))) => Err(ReportError::EmptyPicture {
            index,
            width,
            height,
        }),
        None => Ok(()),
    }
}

/// Where everything stands, worked out before a pixel is set.
struct Layout {
    columns: usize,
    title: Vec<String>,
    first_row_top: u32,
    /// The height of the tallest text in each row.
    text_heights: Vec<u32>,
    width: u64,
    height: u64,
}

impl Layout {
    fn new(items: &[Captioned<'_>], options: &GridOptions) -> Self {
        let columns = options.columns.min(items.len()); // at most MAX_PICTURES
        let inner = columns as u64 * u64::from(options.cell_size + GAP) - u64::from(GAP);
        let title_text = options.title.as_deref().unwrap_or_default();
        let title_columns = Face::Title.columns(u32::try_from(inner).unwrap_or(u32::MAX));
        let title = wrap(title_text, Face::Title, title_columns, MAX_TITLE_LINES);
        let title_height = match title.len() {
            0 => 0,
            lines => Face::Title.block_height(lines) + AIR,
        };
        let first_row_top = MARGIN + title_height;
        let text_heights: Vec<u32> = items
            .chunks(columns)
            .map(|row| tallest_text(row, options))
            .collect();
        let rows = text_heights
            .iter()
            .map(|&text| u64::from(row_height(options.cell_size, text)) + u64::from(GAP));
        let height = u64::from(first_row_top) + rows.sum::<u64>() - u64::from(GAP);
        Self {
            columns,
            title,
            first_row_top,
            text_heights,
            width: inner + 2 * u64::from(MARGIN),
            height: height + u64::from(MARGIN),
        }
    }
}

fn row_height(cell_size: u32, text_height: u32) -> u32 {
    match text_height {
        0 => cell_size,
        text => (cell_size + AIR).saturating_add(text),
    }
}

fn tallest_text(row: &[Captioned<'_>], options: &GridOptions) -> u32 {
    let heights = row.iter().map(|item| {
        texts(item, options).fold(0_u32, |height, (lines, _)| {
            let air = if height == 0 { 0 } else { NOTE_AIR };
            height.saturating_add(air + block_height(&lines))
        })
    });
    heights.max().unwrap_or(0)
}

fn block_height(lines: &[String]) -> u32 {
    Face::Body.block_height(lines.len())
}

/// The caption and the notes that have anything to draw, wrapped, each with its colour.
fn texts<'a>(
    item: &'a Captioned<'_>,
    options: &'a GridOptions,
) -> impl Iterator<Item = (Vec<String>, Rgb<u8>)> + 'a {
    let columns = Face::Body.columns(options.cell_size);
    let notes = item
        .notes
        .iter()
        .map(|note| (note.text.as_ref(), note.colour));
    std::iter::once((item.caption.as_ref(), colour::TEXT))
        .chain(notes)
        .map(move |(text, ink)| (wrap(text, Face::Body, columns, options.max_lines), ink))
        .filter(|(lines, _)| !lines.is_empty())
}

fn blank_sheet(layout: &Layout) -> Result<RgbImage, ReportError> {
    let (width, height, limit) = (layout.width, layout.height, MAX_SHEET_PIXELS);
    match (u32::try_from(width), u32::try_from(height)) {
        (Ok(w), Ok(h)) if width * height <= limit => Ok(RgbImage::from_pixel(w, h, colour::SHEET)),
        _ => Err(ReportError::SheetTooLarge {
            width,
            height,
            limit,
        }),
    }
}

/// Draws the picture in the middle of its cell, on the mat, inside a thin frame.
fn draw_picture(sheet: &mut RgbImage, picture: &RgbImage, (left, top): (i64, i64), cell_size: u32) {
    let cell = Rect {
        x: left,
        y: top,
        width: cell_size,
        height: cell_size,
    };
    fill(sheet, cell, colour::MAT);
    let fitted = fit(picture, cell_size);
    let (width, height) = fitted.dimensions();
    let x = left + i64::from((cell_size - width) / 2);
    let y = top + i64::from((cell_size - height) / 2);
    replace(sheet, &fitted, x, y);
    frame(sheet, cell, colour::FRAME);
}

/// Scales a picture so that its longer side is the cell's and the shorter at least one pixel.
fn fit(picture: &RgbImage, cell_size: u32) -> RgbImage {
    let (width, height) = picture.dimensions();
    let longest = u64::from(width.max(height));
    let scaled = |side: u32| {
        let rounded = (u64::from(side) * u64::from(cell_size) + longest / 2) / longest;
        rounded.max(1) as u32 // at most cell_size
    };
    let filter = if longest > u64::from(cell_size) {
        FilterType::Lanczos3
    } else {
        FilterType::CatmullRom
    };
    resize(picture, scaled(width), scaled(height), filter)
}

fn draw_texts(
    sheet: &mut RgbImage,
    item: &Captioned<'_>,
    options: &GridOptions,
    (x, y): (i64, i64),
) {
    let mut top = y;
    for (lines, ink) in texts(item, options) {
        draw_block(sheet, &lines, Face::Body, (x, top), ink);
        top += i64::from(block_height(&lines) + NOTE_AIR);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(width: u32, height: u32) -> RgbImage {
        RgbImage::from_pixel(width, height, colour::BLUE)
    }

    fn options(columns: usize, cell_size: u32) -> GridOptions {
        GridOptions {
            columns,
            cell_size,
            ..GridOptions::default()
        }
    }

    /// The rectangle (left, top, right, bottom), ends excluded, that holds all pixels of a colour.
    fn bounds(sheet: &RgbImage, ink: Rgb<u8>) -> (u32, u32, u32, u32) {
        let found = sheet.enumerate_pixels().filter(|(_, _, p)| **p == ink);
        found.fold((u32::MAX, u32::MAX, 0, 0), |(l, t, r, b), (x, y, _)| {
            (l.min(x), t.min(y), r.max(x + 1), b.max(y + 1))
        })
    }

    #[test]
    fn no_pictures_is_a_named_error() {
        let error = sample_grid(&[], &GridOptions::default()).unwrap_err();
        assert!(matches!(error, ReportError::NoPictures));
    }

    #[test]
    fn too_many_pictures_is_a_named_error() {
        let picture = plain(1, 1);
        let items = vec![Captioned::new(&picture, ""); MAX_PICTURES + 1];
        let error = sample_grid(&items, &GridOptions::default()).unwrap_err();
        assert!(error.to_string().contains("10001"), "{error}");
    }

    #[test]
    fn a_picture_without_pixels_is_named_by_its_place() {
        let (good, flat) = (plain(2, 2), RgbImage::new(5, 0));
        let items = [Captioned::new(&good, "a"), Captioned::new(&flat, "b")];
        let error = sample_grid(&items, &GridOptions::default()).unwrap_err();
        let expected = "picture 1 (counted from 0) is 5x0; both sides must be at least 1";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn zero_columns_is_a_named_error() {
        let picture = plain(2, 2);
        let items = [Captioned::new(&picture, "a")];
        let error = sample_grid(&items, &options(0, 64)).unwrap_err();
        assert!(matches!(error, ReportError::NoColumns));
    }

    #[test]
    fn a_cell_size_out_of_range_is_a_named_error() {
        let picture = plain(2, 2);
        let items = [Captioned::new(&picture, "a")];
        for cell_size in [0, 31, 1025, u32::MAX] {
            let error = sample_grid(&items, &options(1, cell_size)).unwrap_err();
            assert!(matches!(error, ReportError::CellSize { .. }), "{error}");
        }
    }

    #[test]
    fn a_sheet_too_large_for_memory_is_refused_before_it_is_made() {
        let picture = plain(1, 1);
        let items = vec![Captioned::new(&picture, "a"); 200];
        for columns in [1, 200, usize::MAX] {
            let error = sample_grid(&items, &options(columns, 1024)).unwrap_err();
            assert!(
                matches!(error, ReportError::SheetTooLarge { .. }),
                "{error}"
            );
        }
    }

    #[test]
    fn an_endless_caption_is_bounded_by_max_lines_or_refused() {
        let picture = plain(1, 1);
        let caption = "word ".repeat(200_000);
        let items = [Captioned::new(&picture, caption.as_str())];
        assert_eq!(
            sample_grid(&items, &options(1, 64)).unwrap().dimensions().0,
            64 + 2 * MARGIN
        );
        let unbounded = GridOptions {
            max_lines: usize::MAX,
            cell_size: 1024,
            ..GridOptions::default()
        };
        let sheet = sample_grid(&items, &unbounded);
        assert!(sheet.is_ok() || matches!(sheet, Err(ReportError::SheetTooLarge { .. })));
    }

    #[test]
    fn aspect_is_kept_and_no_side_vanishes() {
        assert_eq!(fit(&plain(400, 20), 100).dimensions(), (100, 5));
        assert_eq!(fit(&plain(20, 400), 100).dimensions(), (5, 100));
        assert_eq!(fit(&plain(5000, 1), 100).dimensions(), (100, 1));
        assert_eq!(fit(&plain(1, 1), 100).dimensions(), (100, 100));
        assert_eq!(fit(&plain(3, 2), 90).dimensions(), (90, 60));
    }

    #[test]
    fn scaling_keeps_a_plain_colour() {
        for (width, height) in [(400, 400), (7, 3), (1, 1), (1, 3000)] {
            assert!(
                fit(&plain(width, height), 64)
                    .pixels()
                    .all(|p| *p == colour::BLUE)
            );
        }
    }

    #[test]
    fn pictures_stand_in_the_middle_of_their_cells() {
        let wide = plain(200, 100);
        let items = [Captioned::new(&wide, "")];
        let sheet = sample_grid(&items, &options(3, 100)).unwrap();
        assert_eq!(sheet.dimensions(), (100 + 2 * MARGIN, 100 + 2 * MARGIN));
        // The frame covers the outermost column on either side.
        let expected = (MARGIN + 1, MARGIN + 25, MARGIN + 99, MARGIN + 75);
        assert_eq!(bounds(&sheet, colour::BLUE), expected);
    }

    #[test]
    fn captions_stay_under_their_own_picture() {
        let picture = plain(10, 10);
        let long = "a drawing of a pink and blue creature with long ears and a smile";
        let items = [Captioned::new(&picture, long), Captioned::new(&picture, "")];
        let sheet = sample_grid(&items, &options(2, 100)).unwrap();
        let inked = sheet
            .enumerate_pixels()
            .filter(|(x, y, p)| *x >= MARGIN + 100 && *y >= MARGIN + 100 && **p != colour::SHEET);
        assert_eq!(inked.count(), 0);
    }

    #[test]
    fn a_row_is_as_high_as_its_longest_caption() {
        let picture = plain(10, 10);
        let note = Note::new("predicted", colour::VERMILLION);
        let both = [
            Captioned::new(&picture, "short"),
            Captioned::new(&picture, "short").with_note(note),
        ];
        let single = sample_grid(&both[..1], &options(2, 100)).unwrap();
        let sheet = sample_grid(&both, &options(2, 100)).unwrap();
        let line = Face::Body.line_height();
        assert_eq!(sheet.height(), single.height() + line + NOTE_AIR);
    }

    #[test]
    fn notes_are_drawn_in_their_own_colour() {
        let picture = plain(10, 10);
        let note = Note::new("predicted: HIM", colour::VERMILLION);
        let items = [Captioned::new(&picture, "true").with_note(note)];
        let sheet = sample_grid(&items, &options(1, 200)).unwrap();
        assert!(sheet.pixels().any(|p| *p == colour::VERMILLION));
    }

    #[test]
    fn a_title_moves_the_pictures_down_and_an_empty_one_does_not() {
        let picture = plain(10, 10);
        let items = [Captioned::new(&picture, "")];
        let with_title = |title: &str| {
            let title = Some(title.to_owned());
            let options = GridOptions {
                title,
                ..options(1, 100)
            };
            bounds(&sample_grid(&items, &options).unwrap(), colour::BLUE).1
        };
        assert_eq!(with_title("  "), MARGIN + 1);
        assert_eq!(
            with_title("T"),
            MARGIN + 1 + Face::Title.line_height() + AIR
        );
    }

    #[test]
    fn no_lines_draws_no_text() {
        let picture = plain(10, 10);
        let items = [Captioned::new(&picture, "caption")];
        let options = GridOptions {
            max_lines: 0,
            ..options(1, 100)
        };
        let sheet = sample_grid(&items, &options).unwrap();
        assert_eq!(sheet.height(), 100 + 2 * MARGIN);
    }

    #[test]
    fn the_same_items_give_the_same_pixels() {
        let picture = RgbImage::from_fn(77, 53, |x, y| Rgb([x as u8, y as u8, (x * y) as u8]));
        let items = [Captioned::new(&picture, "Łódź “龙” 👍")];
        let draw = || sample_grid(&items, &GridOptions::default()).unwrap();
        assert!(draw() == draw());
    }
}
