//! Attention as one operation of a backend, and its reference in the backend's own operations.
//!
//! Probabilities are not kept: each row's largest score and the reciprocal of its sum of
//! exponentials, `[captions, heads, rows, 2]`, make them again in the backward pass.

use burn::backend::tensor::{BoolTensor, FloatTensor};
use burn::backend::{Backend, ExtensionType, TensorMetadata};
use burn::tensor::{Shape, Slice};

use crate::backends::on_each_backend;

/// A score so low that softmax makes it exactly zero, and finite, so that no shader sees infinity.
pub(crate) const MASKED: f32 = -1e30;

/// What attention reads, or the gradients of it.
#[derive(ExtensionType)]
pub(crate) struct AttentionInputs<B: Backend> {
    /// `[captions, heads, rows, width]`, a row for each token.
    pub query: FloatTensor<B>,
    /// Of image rows, `[batch, heads, image_rows, width]`, shared by `captions / batch` captions
    /// that follow each other.
    pub key: FloatTensor<B>,
    /// Of the shape of `key`.
    pub value: FloatTensor<B>,
    #[extension_type]
    pub text: TextKeys<B>,
}

/// Key and value of text rows, `[captions, heads, text_rows, width]`.
#[derive(ExtensionType)]
pub(crate) enum TextKeys<B: Backend> {
    Absent,
    Seen {
        key: FloatTensor<B>,
        value: FloatTensor<B>,
    },
    Masked {
        key: FloatTensor<B>,
        value: FloatTensor<B>,
        /// `[captions or 1, 1, rows, text_rows]`, true where a row may not see a text row.
        mask: BoolTensor<B>,
    },
}

/// Query; then keys and values in pairs, of image and text; and the mask.
pub(super) type Parts<B> = (FloatTensor<B>, Vec<FloatTensor<B>>, Option<BoolTensor<B>>);

impl<B: Backend> AttentionInputs<B> {
    pub(super) fn from_parts(
        query: FloatTensor<B>,
        keys: Vec<FloatTensor<B>>,
        mask: Option<BoolTensor<B>>,
    ) -> Self {
        let mut keys = keys.into_iter();
        let mut pair = || keys.next().zip(keys.next());
        let (key, value) = pair().expect("image rows have key and value");
        let text = match (pair(), mask) {
            (None, _) => TextKeys::Absent,
            (Some((key, value)), None) => TextKeys::Seen { key, value },
            (Some((key, value)), Some(mask)) => TextKeys::Masked { key, value, mask },
        };
        Self {
            query,
            key,
            value,
            text,
        }
    }

    pub(super) fn into_parts(self) -> Parts<B> {
        let mut keys = vec![self.key, self.value];
        let mask = match self.text {
            TextKeys::Absent => None,
            TextKeys::Seen { key, value } => {
                keys.extend([key, value]);
                None
            }
            TextKeys::Masked { key, value, mask } => {
                keys.extend([key, value]);
                Some(mask)
            }
        };
        (self.query, keys, mask)
    }
}

on_each_backend!(
    /// Attention and its gradients.
    pub(crate) trait FusedAttention: Backend {
        /// The result and the statistics of each row.
        #[fusion(default)]
        fn attend(
            #[extension_type] inputs: AttentionInputs<Self>,
        ) -> (FloatTensor<Self>, FloatTensor<Self>) {
            let (query, keys, mask) = inputs.into_parts();
            composed::<Self>(query, &keys, mask)
        }

        /// Gradients of query, keys and values.
        #[fusion(default)]
        fn attend_backward(
            grad: FloatTensor<Self>,
            #[extension_type] inputs: AttentionInputs<Self>,
            statistics: FloatTensor<Self>,
        ) -> AttentionInputs<Self> {
            let (query, keys, mask) = inputs.into_parts();
            let all = composed_backward::<Self>(grad, query, &keys, mask, statistics);
            gradients::<Self>(all)
        }
    }
);

/// The gradients of query, keys and values in their places.
pub(super) fn gradients<B: Backend>(all: Vec<FloatTensor<B>>) -> AttentionInputs<B> {
    let mut all = all.into_iter();
    let query = all.next().expect("a query has a gradient");
    AttentionInputs::from_parts(query, all.collect(), None)
}

/// What attention means, in the backend's own operations.
pub(super) fn composed<B: Backend>(
    query: FloatTensor<B>,
    keys: &[FloatTensor<B>],
    mask: Option<BoolTensor<B>>,
) -> (FloatTensor<B>, FloatTensor<B>) {
    let scores = scores::<B>(query, keys, mask);
    let largest = B::float_max_dim(scores.clone(), 3);
    let weights = B::float_exp(B::float_sub(scores, largest.clone()));
    let share = B::float_recip(B::float_sum_dim(weights.clone(), 3));
    let p = B::float_mul(weights, share.clone());
    let out = over_keys::<B>(p, keys, 1);
    (out, B::float_cat(vec![largest, share], 3))
}

