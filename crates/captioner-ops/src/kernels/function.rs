//! Scalar functions without branches, that vectorise.
//!
//! `mul_add` is one instruction on every CPU since 2013; on older ones it is a call, and right.

use super::vector::functions;

/// `1.5 · 2^23`: adding it rounds to an integer, which is then in the low bits.
const ROUNDER: f32 = 12_582_912.0;
/// `ln 2` in two parts, the first with 16 bits, so that its product with an exponent is exact.
const LN2_HIGH: f32 = 0.693_145_75;
const LN2_LOW: f32 = 1.428_606_8e-6;
/// Below this `exp` is given as 0: the smallest normal number is at -87.34.
const EXP_LOWEST: f32 = -87.3;

/// `(exp(r) - 1 - r) / r²` on `|r| <= ln 2 / 2`: minimax fit, relative error of the whole 3e-9.
const EXP: [f32; 5] = [
    0.499_999_94,
    0.166_665_21,
    0.041_668_39,
    0.008_368_745,
    0.001_381_453_8,
];

/// `0.5 · erfcx(a / √2) · (1 + 0.4 a)` in `0.4 a / (1 + 0.4 a)` for `0 <= a <= 14`: minimax fit,
/// relative error 1.6e-8.
const MILLS: [f32; 10] = [
    0.5,
    -0.497_357_4,
    0.067_852_855,
    0.116_660_185,
    0.022_819_5,
    -0.061_009_858,
    0.057_041_407,
    -0.127_161_58,
    0.112_876_296,
    -0.032_145_236,
];

const FRAC_1_SQRT_2PI: f32 = 0.398_942_3;

/// The factor of CLIP's quick gelu, 1.702, and what single precision leaves of it.
const QUICK: f32 = 1.702;
const QUICK_LOW: f32 = (1.702 - QUICK as f64) as f32;

#[inline(always)]
fn polynomial<const N: usize>(coefficients: &[f32; N], x: f32) -> f32 {
    let mut value = coefficients[N - 1];
    for k in (0..N - 1).rev() {
        value = value.mul_add(x, coefficients[k]);
    }
    value
}

/// `exp(x + tail)` for `x <= 0` and a `tail` that is small beside 1; 0 below -87.3.
#[inline(always)]
fn exp_with_tail(x: f32, tail: f32) -> f32 {
    let shifted = x.mul_add(std::f32::consts::LOG2_E, ROUNDER);
    let exponent = shifted - ROUNDER;
    let r = exponent.mul_add(-LN2_LOW, exponent.mul_add(-LN2_HIGH, x)) + tail;
    let fraction = polynomial(&EXP, r).mul_add(r * r, r) + 1.0;
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000));
    if x < EXP_LOWEST {
        0.0
    } else {
        fraction * power
    }
}

/// `exp(x)` for `x <= 0`, within 2e-7 of the value; 0 below -87.3.
#[inline(always)]
pub(crate) fn exp_nonpositive(x: f32) -> f32 {
    exp_with_tail(x, 0.0)
}

/// `exp(-x² / 2)` and `Φ(-|x|)`, within 2e-7 and 4e-7 of the value down to 1e-38, and `Φ`
/// within 1e-7 of 1.
#[inline(always)]
fn gauss(x: f32) -> (f32, f32) {
    let a = if x.abs() < 14.0 { x.abs() } else { 14.0 };
    // The square of the upper half is exact; what it lacks goes in behind the range reduction.
    let high = f32::from_bits(a.to_bits() & 0xffff_f000);
    let tail = -0.5 * (a - high) * (a + high);
    let density = exp_with_tail(-0.5 * high * high, tail);
    let q = 1.0 / a.mul_add(0.4, 1.0);
    (density, density * (polynomial(&MILLS, 0.4 * a * q) * q))
}

/// `x · Φ(x)`.
#[inline(always)]
fn gelu(x: f32) -> f32 {
    let (_, below) = gauss(x);
    x * if x < 0.0 { below } else { 1.0 - below }
}

/// The derivative of [`gelu`].
#[inline(always)]
fn gelu_slope(x: f32) -> f32 {
    let (density, below) = gauss(x);
    let phi = if x < 0.0 { below } else { 1.0 - below };
    x.mul_add(density * FRAC_1_SQRT_2PI, phi)
}

/// `σ(1.702 x)` and `1 - σ(1.702 x)`.
#[inline(always)]
fn quick_sigmoid(x: f32) -> (f32, f32) {
    let a = x.abs();
    let t = QUICK * a;
    let tail = QUICK.mul_add(a, -t) + QUICK_LOW * a;
    let e = exp_with_tail(-t, -tail);
    let above = 1.0 / (1.0 + e);
    let below = e * above;
    if x < 0.0 {
        (below, above)
    } else {
        (above, below)
    }
}

/// `x · σ(1.702 x)`.
#[inline(always)]
fn quick_gelu(x: f32) -> f32 {
    x * quick_sigmoid(x).0
}

/// The derivative of [`quick_gelu`].
#[inline(always)]
fn quick_gelu_slope(x: f32) -> f32 {
    let (s, rest) = quick_sigmoid(x);
    x.mul_add(QUICK * s * rest, s)
}

