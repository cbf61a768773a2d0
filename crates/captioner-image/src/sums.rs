//! Sums of pixels times weights, 32 rows side by side.
//!
//! A weight has 22 bits and a sign, too many for the instruction that multiplies pairs of 16-bit
//! numbers and adds the products. So each is split: 256 times a part of 15 bits, plus one of 8 bits.
//! That takes two of these instructions for two pixels, where whole weights take two slow ones for one.

use crate::bands::BAND;
use crate::taps::PRECISION;

/// One half in the fixed point of the weights, so that the final shift rounds.
pub(crate) const HALF: i32 = 1 << (PRECISION - 1);

/// The same place in 32 rows.
pub(crate) type Lanes = [u8; BAND];

/// The arithmetic of sums.
pub(crate) trait Sums: Copy {
    /// The sum of pixels times weights, rounded and clipped. Each pixel is `step` places behind the
    /// one before.
    fn pixels(self, pixels: &[Lanes], step: usize, weights: &[i32]) -> Lanes;
}

/// What any processor can do.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

impl Sums for Portable {
    #[inline(always)]
    fn pixels(self, pixels: &[Lanes], step: usize, weights: &[i32]) -> Lanes {
        let mut totals = [HALF; BAND];
        for (pixel, weight) in pixels.iter().step_by(step).zip(weights) {
            // Unseen, the weight keeps the compiler from vectorising the loop around instead,
            // which gathers single bytes and takes twice the time.
            let weight = std::hint::black_box(*weight);
            for (total, value) in totals.iter_mut().zip(pixel) {
                *total = total.wrapping_add(i32::from(*value) * weight);
            }
        }
        to_bytes(totals)
    }
}

#[inline(always)]
pub(crate) fn to_bytes<const N: usize>(totals: [i32; N]) -> [u8; N] {
    let mut bytes = [0; N];
    for (byte, total) in bytes.iter_mut().zip(totals) {
        *byte = (total >> PRECISION).clamp(0, 255) as u8;
    }
    bytes
}

/// AVX2.
#[cfg(target_arch = "x86_64")]
impl Sums for pulp::x86::V3 {
    #[inline(always)]
    fn pixels(self, pixels: &[Lanes], step: usize, weights: &[i32]) -> Lanes {
        let (avx, avx2) = (self.avx, self.avx2);
        let zero = avx._mm256_setzero_si256();
        let mut high = [zero; 4];
        let mut low = [avx._mm256_set1_epi32(HALF); 4];
        let mut pixels = pixels.iter().step_by(step);
        for pair in weights.chunks(2) {
            let (first, second) = (pair[0], pair.get(1).copied().unwrap_or(0));
            let Some(a) = pixels.next() else { break };
            let b = pixels.next().unwrap_or(a); // without a weight
            let (a, b) = (pulp::cast(*a), pulp::cast(*b));
            // Unpacking works on each half of a register, and so does packing at the end.
            let pairs = [
                avx2._mm256_unpacklo_epi8(a, b),
                avx2._mm256_unpackhi_epi8(a, b),
            ];
            let [p, q] = pairs;
            let pairs = [
                avx2._mm256_unpacklo_epi8(p, zero),
                avx2._mm256_unpackhi_epi8(p, zero),
                avx2._mm256_unpacklo_epi8(q, zero),
                avx2._mm256_unpackhi_epi8(q, zero),
            ];
            let both =
                |first: i32, second: i32| avx._mm256_set1_epi32(second << 16 | (first & 0xFFFF));
            let (upper, lower) = (
                both(first >> 8, second >> 8),
                both(first & 255, second & 255),
            );
            for n in 0..4 {
                high[n] = avx2._mm256_add_epi32(high[n], avx2._mm256_madd_epi16(pairs[n], upper));
                low[n] = avx2._mm256_add_epi32(low[n], avx2._mm256_madd_epi16(pairs[n], lower));
            }
        }
        let total = |n: usize| {
            let high = avx2._mm256_slli_epi32::<8>(high[n]);
            avx2._mm256_srai_epi32::<{ PRECISION as i32 }>(avx2._mm256_add_epi32(high, low[n]))
        };
        let upper = avx2._mm256_packs_epi32(total(0), total(1));
        let lower = avx2._mm256_packs_epi32(total(2), total(3));
        pulp::cast(avx2._mm256_packus_epi16(upper, lower))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pixels and weights without a pattern.
    fn noise(count: usize) -> (Vec<Lanes>, Vec<i32>) {
        let mut state = 1_u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as u32
        };
        let pixels = (0..3 * count).map(|_| [0; BAND].map(|_: u8| next() as u8));
        let pixels = pixels.collect();
        // A bicubic filter's weights sum to 2^22, with some below zero.
        let weights = (0..count)
            .map(|_| (next() % (1 << 22)) as i32 / count as i32 * 2 - (1 << 19) / count as i32);
        (pixels, weights.collect())
    }

    #[test]
    fn sums_are_rounded_and_clipped() {
        let weights = [1 << 21, 1 << 21];
        let pixels = [[3; BAND], [4; BAND], [200; BAND]];
        assert_eq!(Portable.pixels(&pixels, 1, &weights), [4; BAND]); // 3.5
        assert_eq!(
            Portable.pixels(&pixels, 2, &[1 << 22, 1 << 21]),
            [103; BAND]
        );
        assert_eq!(
            Portable.pixels(&pixels, 2, &[1 << 22, 1 << 22]),
            [203; BAND]
        );
        assert_eq!(Portable.pixels(&pixels, 2, &[-(1 << 22), 0]), [0; BAND]);
        assert_eq!(
            Portable.pixels(&pixels, 2, &[1 << 22, 3 << 21]),
            [255; BAND]
        );
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn avx2_sums_are_the_portable_ones() {
        let Some(simd) = pulp::x86::V3::try_new() else {
            return;
        };
        for count in 1..40 {
            let (pixels, weights) = noise(count);
            for step in [1, 3] {
                let expected = Portable.pixels(&pixels, step, &weights);
                assert_eq!(simd.pixels(&pixels, step, &weights), expected, "{count}");
            }
        }
    }
}
