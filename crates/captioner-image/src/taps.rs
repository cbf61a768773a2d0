//! Which source pixels a resized pixel is made of, and their weights: Pillow's, in its fixed point.

use crate::resample::Filter;
use std::ops::Range;

/// Pillow's `PRECISION_BITS`: 32 bits less 8 for the result and 2 for what overshoots.
pub(crate) const PRECISION: u32 = 32 - 8 - 2;

/// One direction of a resize: how long the picture is and becomes, and the part that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Axis {
    /// Length of the picture.
    pub(crate) source: usize,
    /// Length of the whole resized picture.
    pub(crate) resized: usize,
    /// The wanted part's first pixel, in the resized picture.
    pub(crate) start: usize,
    /// The wanted part's length.
    pub(crate) length: usize,
}

impl Axis {
    /// How many pixels shorter the picture becomes; negative where it grows.
    pub(crate) fn shrinkage(self) -> i64 {
        self.source as i64 - self.resized as i64
    }
}

/// For each wanted pixel, which source pixels it is made of and their weights.
pub(crate) struct Taps {
    spans: Vec<Span>,
    /// All pixels' weights, one after the other, in fixed point.
    weights: Vec<i32>,
}

struct Span {
    /// First source pixel.
    first: usize,
    /// Its weight's place.
    start: usize,
    /// How many source pixels, and so how many weights.
    count: usize,
}

impl Taps {
    /// Pillow's `precompute_coeffs`, for the wanted pixels only.
    pub(crate) fn new(axis: Axis, filter: Filter) -> Self {
        let mut taps = Self {
            spans: Vec::with_capacity(axis.length),
            weights: Vec::new(),
        };
        if axis.source == axis.resized {
            taps.copy(axis);
            return taps;
        }
        let scale = axis.source as f64 / axis.resized as f64;
        let stretch = scale.max(1.0); // downscaling widens the filter, so that no pixel is skipped
        let support = filter.radius * stretch;
        let mut weights = Vec::new();
        for pixel in axis.start..axis.start + axis.length {
            let centre = (pixel as f64 + 0.5) * scale;
            let first = (centre - support + 0.5).max(0.0) as usize;
            let end = ((centre + support + 0.5) as usize).min(axis.source);
            let distance = |source: usize| (source as f64 - centre + 0.5) * (1.0 / stretch);
            weights.clear();
            weights.extend((first..end).map(|source| (filter.weight)(distance(source))));
            taps.push(first, &weights);
        }
        taps
    }

    /// Every pixel as it is: Pillow leaves out a pass that would not change the length.
    fn copy(&mut self, axis: Axis) {
        let pixels = axis.start..axis.start + axis.length;
        let span = |first| Span {
            first,
            start: first - axis.start,
            count: 1,
        };
        self.spans = pixels.map(span).collect();
        self.weights = vec![1 << PRECISION; axis.length];
    }

    /// Adds one pixel's weights, which become fixed point after they are made to sum to one.
    fn push(&mut self, first: usize, weights: &[f64]) {
        let sum = weights.iter().fold(0.0, |sum, weight| sum + weight);
        let sum = if sum == 0.0 { 1.0 } else { sum };
        self.spans.push(Span {
            first,
            start: self.weights.len(),
            count: weights.len(),
        });
        let weights = weights.iter().map(|weight| fixed_point(weight / sum));
        self.weights.extend(weights);
    }

    /// How many pixels are wanted.
    pub(crate) fn len(&self) -> usize {
        self.spans.len()
    }

    /// The source pixels that are used.
    pub(crate) fn used(&self) -> Range<usize> {
        let first = self.spans.iter().map(|span| span.first).min();
        let end = self.spans.iter().map(|span| span.first + span.count).max();
        first.unwrap_or(0)..end.unwrap_or(0)
    }

    /// A wanted pixel's first source pixel and weights.
    #[inline(always)]
    pub(crate) fn of(&self, pixel: usize) -> (usize, &[i32]) {
        let span = &self.spans[pixel];
        (span.first, &self.weights[span.start..][..span.count])
    }
}

/// Rounds half away from zero, as Pillow's `normalize_coeffs_8bpc`.
fn fixed_point(weight: f64) -> i32 {
    let scaled = weight * f64::from(1 << PRECISION);
    (if weight < 0.0 {
        scaled - 0.5
    } else {
        scaled + 0.5
    }) as i32
}
