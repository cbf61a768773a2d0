//! What a decoder keeps of pictures, and of sequences so far: one entry a picture, or a row.

use burn::tensor::{Device, Int, Tensor, TensorData};

use captioner_ops::KeyValue;

/// Something with one entry for each picture (a prefix) or each sequence (a cache).
///
/// Beam search reorders entries, and those of finished sequences leave.
pub trait Rows: Clone + Send {
    /// Number of entries.
    fn rows(&self) -> usize;

    /// Entry `i` becomes a copy of the former entry `rows[i]`.
    fn select(&mut self, rows: &[usize]);
}

/// Keys and values of every decoder layer, `[B, heads, I, D / heads]`, one entry a picture.
///
/// They serve models whose text rows attend to image rows in front of them (GIT) and models that
/// read the picture by cross-attention (BLIP) alike.
#[derive(Clone, Debug)]
pub struct KeyValuePrefix {
    /// One for each decoder layer.
    pub layers: Vec<KeyValue>,
}

impl Rows for KeyValuePrefix {
    fn rows(&self) -> usize {
        self.layers.first().map_or(0, |layer| layer.key.dims()[0])
    }

    fn select(&mut self, rows: &[usize]) {
        let Some(first) = self.layers.first() else {
            return;
        };
        let index = row_index(rows, &first.key.device());
        for layer in &mut self.layers {
            *layer = layer.select(index.clone());
        }
    }
}

/// A tensor with one entry a picture, for a decoder that keeps no more than features.
impl<const D: usize> Rows for Tensor<D> {
    fn rows(&self) -> usize {
        self.dims()[0]
    }

    fn select(&mut self, rows: &[usize]) {
        let index = row_index(rows, &self.device());
        *self = self.clone().select(0, index);
    }
}

/// Row numbers on a device.
pub(crate) fn row_index(rows: &[usize], device: &Device) -> Tensor<1, Int> {
    let rows: Vec<i64> = rows.iter().map(|&row| row as i64).collect();
    let count = rows.len();
    Tensor::from_data(TensorData::new(rows, [count]), device)
}
