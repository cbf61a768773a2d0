//! Attention, plain and over an image prefix.
//!
//! GIT's mask lets image rows see image rows only, and text rows see the image and the text
//! before them. So the image rows of every decoder layer do not depend on the text: their keys
//! and values are computed once per picture, and [`prefix_attention`] lets any number of captions
//! of that picture read them. No mask tensor over image positions exists anywhere.

use burn::tensor::activation::softmax;
use burn::tensor::{Bool, Device, Int, Tensor};

use crate::dropout;

/// Keys and values of one layer, `[batch, heads, length, head_width]` each.
#[derive(Clone, Debug)]
pub struct KeyValue {
    /// What is compared with the query.
    pub key: Tensor<4>,
    /// What is averaged.
    pub value: Tensor<4>,
}

impl KeyValue {
    /// Row `i` of the batch becomes row `index[i]` of this one.
    pub fn select(&self, index: Tensor<1, Int>) -> Self {
        Self {
            key: self.key.clone().select(0, index.clone()),
            value: self.value.clone().select(0, index),
        }
    }
}

/// A score so low that softmax makes it exactly zero, and finite, so that no shader sees infinity.
const MASKED: f32 = -1e30;

/// `[batch, length, width]` to `[batch, heads, length, width / heads]`.
pub fn split_heads(x: Tensor<3>, heads: usize) -> Tensor<4> {
    let [batch, length, width] = x.dims();
    x.reshape([batch, length, heads, width / heads])
        .swap_dims(1, 2)
}

/// The inverse of [`split_heads`].
pub fn merge_heads(x: Tensor<4>) -> Tensor<3> {
    let [batch, heads, length, head_width] = x.dims();
    x.swap_dims(1, 2)
        .reshape([batch, length, heads * head_width])
}

/// Scaled dot-product attention without a mask ([Vaswani et al., 2017](https://arxiv.org/abs/1706.03762)).
///
/// `query` is `[batch, heads, rows, head_width]`, the result too. `dropout_probability` drops
/// attention probabilities while gradients are recorded.
pub fn attention(query: Tensor<4>, keys: KeyValue, dropout_probability: f64) -> Tensor<4> {
    let [.., head_width] = query.dims();
    let scores = scale(query, head_width).matmul(keys.key.transpose());
    dropout(softmax(scores, 3), dropout_probability).matmul(keys.value)
}

/// Attention of text rows over an image prefix and the text itself.
///
/// - `query`: `[batch · k, heads, rows, head_width]`, where `k` captions follow each other for
///   each of the `batch` pictures.
/// - `prefix`: `[batch, heads, image_rows, head_width]`, shared by a picture's `k` captions.
/// - `text`: `[batch · k, heads, text_rows, head_width]`.
/// - `mask`: `[batch · k or 1, 1, rows, text_rows]`, true where a row may not look (see
///   [`causal_mask`]); the prefix is seen by all.
///
/// The result has the shape of `query`.
pub fn prefix_attention(
    query: Tensor<4>,
    prefix: &KeyValue,
    text: KeyValue,
    mask: Option<Tensor<4, Bool>>,
    dropout_probability: f64,
) -> Tensor<4> {
    let [_, _, rows, head_width] = query.dims();
    let [batch, _, image_rows, _] = prefix.key.dims();
    let query = scale(query, head_width);

    let seen = by_picture(query.clone(), batch).matmul(prefix.key.clone().transpose());
    let seen = by_caption(seen, rows);
    let mut read = query.matmul(text.key.transpose()); // [batch·k, heads, rows, text_rows]
    if let Some(mask) = mask {
        let shape = read.shape();
        read = read.mask_fill(mask.expand(shape), MASKED);
    }
    let [captions, heads, _, text_rows] = read.dims();
    let p = softmax(Tensor::cat(vec![seen, read], 3), 3);
    let p = dropout(p, dropout_probability);
    let p_image = p
        .clone()
        .slice([0..captions, 0..heads, 0..rows, 0..image_rows]);
    let p_text = p.narrow(3, image_rows, text_rows);
    let from_image = by_picture(p_image, batch).matmul(prefix.value.clone());
    by_caption(from_image, rows) + p_text.matmul(text.value)
}

