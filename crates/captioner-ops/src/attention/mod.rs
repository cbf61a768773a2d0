//! Attention: of rows over themselves, over an image, and over an image prefix and a text.
//!
//! GIT's mask lets image rows see image rows only, and text rows see the image and the text
//! before them. So the image rows of every decoder layer do not depend on the text: their keys
//! and values are computed once per picture, and [`prefix_attention`] lets any number of captions
//! of that picture read them. No mask tensor over image positions exists anywhere. In models like
//! BLIP a layer of its own reads the image, and that alone: [`cross_attention`].
//!
//! In shapes, B is the number of pictures, R = k · B that of captions, of which those of one
//! picture follow each other, h that of heads, I of image rows, T of tokens, and d the width of a
//! head.

mod autodiff;
#[cfg(feature = "flex")]
mod flex;
mod fused;

use burn::backend::Dispatch;
use burn::tensor::activation::softmax;
use burn::tensor::{Bool, Device, Int, Tensor};

use crate::dropout::{dropout, drops};
use fused::{AttentionInputs, FusedAttention, TextKeys, over_keys, scores};

/// Keys and values of one layer, `[B, h, I, d]` each for image rows, `[R, h, T, d]` for a text.
///
/// A model's image prefix holds one for each layer, and so does the cache of the tokens that were
/// generated before.
#[derive(Clone, Debug)]
pub struct KeyValue {
    /// What is compared with the query.
    pub key: Tensor<4>,
    /// What is averaged. It has the shape of `key`.
    pub value: Tensor<4>,
}

impl KeyValue {
    /// The length of the first axis: pictures of an image prefix, captions of a text cache.
    pub fn rows(&self) -> usize {
        self.key.dims()[0]
    }

    /// Row `i` of the result is row `rows[i]` of this. A row may come several times, as when one
    /// beam is continued in two ways, or not at all, as when its caption has ended.
    ///
    /// # Panics
    /// Where Burn's `Tensor::select` does: when a number is not below [`rows`](Self::rows), on
    /// devices that check it.
    pub fn select(&self, rows: Tensor<1, Int>) -> Self {
        Self {
            key: self.key.clone().select(0, rows.clone()),
            value: self.value.clone().select(0, rows),
        }
    }
}

