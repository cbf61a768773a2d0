//! Attention, plain and over an image prefix.
//!
//! GIT's mask lets image rows see image rows only, and text rows see the image and the text
//! before them. So the image rows of every decoder layer do not depend on the text: their keys
//! and values are computed once per picture, and [`prefix_attention`] lets any number of captions
//! of that picture read them. No mask tensor over image positions exists anywhere.

mod autodiff;
mod dropped;
#[cfg(feature = "flex")]
mod flex;
mod fused;

use burn::backend::Dispatch;
use burn::tensor::{Bool, Device, Int, Tensor};

use fused::{AttentionInputs, FusedAttention, TextKeys};

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
    if drops(&query, dropout_probability) {
        return dropped::attention(query, keys, dropout_probability);
    }
    attend(query, keys, TextKeys::Absent)
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
    if drops(&query, dropout_probability) {
        return dropped::prefix_attention(query, prefix, text, mask, dropout_probability);
    }
    let (key, value) = (text.key.into_dispatch(), text.value.into_dispatch());
    let text = match mask.map(Tensor::into_dispatch) {
        None => TextKeys::Seen { key, value },
        Some(mask) => TextKeys::Masked { key, value, mask },
    };
    attend(query, prefix.clone(), text)
}

/// Whether probabilities are dropped, for which there is no fused way.
fn drops(query: &Tensor<4>, probability: f64) -> bool {
    probability > 0.0 && query.device().is_autodiff()
}

fn attend(query: Tensor<4>, keys: KeyValue, text: TextKeys<Dispatch>) -> Tensor<4> {
    let (out, _) = Dispatch::attend(AttentionInputs {
        query: query.into_dispatch(),
        key: keys.key.into_dispatch(),
        value: keys.value.into_dispatch(),
        text,
    });
    Tensor::from_dispatch(out)
}

/// True above the diagonal, `[rows, past + rows]`: row `i` may see column `j` when
/// `j <= past + i`.
pub fn causal_mask(rows: usize, past: usize, device: &Device) -> Tensor<2, Bool> {
    Tensor::tril_mask([rows, past + rows], past as i64, device)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::activation::softmax;
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
