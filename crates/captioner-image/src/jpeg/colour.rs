//! Colour planes to RGB, in the 16-bit fixed point of libjpeg (`jdcolor.c`).

use super::corrupt;
use super::frame::Frame;
use super::markers::Reader;
use super::upsample::Upsampler;
use crate::ImageError;
use crate::convert::cmyk_to_rgb;
use image::RgbImage;

/// The colour model of a file's channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Model {
    Grey,
    Rgb,
    YCbCr,
    /// Cyan, magenta, yellow and black, all inverted, as Adobe writes them.
    Cmyk,
    /// The same, with the first three as YCbCr.
    Ycck,
}

/// The model, told as libjpeg tells it.
fn model(frame: &Frame, reader: &Reader) -> Model {
    let ids: Vec<u8> = frame
        .header
        .components
        .iter()
        .map(|component| component.id)
        .collect();
    match (ids.as_slice(), reader.adobe) {
        ([_], _) => Model::Grey,
        ([_, _, _], _) if reader.jfif => Model::YCbCr,
        ([_, _, _], Some(0)) => Model::Rgb,
        ([b'R', b'G', b'B'], None) => Model::Rgb,
        ([_, _, _], _) => Model::YCbCr,
        (_, None | Some(0)) => Model::Cmyk,
        _ => Model::Ycck,
    }
}

/// The finished picture.
pub(crate) fn to_rgb(frame: &Frame, reader: &Reader) -> Result<RgbImage, ImageError> {
    let (width, height) = frame.size();
    let mut rgb = vec![0; 3 * width * height];
    let planes = frame.components.iter().map(|c| Upsampler::new(frame, c));
    pulp::Arch::new().dispatch(Rows {
        planes: planes.collect(),
        model: model(frame, reader),
        rgb: &mut rgb,
        width,
    });
    RgbImage::from_raw(width as u32, height as u32, rgb).ok_or_else(|| corrupt("it has no pixels"))
}

/// The work of [`to_rgb`], compiled for each set of vector instructions.
struct Rows<'a> {
    planes: Vec<Upsampler<'a>>,
    model: Model,
    rgb: &'a mut [u8],
    width: usize,
}

impl pulp::NullaryFnOnce for Rows<'_> {
    type Output = ();

    #[inline(always)]
    fn call(mut self) {
        for (y, row) in self.rgb.chunks_exact_mut(3 * self.width).enumerate() {
            let (pixels, _) = row.as_chunks_mut();
            match (self.planes.as_mut_slice(), self.model) {
                ([grey], _) => grey_row(grey.row(y), pixels),
                ([a, b, c], Model::YCbCr) => ycc_row(a.row(y), b.row(y), c.row(y), pixels),
                ([a, b, c], _) => rgb_row(a.row(y), b.row(y), c.row(y), pixels),
                ([a, b, c, k], model) => {
                    four_row([a.row(y), b.row(y), c.row(y), k.row(y)], model, pixels);
                }
                _ => {} // the header allows no other number of channels
            }
        }
    }
}

#[inline(always)]
fn rgb_row(red: &[u8], green: &[u8], blue: &[u8], pixels: &mut [[u8; 3]]) {
    let channels = red.iter().zip(green).zip(blue);
    for (pixel, ((red, green), blue)) in pixels.iter_mut().zip(channels) {
        *pixel = [*red, *green, *blue];
    }
}

#[inline(always)]
fn grey_row(grey: &[u8], pixels: &mut [[u8; 3]]) {
    for (pixel, grey) in pixels.iter_mut().zip(grey) {
        *pixel = [*grey; 3];
    }
}

#[inline(always)]
fn ycc_row(y: &[u8], cb: &[u8], cr: &[u8], pixels: &mut [[u8; 3]]) {
    let channels = y.iter().zip(cb).zip(cr);
    for (pixel, ((y, cb), cr)) in pixels.iter_mut().zip(channels) {
        *pixel = ycc_to_rgb(*y, *cb, *cr);
    }
}

#[inline(always)]
fn four_row([a, b, c, k]: [&[u8]; 4], model: Model, pixels: &mut [[u8; 3]]) {
    let channels = a.iter().zip(b).zip(c).zip(k);
    for (pixel, (((a, b), c), k)) in pixels.iter_mut().zip(channels) {
        let [c, m, y] = match model {
            // The conversion inverts these once more.
            Model::Ycck => ycc_to_rgb(*a, *b, *c),
            _ => [255 - a, 255 - b, 255 - c],
        };
        *pixel = cmyk_to_rgb([c, m, y, 255 - k]);
    }
}

#[inline(always)]
fn ycc_to_rgb(y: u8, cb: u8, cr: u8) -> [u8; 3] {
    const HALF: i32 = 1 << 15;
    let (y, cb, cr) = (i32::from(y), i32::from(cb) - 128, i32::from(cr) - 128);
    // 1.402, 0.34414, 0.71414 and 1.772, times 2^16.
    let red = y + ((91_881 * cr + HALF) >> 16);
    let green = y + ((-22_554 * cb - 46_802 * cr + HALF) >> 16);
    let blue = y + ((116_130 * cb + HALF) >> 16);
    [red, green, blue].map(|value| value.clamp(0, 255) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grey_has_no_colour() {
        assert!((0..=255).all(|y| ycc_to_rgb(y, 128, 128) == [y; 3]));
    }

    #[test]
    fn colours_are_within_one_of_the_standards() {
        for (y, cb, cr) in [
            (81, 90, 240),
            (145, 54, 34),
            (41, 240, 110),
            (255, 0, 255),
            (0, 255, 0),
        ] {
            let (wy, wb, wr) = (f64::from(y), f64::from(cb) - 128.0, f64::from(cr) - 128.0);
            let exact = [
                wy + 1.402 * wr,
                wy - 0.344136 * wb - 0.714136 * wr,
                wy + 1.772 * wb,
            ];
            for (own, exact) in ycc_to_rgb(y, cb, cr).into_iter().zip(exact) {
                assert!((f64::from(own) - exact.clamp(0.0, 255.0)).abs() <= 1.0);
            }
        }
    }
}
