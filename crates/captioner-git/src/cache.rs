//! Keys and values of the text rows that were already computed.

use burn::tensor::Tensor;

use captioner_ops::KeyValue;

/// The text half of the key-value cache; the image half is an
/// [`ImagePrefix`](crate::ImagePrefix).
///
/// Room for `capacity` tokens is taken once, at the first token.
#[derive(Debug)]
pub(crate) struct TextCache {
    layers: Vec<Option<KeyValue>>,
    length: usize,
    capacity: usize,
}

impl TextCache {
    pub(crate) fn new(layers: usize, capacity: usize) -> Self {
        Self {
            layers: vec![None; layers],
            length: 0,
            capacity,
        }
    }

    /// Tokens that every layer holds.
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// Adds the rows of one layer and returns all of that layer's rows.
    pub(crate) fn extend(&mut self, layer: usize, rows: KeyValue) -> KeyValue {
        let [batch, heads, new, width] = rows.key.dims();
        let shape = [batch, heads, self.capacity, width];
        let store = self.layers[layer].take().unwrap_or_else(|| {
            let empty = || Tensor::zeros(shape, &rows.key.device());
            KeyValue {
                key: empty(),
                value: empty(),
            }
        });
        let end = self.length + new;
        let place = [0..batch, 0..heads, self.length..end, 0..width];
        let store = KeyValue {
            key: store.key.slice_assign(place.clone(), rows.key),
            value: store.value.slice_assign(place, rows.value),
        };
        let all = KeyValue {
            key: store.key.clone().narrow(2, 0, end),
            value: store.value.clone().narrow(2, 0, end),
        };
        self.layers[layer] = Some(store);
        all
    }

    /// Says that all layers were extended by `rows`.
    pub(crate) fn advance(&mut self, rows: usize) {
        self.length += rows;
    }
}