/// True above the diagonal, `[rows, past + rows]`: row `i` may see column `j` when
/// `j <= past + i`.
pub fn causal_mask(rows: usize, past: usize, device: &Device) -> Tensor<2, Bool> {
    Tensor::tril_mask([rows, past + rows], past as i64, device)
}

fn scale(query: Tensor<4>, head_width: usize) -> Tensor<4> {
    query * (1.0 / (head_width as f64).sqrt())
}

/// `[batch · k, heads, rows, n]` to `[batch, heads, k · rows, n]`: the rows of a picture's captions
/// beside each other, so that one product serves them all.
fn by_picture(x: Tensor<4>, batch: usize) -> Tensor<4> {
    let [captions, heads, rows, n] = x.dims();
    let k = captions / batch;
    if k == 1 {
        return x;
    }
    x.reshape([batch, k, heads, rows, n])
        .swap_dims(1, 2)
        .reshape([batch, heads, k * rows, n])
}

/// The inverse of [`by_picture`].
fn by_caption(x: Tensor<4>, rows: usize) -> Tensor<4> {
    let [batch, heads, all_rows, n] = x.dims();
    let k = all_rows / rows;
    if k == 1 {
        return x;
    }
    x.reshape([batch, heads, k, rows, n])
        .swap_dims(1, 2)
        .reshape([batch * k, heads, rows, n])
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Distribution, Tolerance};

    fn random(shape: [usize; 4], device: &Device) -> Tensor<4> {
        Tensor::random(shape, Distribution::Normal(0.0, 1.0), device)
    }

    /// Prefix attention the plain way: one sequence, one mask over all of it.
    fn plain(query: Tensor<4>, prefix: &KeyValue, text: KeyValue) -> Tensor<4> {
        let [captions, heads, rows, width] = query.dims();
        let [batch, _, image, _] = prefix.key.dims();
        let repeat = |x: &Tensor<4>| {
            let [.., n, d] = x.dims();
            x.clone()
                .unsqueeze_dim::<5>(1)
                .repeat_dim(1, captions / batch)
                .reshape([captions, heads, n, d])
        };
        let key = Tensor::cat(vec![repeat(&prefix.key), text.key], 2);
        let value = Tensor::cat(vec![repeat(&prefix.value), text.value], 2);
        let mask =
            Tensor::<2, Bool>::tril_mask([rows, image + rows], image as i64, &query.device());
        let scores = query.matmul(key.transpose()) / (width as f64).sqrt();
        let shape = scores.shape();
        softmax(
            scores.mask_fill(mask.unsqueeze::<4>().expand(shape), -1e30),
            3,
        )
        .matmul(value)
    }

    #[test]
    fn sharing_the_prefix_between_captions_changes_nothing() {
        let device = Device::flex();
        device.seed(3);
        for k in [1, 3] {
            let (batch, heads, image, rows, width) = (2, 2, 5, 4, 8);
            let query = random([batch * k, heads, rows, width], &device);
            let prefix = KeyValue {
                key: random([batch, heads, image, width], &device),
                value: random([batch, heads, image, width], &device),
            };
            let text = KeyValue {
                key: random([batch * k, heads, rows, width], &device),
                value: random([batch * k, heads, rows, width], &device),
            };
            let mask = causal_mask(rows, 0, &device).unsqueeze();
            let got = prefix_attention(query.clone(), &prefix, text.clone(), Some(mask), 0.0);
            let want = plain(query, &prefix, text);
            got.into_data()
                .assert_approx_eq::<f32>(&want.into_data(), Tolerance::absolute(1e-6));
        }
    }

    #[test]
    fn heads_come_back_in_their_places() {
        let x = Tensor::<3>::random([2, 3, 8], Distribution::Default, &Device::flex());
        let back = merge_heads(split_heads(x.clone(), 4));
        assert_eq!(back.into_data(), x.into_data());
    }
}
