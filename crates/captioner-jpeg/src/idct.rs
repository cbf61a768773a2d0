//! From coefficients to samples.
//!
//! The whole transform is libjpeg's accurate integer one (`jidctint.c`): 13-bit constants after
//! Loeffler, Ligtenberg and Moschytz (1989), two more bits between the passes, and a rounding at the
//! end of each. Smaller ones, for pictures decoded at a reduced size, are the cosine transform of
//! as many points over the lowest frequencies, in floats.

use crate::frame::{Group, LANES};
use std::ops::Range;
use wide::u8x16;

/// One value of each block in a group. Those of whole files fit; broken ones may wrap or be clipped,
/// as in libjpeg-turbo's kernels, which hold 16 bits between the passes too.
type Lanes = [i16; LANES];

const CONSTANT_BITS: usize = 13;
const PASS_BITS: usize = 2;

/// What is needed to transform the blocks of one plane.
pub(crate) struct Inverse {
    /// The quantisation steps, in the order of a block's rows.
    steps: [i16; 64],
}

impl Inverse {
    pub(crate) fn new(steps: &[u16; 64]) -> Self {
        Self {
            steps: steps.map(|step| step as i16), // libjpeg-turbo's kernels take 16 bits too
        }
    }
}

/// Transforms the groups in `columns` of rows of groups into `samples`, whose rows are as long as a row
/// of groups, and leaves zeros for the next ones.
pub(crate) fn transform(
    inverse: &Inverse,
    points: usize,
    coefficients: &mut [Group],
    groups: usize,
    columns: Range<usize>,
    samples: &mut [u8],
) {
    pulp::Arch::new().dispatch(Transform {
        inverse,
        points,
        coefficients,
        groups,
        columns,
        samples,
    });
}

/// The arguments of [`transform`]: what is called through them is compiled for each set of vector
/// instructions, since all of it is inlined.
struct Transform<'a> {
    inverse: &'a Inverse,
    points: usize,
    coefficients: &'a mut [Group],
    groups: usize,
    columns: Range<usize>,
    samples: &'a mut [u8],
}

impl pulp::NullaryFnOnce for Transform<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let (inverse, points) = (self.inverse, self.points);
        let stride = self.groups * LANES * points;
        let rows = self.samples.chunks_exact_mut(stride * points);
        for (samples, groups) in rows.zip(self.coefficients.chunks_exact_mut(self.groups)) {
            for place in self.columns.clone() {
                let group = &mut groups[place];
                let samples = &mut samples[place * LANES * points..];
                match points {
                    8 => whole(inverse, group, samples, stride),
                    4 => reduced::<4>(inverse, group, samples, stride),
                    2 => reduced::<2>(inverse, group, samples, stride),
                    _ => reduced::<1>(inverse, group, samples, stride),
                }
                group.fill(0);
            }
        }
    }
}

#[inline(always)]
fn dequantised(inverse: &Inverse, group: &Group, place: usize) -> Lanes {
    let step = inverse.steps[place];
    let mut lanes: Lanes = group.as_chunks().0[place];
    for value in &mut lanes {
        *value = value.wrapping_mul(step);
    }
    lanes
}

#[inline(always)]
fn whole(inverse: &Inverse, group: &Group, samples: &mut [u8], stride: usize) {
    let mut between = [[[0; LANES]; 8]; 8]; // [row][column]
    for column in 0..8 {
        let mut points = [[0; LANES]; 8];
        for (row, point) in points.iter_mut().enumerate() {
            *point = dequantised(inverse, group, row * 8 + column);
        }
        one_dimension::<{ CONSTANT_BITS - PASS_BITS }>(&mut points);
        for (row, point) in between.iter_mut().zip(points) {
            row[column] = point;
        }
    }
    for (row, points) in between.iter_mut().enumerate() {
        one_dimension::<{ CONSTANT_BITS + PASS_BITS + 3 }>(points);
        let mut columns = [0; 8 * LANES];
        for (bytes, point) in columns.as_chunks_mut().0.iter_mut().zip(points) {
            *bytes = to_bytes(point);
        }
        samples[row * stride..][..8 * LANES].copy_from_slice(&interleaved(columns));
    }
}