/// `[R, T, h · d]` to `[R, h, T, d]`.
///
/// # Panics
/// When `heads` does not divide the last axis.
#[track_caller]
pub fn split_heads(x: Tensor<3>, heads: usize) -> Tensor<4> {
    let [batch, length, width] = x.dims();
    assert!(
        heads > 0 && width.is_multiple_of(heads),
        "a width of {width} can't be split into {heads} heads"
    );
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
/// - `query`: `[R, h, T, d]`, the result too.
/// - `keys`: `[R, h, n, d]`, with any number n of rows above 0.
/// - `dropout_probability`: that of each attention probability to be dropped, where gradients are
///   recorded, as in [`dropout`].
///
/// # Panics
/// When the shapes differ from these, or the probability lies outside `0..=1`.
#[track_caller]
pub fn attention(query: Tensor<4>, keys: KeyValue, dropout_probability: f64) -> Tensor<4> {
    assert_own(&query, &keys);
    attend(query, keys, TextKeys::Absent, dropout_probability)
}

/// Attention of text rows over the text itself, as in a decoder that reads its picture elsewhere
/// (by [`cross_attention`]).
///
/// - `query`: `[R, h, T, d]`, the result too.
/// - `text`: `[R, h, n, d]`, where n = T, or more with the tokens of a cache.
/// - `mask`: `[R or 1, 1, T, n]`, true where a row may not look (see [`causal_mask`]). Where a row
///   may look nowhere, as at a pad, its result means nothing.
/// - `dropout_probability`: as in [`attention`].
///
/// Computed step by step with Burn's operations: texts are short.
///
/// # Panics
/// When the shapes differ from these, or the probability lies outside `0..=1`.
#[track_caller]
pub fn masked_attention(
    query: Tensor<4>,
    text: &KeyValue,
    mask: Option<Tensor<4, Bool>>,
    dropout_probability: f64,
) -> Tensor<4> {
    assert_own(&query, text);
    let [rows, heads, length, width] = query.dims();
    let mut scores = query.matmul(text.key.clone().transpose()) / (width as f64).sqrt();
    if let Some(mask) = mask {
        let [_, _, columns, _] = text.key.dims();
        let mask = mask.expand([rows, heads, length, columns]);
        // Finite, so that a row without anything to see is no NaN.
        scores = scores.mask_fill(mask, f32::MIN);
    }
    let p = dropout(softmax(scores, 3), dropout_probability);
    p.matmul(text.value.clone())
}

/// Attention of text rows over the image rows of their picture, as in BLIP's text decoder
/// ([Li et al., 2022](https://arxiv.org/abs/2201.12086)).
///
/// - `query`: `[R, h, T, d]`, the result too, where k = R / B captions follow each other for each
///   picture.
/// - `image`: `[B, h, I, d]`, I above 0, read by all captions of a picture; it is not copied for
///   each of them.
/// - `dropout_probability`: as in [`attention`].
///
/// # Panics
/// When the shapes differ from these, or the probability lies outside `0..=1`.
#[track_caller]
pub fn cross_attention(query: Tensor<4>, image: &KeyValue, dropout_probability: f64) -> Tensor<4> {
    assert_shared(&query, image);
    attend(query, image.clone(), TextKeys::Absent, dropout_probability)
}

/// Attention of text rows over an image prefix and the text itself, in one softmax, as in GIT's
/// decoder ([Wang et al., 2022](https://arxiv.org/abs/2205.14100)).
///
/// - `query`: `[R, h, T, d]`, the result too, where k = R / B captions follow each other for each
///   picture.
/// - `prefix`: `[B, h, I, d]`, I above 0, shared by a picture's captions and seen by all their
///   rows.
/// - `text`: `[R, h, n, d]`, where n = T, or more with the tokens of a cache.
/// - `mask`: `[R or 1, 1, T, n]`, true where a row may not look (see [`causal_mask`]).
/// - `dropout_probability`: as in [`attention`].
///
/// # Panics
/// When the shapes differ from these, or the probability lies outside `0..=1`.
#[track_caller]
pub fn prefix_attention(
    query: Tensor<4>,
    prefix: &KeyValue,
    text: KeyValue,
    mask: Option<Tensor<4, Bool>>,
    dropout_probability: f64,
) -> Tensor<4> {
    assert_shared(&query, prefix);
    assert_own(&query, &text);
    if let Some(mask) = &mask {
        assert_mask_fits(mask, &query, &text);
    }
    let (key, value) = (text.key.into_dispatch(), text.value.into_dispatch());
    let text = match mask.map(Tensor::into_dispatch) {
        None => TextKeys::Seen { key, value },
        Some(mask) => TextKeys::Masked { key, value, mask },
    };
    attend(query, prefix.clone(), text, dropout_probability)
}

fn attend(
    query: Tensor<4>,
    image: KeyValue,
    text: TextKeys<Dispatch>,
    dropout_probability: f64,
) -> Tensor<4> {
    let dropped = drops(&query.device(), dropout_probability);
    let inputs = AttentionInputs {
        query: query.into_dispatch(),
        key: image.key.into_dispatch(),
        value: image.value.into_dispatch(),
        text,
    };
    if dropped {
        return attend_with_dropout(inputs, dropout_probability);
    }
    let (out, _) = Dispatch::attend(inputs);
    Tensor::from_dispatch(out)
}

/// Between the scores and the sum over values: the fused operation keeps no probabilities that
/// could be dropped, so Burn records these steps one by one.
fn attend_with_dropout(inputs: AttentionInputs<Dispatch>, probability: f64) -> Tensor<4> {
    let (query, keys, mask) = inputs.into_parts();
    let scores = Tensor::<4>::from_dispatch(scores::<Dispatch>(query, &keys, mask));
    let p = dropout(softmax(scores, 3), probability);
    Tensor::from_dispatch(over_keys::<Dispatch>(p.into_dispatch(), &keys, 1))
}

/// # Panics
/// When the captions of `query`, `[R, h, T, d]`, can't share `keys`, `[B, h, n, d]`.
#[track_caller]
fn assert_shared(query: &Tensor<4>, keys: &KeyValue) {
    let ([captions, heads, _, width], key) = (query.dims(), keys.key.dims());
    let [batch, key_heads, _, key_width] = key;
    assert!(
        captions.is_multiple_of(batch)
            && (heads, width) == (key_heads, key_width)
            && key == keys.value.dims(),
        "attention: queries of shape {:?} can't read keys of shape {key:?} and values of {:?}",
        query.dims(),
        keys.value.dims()
    );
}

/// # Panics
/// When `keys` are not of as many captions as `query`.
#[track_caller]
fn assert_own(query: &Tensor<4>, keys: &KeyValue) {
    assert_shared(query, keys);
    assert_eq!(
        query.dims()[0],
        keys.rows(),
        "attention: queries and keys of different numbers of captions"
    );
}

#[track_caller]
fn assert_mask_fits(mask: &Tensor<4, Bool>, query: &Tensor<4>, keys: &KeyValue) {
    let ([captions, _, rows, _], [.., columns, _]) = (query.dims(), keys.key.dims());
    let shape = mask.dims();
    assert!(
        [1, captions].contains(&shape[0]) && shape[1..] == [1, rows, columns],
        "attention: a mask of shape {shape:?}, not [{captions} or 1, 1, {rows}, {columns}]"
    );
}

/// True above the diagonal, `[rows, past + rows]`: row `i` may see column `j` when
/// `j <= past + i`.
///
/// # Panics
/// Where Burn's `Tensor::tril_mask` does: when there are no rows.
pub fn causal_mask(rows: usize, past: usize, device: &Device) -> Tensor<2, Bool> {
    Tensor::tril_mask([rows, past + rows], past as i64, device)
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;
    use burn::tensor::{Distribution, Tolerance};

    fn random(shape: [usize; 4], device: &Device) -> Tensor<4> {
        Tensor::random(shape, Distribution::Normal(0.0, 1.0), device)
    }

    /// Prefix attention by its definition: one sequence, one mask over all of it.
    fn reference(query: Tensor<4>, prefix: &KeyValue, text: KeyValue) -> Tensor<4> {
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
    fn attention_over_the_text_alone_sees_what_the_mask_leaves() {
        let device = Device::flex();
        device.seed(5);
        let shape = [3, 2, 4, 8];
        let query = random(shape, &device);
        let text = KeyValue {
            key: random(shape, &device),
            value: random(shape, &device),
        };
        let mask: Tensor<4, Bool> = causal_mask(4, 0, &device).unsqueeze();
        let got = masked_attention(query.clone(), &text, Some(mask), 0.0);
        // Row `t` alone, over the keys up to its own, without a mask.
        for t in 0..4 {
            let keys = KeyValue {
                key: text.key.clone().narrow(2, 0, t + 1),
                value: text.value.clone().narrow(2, 0, t + 1),
            };
            let want = attention(query.clone().narrow(2, t, 1), keys, 0.0);
            let got = got.clone().narrow(2, t, 1);
            got.into_data()
                .assert_approx_eq::<f32>(&want.into_data(), Tolerance::absolute(1e-5));
        }
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
            let want = reference(query, &prefix, text);
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
