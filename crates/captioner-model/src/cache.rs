//! Keys and values of the text rows that were already computed.

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};

use captioner_ops::{KeyValue, causal_mask};

use crate::prefix::{Rows, row_index};

/// The text half of a decoder's key-value cache; the image half is a
/// [`KeyValuePrefix`](crate::KeyValuePrefix).
///
/// Memory for `capacity` tokens is taken once, at the first token. Sequences that were padded on
/// the left, so that all end together, keep their pads in the cache, where no row looks.
#[derive(Clone, Debug)]
pub struct TextCache {
    layers: Vec<Option<KeyValue>>,
    length: usize,
    capacity: usize,
    /// Pads at the left of each row.
    pads: Vec<usize>,
}

impl TextCache {
    /// A cache of `layers` decoder layers without tokens, for `capacity` tokens of each sequence;
    /// `pads` says how many pads each has on its left.
    pub fn new(layers: usize, capacity: usize, pads: Vec<usize>) -> Self {
        Self {
            layers: vec![None; layers],
            length: 0,
            capacity,
            pads,
        }
    }

    /// Tokens that every layer holds.
    pub fn length(&self) -> usize {
        self.length
    }

    fn has_pads(&self) -> bool {
        self.pads.iter().any(|&pads| pads > 0)
    }

    /// The positions of the next `new` tokens, `[rows, new]`, where they differ between rows.
    pub fn positions(&self, new: usize, device: &Device) -> Option<Tensor<2, Int>> {
        if !self.has_pads() {
            return None;
        }
        let column = |new: usize, pads: usize| (self.length + new).saturating_sub(pads) as i64;
        let rows = self.pads.iter();
        let positions: Vec<i64> = rows
            .flat_map(|&pads| (0..new).map(move |new| column(new, pads)))
            .collect();
        let data = TensorData::new(positions, [self.pads.len(), new]);
        Some(Tensor::from_data(data, device))
    }

    /// Where the next `new` tokens may not look, `[1 or rows, 1, new, length + new]`: tokens after
    /// them, and pads. `None` where they may look everywhere.
    pub fn mask(&self, new: usize, device: &Device) -> Option<Tensor<4, Bool>> {
        let causal = (new > 1).then(|| causal_mask(new, self.length, device).unsqueeze::<4>());
        if !self.has_pads() {
            return causal;
        }
        let columns = self.length + new;
        let mut hidden = Vec::with_capacity(self.pads.len() * columns);
        for &pads in &self.pads {
            hidden.extend((0..columns).map(|column| column < pads));
        }
        let shape = [self.pads.len(), 1, 1, columns];
        let hidden = Tensor::<4, Bool>::from_data(TensorData::new(hidden, shape), device);
        Some(match causal {
            None => hidden,
            Some(causal) => {
                let shape = [self.pads.len(), 1, new, columns];
                hidden.expand(shape).bool_or(causal.expand(shape))
            }
        })
    }

    /// Adds the rows of one layer and returns all of that layer's rows.
    pub fn extend(&mut self, layer: usize, rows: KeyValue) -> KeyValue {
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
    pub fn advance(&mut self, rows: usize) {
        self.length += rows;
    }
}

impl Rows for TextCache {
    fn rows(&self) -> usize {
        self.pads.len()
    }

    fn select(&mut self, rows: &[usize]) {
        if rows.iter().copied().eq(0..self.pads.len()) {
            return;
        }
        if let Some(first) = self.layers.iter().flatten().next() {
            let index = row_index(rows, &first.key.device());
            for layer in self.layers.iter_mut().flatten() {
                *layer = layer.select(index.clone());
            }
        }
        self.pads = rows.iter().map(|&row| self.pads[row]).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_with_pads_start_at_position_zero_and_hide_them() {
        let device = Device::flex();
        let cache = TextCache::new(1, 8, vec![0, 2]);
        let positions = cache.positions(3, &device).unwrap().into_data();
        let positions: Vec<i64> = positions.iter().collect();
        assert_eq!(positions, [0, 1, 2, 0, 0, 0]);
        let mask = cache.mask(3, &device).unwrap().into_data();
        let mask: Vec<bool> = mask.iter().collect();
        let (no, yes) = (true, false);
        let causal = [yes, no, no, yes, yes, no, yes, yes, yes];
        let padded = [no, no, no, no, no, no, no, no, yes];
        assert_eq!(mask, [causal, padded].concat());
    }

    #[test]
    fn a_single_row_without_pads_needs_no_mask() {
        let cache = TextCache::new(1, 8, vec![0]);
        assert!(cache.mask(1, &Device::flex()).is_none());
        assert!(cache.positions(1, &Device::flex()).is_none());
    }
}
