//! Pixels onto a sheet: blending, filled rectangles and frames, all clipped to the sheet.

use image::{Rgb, RgbImage};

/// An axis-parallel rectangle; may reach beyond the sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rect {
    pub(crate) x: i64,
    pub(crate) y: i64,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// Mixes `colour` into the pixel at (x, y): coverage 0 leaves it, 255 replaces it.
pub(crate) fn blend(sheet: &mut RgbImage, x: i64, y: i64, colour: Rgb<u8>, coverage: u8) {
    let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else {
        return;
    };
    let Some(pixel) = sheet.get_pixel_mut_checked(x, y) else {
        return;
    };
    let alpha = u32::from(coverage);
    for (below, above) in pixel.0.iter_mut().zip(colour.0) {
        let mixed = u32::from(*below) * (255 - alpha) + u32::from(above) * alpha;
        *below = ((mixed + 127) / 255) as u8; // at most 255
    }
}

/// Fills a rectangle with one colour.
pub(crate) fn fill(sheet: &mut RgbImage, area: Rect, colour: Rgb<u8>) {
    for y in area.y..area.y + i64::from(area.height) {
        for x in area.x..area.x + i64::from(area.width) {
            blend(sheet, x, y, colour, 255);
        }
    }
}

/// Draws a frame one pixel wide just inside the rectangle's edge.
pub(crate) fn frame(sheet: &mut RgbImage, area: Rect, colour: Rgb<u8>) {
    let (right, bottom) = (
        area.x + i64::from(area.width) - 1,
        area.y + i64::from(area.height) - 1,
    );
    let flat = Rect { height: 1, ..area };
    let upright = Rect { width: 1, ..area };
    fill(sheet, flat, colour);
    fill(sheet, Rect { y: bottom, ..flat }, colour);
    fill(sheet, upright, colour);
    fill(
        sheet,
        Rect {
            x: right,
            ..upright
        },
        colour,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_coverage_replaces_and_half_mixes() {
        let mut sheet = RgbImage::from_pixel(2, 1, Rgb([255, 255, 255]));
        blend(&mut sheet, 0, 0, Rgb([0, 10, 200]), 255);
        blend(&mut sheet, 1, 0, Rgb([0, 0, 0]), 128);
        assert_eq!(sheet.get_pixel(0, 0).0, [0, 10, 200]);
        assert_eq!(sheet.get_pixel(1, 0).0, [127, 127, 127]);
    }

    #[test]
    fn drawing_beyond_the_edges_is_clipped() {
        let mut sheet = RgbImage::new(3, 3);
        let area = Rect {
            x: -2,
            y: -2,
            width: 4,
            height: 9,
        };
        fill(&mut sheet, area, Rgb([9, 9, 9]));
        let painted: Vec<bool> = sheet.pixels().map(|p| p.0 == [9, 9, 9]).collect();
        assert_eq!(
            painted,
            [true, true, false, true, true, false, true, true, false]
        );
    }

    #[test]
    fn frame_leaves_the_inside_alone() {
        let mut sheet = RgbImage::new(3, 3);
        let area = Rect {
            x: 0,
            y: 0,
            width: 3,
            height: 3,
        };
        frame(&mut sheet, area, Rgb([9, 9, 9]));
        assert_eq!(sheet.pixels().filter(|p| p.0 == [9, 9, 9]).count(), 8);
        assert_eq!(sheet.get_pixel(1, 1).0, [0, 0, 0]);
    }
}