pub(super) fn composed_backward<B: Backend>(
    grad: FloatTensor<B>,
    query: FloatTensor<B>,
    keys: &[FloatTensor<B>],
    mask: Option<BoolTensor<B>>,
    statistics: FloatTensor<B>,
) -> Vec<FloatTensor<B>> {
    let factor = factor(query.shape()[3]);
    let scores = scores::<B>(query.clone(), keys, mask);
    let largest = columns::<B>(statistics.clone(), 0, 1);
    let share = columns::<B>(statistics, 1, 1);
    let p = B::float_mul(B::float_exp(B::float_sub(scores, largest)), share);
    let of_p = against_keys::<B>(grad.clone(), keys, 1);
    let mean = B::float_sum_dim(B::float_mul(p.clone(), of_p.clone()), 3);
    let of_scores = B::float_mul(p.clone(), B::float_sub(of_p, mean));
    let of_scores = B::float_mul_scalar(of_scores, factor.into());
    let mut all = vec![over_keys::<B>(of_scores.clone(), keys, 0)];
    let mut start = 0;
    for pair in keys.chunks(2) {
        let [batch, _, count, _] = dims::<B>(&pair[0]);
        let part = |x: &FloatTensor<B>| {
            let x = columns::<B>(x.clone(), start, count);
            B::float_swap_dims(by_picture::<B>(x, batch), 2, 3)
        };
        let rows = |x: &FloatTensor<B>| by_picture::<B>(x.clone(), batch);
        all.push(B::float_matmul(part(&of_scores), rows(&query)));
        all.push(B::float_matmul(part(&p), rows(&grad)));
        start += count;
    }
    all
}

/// The factor of the scores, `1 / √width`.
pub(super) fn factor(head_width: usize) -> f64 {
    1.0 / (head_width as f64).sqrt()
}

/// Masked scores over image and text rows beside each other.
pub(super) fn scores<B: Backend>(
    query: FloatTensor<B>,
    keys: &[FloatTensor<B>],
    mask: Option<BoolTensor<B>>,
) -> FloatTensor<B> {
    let query = B::float_mul_scalar(query.clone(), factor(query.shape()[3]).into());
    let Some(mask) = mask.filter(|_| keys.len() > 2) else {
        return against_keys::<B>(query, keys, 0);
    };
    let image = against_keys::<B>(query.clone(), &keys[..2], 0);
    let text = against_keys::<B>(query, &keys[2..], 0);
    let mask = B::bool_expand(mask, text.shape());
    let text = B::float_mask_fill(text, mask, MASKED.into());
    B::float_cat(vec![image, text], 3)
}

/// `[captions, heads, rows, width]` times keys (`which` 0) or values (1): `[captions, heads, rows,
/// image_rows + text_rows]`.
fn against_keys<B: Backend>(
    x: FloatTensor<B>,
    keys: &[FloatTensor<B>],
    which: usize,
) -> FloatTensor<B> {
    let captions = x.shape()[0];
    let parts = keys.chunks(2).map(|pair| {
        let key = pair[which].clone();
        let batch = key.shape()[0];
        let x = by_picture::<B>(x.clone(), batch);
        by_caption::<B>(B::float_matmul(x, B::float_swap_dims(key, 2, 3)), captions)
    });
    let mut parts: Vec<_> = parts.collect();
    if parts.len() == 1 {
        return parts.remove(0);
    }
    B::float_cat(parts, 3)
}

/// The sum of keys (`which` 0) or values (1), weighted by `[captions, heads, rows,
/// image_rows + text_rows]`.
pub(super) fn over_keys<B: Backend>(
    weights: FloatTensor<B>,
    keys: &[FloatTensor<B>],
    which: usize,
) -> FloatTensor<B> {
    let captions = weights.shape()[0];
    let mut start = 0;
    let parts = keys.chunks(2).map(|pair| {
        let key = pair[which].clone();
        let [batch, _, count, _] = dims::<B>(&key);
        let part = by_picture::<B>(columns::<B>(weights.clone(), start, count), batch);
        start += count;
        by_caption::<B>(B::float_matmul(part, key), captions)
    });
    parts.reduce(B::float_add).expect("keys come in pairs")
}

fn columns<B: Backend>(x: FloatTensor<B>, start: usize, count: usize) -> FloatTensor<B> {
    let mut place: Vec<Slice> = x.shape().iter().map(|&n| Slice::from(0..n)).collect();
    place[3] = Slice::from(start..start + count);
    B::float_slice(x, &place)
}

fn dims<B: Backend>(x: &FloatTensor<B>) -> [usize; 4] {
    let shape = x.shape();
    [shape[0], shape[1], shape[2], shape[3]]
}

/// `[batch · k, heads, rows, n]` to `[batch, heads, k · rows, n]`: the rows of a picture's captions
/// beside each other, so that one product serves them all.
fn by_picture<B: Backend>(x: FloatTensor<B>, batch: usize) -> FloatTensor<B> {
    let [captions, heads, rows, n] = dims::<B>(&x);
    if captions == batch {
        return x;
    }
    let k = captions / batch;
    let x = B::float_reshape(x, Shape::from([batch, k, heads, rows, n]));
    let x = B::float_swap_dims(x, 1, 2);
    B::float_reshape(x, Shape::from([batch, heads, k * rows, n]))
}

/// The inverse of [`by_picture`].
fn by_caption<B: Backend>(x: FloatTensor<B>, captions: usize) -> FloatTensor<B> {
    let [batch, heads, all_rows, n] = dims::<B>(&x);
    if captions == batch {
        return x;
    }
    let k = captions / batch;
    let rows = all_rows / k;
    let x = B::float_reshape(x, Shape::from([batch, heads, k, rows, n]));
    let x = B::float_swap_dims(x, 1, 2);
    B::float_reshape(x, Shape::from([captions, heads, rows, n]))
}
