//! Colour planes to RGB, in the 16-bit fixed point of libjpeg (`jdcolor.c`).

use crate::decoder::Planes;
use crate::frame::Frame;
use crate::markers::Reader;
use crate::upsample::Upsampler;
use std::ops::Range;

/// The colour model of a file's channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Model {
    Grey,
    Rgb,
    YCbCr,
    /// Cyan, magenta, yellow and black, all inverted, as Adobe writes them.
    Cmyk,
    /// The same, with the first three as YCbCr.
    Ycck,
}

/// The model, told as libjpeg tells it.
pub(crate) fn model(frame: &Frame, reader: &Reader) -> Model {
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

/// The finished picture: red, green and blue of each pixel, row after row.
pub(crate) fn to_rgb(planes: &Planes) -> Vec<u8> {
    let (width, height) = planes.frame.size();
    let mut rgb = vec![0; 3 * width * height];
    pulp::Arch::new().dispatch(Whole {
        rows: RgbRows::new(planes, 0..width),
        width,
        rgb: &mut rgb,
    });
    rgb
}

/// The work of [`to_rgb`], compiled for each set of vector instructions.
struct Whole<'a> {
    rows: RgbRows<'a>,
    width: usize,
    rgb: &'a mut [u8],
}

impl pulp::NullaryFnOnce for Whole<'_> {
    type Output = ();

    #[inline(always)]
    fn call(mut self) {
        let mut planes = vec![0; 3 * self.width];
        for (y, row) in self.rgb.chunks_exact_mut(3 * self.width).enumerate() {
            let (red, rest) = planes.split_at_mut(self.width);
            let (green, blue) = rest.split_at_mut(self.width);
            self.rows.row(y, [&mut *red, &mut *green, &mut *blue]);
            let channels = red.iter().zip(green).zip(blue);
            for (pixel, ((red, green), blue)) in row.as_chunks_mut().0.iter_mut().zip(channels) {
                *pixel = [*red, *green, *blue];
            }
        }
    }
}

/// Makes RGB of some columns of a picture, row by row. See [`Planes::rgb_rows`].
#[doc(hidden)]
pub struct RgbRows<'a> {
    planes: Vec<Upsampler<'a>>,
    model: Model,
}

impl<'a> RgbRows<'a> {
    pub(crate) fn new(planes: &Planes<'a>, columns: Range<usize>) -> Self {
        let &Planes { frame, samples, .. } = planes;
        let upsampler = |place| Upsampler::new(frame, samples, place, columns.clone());
        Self {
            planes: (0..frame.components.len()).map(upsampler).collect(),
            model: planes.model,
        }
    }

    /// The red, green and blue values of row `y`, each in a slice of its own, as long as there are
    /// columns. Always inlined, so that it is compiled with the vector instructions of its caller.
    #[inline(always)]
    pub fn row(&mut self, y: usize, rgb: [&mut [u8]; 3]) {
        match (self.planes.as_mut_slice(), self.model) {
            ([grey], _) => copy_row([grey.row(y); 3], rgb),
            ([a, b, c], Model::YCbCr) => ycc_row([a.row(y), b.row(y), c.row(y)], rgb),
            ([a, b, c], _) => copy_row([a.row(y), b.row(y), c.row(y)], rgb),
            ([a, b, c, k], model) => {
                four_row([a.row(y), b.row(y), c.row(y), k.row(y)], model, rgb);
            }
            _ => {} // the header allows no other number of channels
        }
    }
}

#[inline(always)]
fn copy_row(channels: [&[u8]; 3], rgb: [&mut [u8]; 3]) {
    for (to, from) in rgb.into_iter().zip(channels) {
        to.copy_from_slice(from);
    }
}

#[inline(always)]
fn ycc_row([y, cb, cr]: [&[u8]; 3], [red, green, blue]: [&mut [u8]; 3]) {
    let pixels = red.iter_mut().zip(green).zip(blue);
    let channels = y.iter().zip(cb).zip(cr);
    for (((red, green), blue), ((y, cb), cr)) in pixels.zip(channels) {
        [*red, *green, *blue] = ycc_to_rgb(*y, *cb, *cr);
    }
}

#[inline(always)]
fn four_row([a, b, c, k]: [&[u8]; 4], model: Model, [red, green, blue]: [&mut [u8]; 3]) {
    let pixels = red.iter_mut().zip(green).zip(blue);
    let channels = a.iter().zip(b).zip(c).zip(k);
    for (((red, green), blue), (((a, b), c), k)) in pixels.zip(channels) {
        let [c, m, y] = match model {
            // The conversion inverts these once more.
            Model::Ycck => ycc_to_rgb(*a, *b, *c),
            _ => [255 - a, 255 - b, 255 - c],
        };
        [*red, *green, *blue] = cmyk_to_rgb([c, m, y, 255 - k]);
    }
}

/// CMYK as Pillow converts it (`cmyk2rgb` in `Convert.c`): each ink darkens what black leaves.
#[inline(always)]
pub fn cmyk_to_rgb([c, m, y, k]: [u8; 4]) -> [u8; 3] {
    let light = 255 - u32::from(k);
    [c, m, y].map(|ink| {
        let product = u32::from(ink) * light + 128;
        (light - (((product >> 8) + product) >> 8)) as u8 // the product is at most `light`
    })
}

/// In 16 bits as far as they go: whole multiples of the chroma are taken out of the factors first.
#[inline(always)]
fn ycc_to_rgb(y: u8, cb: u8, cr: u8) -> [u8; 3] {
    const HALF: i32 = 1 << 15;
    let (y, cb, cr) = (i16::from(y), i16::from(cb) - 128, i16::from(cr) - 128);
    let times = |chroma: i16, factor: i16| i32::from(chroma) * i32::from(factor);
    // 1.402, -0.34414, -0.71414 and 1.772, times 2^16.
    let red = cr + ((times(cr, 26_345) + HALF) >> 16) as i16;
    let green = ((times(cb, -22_554) + times(cr, 18_734) + HALF) >> 16) as i16 - cr;
    let blue = 2 * cb + ((times(cb, -14_942) + HALF) >> 16) as i16;
    [red, green, blue].map(|colour| (y + colour).clamp(0, 255) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inks_darken_what_black_leaves() {
        assert_eq!(cmyk_to_rgb([0, 0, 0, 0]), [255; 3]);
        assert_eq!(cmyk_to_rgb([0, 0, 0, 255]), [0; 3]);
        assert_eq!(cmyk_to_rgb([255, 0, 128, 55]), [0, 200, 100]);
        let inks = (0..=255).flat_map(|ink| (0..=255).map(move |k| (ink, k)));
        for (ink, k) in inks {
            let exact = f64::from(255 - k) * (1.0 - f64::from(ink) / 255.0);
            assert!((f64::from(cmyk_to_rgb([ink, 0, 0, k])[0]) - exact).abs() <= 0.51);
        }
    }

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
