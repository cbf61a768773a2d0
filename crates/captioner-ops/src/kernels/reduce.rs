//! Sums and maxima of a row, in a fixed order that vectorises.

use super::vector::{Function, functions};

/// Partial results side by side: enough to keep two of the widest vector registers busy.
const LANES: usize = 32;

functions! {
    /// The value itself.
    Itself {} (x) = x;
    /// A square.
    Squared {} (x) = x * x;
    /// A product.
    Times {} (x, y) = x * y;
    Plus {} (x, y) = x + y;
    Larger {} (x, y) = if y > x { y } else { x };
}

/// The sum of `f(x, y)` over two slices of one length.
#[inline(always)]
pub(crate) fn sum_zip(x: &[f32], y: &[f32], f: impl Function<2>) -> f32 {
    let (x_lanes, x_rest) = x.as_chunks::<LANES>();
    let (y_lanes, y_rest) = y.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for (a, b) in x_lanes.iter().zip(y_lanes) {
        for i in 0..LANES {
            sums[i] += f.of([a[i], b[i]]);
        }
    }
    for (i, (a, b)) in x_rest.iter().zip(y_rest).enumerate() {
        sums[i] += f.of([*a, *b]);
    }
    halve(sums, Plus {})
}

/// The sum of `f(x)`.
#[inline(always)]
pub(crate) fn sum(x: &[f32], f: impl Function<1>) -> f32 {
    let (lanes, rest) = x.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for a in lanes {
        for i in 0..LANES {
            sums[i] += f.of([a[i]]);
        }
    }
    for (i, a) in rest.iter().enumerate() {
        sums[i] += f.of([*a]);
    }
    halve(sums, Plus {})
}

/// The largest value, among those that are numbers.
#[inline(always)]
pub(crate) fn max(x: &[f32]) -> f32 {
    let (lanes, rest) = x.as_chunks::<LANES>();
    let mut largest = [f32::NEG_INFINITY; LANES];
    for a in lanes {
        for i in 0..LANES {
            largest[i] = Larger {}.of([largest[i], a[i]]);
        }
    }
    for (i, a) in rest.iter().enumerate() {
        largest[i] = Larger {}.of([largest[i], *a]);
    }
    halve(largest, Larger {})
}

/// The two halves of all lanes together, until one is left.
#[inline(always)]
fn halve(mut lanes: [f32; LANES], f: impl Function<2>) -> f32 {
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] = f.of([lanes[i], lanes[i + half]]);
        }
        half /= 2;
    }
    lanes[0]
}
