//! The colours of a report: a white sheet, dark grey text, and series colours which readers with
//! any kind of colour vision tell apart.
//!
//! The series colours are those of Okabe and Ito, "Color Universal Design" (2008). Their yellow
//! is left out: it is too faint on white.

use image::Rgb;

/// The sheet itself.
pub const SHEET: Rgb<u8> = Rgb([255, 255, 255]);
/// Captions and titles.
pub const TEXT: Rgb<u8> = Rgb([45, 45, 48]);
/// Tick and axis labels, and notes which should stand back.
pub const QUIET: Rgb<u8> = Rgb([108, 108, 112]);
/// Grid lines.
pub const GRID: Rgb<u8> = Rgb([230, 230, 232]);
/// The axis line, and the thin frame round a picture.
pub const FRAME: Rgb<u8> = Rgb([204, 204, 208]);
/// The ground of a cell which a picture does not fill.
pub const MAT: Rgb<u8> = Rgb([245, 245, 246]);

/// Okabe-Ito blue.
pub const BLUE: Rgb<u8> = Rgb([0, 114, 178]);
/// Okabe-Ito vermillion.
pub const VERMILLION: Rgb<u8> = Rgb([213, 94, 0]);
/// Okabe-Ito bluish green.
pub const GREEN: Rgb<u8> = Rgb([0, 158, 115]);
/// Okabe-Ito reddish purple.
pub const PURPLE: Rgb<u8> = Rgb([204, 121, 167]);
/// Okabe-Ito orange.
pub const ORANGE: Rgb<u8> = Rgb([230, 159, 0]);
/// Okabe-Ito sky blue.
pub const SKY: Rgb<u8> = Rgb([86, 180, 233]);
/// Okabe-Ito black.
pub const BLACK: Rgb<u8> = Rgb([0, 0, 0]);

/// The colours which [`curves_svg`](crate::curves_svg) gives to its series, in order.
pub const SERIES: [Rgb<u8>; 7] = [BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK];
