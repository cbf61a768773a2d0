//! One caption as tf-idf weights, and how alike two are.

use crate::CiderVariant;
use crate::cider::document_frequencies::Frequencies;
use crate::ngram::{MAX_ORDER, NGram, ngrams, order};

/// Width of the Gaussian that punishes another length.
const SIGMA: f64 = 6.0;

/// The weights of a caption's n-grams, sorted by n-gram.
pub(super) struct CaptionVector {
    weights: Vec<(NGram, f64)>,
    norms: [f64; MAX_ORDER],
    /// Pairs of neighbouring words: coco-caption's measure of length.
    length: usize,
}

impl CaptionVector {
    pub(super) fn new(words: &[u32], frequencies: &Frequencies) -> Self {
        let mut grams: Vec<NGram> = ngrams(words).collect();
        grams.sort_unstable();
        let mut squares = [0.0; MAX_ORDER];
        let mut weights = Vec::with_capacity(grams.len());
        for equal in grams.chunk_by(|a, b| a == b) {
            let weight = equal.len() as f64 * frequencies.idf(equal[0]);
            squares[order(equal[0]) - 1] += weight * weight;
            weights.push((equal[0], weight));
        }
        CaptionVector {
            weights,
            norms: squares.map(f64::sqrt),
            length: words.len().saturating_sub(1),
        }
    }
}

/// Mean over the orders 1 to 4 of the cosine, from 0 to 1.
pub(super) fn similarity(
    prediction: &CaptionVector,
    reference: &CaptionVector,
    variant: CiderVariant,
) -> f64 {
    let mut products = [0.0; MAX_ORDER];
    let mut rest = reference.weights.as_slice();
    for (gram, weight) in &prediction.weights {
        let skipped = rest.iter().take_while(|(other, _)| other < gram).count();
        rest = &rest[skipped..];
        if let Some((other, expected)) = rest.first()
            && other == gram
        {
            let weight = match variant {
                CiderVariant::CiderD => weight.min(*expected),
                CiderVariant::Cider => *weight,
            };
            products[order(*gram) - 1] += weight * expected;
        }
    }
    let cosines = products
        .iter()
        .zip(prediction.norms.iter().zip(&reference.norms));
    let sum: f64 = cosines
        .map(|(product, (a, b))| match *a != 0.0 && *b != 0.0 {
            true => product / (a * b),
            false => *product,
        })
        .sum();
    let apart = prediction.length as f64 - reference.length as f64;
    let gauss = match variant {
        CiderVariant::CiderD => (-(apart * apart) / (2.0 * SIGMA * SIGMA)).exp(),
        CiderVariant::Cider => 1.0,
    };
    sum * gauss / MAX_ORDER as f64
}