/// Columns of blocks become rows of pixels: three times, the first half of the bytes is interleaved
/// with the second.
#[inline(always)]
fn interleaved(columns: [u8; 8 * LANES]) -> [u8; 8 * LANES] {
    const COUNT: usize = LANES / 2;
    let mut bytes = [u8x16::ZERO; COUNT];
    for (bytes, columns) in bytes.iter_mut().zip(columns.as_chunks().0) {
        *bytes = u8x16::new(*columns);
    }
    for _ in 0..3 {
        let before = bytes;
        for n in 0..COUNT / 2 {
            let (first, second) = (before[n], before[n + COUNT / 2]);
            bytes[2 * n] = u8x16::unpack_low(first, second);
            bytes[2 * n + 1] = u8x16::unpack_high(first, second);
        }
    }
    let mut rows = columns;
    for (rows, bytes) in rows.as_chunks_mut().0.iter_mut().zip(bytes) {
        *rows = bytes.to_array();
    }
    rows
}

#[inline(always)]
fn to_bytes(lanes: &Lanes) -> [u8; LANES] {
    let mut bytes = [0; LANES];
    for (byte, value) in bytes.iter_mut().zip(lanes) {
        *byte = (*value).clamp(-128, 127) as u8 ^ 128;
    }
    bytes
}

/// Eight points of each block, rounded and without their lowest `SHIFT` bits. The constants are
/// cosines and sums of them, times 2^13.
///
/// Sums that are multiplied stay in 16 bits, so that a product takes one instruction.
#[inline(always)]
fn one_dimension<const SHIFT: usize>(points: &mut [Lanes; 8]) {
    let [a, b, c, d, e, f, g, h] = points;
    // One lane after the other in the text; the compiler takes them all at once.
    for lane in 0..LANES {
        let [i0, i1, i2, i3] = [a[lane], b[lane], c[lane], d[lane]];
        let [i4, i5, i6, i7] = [e[lane], f[lane], g[lane], h[lane]];
        let half = 1 << (SHIFT - 1);
        let sum = (i32::from(i0.wrapping_add(i4)) << CONSTANT_BITS) + half;
        let difference = (i32::from(i0.wrapping_sub(i4)) << CONSTANT_BITS) + half;
        let low = product(i2, 10703).wrapping_add(product(i6, 4433));
        let high = product(i2, 4433).wrapping_add(product(i6, -10704));
        let (e0, e3) = (sum.wrapping_add(low), sum.wrapping_sub(low));
        let (e1, e2) = (difference.wrapping_add(high), difference.wrapping_sub(high));

        let (z3, z4) = (i7.wrapping_add(i3), i5.wrapping_add(i1));
        let p3 = product(z3, -6436).wrapping_add(product(z4, 9633));
        let p4 = product(z3, 9633).wrapping_add(product(z4, 6437));
        let o0 = product(i1, 4926)
            .wrapping_add(product(i7, -7373))
            .wrapping_add(p4);
        let o1 = product(i3, 4177)
            .wrapping_add(product(i5, -20995))
            .wrapping_add(p3);
        let o2 = product(i5, -4176)
            .wrapping_add(product(i3, -20995))
            .wrapping_add(p4);
        let o3 = product(i7, -4927)
            .wrapping_add(product(i1, -7373))
            .wrapping_add(p3);
        a[lane] = descaled::<SHIFT>(e0.wrapping_add(o0));
        h[lane] = descaled::<SHIFT>(e0.wrapping_sub(o0));
        b[lane] = descaled::<SHIFT>(e1.wrapping_add(o1));
        g[lane] = descaled::<SHIFT>(e1.wrapping_sub(o1));
        c[lane] = descaled::<SHIFT>(e2.wrapping_add(o2));
        f[lane] = descaled::<SHIFT>(e2.wrapping_sub(o2));
        d[lane] = descaled::<SHIFT>(e3.wrapping_add(o3));
        e[lane] = descaled::<SHIFT>(e3.wrapping_sub(o3));
    }
}

#[inline(always)]
fn product(value: i16, constant: i16) -> i32 {
    i32::from(value) * i32::from(constant)
}

#[inline(always)]
fn descaled<const SHIFT: usize>(value: i32) -> i16 {
    (value >> SHIFT).clamp(i16::MIN.into(), i16::MAX.into()) as i16
}

