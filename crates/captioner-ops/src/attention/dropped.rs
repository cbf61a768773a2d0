//! Attention with dropout on its probabilities, in plain tensor operations.

use burn::tensor::activation::softmax;
use burn::tensor::{Bool, Tensor};

use super::KeyValue;
use super::fused::{MASKED, factor};
use crate::dropout;

pub(super) fn attention(query: Tensor<4>, keys: KeyValue, dropout_probability: f64) -> Tensor<4> {
    let [.., head_width] = query.dims();
    let scores = scale(query, head_width).matmul(keys.key.transpose());
    dropout(softmax(scores, 3), dropout_probability).matmul(keys.value)
}

pub(super) fn prefix_attention(
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

fn scale(query: Tensor<4>, head_width: usize) -> Tensor<4> {
    query * factor(head_width)
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