functions! {
    /// `x · Φ(x)`.
    Gelu {} (x) = gelu(x);
    /// The gradient of [`Gelu`] from that of its result.
    GeluBackward {} (grad, x) = grad * gelu_slope(x);
    /// `x · σ(1.702 x)`.
    QuickGelu {} (x) = quick_gelu(x);
    /// The gradient of [`QuickGelu`] from that of its result.
    QuickGeluBackward {} (grad, x) = grad * quick_gelu_slope(x);
    /// `x · factor`.
    Scaled { factor } (x) = x * factor;
    /// `exp(x - largest)`.
    ExpFrom { largest } (x) = exp_nonpositive(x - largest);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `Φ(x)` in `f64`: Taylor's series near zero, the continued fraction of the tail beyond.
    fn phi(x: f64) -> f64 {
        let density = (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
        if x.abs() > 3.0 {
            let mut fraction = x.abs();
            for k in (1..=200).rev() {
                fraction = x.abs() + f64::from(k) / fraction;
            }
            let tail = density / fraction;
            return if x < 0.0 { tail } else { 1.0 - tail };
        }
        let (mut term, mut sum) = (x, x);
        for k in 1..100 {
            term *= x * x / f64::from(2 * k + 1);
            sum += term;
        }
        0.5 + density * sum
    }

    /// The largest `|got - want| / scale` over a fine grid.
    fn worst(
        range: std::ops::Range<f64>,
        got: impl Fn(f32) -> f32,
        want: impl Fn(f64) -> f64,
        scale: impl Fn(f64) -> f64,
    ) -> f64 {
        let points = 400_000;
        let step = (range.end - range.start) / f64::from(points);
        (0..points)
            .map(|i| (range.start + step * f64::from(i)) as f32)
            .map(|x| {
                let exact = want(f64::from(x));
                (f64::from(got(x)) - exact).abs() / scale(exact)
            })
            .fold(0.0, f64::max)
    }

    #[test]
    fn exp_is_within_2e_7_of_the_value() {
        let error = worst(-87.3..0.0, exp_nonpositive, f64::exp, f64::abs);
        assert!(error < 1.2e-7, "{error:e}");
        assert_eq!(exp_nonpositive(0.0), 1.0);
    }

    #[test]
    fn normal_distribution_keeps_its_relative_error_in_the_tail() {
        let below = |x: f32| gauss(x).1;
        let error = worst(-13.0..0.0, below, phi, f64::abs);
        assert!(error < 4e-7, "{error:e}");
        let error = worst(-13.0..0.0, below, phi, |_| 1.0);
        assert!(error < 1e-7, "{error:e}");
        let density = |x: f64| (-0.5 * x * x).exp();
        let error = worst(-13.0..13.0, |x| gauss(x).0, density, f64::abs);
        assert!(error < 2e-7, "{error:e}");
    }

    #[test]
    fn gelu_and_its_slope_are_exact_to_single_precision() {
        let error = worst(-13.0..13.0, gelu, |x| x * phi(x), f64::abs);
        assert!(error < 4e-7, "{error:e}");
        let slope =
            |x: f64| phi(x) + x * (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
        // The slope passes through zero, so its error is measured against 1.
        let error = worst(-13.0..13.0, gelu_slope, slope, |_| 1.0);
        assert!(error < 2e-7, "{error:e}");
    }

    #[test]
    fn quick_gelu_and_its_slope_are_exact_to_single_precision() {
        let sigmoid = |x: f64| 1.0 / (1.0 + (-1.702 * x).exp());
        // `1.702 x` is rounded once, which is the error of the tail.
        let error = worst(
            -50.0..50.0,
            quick_gelu,
            |x| x * sigmoid(x),
            |y| y.abs().max(1e-2),
        );
        assert!(error < 2.5e-7, "{error:e}");
        let slope = |x: f64| sigmoid(x) * (1.0 + 1.702 * x * (1.0 - sigmoid(x)));
        let error = worst(-50.0..50.0, quick_gelu_slope, slope, |_| 1.0);
        assert!(error < 2.5e-7, "{error:e}");
    }

    #[test]
    fn far_inputs_give_the_limits_and_nan_stays_nan() {
        for (f, slope) in [
            (gelu as fn(f32) -> f32, gelu_slope as fn(f32) -> f32),
            (quick_gelu, quick_gelu_slope),
        ] {
            for x in [100.0, 1e30, f32::MAX] {
                assert_eq!((f(x), f(-x)), (x, 0.0));
                assert_eq!((slope(x), slope(-x)), (1.0, 0.0));
            }
            assert_eq!(f(f32::INFINITY), f32::INFINITY);
            assert!(f(f32::NAN).is_nan() && slope(f32::NAN).is_nan());
            assert_eq!((f(0.0), slope(0.0)), (0.0, 0.5));
        }
        assert_eq!(exp_nonpositive(f32::NEG_INFINITY), 0.0);
        assert!(exp_nonpositive(f32::NAN).is_nan());
    }
}