/// `POINTS` points along each edge, from as many of the lowest frequencies.
#[inline(always)]
fn reduced<const POINTS: usize>(
    inverse: &Inverse,
    group: &Group,
    samples: &mut [u8],
    stride: usize,
) {
    let weights = weights::<POINTS>();
    let mut between = [[[0.0_f32; LANES]; POINTS]; POINTS]; // [row][column]
    for (row, weights) in between.iter_mut().zip(&weights) {
        for (column, sums) in row.iter_mut().enumerate() {
            for (frequency, weight) in weights.iter().enumerate() {
                let input = dequantised(inverse, group, frequency * 8 + column);
                for (sum, value) in sums.iter_mut().zip(input) {
                    *sum += weight * f32::from(value);
                }
            }
        }
    }
    for (row, between) in between.iter().enumerate() {
        for (column, weights) in weights.iter().enumerate() {
            let mut sums = [128.5_f32; LANES];
            for (weight, values) in weights.iter().zip(between) {
                for (sum, value) in sums.iter_mut().zip(values) {
                    *sum += weight * value;
                }
            }
            for (block, sum) in sums.into_iter().enumerate() {
                samples[row * stride + block * POINTS + column] = sum as u8; // clamps and cuts off
            }
        }
    }
}

/// The weight of each frequency at each point.
#[inline(always)]
fn weights<const POINTS: usize>() -> [[f32; POINTS]; POINTS] {
    std::array::from_fn(|point| {
        std::array::from_fn(|frequency| match frequency {
            0 => 0.5 / std::f32::consts::SQRT_2,
            _ => {
                let angle = (2 * point + 1) as f32 * frequency as f32 / (2 * POINTS) as f32;
                0.5 * (angle * std::f32::consts::PI).cos()
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One block with these coefficients, the others empty.
    fn block(points: usize, coefficients: &[(usize, i16)]) -> Vec<u8> {
        let mut group = [[0; 64 * LANES]];
        for &(place, value) in coefficients {
            group[0][place * LANES + 3] = value;
        }
        let mut samples = vec![0; LANES * points * points];
        transform(
            &Inverse::new(&[1; 64]),
            points,
            &mut group,
            1,
            0..1,
            &mut samples,
        );
        assert_eq!(group, [[0; 64 * LANES]]);
        let rows = samples.chunks(LANES * points);
        rows.flat_map(|row| row[3 * points..][..points].to_vec())
            .collect()
    }

    fn exact(points: usize, coefficients: &[(usize, i16)]) -> Vec<f64> {
        let weight = |point: usize, frequency: usize| match frequency {
            0 => 0.5_f64.sqrt() / 2.0,
            _ => {
                ((2 * point + 1) as f64 * frequency as f64 * std::f64::consts::PI
                    / (2 * points) as f64)
                    .cos()
                    / 2.0
            }
        };
        let pixels = (0..points).flat_map(|y| (0..points).map(move |x| (y, x)));
        pixels
            .map(|(y, x)| {
                let waves = coefficients.iter().map(|&(place, value)| {
                    f64::from(value) * weight(y, place / 8) * weight(x, place % 8)
                });
                128.0 + waves.sum::<f64>()
            })
            .collect()
    }

    #[test]
    fn samples_are_within_one_half_of_the_cosine_transform() {
        let coefficients = [(0, 100), (1, -63), (8, 40), (9, 21), (2, -17), (16, 5)];
        for points in [8, 4] {
            let samples = block(points, &coefficients);
            for (sample, exact) in samples.iter().zip(exact(points, &coefficients)) {
                assert!(
                    (f64::from(*sample) - exact).abs() <= 0.52,
                    "{sample} {exact}"
                );
            }
        }
    }

    #[test]
    fn a_dc_coefficient_alone_is_flat_at_every_size() {
        for points in [8, 4, 2, 1] {
            assert_eq!(block(points, &[(0, 80)]), vec![138; points * points]);
        }
    }

    #[test]
    fn overshoot_is_clipped_not_wrapped() {
        assert_eq!(block(8, &[(0, 2000)]), [255; 64]);
        assert_eq!(block(8, &[(0, -2000)]), [0; 64]);
    }
}
